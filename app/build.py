"""The database: made from the checked seed beside the old one, put in place whole or not at all."""

import contextlib
import errno
import fcntl
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from functools import cache
from itertools import groupby, islice
from pathlib import Path
from typing import Any

from sqlalchemy import create_mock_engine, insert
from sqlalchemy.dialects.sqlite import dialect
from sqlmodel import SQLModel

from app import edition
from app.checks import checked
from app.facets import MOST_OFFERED, MOST_TALLIED
from app.kinds import SEED_ORDER, Kind
from app.language import LANGUAGES
from app.models import AliasRow, FacetRow, Kept, Link, NameRow, RecordRow
from app.search import indexed
from app.seed import Entry, Mistake, Seed, SeedError, Told, read, untold
from app.waste import seldom_searched

_INDEX = """
CREATE VIRTUAL TABLE search_index USING fts5(
    title, text, content='', columnsize=0, tokenize='unicode61 remove_diacritics 0', prefix='2 3'
)
"""
_IN_OTHER_WORDS = {
    sqlite3.SQLITE_FULL: errno.ENOSPC,
    sqlite3.SQLITE_CANTOPEN: errno.EACCES,
    sqlite3.SQLITE_READONLY: errno.EROFS,
}
"""What SQLite says of a file that cannot be written, as the system says it."""
# The index tells all its words at once far sooner than one after the other.
_VOCABULARY = (
    "CREATE VIRTUAL TABLE temp.every_word USING fts5vocab(main, search_index, row)",
    "CREATE VIRTUAL TABLE temp.every_place USING fts5vocab(main, search_index, col)",
    """
    INSERT INTO vocabulary(term, doc, named) SELECT term, sum(doc), sum(named) FROM (
        SELECT term, doc, 0 AS named FROM every_word
        UNION ALL SELECT term, 0, doc FROM every_place WHERE col = 'title'
    ) GROUP BY term
    """,
    "DROP TABLE every_word",
    "DROP TABLE every_place",
)
_ADD_WORDS = "INSERT INTO search_index(rowid, title, text) VALUES (?, ?, ?)"

_KEYS = "CREATE TEMPORARY TABLE sort_key (kind, sort, language, part, key, record_id)"
_ADD_KEY = "INSERT INTO sort_key VALUES (?, ?, ?, ?, ?, ?)"
# SQLite sorts in a file what does not fit into memory.
_ORDERED = (
    """
    INSERT INTO ordering(kind, sort, language, place, record_id)
    SELECT kind, sort, language, row_number() OVER (
        PARTITION BY kind, sort, language ORDER BY part, key, record_id
    ) - 1, record_id FROM sort_key
    """,
    "DROP TABLE sort_key",
)

# What lists and pages would else have to count whenever they are asked for.
_COUNTED = (
    """
    INSERT INTO tie(object_id, role, kind, part, number, first_id)
    SELECT object_id, role, kind, part, count(*), min(subject_id)
    FROM link JOIN record ON record.id = subject_id GROUP BY object_id, role, kind, part
    """,
    """
    INSERT INTO tally(kind, name, value, other, rank, part, other_value, number)
    SELECT kind, '', '', '', 0, part, '', count(*) FROM record GROUP BY kind, part
    """,
    """
    INSERT INTO tally(kind, name, value, other, rank, part, other_value, number)
    SELECT kind, '', '', name, dense_rank() OVER (
        PARTITION BY kind, name ORDER BY total DESC, value
    ) - 1, part, value, number
    FROM (
        SELECT facet.kind, name, value, part, count(*) AS number,
            sum(count(*)) OVER (PARTITION BY facet.kind, name, value) AS total
        FROM facet JOIN record ON record.id = record_id GROUP BY facet.kind, name, value, part
    )
    """,
)
# What stands beside a value is counted for those values only that many records have, and for one
# after the other: all at once would be sorted in twice the time.
_COMMON = """
    SELECT kind, other AS name, other_value AS value FROM tally WHERE name = '' AND other != ''
    GROUP BY kind, other, other_value HAVING sum(number) > :most_tallied
"""
_BESIDE = """
    INSERT INTO tally(kind, name, value, other, rank, part, other_value, number)
    WITH beside AS (
        SELECT another.name AS other, part, another.value AS other_value, count(*) AS number
        FROM facet AS one CROSS JOIN record ON record.id = one.record_id
        CROSS JOIN facet AS another ON another.record_id = one.record_id
        WHERE one.kind = :kind AND one.name = :name AND one.value = :value
        GROUP BY another.name, another.value, part
    ),
    summed AS (
        SELECT *, sum(number) OVER (PARTITION BY other, other_value) AS total FROM beside
    ),
    ranked AS (
        SELECT *, dense_rank() OVER (
            PARTITION BY other ORDER BY total DESC, other_value
        ) - 1 AS rank
        FROM summed
    )
    SELECT :kind, :name, :value, other, rank, part, other_value, number FROM ranked
    WHERE rank <= :most_offered OR other = :name
"""

