"""The log of requests: one line for each answer, in which no request can write what it likes."""

import contextlib
import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from io import RawIOBase
from queue import SimpleQueue
from threading import Thread

from app.delivery import App, Receive, Scope, Send
from app.store import Message

MOST_TOLD = 1000
"""How many characters of an address are told: whole lines of several processes stay whole."""
MOST_WAITING = 4096
"""How many lines wait to be written; where nobody reads what is written, the rest is left out."""
LAST_SECONDS = 2
"""How long at the end what waits may take to be written."""

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True)
class Entry:
    """One answer: to whom, to what, how large, how soon."""

    answered_at: float
    client: str
    method: str
    target: bytes
    version: str
    status: int
    size: int
    seconds: float


def common(entry: Entry) -> str:
    """A line in the Common Log Format, escaped as nginx's is."""
    day = datetime.fromtimestamp(entry.answered_at, UTC)
    request = f"{entry.method} {_escaped(entry.target[:MOST_TOLD])} HTTP/{entry.version}"
    told = f'[{day:%d/%b/%Y:%H:%M:%S +0000}] "{request}" {entry.status} {entry.size}'
    return f"{entry.client} - - {told}"


def as_json(entry: Entry) -> str:
    """A line of JSON, in ASCII."""
    day = datetime.fromtimestamp(entry.answered_at, UTC)
    return json.dumps(
        {
            "time": day.isoformat(timespec="milliseconds"),
            "client": entry.client,
            "method": entry.method,
            "target": entry.target[:MOST_TOLD].decode("latin-1"),
            "status": entry.status,
            "bytes": entry.size,
            "milliseconds": round(entry.seconds * 1000, 1),
        }
    )


FORMS: dict[str, Callable[[Entry], str]] = {"common": common, "json": as_json}


class Journal:
    """Writes an entry for each answer of an application, in one of the forms.

    A thread writes them, so that a disk, a pipe or a terminal that takes nothing stops no answer;
    the stream has no buffer, so that none is left in it either.
    """

    def __init__(self, app: App, form: str, stream: RawIOBase) -> None:
        self.app = app
        self.form = FORMS[form]
        self.stream = stream
        self.lines: SimpleQueue[str | None] = SimpleQueue()
        self.left_out = 0
        self.writing = Thread(target=self._write, daemon=True)
        self.writing.start()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, and tell of it."""
        begun = time.perf_counter()
        status, size = 0, 0

        async def noted(message: Message) -> None:
            nonlocal status, size
            if message["type"] == "http.response.start":
                status = message["status"]
            else:
                size += len(message.get("body", b""))
            await send(message)

        try:
            await self.app(scope, receive, noted)
        finally:
            query = b"?" + scope["query_string"] if scope["query_string"] else b""
            self.tell(
                client=scope["client"],
                method=scope["method"],
                target=scope["raw_path"] + query,
                version=scope["http_version"],
                status=status,
                size=size,
                seconds=time.perf_counter() - begun,
            )

    def tell(
        self,
        *,
        client: tuple[str, int] | None,
        method: str,
        target: bytes,
        status: int,
        size: int,
        version: str = "1.1",
        seconds: float = 0,
    ) -> None:
        """Have one entry written; where there is no room for it, the site goes on without."""
        if self.lines.qsize() >= MOST_WAITING:
            self.left_out += 1
            return
        # Behind a proxy that is believed, the client is whatever a header says.
        name = _escaped(client[0][:MOST_TOLD].encode()) if client else "-"
        entry = Entry(time.time(), name, method, target, version, status, size, seconds)
        self.lines.put(f"{self.form(entry)}\n")

    def close(self) -> None:
        """Wait until what was told is written, though not for long."""
        self.lines.put(None)
        self.writing.join(LAST_SECONDS)

    def _write(self) -> None:
        told = 0
        while (line := self.lines.get()) is not None:
            with contextlib.suppress(OSError):
                self.stream.write(line.encode())
            if self.lines.empty():
                told = self._told_left_out(told)
        self._told_left_out(told)

    def _told_left_out(self, told: int) -> int:
        """How many lines were left out, which is said where it was another number before."""
        left_out = self.left_out
        if left_out > told:
            _LOGGER.warning("%d answers are not in the log", left_out - told)
        return left_out


def _escaped(target: bytes) -> str:
    return "".join(
        chr(byte) if 0x21 <= byte < 0x7F and byte not in b'"\\' else f"\\x{byte:02x}"
        for byte in target
    )
