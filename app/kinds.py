"""The kinds of record: one registry that the seed, the routes, the lists and the index read."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from app.models import (
    Agreement,
    Commission,
    Event,
    Meeting,
    Organization,
    Person,
    Quote,
    Record,
    Sector,
    Source,
)
from app.values import Name, Text

OPENING_LENGTH = 90
"""How many characters of a quote stand for the whole in a title or a link."""


@dataclass(frozen=True)
class Kind:
    """One kind of record.

    `noun` is its key in the seed and, where it has pages, its address; `singular` names one to
    an editor; `titled` says how
    a record of the kind is called, by language; `has_pages` is false for the meeting,
    which is the home page, and for events, which stand on the timeline.
    """

    noun: str
    singular: str
    model: type[Record]
    titled: Callable[[Any], dict[str, str]]
    has_pages: bool = True


def opening(text: str, length: int = OPENING_LENGTH) -> str:
    """The first words of a text, cut between words, with an ellipsis for what is left out."""
    if len(text) <= length:
        return text
    cut = text[:length]
    # Chinese has no spaces to cut at.
    head = cut.rsplit(" ", 1)[0] if " " in cut else cut
    return head.rstrip(" ,;:.，；：。、") + "…"


def _name(record: Any) -> dict[str, str]:
    name: Name | Text = record.title if hasattr(record, "title") else record.name
    return dict((name.as_text() if isinstance(name, Name) else name).root)


def _quote(quote: Quote) -> dict[str, str]:
    return {quote.language: opening(quote.text)}


def _source(source: Source) -> dict[str, str]:
    if source.description:
        return dict(source.description.root)
    return {source.language: source.title or source.publisher}


KINDS = {
    kind.noun: kind
    for kind in (
        Kind("meeting", "meeting", Meeting, _name, has_pages=False),
        Kind("agreements", "agreement", Agreement, _name),
        Kind("sectors", "sector", Sector, _name),
        Kind("quotes", "quote", Quote, _quote),
        Kind("organizations", "organization", Organization, _name),
        Kind("people", "person", Person, _name),
        Kind("commissions", "commission", Commission, _name),
        Kind("events", "event", Event, _name, has_pages=False),
        Kind("sources", "source", Source, _source),
    )
}
"""In the order in which lists and pages name them."""

PAGED = tuple(kind for kind in KINDS.values() if kind.has_pages)


def kind_of(record: Record) -> Kind:
    """The kind a record belongs to."""
    return next(kind for kind in KINDS.values() if isinstance(record, kind.model))
