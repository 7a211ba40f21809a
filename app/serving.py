"""What keeps the site going: processes that serve, each replaced when it dies.

This process serves nothing itself, so nothing that is sent to the site can end it. It hears
signals (SIGINT and SIGTERM end the site in order, SIGHUP renews it) and talks to each
process that serves in lines over a socket: `opened`, then `serve`; `take up`, then `taken` or
`not taken`; `alive`, to which it says the same; `refused` with why a seed was.
"""

import asyncio
import os
import signal
import socket
import sys
from asyncio import StreamReader, StreamWriter
from asyncio.subprocess import DEVNULL, Process
from dataclasses import dataclass, field
from itertools import count

from app import edition
from app.config import Settings, UsageError

OPENED, SERVE, TAKE_UP, TAKEN, NOT_TAKEN, ALIVE, REFUSED = (
    "opened",
    "serve",
    "take up",
    "taken",
    "not taken",
    "alive",
    "refused",
)

_WORKER = "import gc; gc.disable(); from app import worker; gc.freeze(); worker.main()"
"""What a process that serves runs. Until the site is there next to nothing is waste, and looking
for it takes a fifth of the time; in what was imported nothing ever is."""

_MEMORY = {"MALLOC_MMAP_THRESHOLD_": "131072"}
"""How glibc gives back at once what compressing a page took for a moment (mallopt(3)): left to
itself it keeps that for another time. Whoever starts the site may say otherwise."""

GRACE_SECONDS = 10
"""How long answers that have begun may take to end when the site stops."""
_BACKLOG = 2048
"""How many may wait to be taken, as the processes that serve have it."""
_START_SECONDS = 60
"""How long a process may take to open the site."""
_ASKED_EVERY_SECONDS = 5
"""How often each is asked whether it is alive."""
_SILENT_SECONDS = 30
"""How long one may take to say so: one that stands still takes visitors and answers none."""
_NOT_GIVEN = (OSError, RuntimeError)
"""What is raised where the system gives no process, no file, no memory; or no thread."""
_SHORT_LIFE_SECONDS = 5
_LONGEST_PAUSE_SECONDS = 30
"""How long the next one waits at most, where one process after the other lives only shortly."""


def run(settings: Settings, listening: socket.socket, workers: int) -> None:
    """Serve on a socket until interrupted.

    Raises UsageError where the site cannot be opened.
    """
    asyncio.run(_Keeper(settings, listening, workers).keep())


