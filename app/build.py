"""The database: made from the checked seed beside the old one, put in place whole or not at all."""

import contextlib
import errno
import fcntl
import os
import sqlite3
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from sqlalchemy import URL, Connection, create_engine, insert, text
from sqlalchemy.exc import OperationalError
from sqlmodel import SQLModel

from app import edition
from app.checks import mistakes_of
from app.facets import MOST_OFFERED, MOST_TALLIED
from app.kinds import KINDS, SEED_ORDER, Kind, kind_of
from app.language import LANGUAGES
from app.models import AliasRow, FacetRow, Link, NameRow, Record, RecordRow
from app.references import made_by
from app.search import index_words, indexed, naming
from app.seed import Seed, SeedError, Told, read, untold

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
# The index can tell its words only by reading where each of them stands.
_VOCABULARY = (
    "CREATE VIRTUAL TABLE temp.every_word USING fts5vocab(main, search_index, row)",
    "CREATE VIRTUAL TABLE temp.every_place USING fts5vocab(main, search_index, col)",
    """
    INSERT INTO vocabulary(term, doc, named) SELECT term, doc, coalesce(
        (SELECT doc FROM every_place WHERE term = every_word.term AND col = 'title'), 0
    ) FROM every_word
    """,
    "DROP TABLE every_word",
    "DROP TABLE every_place",
)
_ADD_WORDS = "INSERT INTO search_index(rowid, title, text) VALUES (:id, :title, :text)"

_KEYS = "CREATE TEMPORARY TABLE sort_key (kind, sort, language, part, key, record_id)"
_ADD_KEY = "INSERT INTO sort_key VALUES (:kind, :sort, :language, :part, :key, :record_id)"
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