_AT_ONCE = 500
"""How many records are written at once."""

_UNFINISHED = ".unfinished"


def build(seed_path: Path, database: Path, told: Told = untold) -> int:
    """Build the database of a seed and put it in place; the file that was there stays until then.

    Returns the number of records; `told` hears how far it is. Raises SeedError with every
    mistake, FileNotFoundError where there is no seed, and OSError where the database cannot be
    written; the former database is untouched by all of them.
    """
    # Before it is read: what is saved meanwhile makes another seed, which is built next time.
    seed_digest = edition.of_seed(seed_path)
    seed = read(seed_path, told)
    unfinished = database.with_name(f"{database.name}.{os.getpid()}{_UNFINISHED}")
    beside = edition.beside(unfinished)
    try:
        # A database without a name is SQLite's own: in memory as far as it is small, and gone
        # once it is closed, so that of a wrong seed nothing is left.
        with closing(sqlite3.connect("")) as connection:
            with seldom_searched():
                _write(connection, seed, told)
            database.parent.mkdir(parents=True, exist_ok=True)
            with _one_at_a_time(database):
                try:
                    connection.execute("VACUUM INTO ?", [str(unfinished)])
                    _verify(unfinished)
                    beside.write_text(edition.told(unfinished, seed_digest), encoding="ascii")
                    for path in (unfinished, beside):
                        _flush(path)
                    # One right after the other: between them the database is not what was built.
                    unfinished.replace(database)
                    beside.replace(edition.beside(database))
                finally:
                    # On a disk that lets nothing be written, nothing can be taken away either.
                    for path in (unfinished, beside):
                        with contextlib.suppress(OSError):
                            path.unlink()
    except sqlite3.OperationalError as error:
        system = _IN_OTHER_WORDS.get(error.sqlite_errorcode, errno.EIO)
        raise OSError(system, os.strerror(system), str(database)) from error
    return len(seed)


@contextlib.contextmanager
def _one_at_a_time(database: Path) -> Iterator[None]:
    """Wait for another build beside this one, and take away what one left that was killed."""
    held = os.open(database.parent, os.O_RDONLY)
    try:
        # Where a file system has no locks, each build still has a file of its own.
        with contextlib.suppress(OSError):
            fcntl.flock(held, fcntl.LOCK_EX)
            for left in database.parent.glob(f"{database.name}.*{_UNFINISHED}*"):
                left.unlink()
        yield
    finally:
        os.close(held)


def _write(connection: sqlite3.Connection, seed: Seed, told: Told) -> None:
    """Check and write every record of a seed; raises SeedError with every mistake."""
    # Nobody else sees the file before it is whole, so there is nothing to roll back to.
    connection.execute("PRAGMA journal_mode = OFF")
    connection.execute("PRAGMA synchronous = OFF")
    SQLModel.metadata.create_all(
        create_mock_engine(
            "sqlite://", lambda made, *_: connection.execute(str(made.compile(dialect=dialect())))
        ),
        checkfirst=False,
    )
    connection.execute(_INDEX)
    connection.execute(_KEYS)
    mistakes: list[Mistake] = []
    written = 0
    for entries in _portions(checked(seed, mistakes)):
        # Beside a mistake nothing can be written that would ever be read.
        if not mistakes:
            _fill(connection, seed, entries)
        written += len(entries)
        told("checked and written", written, len(seed))
    if mistakes:
        raise SeedError(mistakes)
    for statement in (*_ORDERED, *_COUNTED, *_VOCABULARY):
        connection.execute(statement)
    common = connection.execute(_COMMON, {"most_tallied": MOST_TALLIED}).fetchall()
    for kind, name, value in common:
        of_value = {"kind": kind, "name": name, "value": value, "most_offered": MOST_OFFERED}
        connection.execute(_BESIDE, of_value)
    connection.execute("INSERT INTO search_index(search_index) VALUES ('optimize')")
    connection.execute("ANALYZE main")
    connection.commit()


