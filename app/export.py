"""The whole site as files, for a host that runs nothing: made by asking the application itself.

A folder is replaced whole or not at all. What is new is written beside it and put in its place by
renames; a file that did not change is the same file as before, under the same name.
"""

import asyncio
import ctypes
import fcntl
import hashlib
import multiprocessing
import os
import re
import shutil
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from http import HTTPStatus
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from pathlib import Path, PurePosixPath

from app import urls
from app.config import Settings, UsageError
from app.delivery import Delivery, request_for
from app.language import PUBLISHED
from app.main import create_app
from app.site import open_site
from app.store import Message
from app.waste import seldom_searched

MANIFEST = "manifest.txt"
"""Lists every other file with its digest, as `sha256sum --check` reads it."""

_LISTED = re.compile("[0-9a-f]{64}  (.+)")

CODINGS = {b"br": ".br", b"gzip": ".gz"}
"""The content codings that files can be kept in beside themselves, and their endings."""

_AT_ONCE = 24
"""How many addresses a process is given at once: few enough that all end together."""

_AS_FILES = {HTTPStatus.OK, HTTPStatus.GONE}
"""The answers that become files; and what is not there, where that is asked for."""


_FROM_HERE, _EXCHANGE = -100, 2
"""AT_FDCWD of fcntl.h and RENAME_EXCHANGE of linux/fs.h, which Python does not name."""


class UnsoundError(Exception):
    """An address of the site was not answered as it should be, which no seed can cause."""


class LostError(Exception):
    """A process of an export was killed."""


@dataclass(frozen=True)
class Answer:
    """What an application answers to one request."""

    status: int
    headers: dict[bytes, bytes]
    body: bytes


@dataclass(frozen=True)
class Written:
    """One file of an export; `is_kept` where it is the former one."""

    name: str
    digest: str
    is_kept: bool


async def answer(app: Delivery, path: str, coding: bytes = b"identity") -> Answer:
    """What an application answers at a path without a query, in one content coding."""
    status, headers, pieces = 0, dict[bytes, bytes](), list[bytes]()

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        nonlocal status, headers
        if message["type"] == "http.response.start":
            status, headers = message["status"], dict(message["headers"])
        else:
            pieces.append(message.get("body", b""))

    scope = {**request_for(path), "headers": [(b"accept-encoding", coding)]}
    await app(scope, receive, send)
    return Answer(status, headers, b"".join(pieces))


def export(
    settings: Settings,
    folder: Path,
    *,
    paths: Sequence[str] | None = None,
    workers: int = 1,
    is_compressed: bool = False,
    told: Callable[[int, int], None] = lambda _done, _all: None,
) -> list[Written]:
    """Write the site of a finished database into a folder, or only some paths of it.

    `told` hears how far it is.

    Raises UsageError where the folder holds what no export wrote, another export into it is under
    way, or the database is built anew meanwhile; UnsoundError where an address is not answered;
    LostError where a process was killed; the folder is untouched by all of them.
    """
    settings = replace(settings, is_export=True)
    folder = Path(os.path.abspath(folder))  # noqa: PTH100 - a link is not followed but refused
    folder.parent.mkdir(parents=True, exist_ok=True)
    with ExitStack() as to_the_end, _unfinished(folder) as unfinished:
        _recover(folder)
        _refuse_foreign(folder)
        task = _Task(settings, _file(settings.database), unfinished, folder, is_compressed)
        if paths is None:
            paths = sorted(set(urls.every_address(open_site(settings).everything())))
        written: list[Written] = []
        done = 0
        for number, files in _each(task, paths, workers):
            written += files
            done += number
            told(done, len(paths))
        written.sort(key=lambda file: file.name)
        manifest = "".join(f"{file.digest}  {file.name}\n" for file in written)
        task.write(MANIFEST, manifest.encode())
        to_the_end.enter_context(_undisturbed())
        _swap(unfinished, folder)
    return written