# What lists and pages would else have to count whenever they are asked for. What stands beside a
# value is counted for those values only that many records have.
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
    """
    INSERT INTO tally(kind, name, value, other, rank, part, other_value, number)
    WITH common AS (
        SELECT kind, other AS name, other_value AS value FROM tally
        WHERE name = '' AND other != ''
        GROUP BY kind, other, other_value HAVING sum(number) > :most_tallied
    ),
    beside AS (
        SELECT one.kind, one.name, one.value, another.name AS other, part,
            another.value AS other_value, count(*) AS number
        FROM common CROSS JOIN facet AS one USING (kind, name, value)
        CROSS JOIN facet AS another ON another.record_id = one.record_id
        JOIN record ON record.id = one.record_id
        GROUP BY one.kind, one.name, one.value, another.name, another.value, part
    ),
    summed AS (
        SELECT *, sum(number) OVER (PARTITION BY kind, name, value, other, other_value) AS total
        FROM beside
    ),
    ranked AS (
        SELECT *, dense_rank() OVER (
            PARTITION BY kind, name, value, other ORDER BY total DESC, other_value
        ) - 1 AS rank
        FROM summed
    )
    SELECT kind, name, value, other, rank, part, other_value, number FROM ranked
    WHERE rank <= :most_offered OR other = name
    """,
)

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
    mistakes = mistakes_of(seed, told)
    if mistakes:
        raise SeedError(mistakes)
    database.parent.mkdir(parents=True, exist_ok=True)
    unfinished = database.with_name(f"{database.name}.{os.getpid()}{_UNFINISHED}")
    beside = edition.beside(unfinished)
    with _one_at_a_time(database):
        try:
            _write(seed, unfinished, told)
            beside.write_text(edition.told(unfinished, seed_digest), encoding="ascii")
            for path in (unfinished, beside):
                _flush(path)
            # One right after the other: between them the database is not what was built.
            unfinished.replace(database)
            beside.replace(edition.beside(database))
        except OperationalError as error:
            number = getattr(error.orig, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
            system = _IN_OTHER_WORDS.get(number, errno.EIO)
            raise OSError(system, os.strerror(system), str(database)) from error
        finally:
            # On a disk that lets nothing be written, nothing can be taken away either.
            for path in (unfinished, beside):
                with contextlib.suppress(OSError):
                    path.unlink()
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


def _write(seed: Seed, path: Path, told: Told) -> None:
    path.unlink(missing_ok=True)
    engine = create_engine(URL.create("sqlite", database=str(path)))
    with engine.connect() as connection:
        # Nobody else sees the file before it is whole, so there is nothing to roll back to.
        connection.exec_driver_sql("PRAGMA journal_mode = OFF")
        connection.exec_driver_sql("PRAGMA synchronous = OFF")
        SQLModel.metadata.create_all(connection)
        connection.exec_driver_sql(_INDEX)
        connection.exec_driver_sql(_KEYS)
        for portion in _portions(seed):
            _fill(connection, seed, portion)
            told("written", portion[-1].id, len(seed))
        bounds = {"most_tallied": MOST_TALLIED, "most_offered": MOST_OFFERED}
        for statement in (*_ORDERED, *_COUNTED, *_VOCABULARY):
            connection.execute(text(statement), bounds)
        connection.commit()
        connection.exec_driver_sql("INSERT INTO search_index(search_index) VALUES ('optimize')")
        connection.exec_driver_sql("ANALYZE")
        connection.commit()
        connection.exec_driver_sql("VACUUM")
        _verify(connection)
    engine.dispose()


def _portions(seed: Seed) -> Iterator[list[Record]]:
    """Some records of one kind at a time: more are never in memory."""
    for noun in KINDS:
        records = (entry.record for entry in seed.entries(noun))
        while portion := list(islice(records, _AT_ONCE)):
            yield portion


def _fill(connection: Connection, seed: Seed, records: list[Record]) -> None:
    """Write some records of one kind, and all that is told of them elsewhere."""
    kind = kind_of(records[0])
    columns = list(kind.model.__table__.columns.keys())  # type: ignore[attr-defined]
    for table, rows in (
        (RecordRow, [_row(kind, record) for record in records]),
        (
            kind.model,
            [{column: getattr(record, column) for column in columns} for record in records],
        ),
        (Link, [row for record in records for row in _links(seed, record)]),
        (FacetRow, [row for record in records for row in _facets(kind, record)]),
        (AliasRow, [row for record in records for row in _aliases(kind, record)]),
        (NameRow, [row for record in records for row in _names(record)]),
    ):
        if rows:
            connection.execute(insert(table), rows)
    keys = [row for record in records for row in _keys(kind, record)]
    connection.execute(text(_ADD_KEY), keys)
    words = [
        dict(zip(("id", "title", "text"), (one.id, *indexed(one)), strict=True)) for one in records
    ]
    connection.execute(text(_ADD_WORDS), words)


def _row(kind: Kind, record: Record) -> dict[str, object]:
    return {
        "id": record.id,
        "kind": kind.noun,
        "slug": record.slug,
        "reference": record.reference,
        "part": kind.part(record),
        "title": kind.titled(record),
    }


def _links(seed: Seed, record: Record) -> Iterator[dict[str, object]]:
    for position, made in enumerate(made_by(record)):
        yield {
            "subject_id": record.id,
            "position": position,
            "role": made.to.role,
            "object_id": seed.number(made.to.kind, made.slug),
            "locator": made.locator,
        }


def _facets(kind: Kind, record: Record) -> Iterator[dict[str, object]]:
    for facet in kind.facets:
        for value in dict.fromkeys(facet.values(record)):
            yield {
                "kind": kind.noun,
                "name": facet.name,
                "value": value,
                "record_id": record.id,
            }


def _aliases(kind: Kind, record: Record) -> Iterator[dict[str, object]]:
    for alias in record.aliases:
        yield {"kind": kind.noun, "slug": alias, "record_id": record.id}


def _keys(kind: Kind, record: Record) -> Iterator[dict[str, object]]:
    """What a record is ordered by in each order of its kind's list."""
    part = kind.parts.index(kind.part(record))
    for sort in (SEED_ORDER, *kind.sorts):
        for language in LANGUAGES if sort.is_by_language else ("",):
            yield {
                "kind": kind.noun,
                "sort": sort.name,
                "language": language,
                "part": part,
                "key": sort.key(record, language),
                "record_id": record.id,
            }


def _names(record: Record) -> Iterator[dict[str, object]]:
    for words in dict.fromkeys(index_words(name) for _, name in naming(record)):
        if words:
            yield {"words": words, "record_id": record.id}


def _verify(connection: Connection) -> None:
    """Ask SQLite itself whether the file is sound.

    Raises RuntimeError where it is not, which no seed can cause.
    """
    verdict = connection.exec_driver_sql("PRAGMA integrity_check").scalars().all()
    dangling = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    if verdict != ["ok"] or dangling:
        message = f"the database is not sound: {verdict}, {dangling}"
        raise RuntimeError(message)


def _flush(path: Path) -> None:
    with path.open("rb+") as stream:
        os.fsync(stream.fileno())
