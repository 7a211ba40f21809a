"""What grows with the data: seeds of 100, 10,000 and 100,000 agreements beside each other.

`python -m tests.benchmarks.scale FOLDER` makes them in a folder (or uses what is there) and prints
every row. A ratio is that of two figures of the same run; pages are rendered anew each time.
"""

import json
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from sqlmodel import Session
from starlette.testclient import TestClient

from app import edition, queries
from app.config import Settings
from app.database import open_database
from app.main import create_app
from app.search import index_words
from tests.benchmarks import generator

SMALL, MIDDLE, LARGE = 100, 10_000, 100_000
RUNS = 7
_OVERHEAD = (
    "import sys, resource, pathlib, json, time\n"
    "from app.{module} import {name} as made\n"
    "started = time.process_time()\n"
    "made(*map(pathlib.Path, sys.argv[1:]))\n"
    "print(json.dumps([time.process_time() - started,\n"
    "    resource.getrusage(resource.RUSAGE_SELF).ru_maxrss]))\n"
)


@dataclass(frozen=True)
class Row:
    """One figure: what it is, what it is to reach, and a function that gives it with details."""

    name: str
    target: float
    ratio: Callable[[], tuple[float, str]]


class Sites:
    """The seeds in a folder, built, each with the application over it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def seed(self, size: int) -> Path:
        """A seed of so many agreements."""
        folder = self.folder / f"seed-{size}"
        if not folder.exists():
            generator.write(folder, size)
        return folder

    def database(self, size: int) -> Path:
        """Its database, with what building it took beside it: seconds of a processor, kilobytes."""
        database = self.folder / f"site-{size}.db"
        if not edition.is_current(database, self.seed(size)):
            told = _measured("build", "build", self.seed(size), database)
            self._took(size).write_text(json.dumps(told))
        return database

    def took(self, size: int) -> list[float]:
        """What building it took."""
        self.database(size)
        told: list[float] = json.loads(self._took(size).read_text())
        return told

    def _took(self, size: int) -> Path:
        return self.folder / f"took-{size}.json"

    @cached_property
    def apps(self) -> dict[int, tuple[TestClient, Callable[[], None]]]:
        """The application over the smallest and the largest, and what makes it forget its pages."""
        found = {}
        for size in (SMALL, LARGE):
            app = create_app(Settings(seed=self.seed(size), database=self.database(size)))
            clear = lambda app=app: (app.pages.clear(), app.queried.clear())  # noqa: E731
            found[size] = TestClient(app), clear
        return found

    def milliseconds(self, size: int, path: str) -> float:
        """What one page takes that is not kept: the median of several runs."""
        client, clear = self.apps[size]
        taken = []
        for _ in range(RUNS):
            clear()
            started = time.perf_counter()
            answer = client.get(path, headers={"accept-encoding": "identity"})
            taken.append(time.perf_counter() - started)
            assert answer.status_code == 200, (path, answer.status_code)
        return statistics.median(taken) * 1000


def rows(folder: Path) -> list[Row]:
    """Every row, over seeds that are kept in a folder."""
    sites = Sites(folder)
    last = {size: -(-size // 50) for size in (SMALL, LARGE)}
    return [
        Row("record page, 100,000 : 100", 1.5, _pages(sites, "/agreements/agreement-50")),
        Row("first list page, 100,000 : 100", 2, _pages(sites, "/agreements")),
        Row("last list page, 100,000 : 100", 3, _pages(sites, "/agreements?page={}", last)),
        Row("facet page, 100,000 : 100", 3, _pages(sites, "/agreements?status=signed")),
        Row("search of ordinary words : SQL", 2, _search(sites, _ordinary(sites))),
        Row("search of the commonest word : SQL", 1.5, _search(sites, lambda: generator.COMMONEST)),
        Row("build of 100,000 : plain SQL", 2, _build(sites)),
        Row("memory of a build, 100,000 : 10,000", 4, _memory(sites)),
    ]


def _pages(
    sites: Sites, path: str, numbers: dict[int, int] | None = None
) -> Callable[[], tuple[float, str]]:
    def ratio() -> tuple[float, str]:
        small, large = (
            sites.milliseconds(size, path.format(numbers[size] if numbers else ""))
            for size in (SMALL, LARGE)
        )
        return large / small, f"{large:.1f} ms : {small:.1f} ms"

    return ratio


def _ordinary(sites: Sites) -> Callable[[], str]:
    """A word that one in some fifty records has."""

    def word() -> str:
        with closing(sqlite3.connect(sites.database(LARGE))) as connection:
            (found,) = connection.execute(
                "SELECT term FROM vocabulary WHERE doc BETWEEN 3000 AND 5000 AND term < 'a~'"
                " OR doc BETWEEN 3000 AND 5000 AND length(term) = 4 ORDER BY term LIMIT 1"
            ).fetchone()
            return str(found)

    return word


def _search(sites: Sites, word: Callable[[], str]) -> Callable[[], tuple[float, str]]:
    """The search page beside its own bounded query, sent by the standard library alone."""

    def ratio() -> tuple[float, str]:
        asked = word()
        engine = open_database(sites.database(LARGE))
        with Session(engine) as session:
            parameters = queries.search_parameters(session, asked)
            statement = queries.SEARCH.compile(dialect=engine.dialect)
        assert parameters is not None
        bound = statement.construct_params(parameters)
        values = [bound[name] for name in statement.positiontup or ()]
        taken = []
        with closing(sqlite3.connect(sites.database(LARGE))) as connection:
            for _ in range(RUNS):
                started = time.perf_counter()
                hits = connection.execute(str(statement), values).fetchall()
                taken.append(time.perf_counter() - started)
                assert hits
        plain = statistics.median(taken) * 1000
        page = sites.milliseconds(LARGE, f"/search?q={asked}")
        return page / plain, f"{asked}: {page:.1f} ms : {plain:.1f} ms"

    return ratio


def _memory(sites: Sites) -> Callable[[], tuple[float, str]]:
    def ratio() -> tuple[float, str]:
        (_, middle), (_, large) = sites.took(MIDDLE), sites.took(LARGE)
        return large / middle, f"{large / 1024:.0f} MB : {middle / 1024:.0f} MB"

    return ratio


def _build(sites: Sites) -> Callable[[], tuple[float, str]]:
    """The build without reading YAML, beside a script that writes the finished rows."""

    def ratio() -> tuple[float, str]:
        whole, _ = sites.took(LARGE)
        reading, _ = _measured("seed", "read", sites.seed(LARGE))
        target = sites.folder / "plain.db"
        started = time.process_time()
        copied(sites.database(LARGE), target)
        plain = time.process_time() - started
        target.unlink()
        build = whole - reading
        return build / plain, f"{build:.0f} s : {plain:.0f} s, reading {reading:.0f} s"

    return ratio


def copied(database: Path, target: Path) -> None:
    """Write the tables and the index of a database into another, as a plain script would."""
    target.unlink(missing_ok=True)
    with closing(sqlite3.connect(target)) as connection:
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("ATTACH ? AS made", [str(database)])
        schema = connection.execute(
            "SELECT type, name, sql FROM made.sqlite_schema WHERE sql IS NOT NULL"
            " AND name NOT LIKE 'search_index_%' AND name NOT LIKE 'sqlite_%'"
            " ORDER BY type != 'table'"
        ).fetchall()
        for _, _, sql in schema:
            connection.execute(sql)
        for kind, name, _ in schema:
            if kind == "table" and name != "search_index":
                found = connection.execute(f"SELECT * FROM made.{name}")
                places = ", ".join("?" * len(found.description))
                connection.executemany(f"INSERT INTO {name} VALUES ({places})", found)
        connection.executemany(
            "INSERT INTO search_index(rowid, title, text) VALUES (?, ?, ?)", _texts(connection)
        )
        connection.execute("INSERT INTO search_index(search_index) VALUES ('optimize')")
        connection.execute("ANALYZE main")
        connection.commit()
        connection.execute("DETACH made")
        connection.execute("VACUUM")
        connection.execute("PRAGMA integrity_check")


def _texts(connection: sqlite3.Connection) -> Iterator[tuple[int, str, str]]:
    """What the index keeps: the words of every text, folded as the program folds them."""
    for name in ("agreement", "quote", "sector", "organization", "person", "commission", "event"):
        found = connection.execute(f"SELECT * FROM made.{name}")
        columns = [column for column, *_ in found.description]
        for row in found:
            held = dict(zip(columns, row, strict=True))
            naming = held.get("title") or held.get("name") or ""
            told = " ".join(str(held.get(field) or "") for field in ("summary", "text", "role"))
            yield held["id"], index_words(naming), index_words(told)


def _measured(module: str, name: str, *paths: Path) -> list[float]:
    """Seconds of a processor and kilobytes of memory that a function takes in a fresh process."""
    code = _OVERHEAD.format(module=module, name=name)
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, paths)], check=True, capture_output=True, text=True
    )
    told: list[float] = json.loads(done.stdout)
    return told


if __name__ == "__main__":
    for row in rows(Path(sys.argv[1])):
        reached, details = row.ratio()
        print(f"{row.name:40} {reached:6.2f} (to reach {row.target}) {details}", flush=True)