@dataclass(frozen=True)
class _Task:
    """What every process needs to know.

    `database` is the file that all of them open, whatever comes to stand under its name; `former`
    is the folder as it is now.
    """

    settings: Settings
    database: tuple[int, int]
    unfinished: Path
    former: Path
    is_compressed: bool

    def app(self) -> Delivery:
        """The site that is exported; raises UsageError where it is another by now."""
        app = create_app(self.settings)
        if _file(self.settings.database) != self.database:
            raise UsageError(f"{self.settings.database} was built anew meanwhile; export again")
        return app

    async def files(self, app: Delivery, paths: Sequence[str]) -> list[Written]:
        """Write what is at some paths."""
        written: list[Written] = []
        missing = {urls.missing_path(language) for language in PUBLISHED}
        for path in paths:
            plain = await answer(app, path)
            expected = {HTTPStatus.NOT_FOUND} if path in missing else _AS_FILES
            if plain.status not in expected:
                raise UnsoundError(f"{path} is answered with {plain.status}")
            name = urls.file_of(path)
            written.append(self.write(name, plain.body))
            if self.is_compressed:
                for coding, ending in CODINGS.items():
                    coded = await answer(app, path, coding)
                    if b"content-encoding" in coded.headers:
                        written.append(self.write(name + ending, coded.body))
        # Each address is asked for once: nothing has to be kept.
        app.pages.clear()
        return written

    def write(self, name: str, body: bytes) -> Written:
        """Put a file in its place: the former one itself where it has the same bytes."""
        place, former = self.unfinished / name, self.former / name
        place.parent.mkdir(parents=True, exist_ok=True)
        is_same = former.is_file() and former.read_bytes() == body
        if not (is_same and _linked(former, place)):
            place.write_bytes(body)
        return Written(name, hashlib.sha256(body).hexdigest(), is_same)


def _file(path: Path) -> tuple[int, int]:
    """Which file stands under a name."""
    status = path.stat()
    return status.st_dev, status.st_ino


def _linked(former: Path, place: Path) -> bool:
    """Whether a file could be given a second name: not every file system can."""
    try:
        place.hardlink_to(former)
    except OSError:
        return False
    return True


def _each(task: _Task, paths: Sequence[str], workers: int) -> Iterator[tuple[int, list[Written]]]:
    """Write every path, in this process or in several: how many are done, and what was written."""
    portions = [paths[at : at + _AT_ONCE] for at in range(0, len(paths), _AT_ONCE)]
    if workers == 1:
        app = task.app()
        with seldom_searched(), asyncio.Runner() as runner:
            for portion in portions:
                yield len(portion), runner.run(task.files(app, portion))
        return
    waiting = iter(portions)
    with ExitStack() as stack:
        idle = [_begun(task, stack) for _ in range(min(workers, len(portions)))]
        asked: dict[Connection, int] = {}
        while True:
            for process, portion in zip(idle, waiting, strict=False):
                _told(process, portion)
                asked[process] = len(portion)
            if not asked:
                return
            idle = [process for process in wait(list(asked)) if isinstance(process, Connection)]
            for process in idle:
                yield asked.pop(process), _heard(process)


def _begun(task: _Task, stack: ExitStack) -> Connection:
    """A process that writes portions of paths; it ends with the stack."""
    # Started anew and not forked: an open database must not be shared.
    fresh = multiprocessing.get_context("spawn")
    ours, others = fresh.Pipe()
    process = fresh.Process(target=_write_portions, args=(task, others))
    # The process that asked decides when to stop: an interruption is not for this one, not even
    # while it starts. The tracker of resources comes first, since starting it lifts the block.
    resource_tracker.ensure_running()
    former = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        process.start()
        others.close()
        # It is ended before it hears that nobody asks any more.
        stack.callback(ours.close)
        stack.callback(process.join)
        stack.callback(process.terminate)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, former)
    return ours


def _told(process: Connection, portion: Sequence[str]) -> None:
    try:
        process.send(portion)
    except OSError:
        raise LostError from None


def _heard(process: Connection) -> list[Written]:
    """What a process has written; what it failed by is raised here."""
    try:
        answer: list[Written] | Exception = process.recv()
    except (EOFError, OSError):
        raise LostError from None
    if isinstance(answer, Exception):
        raise answer
    return answer


def _write_portions(task: _Task, asking: Connection) -> None:
    """What a process does until there is nothing left to do, or it cannot go on."""
    # The process that asked is never outlived.
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()
    try:
        app = task.app()
        with seldom_searched(), asyncio.Runner() as runner:
            while (portion := _asked(asking)) is not None:
                asking.send(runner.run(task.files(app, portion)))
    except Exception as error:  # noqa: BLE001 - it is raised where the export was asked for
        asking.send(error)


def _asked(asking: Connection) -> Sequence[str] | None:
    """The next portion; None where there is none left for this process."""
    try:
        portion: Sequence[str] = asking.recv()
    except EOFError:
        return None
    return portion