def bound(host: str, port: int) -> socket.socket:
    """A socket at a host and port; nobody can connect to it yet.

    Raises UsageError where they cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise _not_to_be_had(host, port, error) from None
    return listening


def _not_to_be_had(host: str, port: int, error: OSError) -> UsageError:
    reason = error.strerror or str(error)
    return UsageError(f"cannot serve at {host} port {port}: {reason}; choose another")


@dataclass(frozen=True)
class _Worker:
    """A process that serves, and the two ends of what is said with it."""

    process: Process
    reader: StreamReader
    writer: StreamWriter
    asking: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def hear(self, seconds: float) -> str:
        """What it says next; nothing where it has ended, as it must where it says nothing."""
        try:
            async with asyncio.timeout(seconds):
                return (await self.reader.readline()).decode().rstrip("\n")
        except TimeoutError:
            _say(f"process {self.process.pid} says nothing for {seconds} seconds, and is ended")
            self.kill()
        except ConnectionError:
            self.kill()
        return ""

    async def ask(self, line: str, seconds: float) -> str:
        """What it says to something; nothing as where nothing is heard."""
        async with self.asking:
            self.tell(line)
            return await self.hear(seconds)

    def tell(self, line: str) -> None:
        """Say something to it, which is lost where it has ended."""
        self.writer.write(f"{line}\n".encode())

    async def end(self) -> None:
        """Wait until it has ended, if only because it stood still."""
        ended = asyncio.ensure_future(self.process.wait())
        while not (await asyncio.wait([ended], timeout=_ASKED_EVERY_SECONDS))[0]:
            await self.ask(ALIVE, _SILENT_SECONDS)

    def kill(self) -> None:
        """End it at once, where it has not ended."""
        if self.process.returncode is None:
            self.process.kill()


class _Keeper:
    """Keeps a number of processes serving one socket."""

    def __init__(self, settings: Settings, listening: socket.socket, number: int) -> None:
        self.settings = settings
        self.listening = listening
        self.number = number
        self.workers: list[_Worker] = []
        self.refusal = ""
        # While one opens the database, nobody is asked to take up another.
        self.opening = asyncio.Lock()
        self.renew = asyncio.Event()

    async def keep(self) -> None:
        """Serve until told to stop."""
        loop = asyncio.get_running_loop()
        stop, hurry = asyncio.Event(), asyncio.Event()
        had_terminal = os.isatty(0)

        def told_to_stop() -> None:
            (hurry if stop.is_set() else stop).set()

        def hung_up() -> None:
            # A terminal that was closed says the same as somebody who asks for the new seed.
            (stop if had_terminal and not os.isatty(0) else self.renew).set()

        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, told_to_stop)
        loop.add_signal_handler(signal.SIGHUP, hung_up)
        keeping = asyncio.create_task(self._keep())
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait([keeping, stopping], return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        is_stopped = keeping.cancel()
        await asyncio.wait([keeping])
        await self._end(hurry)
        if not is_stopped:
            keeping.result()

    async def _keep(self) -> None:
        try:
            for _ in range(self.number):
                self.workers.append(await self._started())
        except _NOT_GIVEN as error:
            message = f"no process can be started: {_reason(error)}; allow more, or --workers 1"
            raise UsageError(message) from None
        for worker in self.workers:
            if await worker.hear(_START_SECONDS) != OPENED:
                raise UsageError("nothing can be served; what is wrong stands above")
        listened = "http://{}:{}".format(*_shown(self.listening))
        base = self.settings.base_url
        place = base if base == listened else f"{base} at {listened}"
        # Whoever reads the line can come at once, and waits at most.
        try:
            self.listening.listen(_BACKLOG)
        except OSError as error:
            # Another that was bound to the same port listened first.
            host, port = self.listening.getsockname()[:2]
            raise _not_to_be_had(host, port, error) from None
        _say(f"serving {place} (stop with Ctrl+C)")
        for worker in self.workers:
            worker.tell(SERVE)
        await asyncio.gather(self._renew(), *map(self._hold, range(self.number)))

    async def _started(self) -> _Worker:
        """Another process that will serve. Raises one of _NOT_GIVEN."""
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                process = await asyncio.create_subprocess_exec(
                    sys.executable,
                    "-c",
                    _WORKER,
                    str(self.listening.fileno()),
                    str(theirs.fileno()),
                    stdin=DEVNULL,
                    pass_fds=(self.listening.fileno(), theirs.fileno()),
                    # What interrupts this process at a terminal is for it alone to pass on.
                    process_group=0,
                    env=_MEMORY | os.environ | self.settings.as_environment(),
                )
            except BaseException:
                ours.close()
                raise
        return _Worker(process, *await asyncio.open_connection(sock=ours))

    async def _hold(self, place: int) -> None:
        """Put another process in the place of one that died, for ever."""
        loop, short_lives = asyncio.get_running_loop(), 0
        for _ in count():
            begun = loop.time()
            await self.workers[place].end()
            self.workers[place].writer.close()
            short_lives = short_lives + 1 if loop.time() - begun < _SHORT_LIFE_SECONDS else 0
            _say(f"process {self.workers[place].process.pid} has ended; another takes its place")
            await asyncio.sleep(min(_LONGEST_PAUSE_SECONDS, 2**short_lives - 1))
            try:
                # What it was to open may be lost: all go over to what is built in its place.
                if not await self._opens(place) and not await self._is_whole():
                    self.renew.set()
            except _NOT_GIVEN as error:
                _say(f"no process can be started: {_reason(error)}; it is tried again")

    async def _opens(self, place: int) -> bool:
        """Whether another process has opened the site, and serves it."""
        async with self.opening:
            worker = self.workers[place] = await self._started()
            is_opened = await worker.hear(_START_SECONDS) == OPENED
            if is_opened:
                worker.tell(SERVE)
                worker.tell(f"{REFUSED}: {self.refusal}")
            else:
                worker.kill()
        return is_opened

    async def _is_whole(self) -> bool:
        return await asyncio.to_thread(edition.is_whole, self.settings.database)

    async def _renew(self) -> None:
        """Whenever asked to, build what the seed is now, and have one after the other serve it."""
        while await self.renew.wait():
            self.renew.clear()
            try:
                self.refusal = await self._refusal()
            except _NOT_GIVEN as error:
                self.refusal = f"the database could not be built: {_reason(error)}"
            async with self.opening:
                for worker in self.workers:
                    if self.refusal:
                        worker.tell(f"{REFUSED}: {self.refusal}")
                        continue
                    if await worker.ask(TAKE_UP, _START_SECONDS) == NOT_TAKEN:
                        self.refusal = "the database could not be opened; the log says why"
            _say(f"the site is as it was: {self.refusal}" if self.refusal else "the site is new")

    async def _refusal(self) -> str:
        """Why the seed cannot be served; nothing where its database is there, built if need be."""
        seed, database = self.settings.seed, self.settings.database
        if await asyncio.to_thread(edition.is_current, database, seed):
            return ""
        builder = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "app", "build", "--seed", seed, "--database", database),
            stdin=DEVNULL,
            process_group=0,
        )
        try:
            code = await builder.wait()
        except asyncio.CancelledError:
            builder.kill()
            raise
        if code == 1:
            return "the seed has mistakes; the log says which"
        return "the database could not be built; the log says why" if code else ""

    async def _end(self, hurry: asyncio.Event) -> None:
        """Have every process end what it began; whoever takes too long is killed."""
        self.listening.close()
        for worker in self.workers:
            worker.writer.close()
        hurried = asyncio.create_task(hurry.wait())
        ended = asyncio.create_task(self._ended())
        patience = GRACE_SECONDS + 2
        await asyncio.wait({hurried, ended}, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
        hurried.cancel()
        for worker in self.workers:
            worker.kill()
        await ended

    async def _ended(self) -> bool:
        for worker in self.workers:
            await worker.process.wait()
        return True


def _shown(listening: socket.socket) -> tuple[str, int]:
    host, port, *_ = listening.getsockname()
    return (f"[{host}]" if ":" in host else host), port


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
