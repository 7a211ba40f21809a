"""HTTP as strangers speak it: uvicorn's protocol with bounds, and clear answers to broken requests.

uvicorn answers every broken request with a bare 400, and waits for ever for a slow one.
"""

import asyncio
import re
import sys
from asyncio.events import TimerHandle
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, cast

import httptools
import uvicorn
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)
from uvicorn.server import ServerState

from app.delivery import SOON_SECONDS, App
from app.store import Asked, Header, Wire

MOST_URL = 32 * 1024
"""How many bytes the address in a request may have."""
MOST_HEAD = 64 * 1024
"""How many bytes all its headers may have."""
MOST_HEADERS = 128
MOST_BODY = 64 * 1024
"""How many bytes may follow a head: nothing can be sent here, but a form should hear that."""
MOST_WAITING = 16
"""How many requests of one connection may wait for the answer to an earlier one, and how many that
come at once are answered with what is at hand before all others have their turn. What comes
after them is not read: the connection ends once they are answered, and a client that means well
sends the rest over another one (RFC 9112, section 9.3.2)."""
MOST_DROPPED = 1024 * 1024
"""How many bytes a client may go on sending after it was refused, so that it reads why."""

REQUEST_SECONDS = 10
"""How long a request may take to arrive, from its first byte to its last."""
KEPT_SECONDS = 20
"""How long a connection may stand idle between two requests."""
STALLED_SECONDS = 30
"""In how many seconds a client must have read the least of an answer that is being sent."""
LEAST_READ = 32 * 1024
"""How many bytes the least is, or all that there are: a byte now and then holds no place."""
LINGER_SECONDS = 2
"""How long a refused client is listened to, as one that still sends does not read."""

_ANY_METHOD = re.compile(rb"[A-Za-z0-9!#$%&'*+.^_`|~-]+ /")
"""How a request begins whose method the parser does not know (RFC 9110, section 5.6.2)."""

_HOST = re.compile(rb"(?:\[[0-9A-Za-z:.]+\]|[A-Za-z0-9._~!$&'()*+;=%-]*)(?::[0-9]*)?")
"""What Host may say (RFC 9110, section 7.2; RFC 3986, section 3.2.2), but for a comma: that joins
two lines to one."""

AtHand = Callable[[Asked, bytes | None], Wire | None]
Told = Callable[["Protocol", str, int, int], None]


class Config(uvicorn.Config):
    """How uvicorn serves an application here.

    `at_hand` knows the answers that the application need not be asked for; `headers` are on every
    one that it does not give. `told` hears of either, with method, status and size. Of more
    connections than `most_connections`, those go first
    that have waited longest without a request. `proxies` are the addresses whose
    X-Forwarded-For is believed, for the log alone; answers that have begun when it stops have
    `grace_seconds` to end.
    """

    def __init__(
        self,
        app: App,
        *,
        at_hand: AtHand,
        headers: list[Header],
        most_connections: int,
        grace_seconds: int,
        told: Told,
        proxies: str,
    ) -> None:
        super().__init__(
            cast("Any", app),
            http=Protocol,
            interface="asgi3",
            ws="none",
            lifespan="off",
            log_level="error",
            access_log=False,
            server_header=False,
            proxy_headers=bool(proxies),
            forwarded_allow_ips=proxies,
            timeout_keep_alive=KEPT_SECONDS,
            timeout_graceful_shutdown=grace_seconds,
        )
        self.at_hand = at_hand
        self.refusal_headers = headers
        self.most_connections = most_connections
        self.told = told
        self.waiting: dict[Protocol, None] = {}


