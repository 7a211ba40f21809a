"""What grows with the data: seeds of 100, 10,000 and 100,000 agreements beside each other.

They are made and built once, in `build/scale`, which takes some twenty minutes. Pages are rendered
anew each time; what is built is measured in seconds of a processor, each in a process of its own.
"""

import json
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any

import generator
from rows import Outcome, Place, at_most
from starlette.testclient import TestClient

from app import edition, queries
from app.config import Settings
from app.database import open_database
from app.delivery import Delivery
from app.main import create_app
from app.models import Source
from app.search import index_words, naming, telling
from app.seed import read

SMALL, MIDDLE, LARGE = 100, 10_000, 100_000
ROUNDS = 7
_TAKEN = (
    "import sys, re, pathlib, json, time\n"
    "from app.{module} import {name} as made\n"
    "started = time.process_time()\n"
    "made(*map(pathlib.Path, sys.argv[1:]))\n"
    "taken = time.process_time() - started\n"
    # What getrusage tells includes the process that started this one.
    "most = re.search(r'VmHWM:\\s*(\\d+)', pathlib.Path('/proc/self/status').read_text())[1]\n"
    "print(json.dumps([taken, int(most)]))\n"
)


@at_most(1.5, "record page, 100,000 agreements against 100")
def record_page(place: Place) -> Outcome:
    """The page of one agreement."""
    return _pages(place, {SMALL: "/agreements/agreement-50", LARGE: "/agreements/agreement-50000"})


@at_most(2, "first list page, 100,000 agreements against 100")
def first_list_page(place: Place) -> Outcome:
    """The first page of agreements."""
    return _pages(place, dict.fromkeys((SMALL, LARGE), "/agreements"))


@at_most(3, "last list page, 100,000 agreements against 100")
def last_list_page(place: Place) -> Outcome:
    """The last one, as full as the first."""
    return _pages(place, {size: f"/agreements?page={size // 50}" for size in (SMALL, LARGE)})


@at_most(3, "facet page (one value), 100,000 agreements against 100")
def facet_page(place: Place) -> Outcome:
    """The first page of what was signed, which fills it in both."""
    return _pages(place, dict.fromkeys((SMALL, LARGE), "/agreements?status=signed"))


@at_most(2, "search page of ordinary words, 100,000 agreements, against its query in plain sqlite3")
def search_page(place: Place) -> Outcome:
    """Words that some four thousand records have, one after the other."""
    with closing(sqlite3.connect(_database(place, LARGE))) as connection:
        words = connection.execute(
            "SELECT term FROM vocabulary WHERE doc BETWEEN 3000 AND 5000 AND term < 'zz'"
            " ORDER BY term LIMIT 5"
        ).fetchall()
    return _searches(place, [word for (word,) in words])


@at_most(1.5, "the commonest word, against the same bounded query in plain sqlite3")
def commonest_word(place: Place) -> Outcome:
    """A word that nearly every agreement has."""
    return _searches(place, [generator.COMMONEST] * 5)


@at_most(2, "build of 100,000 agreements, YAML apart, against a plain sqlite3 script")
def large_build(place: Place) -> Outcome:
    """The same tables and the same index, from rows and texts that are there already.

    Both fold every text to the words of the index; only the program validates, checks and counts.
    """
    whole, _ = _took(place, LARGE)
    reading, _ = _measured("seed", "read", _seed(place, LARGE))
    target = _folder(place) / "plain.db"
    texts = _texts(place, LARGE)
    began = time.process_time()
    copied(_database(place, LARGE), texts, target)
    plain = time.process_time() - began
    target.unlink()
    told = (
        f"{whole - reading:.0f} s, validated, checked and counted, against {plain:.0f} s from rows "
        f"that are; both fold each text to words; reading takes {reading:.0f} s"
    )
    return Outcome([(whole - reading) / plain], told)


@at_most(4, "peak memory of building 100,000 agreements against 10,000")
def memory_of_build(place: Place) -> Outcome:
    """As the system tells it of the whole process."""
    (_, middle), (_, large) = _took(place, MIDDLE), _took(place, LARGE)
    return Outcome([large / middle], f"{large / 1024:.0f} MB against {middle / 1024:.0f} MB")


def _folder(place: Place) -> Path:
    folder = place.root / "build" / "scale"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _seed(place: Place, size: int) -> Path:
    """A seed of so many agreements."""
    seed = _folder(place) / f"seed-{size}"
    if not seed.exists():
        generator.write(seed, size)
    return seed


