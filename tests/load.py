"""Visitors in number: some that ask as fast as they can, and some that never finish asking."""

import asyncio
import contextlib
import os
import threading
import time
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from servers import PATIENCE, asked

Result = TypeVar("Result")
SEARCHES = ("/search?q={}", "/agreements?q={}", "/suggest?q={}", "/nothing/{}", "/about?x={}")
PATHS = ("/", "/about", "/agreements", "/timeline", "/sectors")


def in_a_loop(work: Coroutine[Any, Any, Result]) -> Result:
    """What some work comes to, in a thread: in this one a browser's own loop may be running."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


def latencies(port: int, *, visitors: int, requests: int) -> float:
    """How long all but the slowest hundredth of the requests took at most, in seconds."""
    return in_a_loop(_latencies(port, visitors, requests))


async def _latencies(port: int, visitors: int, requests: int) -> float:
    taken: list[float] = []

    async def visit() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for number in range(requests):
            begun = time.perf_counter()
            writer.write(asked(PATHS[number % len(PATHS)]))
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200 ")
            length = int(head.split(b"content-length: ")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
            taken.append(time.perf_counter() - begun)
        writer.close()
        await writer.wait_closed()

    await asyncio.gather(*(visit() for _ in range(visitors)))
    return sorted(taken)[int(len(taken) * 0.99)]


def visits(port: int, *, visitors: int, first: int, seconds: float) -> int:
    """Ask so long for pages and for ever new things, whose numbers begin with the first.

    Gives the first number of what would be asked for next.
    """
    return in_a_loop(_visits(port, visitors, first, time.monotonic() + seconds))


async def _visits(port: int, visitors: int, first: int, end: float) -> int:
    number = first

    async def visit() -> None:
        nonlocal number
        while time.monotonic() < end:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            for at in range(50):
                number += 1
                new = SEARCHES[number % len(SEARCHES)].format(f"word{number}")
                writer.write(asked(PATHS[at % len(PATHS)] if at % 2 else new))
                head = await reader.readuntil(b"\r\n\r\n")
                assert head.split(b" ")[1] in {b"200", b"404"}, head
                await reader.readexactly(int(head.split(b"content-length: ")[1].split(b"\r\n")[0]))
            writer.close()
            await writer.wait_closed()

    await asyncio.gather(*(visit() for _ in range(visitors)))
    return number


def spent(number: int) -> float:
    """How long a process has been at work, in seconds: whatever else the machine does."""
    _, _, status = Path(f"/proc/{number}/stat").read_text().rpartition(") ")
    return sum(map(int, status.split()[11:13])) / os.sysconf("SC_CLK_TCK")


def resident(number: int) -> int:
    """How much memory a process has, in kilobytes."""
    status = Path(f"/proc/{number}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0])


@contextmanager
def crowd(port: int, number: int) -> Iterator[None]:
    """A number of connections that each send a byte of a request every second, for ever anew."""
    is_over, is_there = threading.Event(), threading.Event()
    thread = threading.Thread(
        target=lambda: asyncio.run(_crowd(port, number, is_there, is_over)), daemon=True
    )
    thread.start()
    assert is_there.wait(PATIENCE)
    try:
        yield
    finally:
        is_over.set()
        thread.join()


async def _crowd(
    port: int, number: int, is_there: threading.Event, is_over: threading.Event
) -> None:
    connected: set[int] = set()
    everyone = asyncio.Event()

    async def dawdle(name: int) -> None:
        while not is_over.is_set():
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                connected.add(name)
                if len(connected) == number:
                    everyone.set()
                for byte in asked("/about"):
                    if is_over.is_set() or writer.is_closing():
                        break
                    writer.write(bytes([byte]))
                    await writer.drain()
                    await asyncio.sleep(1)
                writer.close()
                await writer.wait_closed()

    dawdling = [asyncio.create_task(dawdle(name)) for name in range(number)]
    await everyone.wait()
    is_there.set()
    await asyncio.gather(*dawdling)
