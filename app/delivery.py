"""How bytes reach a visitor: rendered once, kept, compressed, validated, with every header.

An ASGI wrapper that knows nothing of what the pages are about. A request is looked up by what it
means among the answers that are kept; else the application is asked, once however many wait for
the same. What came before in the same bytes is at hand for a server that looks there first.
"""

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterable, Mapping
from typing import Any, TypeVar
from urllib.parse import parse_qsl, quote, unquote, urlencode

# The threads in which pages are made, too: each keeps memory of its own.
from anyio.to_thread import run_sync as to_thread

from app.store import (
    CODINGS,
    IDENTITY,
    NO_STORE,
    NOTHING,
    Asked,
    Header,
    Kept,
    Message,
    Sent,
    Store,
    Wire,
    finished,
)

Scope = Message
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Address = tuple[str, str]
"""A path, and what is meant by the query."""
Made = TypeVar("Made")

MOST_KEPT = 48 * 2**20
"""How many bytes of answers without a query are kept. Whatever is asked for of a site as large as
ours has room, cards and data included; of a larger one, what is asked for most."""

MOST_KEPT_QUERIED = 8 * 2**20
"""The same of answers to queries, which strangers can ask for without end; so they have a
room of their own and never take the place of a page of the site."""

AT_ONCE = 4
"""How many answers without a query are made at once. In one process more would only wait for each
other, and take the connections to the database."""

QUERIED_AT_ONCE = 2
"""The same of answers to queries, so that strangers' searches leave room for pages."""

LONG_AT_ONCE = 1
"""The same of what takes long, with a query or without: it keeps no page waiting, and what
strangers ask of it with a query nobody else."""

QUIET = 0.25
"""For how many seconds nobody has asked anything before pages are made in advance."""

MOST_UNDER_WAY = 256
"""How many answers without a query are made or waited for; whoever asks for one more may come
again in a moment. Pages that are foreseen are not refused: there are only so many of them, while
strangers can ask without end for what is not there."""

MOST_QUERIED_UNDER_WAY = 128
"""The same of answers to queries, so that no page is refused because of strangers' searches."""

_LOGGER = logging.getLogger(__name__)

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


SOON_SECONDS = 2
"""When a client that was sent away may come again."""

_BUSY_HEADERS = [
    (b"content-type", b"text/plain; charset=utf-8"),
    (b"cache-control", NO_STORE.encode()),
    (b"retry-after", b"%d" % SOON_SECONDS),
]

_LEADING_ON = {301, 302, 307, 308}
_IN_QUERIES = "%=&+;/?:@!$'()*,-._~"
"""What may stand in a query as it is (RFC 3986, section 3.4), escapes included."""


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


def _led(start: Message, query: bytes) -> Message:
    """What begins an answer: where it leads on, with the query of the request on its way."""
    if start["status"] not in _LEADING_ON or not query:
        return start
    carried = quote(query, safe=_IN_QUERIES).encode()

    def to(location: bytes) -> bytes:
        path, mark, fragment = location.partition(b"#")
        return b"%s?%s%s%s" % (path, carried, mark, fragment)

    headers = [
        (name, to(value) if name == b"location" else value) for name, value in start["headers"]
    ]
    return {**start, "headers": headers}


def _quality(weights: Mapping[bytes, float], media_type: bytes) -> float:
    """How welcome a media type is: what the most exact range says that it is in."""
    ranges = (media_type, media_type.partition(b"/")[0] + b"/*", b"*/*")
    return next((weights[name] for name in ranges if name in weights), 0.0)


def _coding(accepted: bytes) -> bytes:
    """The best content coding that Accept-Encoding allows (RFC 9110, section 12.5.3)."""
    weights = _weights(accepted)
    for coding in CODINGS:
        if weights.get(coding, weights.get(b"*", 0.0)) > 0:
            return coding
    return IDENTITY


