"""How bytes reach a visitor: rendered once, kept, compressed, validated, with every header.

An ASGI wrapper that knows nothing of what the pages are about.
"""

import asyncio
import gzip
import hashlib
import logging
from asyncio import to_thread
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

import brotli

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Header = tuple[bytes, bytes]

MOST_QUERY_PAGES = 256
"""How many pages with a query are kept; the others are as many as the site has."""

MOST_UNDER_WAY = 256
"""How many answers are made at once; whoever asks for one more may come again in a moment."""

NO_STORE = "no-store"
"""What `Cache-Control` says of an answer that is of the moment, and never kept here either."""

_LOGGER = logging.getLogger(__name__)

SMALLEST_COMPRESSED = 256
_COMPRESSIBLE = (b"text/", b"application/json", b"application/xml", b"image/svg+xml")

SECURITY_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
        "img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), browsing-topics=()",
    "referrer-policy": "strict-origin-when-cross-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
STRICT_TRANSPORT = {"strict-transport-security": "max-age=63072000"}


@dataclass
class Kept:
    """One finished response, with the forms it can be sent in."""

    status: int
    headers: list[Header]
    body: bytes
    _forms: dict[bytes, tuple[list[Header], list[Header], bytes, bytes]] = field(
        default_factory=dict
    )

    def form(self, coding: bytes) -> tuple[list[Header], list[Header], bytes, bytes]:
        """Headers, headers of a 304, entity tag and body in one content coding."""
        if coding not in self._forms:
            self._forms[coding] = self._made(coding)
        return self._forms[coding]

    def has_form(self, coding: bytes) -> bool:
        """Whether it was sent in a content coding before."""
        return coding in self._forms

    @property
    def is_compressible(self) -> bool:
        """Whether it is worth sending in fewer bytes."""
        media_type = dict(self.headers).get(b"content-type", b"")
        return len(self.body) >= SMALLEST_COMPRESSED and media_type.startswith(_COMPRESSIBLE)

    def _made(self, coding: bytes) -> tuple[list[Header], list[Header], bytes, bytes]:
        # A strong entity tag differs for every coding (RFC 9110, section 8.8.3.3).
        tag = b'"%s%s"' % (
            hashlib.sha256(self.body).hexdigest()[:24].encode(),
            b"" if coding == b"identity" else b"-" + coding,
        )
        common = [header for header in self.headers if header[0] != b"vary"]
        varies = [value for name, value in self.headers if name == b"vary"]
        varies += [b"accept-encoding"] if self.is_compressible else []
        common += [(b"etag", tag), *([(b"vary", b", ".join(varies))] if varies else [])]
        body = _CODINGS[coding](self.body)
        # An answer without content has no length either (RFC 9110, section 8.6).
        length = [(b"content-length", b"%d" % len(body))] if self.status != 204 else []
        headers = [*common, *length]
        if coding != b"identity":
            headers.append((b"content-encoding", coding))
        unchanged = [header for header in common if header[0] != b"content-type"]
        return headers, unchanged, tag, body


_CODINGS: dict[bytes, Callable[[bytes], bytes]] = {
    # The best there is: done once a page, and never while others wait.
    b"br": lambda body: brotli.compress(body, quality=11),
    # A clock in the file's head would make the same page differ from day to day.
    b"gzip": lambda body: gzip.compress(body, compresslevel=9, mtime=0),
    b"identity": lambda body: body,
}


_BUSY_HEADERS = [
    (b"content-type", b"text/plain; charset=utf-8"),
    (b"cache-control", NO_STORE.encode()),
    (b"retry-after", b"2"),
]

_LEADING_ON = {301, 302, 307, 308}
_IN_QUERIES = "%=&+;/?:@!$'()*,-._~"
"""What may stand in a query as it is (RFC 3986, section 3.4), escapes included."""


def _accepted(scope: Scope) -> bytes:
    """The Accept header; a list may be spread over several lines (RFC 9110, section 5.3)."""
    return b",".join(value for name, value in scope["headers"] if name == b"accept")


def _weights(accepted: bytes) -> dict[bytes, float]:
    """What an Accept… header names, with the quality it gives each (RFC 9110, section 12.4.2)."""
    weights: dict[bytes, float] = {}
    for item in accepted.lower().split(b","):
        name, *parameters = (part.strip() for part in item.split(b";"))
        quality = next((part[2:] for part in parameters if part.startswith(b"q=")), b"1")
        try:
            weights[name] = float(quality)
        except ValueError:
            weights[name] = 0.0
    return weights