def _database(place: Place, size: int) -> Path:
    """What is built of it; what that took is written down beside it."""
    database = _folder(place) / f"site-{size}.db"
    if not edition.is_current(database, _seed(place, size)):
        told = _measured("build", "build", _seed(place, size), database)
        database.with_suffix(".json").write_text(json.dumps(told))
    return database


def _took(place: Place, size: int) -> list[float]:
    """The seconds and the kilobytes that building it took."""
    told: list[float] = json.loads(_database(place, size).with_suffix(".json").read_text())
    return told


def _measured(module: str, name: str, *paths: Path) -> list[float]:
    """The seconds of a processor and the kilobytes that a function takes in a fresh process."""
    code = _TAKEN.format(module=module, name=name)
    command = [sys.executable, "-c", code, *map(str, paths)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    told: list[float] = json.loads(done.stdout)
    return told


@cache
def _app(place: Place, size: int) -> tuple[Delivery, TestClient]:
    app = create_app(Settings(seed=_seed(place, size), database=_database(place, size)))
    return app, TestClient(app)


def _milliseconds(place: Place, size: int, path: str) -> float:
    """What it takes to make a page that is not kept."""
    app, client = _app(place, size)
    app.pages.clear()
    app.queried.clear()
    began = time.perf_counter()
    answer = client.get(path, headers={"accept-encoding": "identity"})
    taken = time.perf_counter() - began
    assert answer.status_code == 200, (path, answer.status_code)
    return taken * 1000


def _pages(place: Place, paths: dict[int, str]) -> Outcome:
    """A page of the small site and of the large one, in turns."""
    turns = [
        {size: _milliseconds(place, size, path) for size, path in paths.items()}
        for _ in range(ROUNDS + 1)
    ][1:]
    best = {size: min(turn[size] for turn in turns) for size in paths}
    return Outcome(
        [turn[LARGE] / turn[SMALL] for turn in turns],
        f"at best {best[LARGE]:.0f} ms against {best[SMALL]:.0f} ms",
    )


def _searches(place: Place, words: list[str]) -> Outcome:
    """The search page and its ranking query, which the standard library sends alone, in turns."""
    (session,) = open_database(_database(place, LARGE))
    statement = queries.SEARCH.compile(dialect=session.connection().dialect)
    turns: list[tuple[float, float]] = []
    with (
        closing(sqlite3.connect(_database(place, LARGE))) as connection,
        session,
    ):
        for word in words:
            bound = statement.construct_params(queries.search_parameters(session, word))
            values = [bound[name] for name in statement.positiontup or ()]
            _milliseconds(place, LARGE, f"/search?q={word}")
            began = time.perf_counter()
            hits = connection.execute(str(statement), values).fetchall()
            plain = (time.perf_counter() - began) * 1000
            assert hits
            turns.append((_milliseconds(place, LARGE, f"/search?q={word}"), plain))
    page, plain = min(turns)
    told = f"at best {page:.0f} ms against {plain:.0f} ms"
    return Outcome([page / plain for page, plain in turns], told)


def copied(database: Path, texts: Path, target: Path) -> None:
    """Write the tables of a database and the index of some texts, as a plain script would."""
    target.unlink(missing_ok=True)
    with closing(sqlite3.connect(target)) as connection:
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("ATTACH ? AS made", [str(database)])
        connection.execute("ATTACH ? AS texts", [str(texts)])
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
        told = connection.execute("SELECT * FROM texts.told")
        connection.executemany(
            "INSERT INTO search_index(rowid, title, text) VALUES (?, ?, ?)",
            ((number, index_words(title), index_words(text)) for number, title, text in told),
        )
        connection.execute("INSERT INTO search_index(search_index) VALUES ('optimize')")
        connection.execute("ANALYZE main")
        connection.commit()
        connection.execute("DETACH made")
        connection.execute("DETACH texts")
        connection.execute("VACUUM")
        connection.execute("PRAGMA integrity_check")


def _texts(place: Place, size: int) -> Path:
    """What the program indexes of a seed, as its records say it: a name's texts, and the others."""
    path = _folder(place) / f"texts-{size}.db"
    if not path.exists():
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("CREATE TABLE told (id, title, text)")
            connection.executemany(
                "INSERT INTO told VALUES (?, ?, ?)", map(_told, read(_seed(place, size)).each())
            )
            connection.commit()
    return path


def _told(record: Any) -> tuple[int, str, str]:
    address = [record.url] if isinstance(record, Source) else []
    names = dict.fromkeys(text for _, text in naming(record))
    texts = dict.fromkeys([*(text for _, text in telling(record)), *address])
    return record.id, " ".join(names), " ".join(texts)
