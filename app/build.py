"""The database: made from the checked seed beside the old one, put in place whole or not at all."""

import os
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import URL, Connection, create_engine, insert, text
from sqlmodel import SQLModel

from app import edition
from app.checks import mistakes_of
from app.kinds import KINDS, kind_of
from app.models import Edition, Link, Record, RecordRow
from app.references import made_by
from app.search import index_words
from app.seed import Seed, SeedError, read
from app.values import texts_in

_NAMING = ("title", "short_title", "name", "abbreviation")
_INDEX = """
CREATE VIRTUAL TABLE search_index USING fts5(
    title, text, content='', columnsize=0, tokenize='unicode61 remove_diacritics 0', prefix='2 3'
)
"""


def build(seed_path: Path, database: Path) -> Seed:
    """Build the database of a seed and put it in place; the file that was there stays until then.

    Raises SeedError with every mistake, FileNotFoundError where there is no seed, and OSError
    where the database cannot be written; the former database is untouched by all of them.
    """
    seed = read(seed_path)
    mistakes = mistakes_of(seed)
    if mistakes:
        raise SeedError(mistakes)
    database.parent.mkdir(parents=True, exist_ok=True)
    unfinished = database.with_name(f"{database.name}.{os.getpid()}.unfinished")
    try:
        _write(
            seed, Edition(seed=edition.of_seed(seed_path), program=edition.of_program()), unfinished
        )
        digest = edition.of_file(unfinished)
        _flush(unfinished)
        unfinished.replace(database)
        edition.beside(database).write_text(f"{digest}\n", encoding="ascii")
    finally:
        unfinished.unlink(missing_ok=True)
    return seed


def _write(seed: Seed, made_from: Edition, path: Path) -> None:
    path.unlink(missing_ok=True)
    engine = create_engine(URL.create("sqlite", database=str(path)))
    with engine.connect() as connection:
        # Nobody else sees the file before it is whole, so there is nothing to roll back to.
        connection.exec_driver_sql("PRAGMA journal_mode = OFF")
        connection.exec_driver_sql("PRAGMA synchronous = OFF")
        SQLModel.metadata.create_all(connection)
        connection.exec_driver_sql(_INDEX)
        _fill(connection, seed)
        connection.execute(insert(Edition), [made_from.model_dump()])
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
    connection.execute(
        text("INSERT INTO search_index(rowid, title, text) VALUES (:id, :title, :text)"),
        [_indexed(record) for record in seed.each()],
    )


def _rows(seed: Seed) -> Iterator[dict[str, object]]:
    for noun, kind in KINDS.items():
        for position, (slug, record) in enumerate(seed.records[noun].items()):
            yield {
                "id": record.id,
                "kind": noun,
                "slug": slug,
                "reference": record.reference,
                "position": position,
                "title": kind.titled(record),
            }


def _indexed(record: Record) -> dict[str, object]:
    naming: list[str] = [*kind_of(record).titled(record).values(), record.slug]
    telling: list[str] = []
    for field in type(record).model_fields:
        value = getattr(record, field)
        if field == "other_names":
            naming += [name for names in value.values() for name in names]
        elif field in _NAMING:
            naming += [written for _, written in texts_in(value)]
        else:
            telling += [written for _, written in texts_in(value)]
    for field in ("text", "publisher", "author", "copy_of", "url"):
        value = getattr(record, field, None)
        if isinstance(value, str):
            telling.append(value)
    return {
        "id": record.id,
        "title": index_words(" ".join(dict.fromkeys(naming))),
        "text": index_words(" ".join(telling)),
    }


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