def _matches(wanted: bytes, tag: bytes) -> bool:
    """Whether If-None-Match names a tag; comparison is weak (RFC 9110, section 13.1.2)."""
    return wanted == tag or any(
        candidate.strip().removeprefix(b"W/") in (tag, b"*") for candidate in wanted.split(b",")
    )


def _joined(headers: Iterable[Header]) -> dict[bytes, bytes]:
    """Headers by name; a list may be spread over several lines (RFC 9110, section 5.3)."""
    joined: dict[bytes, bytes] = {}
    for name, value in headers:
        joined[name] = joined[name] + b"," + value if name in joined else value
    return joined


def mark_of(error: BaseException) -> str:
    """What an error is called on its page and in the log: the same one is called the same."""
    place = error.__traceback__
    while place and place.tb_next:
        place = place.tb_next
    where = f"{place.tb_frame.f_code.co_filename}:{place.tb_lineno}" if place else ""
    return hashlib.sha256(f"{type(error).__name__} {where}".encode()).hexdigest()[:8]


def request_for(path: str) -> Scope:
    """A request for what is at a path without a query, as nobody sent it."""
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [],
    }


class Delivery:
    """Wraps an application whose answers never change while it runs.

    `parameters` names, by path, the query parameters that change an answer; what else stands
    in a query is no part of it, except at paths that begin with `verbatim`, where every parameter
    counts.
    `other_forms` gives the other forms of what is at a path, as media type and path: the one that
    `Accept` prefers to HTML is sent in its place. `offered` gives the media types of what is at a
    path, of which `Accept` must admit one: a request that admits none has `refused` in its scope,
    for the application to answer, and that answer is not kept. `prefix` is a path that addresses
    may begin with, as it is written in them. A redirect carries on the whole query, whatever it
    means. `foreseen` gives the paths of what is made in advance, while a server runs it and nobody
    asks for anything. `takes_long` says of a path whether what is there does: others are made
    meanwhile.

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
        foreseen: Callable[[], Iterable[str]] = lambda: (),
        takes_long: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self.app = app
        self.parameters = parameters
        self.other_forms = other_forms
        self.offered = offered
        self.verbatim = verbatim
        self.prefix, self.stripped = prefix, unquote(prefix)
        self.foreseen = foreseen
        self.takes_long = takes_long
        headers = SECURITY_HEADERS | (STRICT_TRANSPORT if is_https else {})
        self.headers = [(name.encode(), value.encode()) for name, value in headers.items()]
        self.pages, self.queried = Store(MOST_KEPT), Store(MOST_KEPT_QUERIED)
        self.making = asyncio.Semaphore(AT_ONCE)
        self.answering = asyncio.Semaphore(QUERIED_AT_ONCE)
        self.making_long = asyncio.Semaphore(LONG_AT_ONCE)
        self.answering_long = asyncio.Semaphore(LONG_AT_ONCE)
        self.under_way: dict[tuple[Address, bytes | None], asyncio.Task[Any]] = {}
        self.expected: frozenset[str] = frozenset()
        self.requests = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        self.requests += 1
        await self._answer(scope, send)

    def at_hand(self, asked: Asked, wanted: bytes | None) -> Wire | None:
        """What was sent before for the same bytes; `wanted` is what If-None-Match says.

        A request of which any header stands on several lines, which are one list (RFC 9110,
        section 5.3), is none of these, nor is one with a body.
        """
        found = (self.queried if b"?" in asked[1] else self.pages).asked.get(asked)
        if found is None:
            return None
        self.requests += 1
        sent, kept = found
        kept.is_used = True
        if wanted is not None and _matches(wanted, sent.tag):
            return sent.unchanged_wire
        return sent.wire

    async def foresee(self) -> None:
        """Make in advance, one after the other and never while somebody is asking for something."""
        seen = -1
        paths = await to_thread(lambda: list(self.foreseen()))
        self.expected = frozenset(paths)
        for path in paths:
            while seen != self.requests:
                seen = self.requests
                await asyncio.sleep(QUIET)
            address = path, ""
            kept = await self._kept(request_for(path), address)
            coding = CODINGS[0] if kept.is_compressible else IDENTITY
            self._form(kept, address, coding, await self._coded(kept, address, coding))

    async def _answer(self, scope: Scope, send: Send) -> None:
        headers = _joined(scope["headers"])
        accepted = headers.get(b"accept", b"")
        path: str = scope["path"]
        if self.stripped and f"{path}/".startswith(f"{self.stripped}/"):
            path = path.removeprefix(self.stripped) or "/"
        address, chosen = None, b""
        if scope["method"] not in {"GET", "HEAD"}:
            kept = await self._unkept({**scope, "path": path})
        elif self._is_refused(path, accepted):
            kept = await self._unkept({**scope, "path": path, "method": "GET", "refused": True})
        else:
            form = self._preferred(path, accepted)
            path = form or path
            query = self._meant(path, scope["query_string"])
            address = path, query
            chosen = f"{self.prefix}{path}{'?' * bool(query)}{query}".encode() if form else b""
            kept = await self._kept(scope, address)
        coding = _coding(headers.get(b"accept-encoding", b"")) if kept.is_compressible else IDENTITY
        wanted = headers.get(b"if-none-match", b"")
        is_unchanged = kept.status == 200 and _matches(wanted, kept.tag(coding))
        if is_unchanged and coding not in kept.bodies:
            # Nobody needs it compressed, which of a large one takes a second.
            await send(kept.unchanged(coding, chosen))
            await send(NOTHING)
            return
        body = await self._coded(kept, address, coding)
        is_head = scope["method"] == "HEAD"
        sent = self._form(kept, address, coding, body, is_head=is_head, chosen=chosen)
        if is_unchanged:
            await send(sent.unchanged)
            await send(NOTHING)
        else:
            await send(_led(sent.start, scope["query_string"]))
            await send(sent.body)
        # Only now: what sends it has found no fault with it.
        if address and len(headers) == len(scope["headers"]):
            self._remember(scope, headers, address, kept, sent)

    def _remember(
        self, scope: Scope, headers: Mapping[bytes, bytes], address: Address, kept: Kept, sent: Sent
    ) -> None:
        path, query = scope["raw_path"], scope["query_string"]
        if bool(address[1]) == bool(query):
            asked = (
                scope["method"].encode(),
                path + b"?" * bool(query) + query,
                headers.get(b"accept"),
                headers.get(b"accept-encoding"),
            )
            self._store(address).remember(asked, address, kept, sent)

    def _store(self, address: Address) -> Store:
        return self.queried if address[1] else self.pages

    def _is_refused(self, path: str, accepted: bytes) -> bool:
        """Whether the Accept header admits nothing of what is there (RFC 9110, section 12.5.1)."""
        offered = self.offered(path) if accepted else ()
        weights = _weights(accepted) if offered else {}
        return bool(offered) and not any(_quality(weights, name.encode()) for name in offered)

    def _preferred(self, path: str, accepted: bytes) -> str | None:
        """The path of the form that an Accept header prefers to HTML, if any."""
        # What nearly every request says, told without a closer look.
        if accepted in {b"", b"*/*", b"text/html"} or accepted.startswith(b"text/html,"):
            return None
        weights = _weights(accepted)
        chosen, preferred = None, _quality(weights, b"text/html")
        for media_type, form in self.other_forms(path).items():
            weight = weights.get(media_type.encode(), 0.0)
            if weight > preferred:
                chosen, preferred = form, weight
        return chosen

    def _meant(self, path: str, query: bytes) -> str:
        """A query without the parameters that change nothing, and without empty ones."""
        if not query:
            return ""
        if self.verbatim is not None and path.startswith(self.verbatim):
            return query.decode("latin-1")
        known = self.parameters.get(path, ())
        given = parse_qsl(query.decode("latin-1"), encoding="utf-8", errors="replace")
        return urlencode(sorted((name, value) for name, value in given if name in known))

    async def _kept(self, scope: Scope, address: Address) -> Kept:
        """What is kept at an address, or else is made now."""
        kept = self._store(address).get(address)
        if kept:
            return kept
        if (address, None) not in self.under_way and self._is_too_much(address):
            return self._busy()
        return await self._once((address, None), lambda: self._added(scope, address))

    async def _unkept(self, scope: Scope) -> Kept:
        """The answer to what is not read, or not in this form: the same whatever is asked with it.

        It is not kept, but made once for all who ask at the same time, in its turn.
        """
        # No path begins so.
        address = f"{scope['method']} {scope['path']}", ""

        async def made() -> Kept:
            async with self.making:
                return await self._made({**scope, "query_string": b""})

        if (address, None) not in self.under_way and self._is_too_much(address):
            return self._busy()
        return await self._once((address, None), made)

    def _is_too_much(self, address: Address) -> bool:
        """Whether so much is being made already that an answer must wait for another time."""
        path, query = address
        if not query and path in self.expected:
            return False
        # What compresses an answer that is there takes the place of none.
        number = sum(
            coding is None and bool(other) == bool(query) for (_, other), coding in self.under_way
        )
        return number >= (MOST_QUERIED_UNDER_WAY if query else MOST_UNDER_WAY)

    def _busy(self) -> Kept:
        """What asks to come again: one for each, as each is sent in forms of its own."""
        headers = [*self.headers, *_BUSY_HEADERS]
        return finished(503, headers, b"Busy: try again in a moment.\n", is_lasting=False)

    async def _added(self, scope: Scope, address: Address) -> Kept:
        path, query = address
        made = {**scope, "method": "GET", "path": path, "query_string": query.encode()}
        async with self._turn(address):
            kept = await self._made(made, is_lasting=not query)
        if kept.may_be_kept:
            self._store(address).put(address, kept)
        return kept

    def _turn(self, address: Address) -> asyncio.Semaphore:
        """What an answer waits for until it is made."""
        path, query = address
        if self.takes_long(path):
            return self.answering_long if query else self.making_long
        return self.answering if query else self.making

    async def _coded(self, kept: Kept, address: Address | None, coding: bytes) -> bytes:
        """The body of an answer in a content coding, never made while others wait."""
        if coding in kept.bodies:
            return kept.bodies[coding]
        if address is None:
            return await to_thread(kept.coded, coding)
        return await self._once((address, coding), lambda: to_thread(kept.coded, coding))

    def _form(
        self,
        kept: Kept,
        address: Address | None,
        coding: bytes,
        body: bytes,
        *,
        is_head: bool = False,
        chosen: bytes = b"",
    ) -> Sent:
        """What sends an answer in one form, counted where it is kept."""
        sent = kept.messages(coding, body, is_head=is_head, chosen=chosen)
        if address and kept.may_be_kept:
            self._store(address).put(address, kept)
        return sent

    async def _once(
        self, what: tuple[Address, bytes | None], make: Callable[[], Coroutine[Any, Any, Made]]
    ) -> Made:
        """What is made, once however many wait for it, and to the end whoever goes away."""
        task = self.under_way.get(what)
        if task is None:
            task = self.under_way[what] = asyncio.create_task(make())
            task.add_done_callback(lambda _: self.under_way.pop(what, None))
        made: Made = await asyncio.shield(task)
        return made

    async def _made(self, scope: Scope, *, is_lasting: bool = False) -> Kept:
        """The application's whole answer to a request without conditions."""
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
        path = scope["path"]
        added += [(b"vary", b"accept")] if self.other_forms(path) or self.offered(path) else []
        return finished(status, [*kept, *added], b"".join(pieces), is_lasting=is_lasting)
