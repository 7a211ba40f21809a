"""A page that is kept: against the least that the same server can run, and against Datasette."""

import pickle
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from processes import ANSWER, Got, Load, free_port, get, load, running, serving, until_idle
from rows import Outcome, Place, at_least, at_most

PATH = "/agreements/nuclear-statement"
ROUNDS = 9
BROWSER = {
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Accept-Encoding": "gzip, deflate, br",
}
"""What a browser asks with, as far as an answer depends on it."""


@contextmanager
def bare_function(place: Place, page: Got, port: int) -> Iterator[None]:
    """A server that has one answer, that of another server."""
    answer = place.folder / f"{port}.pickle"
    headers = [(name.encode(), value.encode()) for name, value in page.headers]
    answer.write_bytes(pickle.dumps((page.status, headers, page.body)))
    command = [
        *(sys.executable, "-m", "uvicorn", "bare:app", "--port", str(port)),
        *("--app-dir", str(place.root / "tests" / "benchmarks")),
        *("--loop", "uvloop", "--http", "httptools", "--lifespan", "off"),
        *("--no-access-log", "--no-server-header", "--log-level", "warning"),
    ]
    with running(command, port, root=place.root, environment={ANSWER: str(answer)}):
        yield


@cache
def _loads(place: Place) -> dict[str, list[Load]]:
    """Rounds of load, side by side: of the bare function, the kept page, and its 304."""
    ours, bare = free_port(), free_port()
    with running(serving(place.database, ours), ours, root=place.root) as server:
        until_idle(server.process)
        page = get(ours, PATH, BROWSER)
        with bare_function(place, page, bare):
            unchanged = BROWSER | {"If-None-Match": dict(page.headers)["etag"]}
            assert get(bare, PATH, BROWSER) == page
            assert get(ours, PATH, unchanged).status == 304
            loads: dict[str, list[Load]] = {"bare": [], "page": [], "304": []}
            for _ in range(ROUNDS):
                loads["bare"].append(load(bare, PATH, BROWSER))
                loads["page"].append(load(ours, PATH, BROWSER))
                loads["304"].append(load(ours, PATH, unchanged))
            assert get(ours, PATH, BROWSER) == page
    return loads


def _rates(place: Place, name: str) -> Outcome:
    loads = _loads(place)
    pairs = list(zip(loads[name], loads["bare"], strict=True))
    ours, bare = (max(one.per_second for one in loads[which]) for which in (name, "bare"))
    return Outcome(
        [one.per_second / other.per_second for one, other in pairs],
        f"at best {ours:,.0f} against {bare:,.0f} requests/s",
    )


@at_least(0.90, "requests/s of a cached page against a bare ASGI function of the same bytes")
def cached_page(place: Place) -> Outcome:
    """32 connections, one worker, under the same uvicorn."""
    return _rates(place, "page")


@at_least(1.0, "requests/s of 304 against the bare function")
def unchanged_page(place: Place) -> Outcome:
    """The same, asked with the page's entity tag."""
    return _rates(place, "304")


@at_most(1.3, "p99 of the cached page against the bare function's")
def slowest_answers(place: Place) -> Outcome:
    """Out of the same rounds."""
    loads = _loads(place)
    pairs = zip(loads["page"], loads["bare"], strict=True)
    least = [1000 * min(one.slowest for one in loads[which]) for which in ("page", "bare")]
    return Outcome(
        [one.slowest / other.slowest for one, other in pairs],
        f"at best {least[0]:.1f} against {least[1]:.1f} ms",
    )


@at_least(50, "requests/s of the cached page against Datasette's row page of the same record")
def datasette(place: Place) -> Outcome:
    """Datasette over our own database, opened as one that never changes."""
    slug = PATH.rpartition("/")[2]
    with sqlite3.connect(place.database) as database:
        ((key,),) = database.execute("SELECT id FROM agreement WHERE slug = ?", (slug,))
    row = f"/{place.database.stem}/agreement/{key}"
    ours, theirs = free_port(), free_port()
    program = place.root / "build" / "bench-venv" / "bin" / "datasette"
    command = [str(program), "serve", "-i", str(place.database), "--port", str(theirs)]
    with (
        running(serving(place.database, ours), ours, root=place.root) as server,
        running(command, theirs, root=place.root),
    ):
        until_idle(server.process)
        record = get(theirs, row)
        assert record.status == 200
        assert slug.encode() in record.body
        assert slug.encode() in get(ours, PATH).body
        pairs = [(load(ours, PATH, BROWSER), load(theirs, row, BROWSER)) for _ in range(3)]
    fastest = [max(pair[which].per_second for pair in pairs) for which in (0, 1)]
    return Outcome(
        [one.per_second / other.per_second for one, other in pairs],
        f"at best {fastest[0]:,.0f} against {fastest[1]:,.0f} requests/s",
    )
