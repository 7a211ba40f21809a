"""The finished database, opened so that nothing can write to it."""

from pathlib import Path
from urllib.parse import quote

from sqlalchemy import URL, Engine
from sqlmodel import create_engine


def open_database(path: Path) -> Engine:
    """An engine on a database that never changes while it is open.

    `immutable` lets SQLite skip every lock (https://www.sqlite.org/uri.html, section 3.3): a
    new build replaces the file under its name, and whoever has the old one open keeps it.
    """
    address = URL.create(
        "sqlite",
        database=f"file:{quote(str(path.resolve()))}",
        query={"mode": "ro", "immutable": "1", "uri": "true"},
    )
    return create_engine(address)
