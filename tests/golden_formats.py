"""What the first record of each kind of the miniature world is in every format, kept as files.

`python tests/golden_formats.py` writes them anew; look at the difference before keeping it.
"""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from conftest import ROOT, WORLD
from described_records import listed, table_of, whole_of

from app.build import build
from app.formats.registry import FORMATS, LISTS, TABLE
from app.urls import WITH_FEED

FOLDER = ROOT / "tests" / "expected" / "formats"


def golden(database: Path) -> Iterator[tuple[str, bytes]]:
    """The name and the bytes of each file."""
    for noun, items in whole_of(database).items():
        for suffix, form in FORMATS.items():
            yield f"{noun}.record.{suffix}", form.made(items[0])
    for noun in WITH_FEED:
        for suffix, form in LISTS.items():
            yield f"{noun}.list.{suffix}", form.made(listed(database, noun, suffix))
        yield f"{noun}.list.csv", TABLE.made(table_of(noun, whole_of(database)[noun]))


def main() -> None:
    """Write every file."""
    with TemporaryDirectory() as folder:
        database = Path(folder) / "site.db"
        build(WORLD, database)
        for name, body in golden(database):
            (FOLDER / name).write_bytes(body)


if __name__ == "__main__":
    main()