def _carried(location: bytes, query: bytes) -> bytes:
    """Where a redirect leads, with the query of the request on its way."""
    path, mark, fragment = location.partition(b"#")
    return b"%s?%s%s%s" % (path, quote(query, safe=_IN_QUERIES).encode(), mark, fragment)


def _quality(weights: Mapping[bytes, float], media_type: bytes) -> float:
    """How welcome a media type is: what the most exact range says that it is in."""
    ranges = (media_type, media_type.partition(b"/")[0] + b"/*", b"*/*")
    return next((weights[name] for name in ranges if name in weights), 0.0)


def _preferred(accepted: bytes) -> bytes:
    """The best content coding that Accept-Encoding allows (RFC 9110, section 12.5.3)."""
    weights = _weights(accepted)
    for coding in (b"br", b"gzip"):
        if weights.get(coding, weights.get(b"*", 0.0)) > 0:
            return coding
    return b"identity"


def _matches(wanted: bytes, tag: bytes) -> bool:
    """Whether If-None-Match names a tag; comparison is weak (RFC 9110, section 13.1.2)."""
    return wanted == tag or any(
        candidate.strip().removeprefix(b"W/") in (tag, b"*") for candidate in wanted.split(b",")
    )


def mark_of(error: BaseException) -> str:
    """What an error is called on its page and in the log: the same one is called the same."""
    place = error.__traceback__
    while place and place.tb_next:
        place = place.tb_next
    where = f"{place.tb_frame.f_code.co_filename}:{place.tb_lineno}" if place else ""
    return hashlib.sha256(f"{type(error).__name__} {where}".encode()).hexdigest()[:8]


