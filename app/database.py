"""The finished database, opened so that nothing can write to it."""

import sqlite3
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

from sqlalchemy import URL, Engine, event
from sqlmodel import create_engine

CONNECTIONS = 8
"""How many are open; no more threads than that could use one at once."""


def open_database(path: Path) -> Engine:
    """An engine on a database that never changes while it is open.

    `immutable` lets SQLite skip every lock (https://www.sqlite.org/uri.html, section 3.3): a
    new build replaces the file under its name, and whoever has the old one open keeps it. So every
    connection is opened now: a later one would find the new file, and a page be of two.
    """
    address = URL.create(
        "sqlite",
        database=f"file:{quote(str(path.resolve()))}",
        query={"mode": "ro", "immutable": "1", "uri": "true"},
    )
    while True:
        before = path.stat()
        engine = create_engine(address, pool_size=CONNECTIONS, max_overflow=0, pool_timeout=600)
        event.listen(engine, "connect", _only_asked)
        opened = [engine.connect() for _ in range(CONNECTIONS)]
        for connection in opened:
            connection.close()
        after = path.stat()
        if (before.st_dev, before.st_ino) == (after.st_dev, after.st_ino):
            return engine
        engine.dispose()


def file_of(engine: Engine) -> bytes:
    """The bytes of the database itself, whatever stands under its name now."""
    with engine.connect() as connection:
        return cast("sqlite3.Connection", connection.connection.driver_connection).serialize()


def _only_asked(connection: Any, _: Any) -> None:
    # The file is read-only already; this turns even an attempt into an error of its own.
    connection.execute("PRAGMA query_only = ON")
