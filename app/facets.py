"""What a list is narrowed to: read from an address, and written into the next one."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from app.kinds import Facet, Kind
from app.values import LONGEST_QUERY, sought

PAGE_SIZE = 50
"""How many records one page of a list shows."""

MOST_OFFERED = 40
"""How many values of a facet are offered: the most frequent."""

MOST_TALLIED = 1000
"""How many records may have a value for what stands beside it to be counted when asked."""

Parameters = tuple[tuple[str, str], ...]


class BadParameterError(Exception):
    """A query parameter that cannot be used: given twice, or with a value that means nothing.

    `reason` says another thing of it; `valid` is what could stand in its place, where that is
    known without asking the database.
    """

    def __init__(
        self,
        name: str,
        value: str | None = None,
        *,
        reason: str = "",
        valid: Sequence[str] | None = None,
    ) -> None:
        self.name = name
        self.value = value
        self.valid = valid
        usual = (
            f'The parameter "{name}" may be given once only.'
            if value is None
            else f'The parameter "{name}" cannot be "{value}".'
        )
        super().__init__(reason or usual)


@dataclass(frozen=True)
class Selection:
    """What a list is narrowed to, its order, and which of its pages.

    Several values of one facet are "or", several facets "and"; `is_cut` where only the beginning
    of the query is kept.
    """

    chosen: Mapping[str, tuple[str, ...]]
    query: str = ""
    sort: str = ""
    page: int = 1
    is_cut: bool = False

    @property
    def is_narrowed(self) -> bool:
        """Whether anything is left out of the list."""
        return bool(self.chosen or self.query)

    @property
    def is_combined(self) -> bool:
        """Whether it is more than one value of one facet: such a list is for people, not robots."""
        return len(self.pairs) > 1 or bool(self.query)

    @property
    def pairs(self) -> Parameters:
        """Every facet and value that was chosen, in alphabetical order, then of the text."""
        return tuple((name, value) for name, values in self.chosen.items() for value in values)

    @property
    def only(self) -> tuple[str, str] | None:
        """The facet and the value that alone are chosen; two empty words where nothing is."""
        if self.query or len(self.pairs) > 1:
            return None
        return next(iter(self.pairs), ("", ""))

    @property
    def parameters(self) -> Parameters:
        """The query of the list's address; what is usual is left out of it."""
        others = (("q", self.query), ("sort", self.sort), ("page", self.page_parameter))
        return (*self.pairs, *((name, value) for name, value in others if value))

    @property
    def page_parameter(self) -> str:
        """The number of the page, or nothing for the first."""
        return str(self.page) if self.page > 1 else ""

    def with_value(self, facet: str, value: str) -> "Selection":
        """The same with one value more, on its first page."""
        return self._with(facet, {*self.chosen.get(facet, ()), value})

    def without_value(self, facet: str, value: str) -> "Selection":
        """The same with one value less, on its first page."""
        return self._with(facet, {*self.chosen.get(facet, ())} - {value})

    @property
    def without_query(self) -> "Selection":
        """The same without its words, on its first page."""
        return replace(self, query="", page=1, is_cut=False)

    def _with(self, facet: str, values: set[str]) -> "Selection":
        chosen = {**self.chosen, facet: tuple(sorted(values))}
        return replace(
            self, chosen={name: held for name, held in sorted(chosen.items()) if held}, page=1
        )


def read_selection(kind: Kind, given: Iterable[tuple[str, str]]) -> Selection:
    """What the query parameters of a list's address select.

    Unknown parameters, empty values and the case of a facet's values mean nothing. Raises
    BadParameterError where one that has a single value is given twice, or an order or a page is
    none; whether the values of a facet are any is for the database to say.
    """
    values: dict[str, list[str]] = {}
    for name, value in given:
        if value and name in kind.parameters:
            values.setdefault(name, []).append(value)
    facets = {facet.name: facet for facet in kind.facets}
    single = {name: once(name, found) for name, found in values.items() if name not in facets}
    sort = single.get("sort", "")
    if sort and sort not in {known.name for known in kind.sorts}:
        raise BadParameterError("sort", sort)
    page = single.get("page", "1")
    if not (page.isascii() and page.isdigit() and len(page) < 10) or int(page) < 1:
        reason = f'The parameter "page" cannot be "{page}": give a whole number from 1.'
        raise BadParameterError("page", page, reason=reason)
    query = sought(single.get("q", ""))
    return Selection(
        chosen={
            name: tuple(sorted({facets[name].spelled(value) for value in values[name]}))
            for name in sorted(facets.keys() & set(values))
        },
        query=query[:LONGEST_QUERY].strip(),
        sort=sort,
        page=int(page),
        is_cut=len(query) > LONGEST_QUERY,
    )


def refuse_unclear(known: Collection[str], given: Iterable[tuple[str, str]]) -> None:
    """Raise BadParameterError where a parameter is unknown or empty, which a page passes over."""
    for name, value in given:
        if name not in known:
            reason = f'There is no parameter "{name}" here.'
            raise BadParameterError(name, value, reason=reason, valid=list(known))
        if not value.strip():
            raise BadParameterError(name, value, reason=f'The parameter "{name}" is empty.')


def once(name: str, values: Sequence[str]) -> str:
    """The value of a parameter that may be given once; raises BadParameterError otherwise."""
    if len(values) > 1:
        raise BadParameterError(name)
    return values[0] if values else ""


def last_page(count: int, size: int | None) -> int:
    """The number of the last page of so many records; without a size they are all on one."""
    return max(1, -(-count // size)) if size else 1


@dataclass(frozen=True)
class FacetValue:
    """One value of a facet: what it is called, how many it would leave, and the way there.

    `title` is set where the value is a record, `word` where it is one of a vocabulary; it is a
    language tag otherwise. `counts` has one number for each part of the list.
    """

    value: str
    title: Mapping[str, str] | None
    word: str | None
    counts: Mapping[str, int]
    parameters: Parameters


@dataclass(frozen=True)
class FacetChoices:
    """A facet with what can be chosen from it and what has been; links of `chosen` take it back.

    `is_cut` where it has more values than are offered.
    """

    facet: Facet
    chosen: Sequence[FacetValue]
    offered: Sequence[FacetValue]
    is_cut: bool


@dataclass(frozen=True)
class Page:
    """A numbered page of a list."""

    number: int
    parameters: Parameters
