"""What each page shows, asked from the database and put together for its template."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlmodel import Session

from app import queries
from app.facets import (
    PAGE_SIZE,
    BadParameterError,
    FacetChoices,
    FacetValue,
    Page,
    Parameters,
    Selection,
)
from app.footnotes import Footnotes
from app.kinds import KINDS, SEED_ORDER, Facet, Kind, kind_of, opening
from app.language import choose
from app.models import (
    AgreementKind,
    Event,
    EventPart,
    Meeting,
    Record,
    RecordRow,
    Source,
)
from app.queries import SectorCount
from app.search import (
    LONGEST_EXCERPT,
    LONGEST_QUERY,
    Excerpt,
    Highlighter,
    Piece,
    telling,
    words_of,
)

_IN_FACTS = {
    "agreements": {
        "sector",
        "party",
        "signatory",
        "signatory-for",
        "undertaken-by",
        "within",
        "text",
    },
    "quotes": {"speaker", "event", "sector"},
    "organizations": {"part-of"},
    "commissions": {"co-chair", "created-by", "sector"},
}
"""The roles that a record's own facts show, so that its ties need not repeat them."""

_NO_TIES = {
    "citation",
    "founding-source",
    "further-documents",
    "government",
    "head",
    "leading-quote",
    "signatory-for",
    "text",
}
"""The roles that are told elsewhere on the page, or on the home page."""

_TELLING = {"signatory", "within", "speaker", "compare", "co-chair", "created-by", "part-of"}
"""The roles that tell more of a tie than what kind the other end is."""

_HEADED_PARTS = {"documents", "undertakings", "visit", "series"}
"""The parts of a kind that are never shown under one heading."""

Names = Mapping[tuple[str, str], RecordRow]


@dataclass(frozen=True)
class Group:
    """Records tied to one in the same way; `heading` is the word that says in which."""

    heading: str
    noun: str
    records: Sequence[Any]


@dataclass(frozen=True)
class Use:
    """The records that rest on one place of a source; no place means the source as a whole."""

    locator: str | None
    records: Sequence[RecordRow]


@dataclass(frozen=True)
class RecordPage:
    """A record with everything its page shows."""

    kind: Kind
    record: Any
    names: Names
    footnotes: Footnotes
    sources: Mapping[str, Source]
    groups: Sequence[Group]
    uses: Sequence[Use]
    before: RecordRow | None
    after: RecordRow | None
    onward: RecordRow | None


@dataclass(frozen=True)
class Part:
    """A headed part of a list: those of its records that this page shows, and how many it has."""

    name: str
    count: int
    records: Sequence[Any]


@dataclass(frozen=True)
class Order:
    """One order that a list can be in, and the way there."""

    name: str
    is_current: bool
    parameters: Parameters


@dataclass(frozen=True)
class ListPage:
    """A page of a kind's list, in headed parts that are counted apart, and the ways to others.

    `canonical` are the parameters of the address that stands for it.
    """

    kind: Kind
    selection: Selection
    canonical: Parameters
    parts: Sequence[Part]
    facets: Sequence[FacetChoices]
    orders: Sequence[Order]
    pages: Sequence[Page]
    names: Names
    sector_counts: Sequence[SectorCount]


@dataclass(frozen=True)
class TimelinePage:
    """The visit by day, and the series of meetings."""

    days: Mapping[str, Sequence[Event]]
    series: Sequence[Event]
    names: Names
    footnotes: Mapping[str, Footnotes]


@dataclass(frozen=True)
class HomePage:
    """The meeting at a glance."""

    meeting: Meeting
    names: Names
    footnotes: Footnotes
    counts: Mapping[str, int]
    documents: Sequence[Any]
    named_documents: int
    headlines: int
    undertakings: int
    sector_counts: Sequence[SectorCount]
    days: Mapping[str, Sequence[Event]]
    quote: Any
    organizations: Sequence[Any]


@dataclass(frozen=True)
class AboutPage:
    """How the site was made: the founding source, what was not found, where sources disagree."""

    meeting: Meeting
    founding_source: Any
    sources: int
    disputed: Sequence[RecordRow]


@dataclass(frozen=True)
class Hit:
    """A record that a search found: its title and the part of its text that has the words."""

    record: Any
    title: Sequence[Piece]
    title_language: str
    excerpt: Excerpt | None


