"""The numbered sources of a record, and which of its fields each one supports."""

from collections.abc import Iterable
from dataclasses import dataclass

from app.models import Citation, Record, Source
from app.references import made_by

_SHORTEST_RUN = 3
"""How many numbers in a row are told by the first and the last of them."""


def runs(numbers: Iterable[int]) -> list[tuple[int, ...]]:
    """Numbers in order, of a long run its first and its last together, every other one alone."""
    found: list[list[int]] = []
    for number in numbers:
        if found and found[-1][-1] == number - 1:
            found[-1].append(number)
        else:
            found.append([number])
    return [
        told
        for run in found
        for told in (
            [(run[0], run[-1])] if len(run) >= _SHORTEST_RUN else [(number,) for number in run]
        )
    ]


@dataclass(frozen=True)
class Footnote:
    """One numbered source of a record; `locator` is the place inside it."""

    number: int
    source: Source
    locator: str | None


class Footnotes:
    """The sources of one record, numbered in the order in which its numbers are asked for.

    So they run on as a reader meets them; what no number was asked for comes last.
    """

    def __init__(self, record: Record, sources: Iterable[Source]) -> None:
        self._sources = {source.slug: source for source in sources}
        self._cited = dict.fromkeys(
            (made.slug, made.locator) for made in made_by(record) if made.to.role == "citation"
        )
        self._numbers: dict[tuple[str, str | None], int] = {}
        self._citations = record.citations

    @property
    def all(self) -> list[Footnote]:
        """Every source by number; what is not numbered yet is from now on."""
        for pair in self._cited:
            self._number(pair)
        return [
            Footnote(number, self._sources[slug], locator)
            for (slug, locator), number in self._numbers.items()
        ]

    def of(self, citations: Iterable[Citation]) -> list[int]:
        """The numbers of some citations."""
        return sorted({self._number((item.source, item.locator)) for item in citations})

    def _number(self, pair: tuple[str, str | None]) -> int:
        return self._numbers.setdefault(pair, len(self._numbers) + 1)

    def of_text(self, *fields: str) -> list[int]:
        """The same of a record's main text, which what names no field supports, too."""
        whole = (citation for citation in self._citations if not citation.fields)
        return sorted({*self.supporting(*fields), *self.of(whole)})

    def supporting(self, *fields: str) -> list[int]:
        """The numbers of the citations that name one of some fields, or a part of it."""
        return self.of(
            citation
            for citation in self._citations
            if any(_is_in(named, field) for named in citation.fields for field in fields)
        )


def _is_in(named: str, field: str) -> bool:
    return named == field or named.startswith(f"{field}.")
