"""Visitors in number: some that ask as fast as they can, and some that never finish asking."""

import asyncio
import contextlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from servers import asked

PATHS = ("/", "/about", "/agreements", "/timeline", "/sectors")


def latencies(port: int, *, visitors: int, requests: int) -> float:
    """How long all but the slowest hundredth of the requests took at most, in seconds."""
    return asyncio.run(_latencies(port, visitors, requests))


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


@contextmanager
def crowd(port: int, number: int) -> Iterator[None]:
    """A number of connections that each send a byte of a request every second, for ever anew."""
    is_over, is_there = threading.Event(), threading.Event()
    thread = threading.Thread(
        target=lambda: asyncio.run(_crowd(port, number, is_there, is_over)), daemon=True
    )
    thread.start()
    assert is_there.wait(60)
    yield
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

    dawdling = [asyncio.create_task(dawdle(name)) for name in range(number)]
    await everyone.wait()
    is_there.set()
    await asyncio.gather(*dawdling)