def _portions(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    """Some records of one kind at a time: more are never in memory."""
    for _, of_kind in groupby(entries, lambda entry: entry.kind.noun):
        while portion := list(islice(of_kind, _AT_ONCE)):
            yield portion


def _fill(connection: sqlite3.Connection, seed: Seed, entries: list[Entry]) -> None:
    """Write some records of one kind, and all that is told of them elsewhere."""
    kind = entries[0].kind
    for statement, rows_of in (
        (_addition(RecordRow), _row),
        (_addition(kind.model), _own_row),
        (_addition(FacetRow), _facets),
        (_addition(AliasRow), _aliases),
        (_ADD_KEY, _keys),
    ):
        rows = (row for entry in entries for row in rows_of(kind, entry.record))
        connection.executemany(statement, rows)
    links = (row for entry in entries for row in _links(seed, entry))
    connection.executemany(_addition(Link), links)
    words = [(entry.record.id, *indexed(entry.record)) for entry in entries]
    connection.executemany(
        _ADD_WORDS, ((number, " ".join(names), text) for number, names, text in words)
    )
    names = ((name, number) for number, names, _ in words for name in dict.fromkeys(names))
    connection.executemany(_addition(NameRow), (row for row in names if row[0]))


Row = Sequence[object]


@cache
def _addition(model: type[SQLModel]) -> str:
    """What adds a row to a table, with a value for each of its columns."""
    return str(insert(model).compile(dialect=dialect()))


@cache
def _columns(model: type[SQLModel]) -> list[tuple[str, Callable[[Any], str] | None]]:
    """Each column of a table, with what makes the text of a value that is not kept as it is."""
    columns = model.__table__.columns  # type: ignore[attr-defined]
    return [
        (column.name, column.type.write if isinstance(column.type, Kept) else None)
        for column in columns
    ]


def _kept(write: Callable[[Any], str] | None, value: Any) -> Any:
    """What is kept of a value."""
    return value if write is None or value is None else write(value)


def _row(kind: Kind, record: Any) -> Iterator[Row]:
    title = _kept(dict(_columns(RecordRow))["title"], kind.titled(record))
    yield record.id, kind.noun, record.slug, record.reference, kind.part(record), title


def _own_row(kind: Kind, record: Any) -> Iterator[Row]:
    held = vars(record)
    yield [_kept(write, held[name]) for name, write in _columns(kind.model)]


def _links(seed: Seed, entry: Entry) -> Iterator[Row]:
    for position, made in enumerate(entry.references):
        to = seed.number(made.to.kind, made.slug)
        yield entry.record.id, position, made.to.role, to, made.locator


def _facets(kind: Kind, record: Any) -> Iterator[Row]:
    for facet in kind.facets:
        for value in dict.fromkeys(facet.values(record)):
            yield kind.noun, facet.name, str(value), record.id


def _aliases(kind: Kind, record: Any) -> Iterator[Row]:
    for alias in record.aliases:
        yield kind.noun, alias, record.id


def _keys(kind: Kind, record: Any) -> Iterator[Row]:
    """What a record is ordered by in each order of its kind's list."""
    part = kind.parts.index(kind.part(record))
    for sort in (SEED_ORDER, *kind.sorts):
        key = sort.key(record)
        for language in LANGUAGES if sort.is_by_language else ("",):
            yield kind.noun, sort.name, language, part, key(language), record.id


def _verify(path: Path) -> None:
    """Ask SQLite itself whether a file is sound.

    Raises RuntimeError where it is not, which no seed can cause.
    """
    with closing(sqlite3.connect(path)) as connection:
        verdict = connection.execute("PRAGMA integrity_check").fetchall()
        dangling = connection.execute("PRAGMA foreign_key_check").fetchall()
    if verdict != [("ok",)] or dangling:
        message = f"the database is not sound: {verdict}, {dangling}"
        raise RuntimeError(message)


def _flush(path: Path) -> None:
    with path.open("rb+") as stream:
        os.fsync(stream.fileno())
