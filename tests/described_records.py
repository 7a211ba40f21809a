"""Every record of a seed as the formats are given it, for the tests of the formats."""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from conftest import ROOT

from app import pages, queries
from app.database import open_database
from app.formats.described import Described, Listed, describe
from app.formats.tables import Table
from app.kinds import KINDS
from app.rendering import Compiled, renderers
from app.urls import Addresses, list_format_path, list_path
from app.values import PRIMARY

ADDRESSES = Addresses("https://meeting.example")


@cache
def whole_of(database: Path) -> Mapping[str, Sequence[Described]]:
    """Every record of a database by kind, in the order of the seed."""
    with open_database(database)[0] as session:
        renderer = renderers(
            ROOT / "templates",
            ADDRESSES,
            {},
            queries.meeting(session),
            pages.meeting_names(session),
            compiled=Compiled(),
        )[PRIMARY]
        return {
            noun: describe(session, [*queries.records(session, noun)], ADDRESSES, renderer.words)
            for noun in KINDS
        }


def every(database: Path) -> list[Described]:
    """Every record of a database."""
    return [item for items in whole_of(database).values() for item in items]


def table_of(noun: str, items: Sequence[Described]) -> Table:
    """Some records of a kind for the format of a whole list."""
    return Table(KINDS[noun], [item.record for item in items], ADDRESSES)


def listed(database: Path, noun: str, suffix: str) -> Listed:
    """The whole list of a kind on one page, for a format of it."""
    items = whole_of(database)[noun]
    return Listed(
        kind=KINDS[noun],
        items=items,
        counts={"all": len(items)},
        meeting=items[0].meeting,
        addresses=ADDRESSES,
        html_url=ADDRESSES.absolute(list_path(noun)),
        url=ADDRESSES.absolute(list_format_path(noun, suffix)),
        next_url=ADDRESSES.absolute(f"{list_format_path(noun, suffix)}?page=2"),
        words=items[0].words,
    )
