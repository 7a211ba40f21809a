"""The finished database, opened so that nothing can write to it."""

import sqlite3
from collections.abc import Hashable, Iterator
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Generic, TypeVar, cast
from urllib.parse import quote

from sqlalchemy import URL, NullPool, event, inspect
from sqlalchemy.dialects.sqlite import dialect
from sqlmodel import Session, create_engine
from sqlmodel.sql.expression import Select, SelectOfScalar

from app.models import Kept, for_reading

Found = TypeVar("Found")

_DIALECT = dialect(paramstyle="named")

MOST_AT_ONCE = 8
"""How many sessions a site has; no more threads than that could ask it at once."""


def open_database(path: Path, number: int = 1) -> list[Session]:
    """Sessions over a database that never changes while it is open.

    `immutable` lets SQLite skip every lock (https://www.sqlite.org/uri.html, section 3.3): a
    new build replaces the file under its name, and whoever has the old one open keeps it. So each
    session has a connection from now on: a later one would find the new file, and a page be of
    two.
    """
    address = URL.create(
        "sqlite",
        database=f"file:{quote(str(path.resolve()))}",
        query={"mode": "ro", "immutable": "1", "uri": "true"},
    )
    # What is closed is closed: it does not wait for somebody else.
    engine = create_engine(address, poolclass=NullPool)
    event.listen(engine, "connect", _only_asked)
    while True:
        before = path.stat()
        sessions = [Session(engine) for _ in range(number)]
        for session in sessions:
            session.connection()
        after = path.stat()
        if (before.st_dev, before.st_ino) == (after.st_dev, after.st_ino):
            return sessions
        for session in sessions:
            session.close()


def file_of(session: Session) -> bytes:
    """The bytes of the database itself, whatever stands under its name now."""
    return _driven(session).serialize()


def _only_asked(connection: Any, _: Any) -> None:
    # The file is read-only already; this turns even an attempt into an error of its own.
    connection.execute("PRAGMA query_only = ON")


class Question(Generic[Found]):
    """A SELECT of all columns of a model, or of some others after them: compiled once for all.

    Its rows are taken as SQLite gives them, since nothing is ever changed, so that no unit of work
    needs to watch over them. All this makes it ten times as cheap.
    """

    def __init__(
        self, model: type[Found], statement: Select[Any, Any] | SelectOfScalar[Found]
    ) -> None:
        self.model = model
        self.statement = statement

    @cached_property
    def _compiled(self) -> tuple[str, dict[str, Any]]:
        """Its text, and the values in it: made when it is first asked, as few are at the start."""
        compiled = self.statement.compile(dialect=_DIALECT)
        return str(compiled), dict(compiled.params)

    @cached_property
    def _columns(self) -> tuple[list[str], list[tuple[str, Kept]]]:
        """The names of the model's columns, and those whose values are to be made of text."""
        columns = {str(column.key): column.type for column in inspect(self.model).columns}
        kept = [(name, held) for name, held in columns.items() if isinstance(held, Kept)]
        return [*columns], kept

    def found(self, session: Session, **asked: Any) -> list[Found]:
        """What is found, each as one of the model."""
        return [item for item, _ in self.rows(session, **asked)]

    def rows(self, session: Session, **asked: Any) -> Iterator[tuple[Found, tuple[Any, ...]]]:
        """The same, each with what the other columns have."""
        text, usual = self._compiled
        names, kept = self._columns
        model = _found(cast("Hashable", self.model))
        for row in _driven(session).execute(text, usual | asked):
            item = object.__new__(model)
            fields = item.__dict__
            fields.update(zip(names, row, strict=False))
            for name, column in kept:
                if fields[name] is not None:
                    fields[name] = column.read(fields[name])
            yield item, row[len(names) :]


@cache
def _found(model: Any) -> Any:
    """A class for reading, in which what Pydantic gives each new one of a model is there already.

    It is the same for all that are found.
    """
    plain = for_reading(model)
    columns = frozenset(str(column.key) for column in inspect(model).columns)
    made = {
        "__pydantic_extra__": None,
        "__pydantic_private__": None,
        "__pydantic_fields_set__": columns,
    }
    return type.__new__(type(model), model.__name__, (plain,), made)


def _driven(session: Session) -> sqlite3.Connection:
    """The connection that a session is over, as SQLite's own driver has it."""
    driven = session.info.get("driven")
    if driven is None:
        driven = session.connection().connection.driver_connection
        session.info["driven"] = driven
    return cast("sqlite3.Connection", driven)
