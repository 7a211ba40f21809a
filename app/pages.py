"""What each page shows, asked from the database and put together for its template."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from app import queries
from app.footnotes import Footnotes
from app.kinds import KINDS, Kind
from app.models import (
    Agreement,
    AgreementKind,
    Event,
    EventPart,
    Meeting,
    Organization,
    Record,
    RecordRow,
    Source,
)
from app.queries import SectorCount

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


@dataclass(frozen=True)
class ListPage:
    """Every record of a kind, in headed parts that are counted apart."""

    kind: Kind
    parts: Mapping[str, Sequence[Any]]
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
class SearchPage:
    """The answer to a query under headings; nothing was asked where the query is empty."""

    query: str
    total: int
    groups: Mapping[str, Sequence[Any]]
    names: Names


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
    )


def list_page(session: Session, kind: Kind) -> ListPage:
    """Every record of a kind."""
    records = queries.records(session, kind.noun)
    parts: dict[str, list[Any]] = {}
    for record in records:
        parts.setdefault(_part(record), []).append(record)
    return ListPage(
        kind=kind,
        parts=parts,
        names=_names(session, records),
        sector_counts=queries.sector_counts(session) if kind.noun == "sectors" else (),
    )


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


def search_page(session: Session, query: str) -> SearchPage:
    """What a query finds, every kind apart, best first.

    Characters that cannot be shown are read as spaces, as a page could not repeat them.
    """
    shown = (character if character.isprintable() else " " for character in query)
    query = " ".join("".join(shown).split())
    rows = queries.search(session, query)
    full = queries.whole(session, rows)
    groups: dict[tuple[int, str], list[Any]] = {}
    order = list(KINDS)
    for row in rows:
        record = full[row.id]
        groups.setdefault((order.index(row.kind), _kind_heading(record, row.kind)), []).append(
            record
        )
    return SearchPage(
        query=query,
        total=len(rows),
        groups={
            heading: found
            for (_, heading), found in sorted(groups.items(), key=lambda group: group[0])
        },
        names=_names(session, full.values()),
    )


def meeting_names(session: Session) -> Names:
    """The records that the meeting itself leads to, by kind and slug."""
    return _names(session, [queries.meeting(session)])


def _part(record: Any) -> str:
    """The headed part of a list that a record belongs to."""
    if isinstance(record, Agreement):
        return "undertakings" if record.is_undertaking else "documents"
    if isinstance(record, Organization):
        return "international" if record.kind.is_international else "parties"
    if isinstance(record, Event):
        return record.part
    return "all"


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
        heading = _heading(tie, other)
        gathered.setdefault((heading, tie.other.kind), {})[other.id] = other
    groups = [
        Group(heading, noun, list(items.values())) for (heading, noun), items in gathered.items()
    ]
    order = list(KINDS)
    return sorted(groups, key=lambda group: order.index(group.noun))


def _heading(tie: queries.Tie, other: Any) -> str:
    """The word that heads a tie: its role where that tells more than what the other is."""
    if tie.role in _TELLING:
        return f"tie.{tie.role}"
    if tie.role == "person" and tie.other.kind == "quotes":
        return "tie.named"
    return _kind_heading(other, tie.other.kind)


def _kind_heading(record: Any, noun: str) -> str:
    """The word that heads records of a kind, or of its part where parts are never added up."""
    part = _part(record)
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
