"""The database: made from the checked seed beside the old one, put in place whole or not at all."""

import contextlib
import errno
import fcntl
import os
import sqlite3
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, create_engine, insert, text
from sqlalchemy.exc import OperationalError
from sqlmodel import SQLModel

from app import edition
from app.checks import mistakes_of
from app.kinds import KINDS, SEED_ORDER, Kind, Sort
from app.language import LANGUAGES
from app.models import FacetRow, Link, NameRow, OrderRow, RecordRow
from app.references import made_by
from app.search import index_words, indexed, naming
from app.seed import Seed, SeedError, read

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
_VOCABULARY = "CREATE VIRTUAL TABLE vocabulary USING fts5vocab(search_index, 'row')"


_UNFINISHED = ".unfinished"


def build(seed_path: Path, database: Path) -> Seed:
    """Build the database of a seed and put it in place; the file that was there stays until then.

    Raises SeedError with every mistake, FileNotFoundError where there is no seed, and OSError
    where the database cannot be written; the former database is untouched by all of them.
    """
    # Before it is read: what is saved meanwhile makes another seed, which is built next time.
    seed_digest = edition.of_seed(seed_path)
    seed = read(seed_path)
    mistakes = mistakes_of(seed)
    if mistakes:
        raise SeedError(mistakes)
    database.parent.mkdir(parents=True, exist_ok=True)
    unfinished = database.with_name(f"{database.name}.{os.getpid()}{_UNFINISHED}")
    with _one_at_a_time(database):
        try:
            _write(seed, unfinished)
            told = edition.told(unfinished, seed_digest)
            _flush(unfinished)
            unfinished.replace(database)
            edition.beside(database).write_text(told, encoding="ascii")
        except OperationalError as error:
            number = getattr(error.orig, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
            system = _IN_OTHER_WORDS.get(number, errno.EIO)
            raise OSError(system, os.strerror(system), str(database)) from error
        finally:
            # On a disk that lets nothing be written, nothing can be taken away either.
            with contextlib.suppress(OSError):
                unfinished.unlink()
    return seed


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


def _write(seed: Seed, path: Path) -> None:
    path.unlink(missing_ok=True)
    engine = create_engine(URL.create("sqlite", database=str(path)))
    with engine.connect() as connection:
        # Nobody else sees the file before it is whole, so there is nothing to roll back to.
        connection.exec_driver_sql("PRAGMA journal_mode = OFF")
        connection.exec_driver_sql("PRAGMA synchronous = OFF")
        SQLModel.metadata.create_all(connection)
        connection.exec_driver_sql(_INDEX)
        connection.exec_driver_sql(_VOCABULARY)
        _fill(connection, seed)
        connection.commit()
        connection.exec_driver_sql("INSERT INTO search_index(search_index) VALUES ('optimize')")
        connection.exec_driver_sql("ANALYZE")
        connection.commit()
        connection.exec_driver_sql("VACUUM")
        _verify(connection)
    engine.dispose()


def _fill(connection: Connection, seed: Seed) -> None:
    numbers = {
        (noun, slug): record.id
        for noun, records in seed.records.items()
        for slug, record in records.items()
    }
    connection.execute(insert(RecordRow), list(_rows(seed)))
    for noun, kind in KINDS.items():
        columns = list(kind.model.__table__.columns.keys())  # type: ignore[attr-defined]
        if seed.records[noun]:
            connection.execute(
                insert(kind.model),
                [
                    {column: getattr(record, column) for column in columns}
                    for record in seed.records[noun].values()
                ],
            )
    links = [
        {
            "subject_id": record.id,
            "position": position,
            "role": made.to.role,
            "object_id": numbers[made.to.kind, made.slug],
            "locator": made.locator,
        }
        for record in seed.each()
        for position, made in enumerate(made_by(record))
    ]
    connection.execute(insert(Link), links)
    for table, rows in (
        (FacetRow, list(_facets(seed))),
        (OrderRow, list(_orders(seed))),
        (NameRow, list(_names(seed))),
    ):
        if rows:
            connection.execute(insert(table), rows)
    connection.execute(
        text("INSERT INTO search_index(rowid, title, text) VALUES (:id, :title, :text)"),
        [
            {"id": record.id, **dict(zip(("title", "text"), indexed(record), strict=True))}
            for record in seed.each()
        ],
    )


def _rows(seed: Seed) -> Iterator[dict[str, object]]:
    for noun, kind in KINDS.items():
        for slug, record in seed.records[noun].items():
            yield {
                "id": record.id,
                "kind": noun,
                "slug": slug,
                "reference": record.reference,
                "part": kind.part(record),
                "title": kind.titled(record),
            }


def _facets(seed: Seed) -> Iterator[dict[str, object]]:
    for noun, kind in KINDS.items():
        for record in seed.records[noun].values():
            for facet in kind.facets:
                for value in dict.fromkeys(facet.values(record)):
                    yield {
                        "kind": noun,
                        "name": facet.name,
                        "value": value,
                        "record_id": record.id,
                    }


def _orders(seed: Seed) -> Iterator[dict[str, object]]:
    for noun, kind in KINDS.items():
        records = list(seed.records[noun].values())
        for sort in (SEED_ORDER, *kind.sorts):
            for language in LANGUAGES if sort.is_by_language else ("",):
                key = partial(_key, kind, sort, language)
                for place, record in enumerate(sorted(records, key=key)):
                    yield {
                        "kind": noun,
                        "sort": sort.name,
                        "language": language,
                        "place": place,
                        "record_id": record.id,
                    }


def _key(kind: Kind, sort: Sort, language: str, record: Any) -> Any:
    return kind.parts.index(kind.part(record)), sort.key(record, language), record.id


def _names(seed: Seed) -> Iterator[dict[str, object]]:
    for record in seed.each():
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