@dataclass(frozen=True)
class HitGroup:
    """The best hits of one kind; `more` are the parameters of the list that has all of them."""

    heading: str
    noun: str
    count: int
    hits: Sequence[Hit]
    more: Parameters


@dataclass(frozen=True)
class SearchPage:
    """The answer to a query under headings; nothing was asked where the query is empty.

    `is_cut` where only the beginning of the query was searched, `is_bounded` where there is more
    than was counted; `otherwise` is a spelling that finds something, `words` are those of a query
    that finds nothing as a whole, each of which finds something by itself.
    """

    query: str
    is_cut: bool
    total: int
    is_bounded: bool
    groups: Sequence[HitGroup]
    otherwise: str | None
    words: Sequence[str]


@dataclass(frozen=True)
class Fault:
    """A query parameter that cannot be used, and, of a list's, what could stand in its place."""

    name: str
    value: str | None
    kind: Kind | None
    choices: FacetChoices | None
    orders: Sequence[Order]


@dataclass(frozen=True)
class ErrorPage:
    """Something that went wrong: the status of the answer, and the parameter that is at fault."""

    status: int
    fault: Fault | None


def fault(session: Session, kind: Kind | None, error: BadParameterError) -> Fault:
    """What is wrong with a parameter of a kind's list, or of another page."""
    is_facet = kind is not None and any(facet.name == error.name for facet in kind.facets)
    sorts = (SEED_ORDER, *kind.sorts) if kind and error.name == "sort" else ()
    return Fault(
        name=error.name,
        value=error.value,
        kind=kind,
        choices=facet_values(session, kind, error.name) if kind and is_facet else None,
        orders=[
            Order(
                sort.name, is_current=False, parameters=(("sort", sort.name),) if sort.name else ()
            )
            for sort in sorts
        ],
    )


def record_page(session: Session, kind: Kind, slug: str) -> RecordPage | None:
    """Everything the page of a record shows, or None where there is no such record."""
    record = queries.record(session, kind.noun, slug)
    if record is None:
        return None
    ties = queries.ties(session, record)
    is_source = kind.noun == "sources"
    groups = [] if is_source else _groups(session, kind, ties)
    grouped = [item for group in groups for item in group.records]
    sources = _sources(session, [record])
    before, after = queries.neighbours(session, record)
    onward = queries.next_in_thread(session, kind, record)
    return RecordPage(
        kind=kind,
        record=record,
        names=_names(session, [record, *grouped]),
        footnotes=Footnotes(record, sources.values()),
        sources=sources,
        groups=groups,
        uses=_uses(ties) if is_source else (),
        before=before,
        after=after,
        onward=onward if onward not in (before, after) else None,
    )