class _Counted:
    """A transport that knows how much was written to it."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._written = 0
        # What is asked for at every request.
        self.is_closing = transport.is_closing
        self.get_write_buffer_size = transport.get_write_buffer_size

    def __getattr__(self, name: str) -> Any:
        """Everything else is the transport's own."""
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Send some bytes."""
        self._written += len(data)
        self._transport.write(data)

    def sent(self) -> int:
        """How many bytes have left for the client."""
        return self._written - self.get_write_buffer_size()


class _RefusedError(Exception):
    """Raised out of the parser where it has read enough."""


class Protocol(HttpToolsProtocol):
    """One connection.

    It waits (for a request, or the rest of its head), or it answers, or it has refused: then it
    drops what still comes, and closes. `refusal` is the status that the client is told once all
    earlier requests are answered, or 0 where it is told nothing more.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.ours = config
        # What a refusal is told of, before there is any of it.
        self.url = b""
        self.scope = cast("Any", {})
        self.is_in_head = False
        self.is_in_body = False
        self.size = 0
        self.body_size = 0
        self.dropped = 0
        self.last = b""
        self.found: Wire | None = None
        self.found_at_once = 0
        self.running: RequestResponseCycle | None = None
        self.fault: int = HTTPStatus.BAD_REQUEST
        self.refusal: int | None = None
        self.due: float | None = None
        self.watching: TimerHandle | None = None
        self.lingering: TimerHandle | None = None
        self.stalled: TimerHandle | None = None

    @property
    def is_answering(self) -> bool:
        """Whether a request that has come is not answered yet."""
        return self.cycle is not None and not self.cycle.response_complete

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection, or in the place of the one that has waited longest."""
        super().connection_made(transport)
        self.counted = _Counted(transport)
        self.transport = cast("Any", self.counted)
        waiting = self.ours.waiting
        if len(self.connections) > self.ours.most_connections:
            # Whoever still reads its last answer goes only where all do, or say so.
            idle = (one for one in waiting if not one.transport.get_write_buffer_size())
            longest = next(idle, None) or next(iter(waiting), None)
            if longest is None:
                self._refuse(HTTPStatus.SERVICE_UNAVAILABLE)
                return
            waiting.pop(longest)
            longest.transport.abort()
        waiting[self] = None
        self._expect()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget a connection."""
        super().connection_lost(exc)
        # uvicorn tells the latest request, which need not be the one that is being answered.
        self.pipeline.clear()
        if self.running:
            self.running.disconnected = True
        self.ours.waiting.pop(self, None)
        # uvicorn forgets this one where the connection broke.
        self._unset_keepalive_if_required()
        for timer in (self.watching, self.lingering, self.stalled):
            if timer:
                timer.cancel()

    def eof_received(self) -> bool:  # type: ignore[override]
        """Answer what has come whole, though nothing more will: not to close is the answer."""
        if self.is_answering:
            self.cycle.keep_alive = False
        return self.is_answering

    def data_received(self, data: bytes) -> None:
        """Read on, within bounds."""
        if self.refusal is not None:
            self.dropped += len(data)
            if self.dropped > MOST_DROPPED:
                self.transport.abort()
            return
        was_in_head, was_in_body = self.is_in_head, self.is_in_body
        self.last = data
        self.found_at_once = 0
        super().data_received(data)
        if self.refusal is not None or self.parser is None:
            return
        # The parser keeps a header to itself until it is whole, however long it gets, and there
        # may be more of them after a body.
        if (was_in_head and self.is_in_head) or (was_in_body and self.is_in_body):
            self.size += len(data)
            if self.size > MOST_HEAD + (MOST_BODY if self.is_in_body else 0):
                is_head = self.is_in_head
                self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE if is_head else 0)
                return
        if not (self.due or self.is_answering or self.timeout_keep_alive_task):
            self._expect()

    def send_400_response(self, msg: str) -> None:
        """Refuse what could not be read; `msg` is the same whatever that was."""
        error = sys.exception()
        is_method = isinstance(error, httptools.HttpParserInvalidMethodError)
        if is_method and _ANY_METHOD.match(self.last):
            self.fault = HTTPStatus.METHOD_NOT_ALLOWED
        # A request whose head was read has an answer of its own.
        self._refuse(0 if self.is_in_body else self.fault)

    def on_message_begin(self) -> None:
        """Begin to read a request."""
        self._require(len(self.pipeline) < MOST_WAITING, 0)
        super().on_message_begin()
        self.is_in_head = True
        self.size = self.body_size = 0
        self._expect()

    def on_url(self, url: bytes) -> None:
        """Read a piece of its address."""
        super().on_url(url)
        self._require(len(self.url) <= MOST_URL, HTTPStatus.REQUEST_URI_TOO_LONG)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Read a header; there may be an end to them or not."""
        super().on_header(name, value)
        is_within = len(self.headers) <= MOST_HEADERS
        self._require(is_within, HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def on_headers_complete(self) -> None:
        """Begin to answer."""
        version = self.parser.get_http_version()
        self._require(version in {"1.0", "1.1"}, HTTPStatus.BAD_REQUEST)
        size, hosts, given = 0, 0, dict[bytes, bytes]()
        for name, value in self.headers:
            size += len(name) + len(value)
            given[name] = value
            if name == b"host":
                hosts += 1
                self._require(bool(_HOST.fullmatch(value)), HTTPStatus.BAD_REQUEST)
            elif name == b"content-length":
                self._require(int(value) <= MOST_BODY, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            elif name == b"transfer-encoding":
                # RFC 9112, section 6.3: any other coding leaves open where the body ends.
                self._require(value.lower() == b"chunked", HTTPStatus.BAD_REQUEST)
        self._require(size <= MOST_HEAD, HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        # Section 3.2: exactly one, though it changes nothing here.
        self._require(hosts == 1 or (version == "1.0" and not hosts), HTTPStatus.BAD_REQUEST)
        self.found = self._at_hand(given) if version == "1.1" else None
        if not self.found:
            # One that was answered a moment ago has begun to wait.
            self._unset_keepalive_if_required()
            super().on_headers_complete()
            # What comes after either is not what this parser would take it for.
            if self.expect_100_continue or self.parser.should_upgrade():
                self.cycle.keep_alive = False
        self.is_in_head = False
        self.is_in_body = True
        self.ours.waiting.pop(self, None)

    def on_body(self, body: bytes) -> None:
        """Take a piece of what nobody will read."""
        super().on_body(body)
        self.body_size += len(body)
        self._require(self.body_size <= MOST_BODY, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)

    def on_message_complete(self) -> None:
        """End a request."""
        self.is_in_body = False
        self.last = b""
        self.due = None
        if self.found:
            found, self.found = self.found, None
            self._send(*found)
        else:
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """Wait for the next request, or close."""
        super().on_response_complete()
        self._watch()
        if self.transport.is_closing() or self.is_answering:
            return
        if self.refusal is not None:
            self._close(self.refusal)
        else:
            self.ours.waiting[self] = None

    def pause_writing(self) -> None:
        """Wait for a client that reads more slowly than it is answered."""
        super().pause_writing()
        self._watch()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self.running = cycle
        super()._start_asgi_task(cycle, app)

    def _at_hand(self, given: Mapping[bytes, bytes]) -> Wire | None:
        """The answer that is at hand, where it may be sent as soon as the request has ended."""
        if (
            self.is_answering
            or self.flow.write_paused
            or self.found_at_once >= MOST_WAITING
            or len(given) != len(self.headers)
            or b"content-length" in given
            or b"transfer-encoding" in given
            or self.expect_100_continue
            or self.parser.should_upgrade()
            or not self.parser.should_keep_alive()
            # Whom it is for stands in the log as uvicorn makes it out.
            or (self.ours.proxy_headers and b"x-forwarded-for" in given)
        ):
            return None
        accepted = given.get(b"accept"), given.get(b"accept-encoding")
        asked = (self.parser.get_method(), self.url, *accepted)
        return self.ours.at_hand(asked, given.get(b"if-none-match"))

    def _send(self, status: int, head: bytes, body: bytes) -> None:
        """Send an answer at once."""
        self.found_at_once += 1
        lines = [b"%s: %s\r\n" % header for header in self.server_state.default_headers]
        self.transport.write(b"".join([STATUS_LINE[status], *lines, head]))
        # By itself, as the same bytes wait for however many.
        self.transport.write(body)
        self.ours.told(self, self.parser.get_method().decode(), status, len(body))
        self.on_response_complete()

    def _require(self, holds: bool, fault: int) -> None:
        if not holds:
            self.fault = fault
            raise _RefusedError

    def _expect(self) -> None:
        """From now on the rest of a request must come in time."""
        self.due = self.loop.time() + REQUEST_SECONDS
        # One timer for many requests, since each takes less time than to set a timer.
        if not self.watching:
            self.watching = self.loop.call_later(REQUEST_SECONDS, self._end_waiting)

    def _end_waiting(self) -> None:
        self.watching = None
        if self.due is None:
            return
        remaining = self.due - self.loop.time()
        if remaining > 0:
            self.watching = self.loop.call_later(remaining, self._end_waiting)
        elif self.is_in_head:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT)
        elif self.is_answering:
            self._refuse(0)
        else:
            self.transport.close()

    def _watch(self) -> None:
        """See to it that what is being sent is read."""
        unsent = self.transport.get_write_buffer_size()
        if unsent and not self.stalled:
            least = self.counted.sent() + min(unsent, LEAST_READ)
            self.stalled = self.loop.call_later(STALLED_SECONDS, self._end_stalled, least)

    def _end_stalled(self, least: int) -> None:
        self.stalled = None
        if self.counted.sent() < least:
            self.transport.abort()
        else:
            self._watch()

    def _refuse(self, status: int) -> None:
        """Read nothing more, and say so when its turn has come."""
        self.refusal = status
        self.due = None
        self.ours.waiting.pop(self, None)
        if not self.is_answering:
            self._close(status)

    def _close(self, status: int) -> None:
        """Send a refusal, if any, and close once it can have been read."""
        self._unset_keepalive_if_required()
        if self.transport.is_closing():
            return
        if status:
            self.transport.write(self._written(HTTPStatus(status)))
        self.transport.write_eof()
        self._watch()
        self._linger()

    def _linger(self) -> None:
        self.lingering = self.loop.call_later(LINGER_SECONDS, self._end_lingering)

    def _end_lingering(self) -> None:
        # Of the answers before the refusal some may still be on its way.
        if self.transport.get_write_buffer_size():
            self._linger()
        else:
            self.transport.abort()

    def _written(self, status: HTTPStatus) -> bytes:
        body = f"{status.phrase}: {status.description or 'it cannot be read'}.\n".encode()
        headers = [
            *self.server_state.default_headers,
            *self.ours.refusal_headers,
            (b"content-type", b"text/plain; charset=utf-8"),
            (b"content-length", b"%d" % len(body)),
            (b"cache-control", b"no-store"),
            (b"connection", b"close"),
        ]
        if status == HTTPStatus.METHOD_NOT_ALLOWED:
            headers.append((b"allow", b"GET, HEAD"))
        if status == HTTPStatus.SERVICE_UNAVAILABLE:
            headers.append((b"retry-after", b"%d" % SOON_SECONDS))
        lines = [b"%s: %s\r\n" % header for header in headers]
        is_read = self.is_in_head and self.url
        if (self.parser.get_method() + b" " if is_read else self.last).startswith(b"HEAD "):
            body = b""
        self.ours.told(self, self.scope.get("method", "-"), status, len(body))
        return b"".join([STATUS_LINE[status], *lines, b"\r\n", body])
