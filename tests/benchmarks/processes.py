"""Servers under measurement, what loads them, and what they take of the machine."""

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

ANSWER = "BARE_ANSWER"
"""The variable that names a file with what the bare function answers: status, headers, body."""

CONNECTIONS = 32
SECONDS = 1
"""How long one round of load takes: many short rounds, side by side, bear a busy machine better
than few long ones."""


@dataclass(frozen=True)
class Server:
    """A running server."""

    process: subprocess.Popen[bytes]
    port: int


@dataclass(frozen=True)
class Load:
    """What a server bore: requests in a second, and the seconds that one in a hundred took."""

    per_second: float
    slowest: float


@dataclass(frozen=True)
class Got:
    """One answer, without what differs from second to second."""

    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(
    command: Sequence[str], port: int, *, root: Path, environment: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """A server that answers, until it is not needed."""
    process = subprocess.Popen(
        command,
        cwd=root,
        env={**os.environ, **(environment or {})},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until_answered(process, port, "/", pause=0.05)
        yield Server(process, port)
    finally:
        process.terminate()
        process.wait(20)


def serving(database: Path, port: int) -> list[str]:
    """The command that serves a site as anybody would."""
    return [
        *(sys.executable, "-m", "app", "serve"),
        *("--port", str(port), "--database", str(database), "--base-url", "https://example.org"),
    ]


def until_answered(process: subprocess.Popen[bytes], port: int, path: str, pause: float) -> None:
    """Wait until a server answers with 200."""
    deadline = time.monotonic() + 60
    while True:
        try:
            status = get(port, path).status
        except (ConnectionError, TimeoutError):
            status = 0
        if status == 200:
            return
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"{process.args!r} does not answer")
        time.sleep(pause)


def get(port: int, path: str, headers: Mapping[str, str] | None = None) -> Got:
    """What a server answers."""
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", path, headers=dict(headers or {}))
        response = connection.getresponse()
        told = [(name.lower(), value) for name, value in response.getheaders()]
        kept = sorted(pair for pair in told if pair[0] not in {"date", "connection"})
        return Got(response.status, kept, response.read())
    finally:
        connection.close()


def load(port: int, path: str, headers: Mapping[str, str] | None = None) -> Load:
    """Ask for one address over and over from several connections."""
    given = [part for name, value in (headers or {}).items() for part in ("-H", f"{name}: {value}")]
    told = subprocess.run(
        [
            *("wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "--latency", *given),
            f"http://127.0.0.1:{port}{path}",
        ],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    if "Non-2xx" in told or "Socket errors" in told:
        raise RuntimeError(told)
    (rate,) = re.findall(r"Requests/sec:\s+([\d.]+)", told)
    ((slowest, unit),) = re.findall(r"99%\s+([\d.]+)(us|ms|s)\b", told)
    return Load(float(rate), float(slowest) * {"us": 1e-6, "ms": 1e-3, "s": 1.0}[unit])


def workers_of(keeper: int) -> list[int]:
    """The processes that serve for one that was started, which only keeps them."""
    children = Path(f"/proc/{keeper}/task/{keeper}/children").read_text()
    return [int(child) for child in children.split()]


def until_idle(process: subprocess.Popen[bytes]) -> None:
    """Wait until a server has made in advance what it makes, and does nothing any more."""
    deadline = time.monotonic() + 600
    quiet = 0
    while quiet < 4:
        before = _worked(process.pid)
        time.sleep(1)
        quiet = quiet + 1 if _worked(process.pid) - before < 0.02 else 0
        if time.monotonic() > deadline:
            raise RuntimeError("it does not come to rest")


def resident(process: int) -> int:
    """How many kilobytes of memory a process has."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0])


def _worked(process: int) -> float:
    """How many seconds of a core a process has taken, with those that serve for it."""
    ticks = 0
    for one in (process, *workers_of(process)):
        fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")