def list_page(session: Session, kind: Kind, selection: Selection, language: str) -> ListPage:
    """A page of what a selection leaves of a kind's list.

    Raises BadParameterError where a value of a facet is none, or the list has no such page.
    """
    for facet in kind.facets:
        for value in selection.chosen.get(facet.name, ()):
            if not queries.has_facet_value(session, kind, facet, value):
                raise BadParameterError(facet.name, value)
    found = queries.listing(session, kind, selection, language)
    last = max(1, -(-sum(found.counts.values()) // PAGE_SIZE))
    if selection.page > last:
        raise BadParameterError("page", str(selection.page))
    first_page = replace(selection, page=1)
    return ListPage(
        kind=kind,
        selection=selection,
        canonical=() if selection.is_combined else replace(selection, sort="").parameters,
        parts=[
            Part(part, count, [record for record in found.records if kind.part(record) == part])
            for part, count in found.counts.items()
        ],
        facets=[_choices(session, kind, first_page, facet) for facet in kind.facets],
        orders=[
            Order(
                sort.name,
                sort.name == selection.sort,
                replace(first_page, sort=sort.name).parameters,
            )
            for sort in (SEED_ORDER, *kind.sorts)
        ],
        pages=_numbered(selection, last),
        names=_names(session, found.records),
        sector_counts=queries.sector_counts(session) if kind.noun == "sectors" else (),
    )


def _choices(session: Session, kind: Kind, selection: Selection, facet: Facet) -> FacetChoices:
    """What can be chosen of a facet, in the order of its records or words, and what has been."""
    added = queries.facet_counts(session, kind, selection, facet.name)
    taken = selection.chosen.get(facet.name, ())
    # Values of one facet are "or": one more leaves what is there already, and what it adds.
    there = queries.part_counts(session, kind, selection) if taken else {}
    rows = queries.rows_by_slug(session, facet.noun, [*added, *taken]) if facet.noun else {}

    def value(name: str, counts: Mapping[str, int], parameters: Parameters) -> FacetValue:
        title = rows[name].title if facet.noun else None
        return FacetValue(
            name, title, facet.stem + name if facet.vocabulary else None, counts, parameters
        )

    offered = [
        value(
            name,
            {
                part: counts.get(part, 0) + there.get(part, 0)
                for part in kind.parts
                if part in counts or part in there
            },
            selection.with_value(facet.name, name).parameters,
        )
        for name, counts in added.items()
    ]
    chosen = [
        value(name, {}, selection.without_value(facet.name, name).parameters) for name in taken
    ]
    words = [str(word) for word in facet.vocabulary or ()]

    def place(item: FacetValue) -> tuple[int, str]:
        if facet.noun:
            return rows[item.value].id, ""
        return (words.index(item.value), "") if words else (0, item.value)

    return FacetChoices(facet, sorted(chosen, key=place), sorted(offered, key=place))


def facet_values(session: Session, kind: Kind, name: str) -> FacetChoices:
    """Everything that a facet of a kind's list can be narrowed to."""
    facet = next(facet for facet in kind.facets if facet.name == name)
    return _choices(session, kind, Selection(chosen={}), facet)


_NEARBY = 2


def _numbered(selection: Selection, last: int) -> list[Page]:
    """The first pages of a list, those nearby and the last; none where there is only one."""
    nearby = range(selection.page - _NEARBY, selection.page + _NEARBY + 1)
    numbers = sorted({1, last, *nearby} & set(range(1, last + 1))) if last > 1 else []
    return [Page(number, replace(selection, page=number).parameters) for number in numbers]


def timeline_page(session: Session) -> TimelinePage:
    """The visit and the series."""
    visit = queries.events(session, EventPart.VISIT)
    series = queries.events(session, EventPart.SERIES)
    both = [*visit, *series]
    return TimelinePage(
        days=_by_day(visit),
        series=series,
        names=_names(session, both),
        footnotes=_footnotes(session, both),
    )


def home_page(session: Session) -> HomePage:
    """The meeting at a glance."""
    meeting = queries.meeting(session)
    quote = queries.record(session, "quotes", meeting.leading_quote)
    agreements = queries.records(session, "agreements")
    documents = [item for item in agreements if not item.is_undertaking]
    headlines = sum(item.kind == AgreementKind.REPORT for item in documents)
    visit = queries.events(session, EventPart.VISIT)
    organizations = queries.records(session, "organizations")
    named = [meeting, quote, *agreements, *visit, *organizations]
    return HomePage(
        meeting=meeting,
        names=_names(session, named),
        footnotes=_footnotes(session, [meeting])[meeting.slug],
        counts=queries.counts(session),
        documents=documents,
        named_documents=len(documents) - headlines,
        headlines=headlines,
        undertakings=sum(item.is_undertaking for item in agreements),
        sector_counts=queries.sector_counts(session),
        days=_by_day(visit),
        quote=quote,
        organizations=[item for item in organizations if item.kind.is_international],
    )


def about_page(session: Session) -> AboutPage:
    """How the site was made."""
    meeting = queries.meeting(session)
    return AboutPage(
        meeting=meeting,
        founding_source=queries.record(session, "sources", meeting.founding_source),
        sources=queries.counts(session)["sources"],
        disputed=queries.with_disagreements(session),
    )


def search_page(session: Session, query: str, language: str) -> SearchPage:
    """What a query finds, every kind apart, best first.

    Characters that cannot be shown are read as spaces, as a page could not repeat them.
    """
    asked = _shown(query)
    query = asked[:LONGEST_QUERY].strip()
    matches = queries.search(session, query)
    full = queries.whole(session, (row for group in matches for row in group.rows))
    marks = Highlighter(query)
    total = sum(group.count for group in matches)
    words = [*dict.fromkeys(words_of(query))] if query and not matches else []
    return SearchPage(
        query=query,
        is_cut=len(asked) > LONGEST_QUERY,
        total=min(total, queries.MOST_MATCHES),
        is_bounded=total > queries.MOST_MATCHES,
        groups=[
            HitGroup(
                heading=_heading_of_kind(group.kind, group.part),
                noun=group.kind,
                count=group.count,
                hits=[_hit(full[row.id], marks, language) for row in group.rows],
                more=(("q", query),)
                if group.count > len(group.rows) and KINDS[group.kind].has_pages
                else (),
            )
            for group in matches
        ],
        otherwise=queries.spelled_otherwise(session, query) if words else None,
        words=[word for word in words if queries.search(session, word)] if len(words) > 1 else [],
    )


def _shown(query: str) -> str:
    shown = (character if character.isprintable() else " " for character in query)
    return " ".join("".join(shown).split())


def _hit(record: Any, marks: Highlighter, language: str) -> Hit:
    kind = kind_of(record)
    title = choose(kind.titled(record), language)
    gist = kind.gist(record)
    excerpt = marks.excerpt(telling(record), language)
    if excerpt is None and gist is not None:
        chosen = choose(gist.root, language)
        excerpt = Excerpt(chosen.lang or language, [Piece(opening(chosen.text, LONGEST_EXCERPT))])
    return Hit(record, marks.pieces(title.text), title.lang or "", excerpt)


def meeting_names(session: Session) -> Names:
    """The records that the meeting itself leads to, by kind and slug."""
    return _names(session, [queries.meeting(session)])


def _groups(session: Session, kind: Kind, ties: Iterable[queries.Tie]) -> list[Group]:
    """What a record is tied to, both ways, under headings; what its facts show is left out."""
    in_facts = _IN_FACTS.get(kind.noun, set())
    shown = [
        tie
        for tie in ties
        if tie.role not in _NO_TIES and not (tie.is_outgoing and tie.role in in_facts)
    ]
    full = queries.whole(session, (tie.other for tie in shown))
    gathered: dict[tuple[str, str], dict[int, Any]] = {}
    for tie in shown:
        other = full[tie.other.id]
        heading = _heading(tie)
        gathered.setdefault((heading, tie.other.kind), {})[other.id] = other
    groups = [
        Group(heading, noun, list(items.values())) for (heading, noun), items in gathered.items()
    ]
    order = list(KINDS)
    return sorted(groups, key=lambda group: order.index(group.noun))


def _heading(tie: queries.Tie) -> str:
    """The word that heads a tie: its role where that tells more than what the other is."""
    if tie.role in _TELLING:
        return f"tie.{tie.role}"
    if tie.role == "person" and tie.other.kind == "quotes":
        return "tie.named"
    return _heading_of_kind(tie.other.kind, tie.other.part)


def _heading_of_kind(noun: str, part: str) -> str:
    """The word that heads records of a kind, or of its part where parts are never added up."""
    return f"part.{part}" if part in _HEADED_PARTS else f"kind.{noun}"


def _names(session: Session, records: Iterable[Record]) -> Names:
    """The records that some records lead to, by kind and slug."""
    rows = queries.named_by(session, {record.id for record in records})
    return {(row.kind, row.slug): row for row in rows}


def _sources(session: Session, records: Iterable[Record]) -> dict[str, Source]:
    """The sources that some records lead to, by slug."""
    rows = queries.named_by(session, {record.id for record in records})
    found = queries.whole(session, (row for row in rows if row.kind == "sources"))
    return {source.slug: source for source in found.values()}


def _footnotes(session: Session, records: Sequence[Record]) -> dict[str, Footnotes]:
    sources = _sources(session, records)
    return {record.slug: Footnotes(record, sources.values()) for record in records}


def _by_day(events: Iterable[Event]) -> dict[str, list[Event]]:
    days: dict[str, list[Event]] = {}
    for event in events:
        days.setdefault(event.held_on, []).append(event)
    return days


def _uses(ties: Iterable[queries.Tie]) -> list[Use]:
    places: dict[str | None, dict[int, RecordRow]] = {}
    for tie in ties:
        if not tie.is_outgoing:
            places.setdefault(tie.locator, {})[tie.other.id] = tie.other
    ordered = sorted(places.items(), key=lambda place: _natural(place[0]))
    return [Use(locator, list(rows.values())) for locator, rows in ordered]


def _natural(locator: str | None) -> tuple[bool, list[tuple[int, str]]]:
    """Numbers in a locator in order of size; no locator last."""
    pieces = re.findall(r"\d+|\D+", locator or "")
    return locator is None, [
        (int(piece), "") if piece.isdigit() else (-1, piece) for piece in pieces
    ]
