"""The numbered sources of a record, and which of its fields each one supports."""

from collections.abc import Iterable
from dataclasses import dataclass

from app.models import Citation, Record, Source
from app.references import made_by


@dataclass(frozen=True)
class Footnote:
    """One numbered source of a record; `locator` is the place inside it."""

    number: int
    source: Source
    locator: str | None


class Footnotes:
    """The sources of one record, numbered in the order in which it first cites them."""

    def __init__(self, record: Record, sources: Iterable[Source]) -> None:
        by_slug = {source.slug: source for source in sources}
        cited = dict.fromkeys(
            (made.slug, made.locator) for made in made_by(record) if made.to.role == "citation"
        )
        self.all = [
            Footnote(number, by_slug[slug], locator)
            for number, (slug, locator) in enumerate(cited, start=1)
        ]
        self._numbers = {pair: number for number, pair in enumerate(cited, start=1)}
        self._citations = record.citations

    def of(self, citations: Iterable[Citation]) -> list[int]:
        """The numbers of some citations."""
        return sorted({self._numbers[item.source, item.locator] for item in citations})

    def supporting(self, *fields: str) -> list[int]:
        """The numbers of the citations that name one of some fields, or a part of it."""
        return self.of(
            citation
            for citation in self._citations
            if any(_is_in(named, field) for named in citation.fields for field in fields)
        )


def _is_in(named: str, field: str) -> bool:
    return named == field or named.startswith(f"{field}.")
