"""One process that serves: uvicorn around the site, on a socket that it was given.

Over a second socket it hears from the process that keeps it, and tells it what it has done. Where
nobody keeps it any more, it ends what it has begun, and itself.
"""

import asyncio
import contextlib
import gc
import logging
import resource
import socket
import sys
from collections.abc import Awaitable, Callable
from io import FileIO

import uvicorn

from app import edition
from app.config import NO_LOG, Settings, settings_from
from app.delivery import Delivery, Receive, Scope, Send
from app.journal import Journal
from app.main import create_app
from app.protocol import Config, Protocol
from app.serving import ALIVE, GRACE_SECONDS, NOT_TAKEN, OPENED, TAKE_UP, TAKEN
from app.site import Health
from app.store import Asked, Wire

MOST_CONNECTIONS = 4096
"""How many connections one process has; fewer where it may not have as many files open."""
OTHER_FILES = 64
"""How many files it needs beside its connections: the database, its libraries, its sockets."""
FEWEST_CONNECTIONS = 16
"""Of fewer it would not be worth while: nearly everybody would be sent away."""

_LOGGER = logging.getLogger(__name__)


class Current:
    """The site of today. A request ends on the site on which it began."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.health = Health()
        self.site = self._opened()
        self.foreseeing: asyncio.Task[None] | None = None

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Answer one request."""
        return self.site(scope, receive, send)

    def at_hand(self, asked: Asked, wanted: bytes | None) -> Wire | None:
        """What the site has sent before for the same bytes."""
        return self.site.at_hand(asked, wanted)

    def foresee(self) -> None:
        """Begin to make the pages of today's site in advance, and no more those of a former."""
        if self.foreseeing:
            self.foreseeing.cancel()
        self.foreseeing = asyncio.create_task(self.site.foresee())

    def take_up(self) -> None:
        """Go over to what the database is now.

        Raises RuntimeError where it is not whole; the site stays what it was.
        """
        self.site = self._opened()
        self.health.refusal = None

    def _opened(self) -> Delivery:
        database = self.settings.database
        if not edition.is_whole(database):
            message = f"{database} is not what was built; build it anew"
            raise RuntimeError(message)
        return create_app(self.settings, self.health)


def main() -> None:
    """Serve on one socket until the other says no more; both are given as file descriptors."""
    listening, keeper = map(int, sys.argv[1:])
    logging.basicConfig(format="%(asctime)s %(message)s")
    settings = settings_from()
    most_connections = _files() - OTHER_FILES
    if most_connections < FEWEST_CONNECTIONS:
        fewest = FEWEST_CONNECTIONS + OTHER_FILES
        sys.exit(f"meeting21: too few files may be open; allow {fewest} or more (ulimit -n)")
    try:
        current = Current(settings)
    except (OSError, RuntimeError) as error:
        sys.exit(f"meeting21: the site cannot be opened: {error}")
    gc.enable()
    journal = None
    # Where standard output was closed, there is none.
    if settings.log != NO_LOG and sys.stdout:
        journal = Journal(current, settings.log, FileIO(sys.stdout.fileno(), "w", closefd=False))
    config = _config(current, journal, most_connections, settings.proxies)
    # uvicorn has shut down in order by the time it passes an interruption on.
    with contextlib.suppress(KeyboardInterrupt):
        runner = asyncio.Runner(loop_factory=config.get_loop_factory())
        with runner, socket.socket(fileno=keeper) as kept, socket.socket(fileno=listening) as site:
            runner.run(_serve(uvicorn.Server(config), current, site, kept))
    if journal:
        journal.close()


def _config(
    current: Current, journal: Journal | None, most_connections: int, proxies: str
) -> Config:
    def told(protocol: Protocol, method: str, status: int, size: int) -> None:
        if journal:
            client, target = protocol.client, protocol.url
            journal.tell(client=client, method=method, target=target, status=status, size=size)

    return Config(
        journal or current,
        at_hand=current.at_hand,
        headers=current.site.headers,
        most_connections=most_connections,
        grace_seconds=GRACE_SECONDS,
        told=told,
        # Whom an answer is for is asked for the log alone.
        proxies=proxies if journal else "",
    )


def _files() -> int:
    """How many files this process may have open, once it has asked for as many as it may."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_CONNECTIONS + OTHER_FILES
    bound = wanted if most == resource.RLIM_INFINITY else min(wanted, most)
    resource.setrlimit(resource.RLIMIT_NOFILE, (bound, most))
    return bound


async def _serve(
    server: uvicorn.Server, current: Current, listening: socket.socket, kept: socket.socket
) -> None:
    reader, writer = await asyncio.open_connection(sock=kept)

    def tell(line: str) -> None:
        writer.write(f"{line}\n".encode())

    tell(OPENED)
    if not await reader.readline():
        return
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    current.foresee()
    hearing = asyncio.create_task(_hear(reader, current, tell))
    await asyncio.wait([serving, hearing], return_when=asyncio.FIRST_COMPLETED)
    hearing.cancel()
    server.should_exit = True
    await serving


async def _hear(
    reader: asyncio.StreamReader, current: Current, tell: Callable[[str], None]
) -> None:
    while line := await reader.readline():
        said, _, told = line.decode().rstrip("\n").partition(": ")
        if said == TAKE_UP:
            try:
                await asyncio.to_thread(current.take_up)
            except Exception as error:
                _LOGGER.exception("the site goes on as it was")
                current.health.refusal = str(error)
                tell(NOT_TAKEN)
            else:
                current.foresee()
                # What was kept of the former site hangs together in rings.
                await asyncio.to_thread(gc.collect)
                tell(TAKEN)
        elif said == ALIVE:
            tell(ALIVE)
        else:
            current.health.refusal = told or None