def _end_with(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)


def _beside(folder: Path, what: str) -> Path:
    return folder.with_name(f".{folder.name}.{what}")


@contextmanager
def _unfinished(folder: Path) -> Iterator[Path]:
    """A new folder beside another, for one export at a time; what is left of it is removed."""
    place = _beside(folder, "unfinished")
    if place.is_symlink() or (place.exists() and not _is_ours(place)):
        raise UsageError(f"{place} is in the way and was written by no export; move it away")
    place.mkdir(exist_ok=True)
    with ExitStack() as held:
        # Both, as they change places.
        for path in (place, *([folder] if folder.is_dir() else [])):
            if not held.enter_context(_held(path)):
                raise UsageError(f"another export into {folder} is under way")
        try:
            # What an interrupted export left.
            _empty(place)
            (place / MANIFEST).touch()
            yield place
        finally:
            if place.exists():
                _remove(place)


@contextmanager
def _held(folder: Path) -> Iterator[bool]:
    """Whether a folder is held for this export alone, whatever it is called meanwhile."""
    with ExitStack() as stack:
        try:
            opened = os.open(folder, os.O_RDONLY)
            stack.callback(os.close, opened)
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Another may have moved it away before it was held.
            is_held = os.path.samestat(os.fstat(opened), folder.stat())
        except (BlockingIOError, FileNotFoundError):
            is_held = False
        yield is_held


def _remove(folder: Path) -> None:
    """Remove a folder of ours: its manifest goes last, as the sign that it is ours."""
    _empty(folder)
    (folder / MANIFEST).unlink(missing_ok=True)
    folder.rmdir()


def _empty(folder: Path) -> None:
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.name != MANIFEST:
            path.unlink()


def _is_ours(folder: Path) -> bool:
    """Whether an export made a folder, or it is empty."""
    return folder.is_dir() and (_names(folder) is not None or not any(folder.iterdir()))


def _names(folder: Path) -> set[str] | None:
    """The files that the manifest of a folder lists; None where it has none, or a stranger's."""
    try:
        lines = (folder / MANIFEST).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    listed = [_LISTED.fullmatch(line) for line in lines]
    return {match[1] for match in listed if match} if all(listed) else None


def _recover(folder: Path) -> None:
    """End a replacement that was interrupted: the former folder comes back, or goes for good."""
    former = _beside(folder, "former")
    if former.is_symlink() or not former.exists():
        return
    if not _is_ours(former):
        raise UsageError(f"{former} is in the way and was written by no export; move it away")
    if folder.exists():
        _remove(former)
    else:
        former.rename(folder)


def _refuse_foreign(folder: Path) -> None:
    """Raise UsageError where a folder holds anything that no export wrote."""
    if folder.is_symlink():
        raise UsageError(f"{folder} is a link; give the folder itself")
    if not folder.exists():
        return
    if not folder.is_dir():
        raise UsageError(f"{folder} is a file; give a folder")
    if not _is_ours(folder):
        raise UsageError(f"{folder} holds what no export wrote; give an empty or a new folder")
    names = (_names(folder) or set()) | {MANIFEST}
    names |= {str(parent) for name in names for parent in PurePosixPath(name).parents}
    for place, folders, files in os.walk(folder):
        for path in (Path(place, name) for name in (*folders, *files)):
            if path.is_symlink() or path.relative_to(folder).as_posix() not in names:
                raise UsageError(f"{path} was written by no export; move it away first")


def _swap(unfinished: Path, folder: Path) -> None:
    """Put a finished folder in the place of the former one, and the former one where it was made.

    Where the system cannot do that in one step, the former one waits aside for a moment.
    """
    if not folder.exists():
        unfinished.rename(folder)
    elif not _exchanged(unfinished, folder):
        former = _beside(folder, "former")
        folder.rename(former)
        unfinished.rename(folder)
        former.rename(unfinished)


def _exchanged(one: Path, other: Path) -> bool:
    """Whether two folders have changed places in one step: renameat2(2), which only Linux has."""
    rename: Callable[..., int] | None = getattr(ctypes.CDLL(None), "renameat2", None)
    if rename is None:
        return False
    names = (os.fsencode(one), os.fsencode(other))
    return rename(_FROM_HERE, names[0], _FROM_HERE, names[1], _EXCHANGE) == 0


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Nothing interrupts what is done meanwhile, which takes a moment: half done, it is neither.

    Only the main thread hears of interruptions.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    former = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, former)
