"""Finished answers in memory: each with the forms it is sent in, as many as a bound allows."""

import gzip
import hashlib
import re
from collections import OrderedDict
from collections.abc import Hashable, MutableMapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import brotli

Message = MutableMapping[str, Any]
Header = tuple[bytes, bytes]
Asked = tuple[bytes, bytes, bytes | None, bytes | None]
"""A request as it came: method, target, Accept, Accept-Encoding."""
Wire = tuple[int, bytes, bytes]
"""An answer as it goes: status, header lines with the empty one behind them, body."""

IDENTITY = b"identity"
CODINGS = (b"br", b"gzip")
"""The content codings, the best first."""

SMALLEST_COMPRESSED = 256
LARGEST_PACKED = 2**20
"""A larger body would take seconds to compress as far as it goes."""
_COMPRESSIBLE = re.compile(
    rb"text/|[a-z.]+/([a-z.-]+\+)?(json|xml)\b|application/x-(bibtex|research-info-systems)\b"
)
"""What is text: by its type, or by the syntax that its type is written in (RFC 6839)."""

_PACKED, _QUICK = 11, 5
"""Brotli's qualities: for what is sent again and again, and for what may never be."""

MOST_ASKED = 4096
"""How many requests are remembered as they came. The bound is against strangers who vary them
without end: when it is reached all are forgotten, and found again by what they mean."""
LONGEST_ASKED = 512
"""How many bytes of a request are remembered: browsers send some 250."""

NO_STORE = "no-store"
"""What `Cache-Control` says of an answer that is of the moment, and never kept here either."""

_LEAST_KEPT = 8
"""How many answers of any size there is room for."""

_AROUND = 4096
"""About what an answer and its place take beside the bytes of its bodies."""
_AROUND_FORM = 3072
"""About what the messages and the headers take of each form that it was sent in."""

NOTHING: Message = {"type": "http.response.body", "body": b""}


@dataclass(frozen=True)
class Sent:
    """An answer in one form, as the messages that send it; `unchanged` begins its 304."""

    start: Message
    body: Message
    unchanged: Message
    tag: bytes

    # As bytes only once it is asked for again.
    @cached_property
    def wire(self) -> Wire:
        """It as it goes."""
        return _wire(self.start, self.body)

    @cached_property
    def unchanged_wire(self) -> Wire:
        """Its 304 as it goes."""
        return _wire(self.unchanged, NOTHING)


def _wire(start: Message, body: Message) -> Wire:
    lines = [b"%s: %s\r\n" % header for header in start["headers"]]
    return start["status"], b"".join([*lines, b"\r\n"]), body["body"]


@dataclass(eq=False, slots=True)
class Kept:
    """One finished answer, with the forms it was sent in.

    Where it was sent with Brotli that form stands for it, and the body as it was made goes:
    whoever asks for another form, as next to nobody does, has it made from that.
    """

    status: int
    headers: list[Header]
    digest: bytes
    is_compressible: bool
    quality: int
    bodies: dict[bytes, bytes]
    sent: dict[tuple[bool, bytes, bytes], Sent] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    is_used: bool = False

    @property
    def may_be_kept(self) -> bool:
        """Whether it is the answer to whoever asks the same later."""
        return self.status == 200 and (b"cache-control", NO_STORE.encode()) not in self.headers

    @property
    def size(self) -> int:
        """How many bytes of memory it takes."""
        around = _AROUND + _AROUND_FORM * len(self.sent)
        return sum(map(len, self.bodies.values())) + around

    def coded(self, coding: bytes) -> bytes:
        """Its body in a content coding, made anew where it is not at hand; changes nothing."""
        if coding in self.bodies:
            return self.bodies[coding]
        plain = self.bodies.get(IDENTITY)
        if plain is None:
            plain = bytes(brotli.decompress(self.bodies[b"br"]))
        if coding == b"br":
            return bytes(brotli.compress(plain, quality=self.quality))
        # A clock in the file's head would make the same page differ from day to day.
        return plain if coding == IDENTITY else gzip.compress(plain, compresslevel=9, mtime=0)

    def messages(self, coding: bytes, body: bytes, *, is_head: bool, chosen: bytes) -> Sent:
        """What sends it in a content coding; `chosen` is the address that Accept has led to."""
        key = is_head, coding, chosen
        if key not in self.sent:
            self.bodies[coding] = body
            self.sent[key] = self._messages(coding, body, is_head=is_head, chosen=chosen)
            if coding == b"br" and not any(sent == IDENTITY for _, sent, _ in self.sent):
                self.bodies.pop(IDENTITY, None)
        return self.sent[key]

    def tag(self, coding: bytes) -> bytes:
        """Its entity tag, a strong one: it differs for every coding (RFC 9110, section 8.8.3.3)."""
        return b'"%s%s"' % (self.digest, b"" if coding == IDENTITY else b"-" + coding)

    def unchanged(self, coding: bytes, chosen: bytes) -> Message:
        """What begins its 304 in a content coding, which needs no body in it."""
        headers = self._common(coding, chosen)
        kept = [header for header in headers if header[0] != b"content-type"]
        return {"type": "http.response.start", "status": 304, "headers": kept}

    def _common(self, coding: bytes, chosen: bytes) -> list[Header]:
        """The headers of an answer and of its 304."""
        varies = {value: None for name, value in self.headers if name == b"vary"}
        varies |= {b"accept": None} if chosen else {}
        varies |= {b"accept-encoding": None} if self.is_compressible else {}
        common = [header for header in self.headers if header[0] != b"vary"]
        common.append((b"etag", self.tag(coding)))
        if varies:
            common.append((b"vary", b", ".join(varies)))
        if chosen and self.status == 200:
            common.append((b"content-location", chosen))
        return common

    def _messages(self, coding: bytes, body: bytes, *, is_head: bool, chosen: bytes) -> Sent:
        common = self._common(coding, chosen)
        # An answer without content has no length either (RFC 9110, section 8.6).
        headers = [*common, *([(b"content-length", b"%d" % len(body))] * (self.status != 204))]
        if coding != IDENTITY:
            headers.append((b"content-encoding", coding))
        return Sent(
            start={"type": "http.response.start", "status": self.status, "headers": headers},
            body=NOTHING if is_head else {"type": "http.response.body", "body": body},
            unchanged=self.unchanged(coding, chosen),
            tag=self.tag(coding),
        )