class Delivery:
    """Wraps an application whose answers never change while it runs.

    `parameters` names, by path, the query parameters that change an answer; what else stands
    in a query is no part of it, except at paths that begin with `verbatim`, where every parameter
    counts.
    `other_forms` gives the other forms of what is at a path, as media type and path: the one that
    `Accept` prefers to HTML is sent in its place. `offered` gives the media types of what is at a
    path, of which `Accept` must admit one: a request that admits none has `refused` in its scope,
    for the application to answer, and that answer is not kept. `prefix` is a path that addresses
    may begin with. A redirect carries on the whole query, whatever it means.

    Every answer gets the security headers; one that sets such a header itself keeps its own,
    and one that sets it empty goes without.
    """

    def __init__(
        self,
        app: App,
        *,
        parameters: Mapping[str, Collection[str]],
        other_forms: Callable[[str], Mapping[str, str]] = lambda _: {},
        offered: Callable[[str], Collection[str]] = lambda _: (),
        verbatim: str | None = None,
        prefix: str = "",
        is_https: bool = False,
    ) -> None:
        self.app = app
        self.parameters = parameters
        self.other_forms = other_forms
        self.offered = offered
        self.verbatim = verbatim
        self.prefix = prefix
        headers = SECURITY_HEADERS | (STRICT_TRANSPORT if is_https else {})
        self.headers = [(name.encode(), value.encode()) for name, value in headers.items()]
        self.pages: dict[str, Kept] = {}
        self.queried: OrderedDict[str, Kept] = OrderedDict()
        self.under_way: dict[str, asyncio.Task[Kept]] = {}
        self.number_under_way = 0
        self.busy = Kept(503, [*self.headers, *_BUSY_HEADERS], b"Busy: try again in a moment.\n")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if self.prefix and f"{scope['path']}/".startswith(f"{self.prefix}/"):
            scope = {**scope, "path": scope["path"].removeprefix(self.prefix) or "/"}
        if scope["method"] not in {"GET", "HEAD"}:
            kept = await self._made(scope)
        elif self._is_refused(scope):
            kept = await self._made({**scope, "method": "GET", "refused": True})
        else:
            scope = self._negotiated(scope)
            kept = await self._kept(scope)
        await self._send(kept, scope, send)

    def _is_refused(self, scope: Scope) -> bool:
        """Whether the Accept header admits nothing of what is there (RFC 9110, section 12.5.1)."""
        offered = self.offered(scope["path"])
        accepted = _accepted(scope) if offered else b""
        weights = _weights(accepted)
        return bool(accepted) and not any(_quality(weights, name.encode()) for name in offered)

    def _negotiated(self, scope: Scope) -> Scope:
        """A request for the form of a page that its Accept header prefers to HTML, if any."""
        accepted = _accepted(scope)
        # What nearly every request says, told without a closer look.
        if accepted in {b"", b"*/*", b"text/html"} or accepted.startswith(b"text/html,"):
            return scope
        weights = _weights(accepted)
        chosen, preferred = None, _quality(weights, b"text/html")
        for media_type, path in self.other_forms(scope["path"]).items():
            weight = weights.get(media_type.encode(), 0.0)
            if weight > preferred:
                chosen, preferred = path, weight
        if not chosen:
            return scope
        query = self._meant(chosen, scope["query_string"])
        location = self.prefix + chosen + (f"?{query}" if query else "")
        return {**scope, "path": chosen, "chosen": location.encode()}

    async def _kept(self, scope: Scope) -> Kept:
        path: str = scope["path"]
        query = self._meant(path, scope["query_string"]) if scope["query_string"] else ""
        kept = self.queried.get(f"{path}?{query}") if query else self.pages.get(path)
        if kept:
            if query:
                self.queried.move_to_end(f"{path}?{query}")
            return kept
        key = f"{path}?{query}"
        # However many ask for a page that is not there yet, it is made once.
        task = self.under_way.get(key)
        if task is None:
            task = asyncio.create_task(
                self._made({**scope, "method": "GET", "query_string": query.encode()})
            )
            self.under_way[key] = task
            task.add_done_callback(lambda _: self.under_way.pop(key, None))
        kept = await asyncio.shield(task)
        if kept.status == 200 and (b"cache-control", NO_STORE.encode()) not in kept.headers:
            if query:
                self.queried[key] = kept
                while len(self.queried) > MOST_QUERY_PAGES:
                    self.queried.popitem(last=False)
            else:
                self.pages[path] = kept
        return kept

    def _meant(self, path: str, query: bytes) -> str:
        """A query without the parameters that change nothing, and without empty ones."""
        if self.verbatim is not None and path.startswith(self.verbatim):
            return query.decode("latin-1")
        known = self.parameters.get(path, ())
        given = parse_qsl(query.decode("latin-1"), encoding="utf-8", errors="replace")
        return urlencode(sorted((name, value) for name, value in given if name in known))

    async def _made(self, scope: Scope) -> Kept:
        """The application's whole answer to a request without conditions."""
        if self.number_under_way >= MOST_UNDER_WAY:
            return self.busy
        self.number_under_way += 1
        try:
            return await self._asked(scope)
        finally:
            self.number_under_way -= 1

    async def _asked(self, scope: Scope) -> Kept:
        status, headers, pieces = 500, list[Header](), list[bytes]()

        async def receive() -> Message:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Message) -> None:
            nonlocal status, headers
            if message["type"] == "http.response.start":
                status, headers = message["status"], list(message["headers"])
            else:
                pieces.append(message.get("body", b""))

        try:
            await self.app({**scope, "headers": []}, receive, send)
        except Exception as error:
            # The application has answered with its error page before it raises.
            mark = mark_of(error)
            _LOGGER.exception("error %s while answering %a", mark, scope["path"])
        own = {name for name, _ in headers}
        kept = [header for header in headers if header[0] != b"content-length" and header[1]]
        added = [header for header in self.headers if header[0] not in own]
        # Whatever the answer at such a path is: which one it is, Accept decides.
        added += [(b"vary", b"accept")] if self.other_forms(scope["path"]) else []
        return Kept(status, [*kept, *added], b"".join(pieces))

    async def _send(self, kept: Kept, scope: Scope, send: Send) -> None:
        accepted, wanted = b"", b""
        for name, value in scope["headers"]:
            # A list may be spread over several lines (RFC 9110, section 5.3).
            if name == b"accept-encoding":
                accepted = accepted + b"," + value if accepted else value
            elif name == b"if-none-match":
                wanted = wanted + b"," + value if wanted else value
        coding = _preferred(accepted) if accepted and kept.is_compressible else b"identity"
        headers, unchanged, tag, body = (
            kept.form(coding) if kept.has_form(coding) else await to_thread(kept.form, coding)
        )
        if "chosen" in scope:
            chosen = [(b"vary", b"accept")]
            chosen += [(b"content-location", scope["chosen"])] if kept.status == 200 else []
            headers, unchanged = [*headers, *chosen], [*unchanged, *chosen]
        if kept.status in _LEADING_ON and scope["query_string"]:
            headers = [
                (name, _carried(value, scope["query_string"]) if name == b"location" else value)
                for name, value in headers
            ]
        if wanted and kept.status == 200 and _matches(wanted, tag):
            await send({"type": "http.response.start", "status": 304, "headers": unchanged})
            await send({"type": "http.response.body", "body": b""})
            return
        await send({"type": "http.response.start", "status": kept.status, "headers": headers})
        if scope["method"] == "HEAD":
            body = b""
        await send({"type": "http.response.body", "body": body})
