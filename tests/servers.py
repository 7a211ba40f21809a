"""The server as a program of its own, and what is sent to it over a bare socket."""

import atexit
import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import BinaryIO, TypeVar

from conftest import ROOT, WORLD

ENVIRONMENT = {key: value for key, value in os.environ.items() if not key.startswith("MEETING21_")}
PATIENCE = 120.0
"""How long anything is waited for, in seconds: on a machine of which others have the most, too."""


Sized = TypeVar("Sized")


def size(few: Sized, many: Sized) -> Sized:
    """How large a test is: `make soak` runs the same ones in their long form."""
    return many if os.environ.get("SOAK") else few


@dataclass(frozen=True)
class Answer:
    """What came back: nothing at all has the status 0."""

    status: int
    headers: dict[str, str]
    body: bytes


def read_answer(stream: BinaryIO, *, is_head: bool = False) -> Answer:
    """One answer from a connection that may go on."""
    first, headers = stream.readline().decode("latin-1"), {}
    if not first:
        return Answer(0, {}, b"")
    while line := stream.readline().decode("latin-1").rstrip("\r\n"):
        name, _, value = line.partition(": ")
        headers[name.lower()] = value
    status = int(first.split(" ")[1])
    length = 0 if is_head or status in {204, 304} else int(headers["content-length"])
    body = stream.read(length)
    assert len(body) == length, (first, headers, length, len(body))
    return Answer(status, headers, body)


@contextmanager
def connected(port: int) -> Iterator[tuple[socket.socket, BinaryIO]]:
    """A connection, to be written to, and to be read from."""
    with (
        socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection,
        connection.makefile("rb") as stream,
    ):
        yield connection, stream


def ask(port: int, sent: bytes) -> Answer:
    """The first answer to some bytes."""
    with connected(port) as (connection, stream):
        connection.sendall(sent)
        return read_answer(stream, is_head=sent.startswith(b"HEAD "))


def asked(path: str, *headers: str) -> bytes:
    """The bytes of an ordinary request."""
    lines = [f"GET {path} HTTP/1.1", "Host: meeting.example", *headers]
    return "\r\n".join([*lines, "", ""]).encode()


def wait_until(happens: Callable[[], bool], what: str) -> None:
    """Wait for something, though not for ever."""
    deadline = time.monotonic() + PATIENCE
    while not happens():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


@contextmanager
def held_port() -> Iterator[int]:
    """A port that nobody else is given meanwhile, and at which a program may listen."""
    with socket.socket() as held:
        # A server takes it all the same, as it says so, too; this socket never listens.
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


def told_of(number: int, what: str) -> str:
    """What the system tells of a process; nothing where it is gone."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{number}/{what}").read_text(errors="replace")
    return ""


def children_of(number: int) -> list[int]:
    """The processes that a process has started and not yet heard the end of, oldest first."""
    return sorted(map(int, told_of(number, f"task/{number}/children").split()))


def is_running(number: int) -> bool:
    """Whether a process goes on: one that has ended may still be told of."""
    return told_of(number, "stat").rpartition(") ")[2][:1] not in {"", "Z", "X"}


@dataclass(frozen=True)
class Served:
    """A running server."""

    process: subprocess.Popen[bytes]
    port: int
    folder: Path

    def said(self) -> str:
        """What it has said on standard error."""
        return (self.folder / "said").read_text()

    def told(self) -> list[str]:
        """The lines of its log."""
        return (self.folder / "log").read_text().splitlines()

    def hang_up(self) -> None:
        """Ask it to take up the seed, and wait until it has said whether it did."""
        before = self.outcomes()
        self.process.send_signal(signal.SIGHUP)
        wait_until(lambda: self.outcomes() > before, "it does not say whether it took up the seed")

    def outcomes(self) -> int:
        """How often it has said that the site is new, or as it was."""
        return len(re.findall(r"^the site is (?:new$|as it was: )", self.said(), re.MULTILINE))

    def workers(self) -> list[int]:
        """The processes that serve, oldest first."""
        return children_of(self.process.pid)

    def kill(self, number: int) -> None:
        """Kill one of the processes that serve: when this returns, it answers nobody any more."""
        os.kill(number, signal.SIGKILL)
        wait_until(lambda: not is_running(number), "it does not end")


@cache
def built_world() -> Path:
    """The miniature database as the program builds it: once, however many servers begin with it."""
    folder = Path(tempfile.mkdtemp(prefix="meeting21-"))
    atexit.register(shutil.rmtree, folder)
    command = [sys.executable, "-m", "app", "build", "--seed", WORLD]
    subprocess.run(
        [*command, "--database", folder / "site.db"],
        cwd=ROOT,
        env=ENVIRONMENT,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    return folder


NOTHING_FORESEEN = """
serving._WORKER = serving._WORKER.replace(
    "gc.freeze()", "from app import main; main.MOST_FORESEEN = 0; gc.freeze()"
)
"""
"""Prepared where what is made in advance is not what is tested: it takes longer than the rest."""


@contextmanager
def server(
    seed: Path, folder: Path, *arguments: str, prepared: str = "", **variables: str
) -> Iterator[Served]:
    """A server that is ready; ended in order afterwards, without ever having shown a traceback.

    `prepared` is run in the process that keeps the others, before it begins.
    """
    if seed == WORLD:
        shutil.copytree(built_world(), folder, dirs_exist_ok=True)
    program = f"import sys\nfrom app import cli, serving\n{prepared}\nsys.exit(cli.main())"
    with held_port() as port:
        command = ["serve", "--port", str(port), "--seed", seed, "--database", folder / "site.db"]
        with (folder / "said").open("w") as said, (folder / "log").open("w") as log:
            process = subprocess.Popen(
                [sys.executable, "-c", program, *command, *arguments],
                cwd=ROOT,
                env=ENVIRONMENT | variables,
                stdin=subprocess.DEVNULL,
                stderr=said,
                stdout=log,
            )
        served = Served(process, port, folder)
        try:
            wait_until(lambda: "serving " in served.said() or process.poll() is not None, "no line")
            assert process.poll() is None, served.said()
            yield served
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            process.wait(PATIENCE)
        assert "Traceback" not in served.said(), served.said()