def finished(status: int, headers: list[Header], body: bytes, *, is_lasting: bool) -> Kept:
    """An answer to keep, or only to send; one that is lasting is compressed as far as it goes."""
    media_type = dict(headers).get(b"content-type", b"")
    return Kept(
        status,
        headers,
        hashlib.sha256(body).hexdigest()[:24].encode(),
        len(body) >= SMALLEST_COMPRESSED and bool(_COMPRESSIBLE.match(media_type)),
        _PACKED if is_lasting and status == 200 and len(body) <= LARGEST_PACKED else _QUICK,
        {IDENTITY: body},
    )


class Store:
    """Answers by address, as many as a number of bytes holds, and by requests as they came.

    What has to go for others is what has been there longest without being used.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.size = 0
        self.asked: dict[Asked, tuple[Sent, Kept]] = {}
        self._kept: OrderedDict[Hashable, Kept] = OrderedDict()
        self._sizes: dict[Hashable, int] = {}

    def __contains__(self, address: Hashable) -> bool:
        return address in self._kept

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, address: Hashable) -> Kept | None:
        """What is kept at an address."""
        kept = self._kept.get(address)
        if kept:
            kept.is_used = True
        return kept

    def put(self, address: Hashable, kept: Kept) -> None:
        """Keep an answer, or count one anew that has grown by a form.

        One that would take the place of many is not kept.
        """
        if self._kept.get(address, kept) is not kept:
            return
        if kept.size > self.most // _LEAST_KEPT:
            self._drop(address)
            return
        self.size += kept.size - self._sizes.get(address, 0)
        self._kept[address], self._sizes[address] = kept, kept.size
        while self.size > self.most:
            oldest = next(iter(self._kept))
            if self._kept[oldest].is_used:
                self._kept[oldest].is_used = False
                self._kept.move_to_end(oldest)
            else:
                self._drop(oldest)

    def _drop(self, address: Hashable) -> None:
        kept = self._kept.pop(address, None)
        if kept:
            self.size -= self._sizes.pop(address)
            for asked in kept.asked:
                del self.asked[asked]
            kept.asked.clear()

    def remember(self, asked: Asked, address: Hashable, kept: Kept, sent: Sent) -> None:
        """Note what is sent for a request, to send it again to whoever asks in the same bytes."""
        length = sum(len(part) for part in asked if part)
        if length > LONGEST_ASKED or self._kept.get(address) is not kept:
            return
        if len(self.asked) >= MOST_ASKED:
            for _, other in self.asked.values():
                other.asked.clear()
            self.asked.clear()
        if asked not in self.asked:
            kept.asked.append(asked)
        self.asked[asked] = sent, kept

    def clear(self) -> None:
        """Keep nothing."""
        self.size = 0
        for whole in (self.asked, self._kept, self._sizes):
            whole.clear()
