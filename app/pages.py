"""What each page shows, asked from the database and put together for its template."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlmodel import Session

from app import queries, urls
from app.facets import (
    MOST_OFFERED,
    PAGE_SIZE,
    BadParameterError,
    FacetChoices,
    FacetValue,
    Page,
    Parameters,
    Selection,
    last_page,
)
from app.footnotes import Footnotes
from app.formats.dataset import DataFile
from app.formats.tables import Column, columns_of
from app.kinds import KINDS, SEED_ORDER, WHOLE, Facet, Kind, kind_of, opening
from app.language import LANGUAGES, PUBLISHED, choose
from app.models import (
    AgreementKind,
    Background,
    Event,
    EventPart,
    Meeting,
    Record,
    RecordRow,
    Source,
    TieCount,
    Withdrawal,
)
from app.queries import KindCount, SectorCount
from app.search import (
    LONGEST_EXCERPT,
    Excerpt,
    Highlighter,
    Piece,
    fold,
    nearest,
    telling,
    words_of,
)
from app.values import LONGEST_QUERY, PRIMARY, legible, sought

MOST_CONNECTED = 250
"""How many records the connections are drawn of."""

_COLUMN = {"people": 0, "agreements": 1, "quotes": 1, "commissions": 1} | {
    "sectors": 2,
    "organizations": 2,
}
"""The column of the figure that each stands in; a tie is read from left to right."""

CONNECTED = tuple(_COLUMN)
"""The kinds whose records the connections are between, from left to right."""

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

_SAMPLE = 3
"""How many undertakings the home page shows, evenly from among all."""

_FIRST_PASSAGES = 2
"""How many passages of the background stand open, where they are read first."""

_SAMPLED = (("sectors", WHOLE), ("people", WHOLE), ("organizations", "international"))
"""The kinds and parts that an empty search offers names of."""

_SAMPLES_OF_EACH = 2

Names = Mapping[tuple[str, str], RecordRow]


@dataclass(frozen=True)
class Group:
    """Records tied to one in the same way; `heading` is the word that says in which.

    `count` is how many there are in all; `more` are the parameters of the list that has them,
    where they are not all told here and there is such a list.
    """

    heading: str
    noun: str
    records: Sequence[Any]
    count: int
    more: Parameters


@dataclass(frozen=True)
class Use:
    """The records that rest on one place of a source; no place means the source as a whole."""

    locator: str | None
    records: Sequence[RecordRow]


@dataclass(frozen=True)
class RecordPage:
    """A record with everything its page shows.

    `other_uses` is how many uses of a source are not told.
    """

    kind: Kind
    record: Any
    names: Names
    footnotes: Footnotes
    sources: Mapping[str, Source]
    groups: Sequence[Group]
    uses: Sequence[Use]
    other_uses: int
    connections: "Connected | None"
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
    word: str
    is_current: bool
    parameters: Parameters


@dataclass(frozen=True)
class Told:
    """What a list that is narrowed in the browser tells of a record.

    `part` is the one that it stands in, `facets` what it has of each, `places` where it stands in
    each order but the usual one.
    """

    part: str
    facets: Mapping[str, Sequence[str]]
    places: Mapping[str, int]


@dataclass(frozen=True)
class ListPage:
    """A page of a kind's list, in headed parts that are counted apart, and the ways to others.

    `canonical` are the parameters of the address that stands for it; `told` is by the record's
    id, for a list that is sent whole; `is_bounded` where more have the words than are listed.
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
    kind_counts: Sequence[KindCount]
    is_bounded: bool
    told: Mapping[int, Told] = field(default_factory=dict)


@dataclass(frozen=True)
class TimelinePage:
    """The visit by day, and the series of meetings."""

    days: Mapping[str, Sequence[Event]]
    series: Sequence[Event]
    names: Names
    footnotes: Mapping[str, Footnotes]

    @property
    def by_slug(self) -> Mapping[str, Event]:
        """Every event of both."""
        visit = (event for events in self.days.values() for event in events)
        return {event.slug: event for event in (*visit, *self.series)}


@dataclass(frozen=True)
class HomePage:
    """The meeting at a glance: what there is of each kind as far as there is room.

    Of its background the first passages are apart, of its undertakings there are some;
    `other_organizations` is how many more international ones there are.
    """

    meeting: Meeting
    names: Names
    footnotes: Footnotes
    counts: Mapping[str, int]
    documents: Sequence[Any]
    named_documents: int
    documents_done: int
    headlines: int
    undertakings: int
    sampled_undertakings: Sequence[Any]
    first_passages: Sequence[Background]
    further_passages: Sequence[Background]
    sector_counts: Sequence[SectorCount]
    kind_counts: Sequence[KindCount]
    days: Mapping[str, Sequence[Event]]
    quote: Any
    organizations: Sequence[Any]
    other_organizations: int


@dataclass(frozen=True)
class AboutPage:
    """How the site was made: the founding source, what was not found, where sources disagree."""

    meeting: Meeting
    founding_source: Any
    sources: int
    disputed: Sequence[RecordRow]


@dataclass(frozen=True)
class DataPage:
    """The whole of the data as files, and the columns of each kind's table."""

    meeting: Meeting
    files: Sequence[DataFile]
    columns: Mapping[str, Sequence[Column]]


@dataclass(frozen=True)
class Parameter:
    """What can be asked of a call: the values it takes, or else the bounds of one."""

    name: str
    description: str
    is_required: bool
    values: Sequence[str]
    bounds: Mapping[str, object]


@dataclass(frozen=True)
class Call:
    """One address of the API; `example` is a real one like it."""

    path: str
    summary: str
    example: str
    parameters: Sequence[Parameter]


@dataclass(frozen=True)
class ApiPage:
    """The API for people: what its OpenAPI document says, all of it in the primary language."""

    about: str
    rules: Sequence[str]
    calls: Sequence[Call]
    statuses: Mapping[str, str]


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
    that finds nothing as a whole, each of which finds something by itself; `samples` are records
    whose names could be asked for, where nothing was.
    """

    query: str
    is_cut: bool
    total: int
    is_bounded: bool
    groups: Sequence[HitGroup]
    otherwise: str | None
    words: Sequence[str]
    samples: Sequence[RecordRow] = ()


@dataclass(frozen=True)
class Fault:
    """A part of an address that cannot be used, and what could stand in its place.

    A parameter without a value was given more than once. `addresses` are whole ones, by path;
    `nearest` is the valid value that was most likely meant; `last` is the last page of a list that
    has none of that number.
    """

    name: str
    value: str | None
    valid: Sequence[FacetValue]
    addresses: Sequence[str] = ()
    nearest: FacetValue | None = None
    last: int = 0


@dataclass(frozen=True)
class ErrorPage:
    """Something that went wrong: the status of the answer, and, where it is known, why.

    `mark` is what the log calls it, where it is a fault of the program.
    """

    status: int
    fault: Fault | None = None
    withdrawal: Withdrawal | None = None
    mark: str | None = None


def fault(session: Session, kind: Kind | None, error: BadParameterError) -> Fault:
    """What is wrong with a parameter of a kind's list, or of another page, and what is valid."""
    valid: Sequence[FacetValue] = ()
    meant: Sequence[FacetValue] = ()
    facets = {facet.name: facet for facet in kind.facets} if kind else {}
    if kind and error.name in facets:
        valid = _choices(session, kind, Selection(chosen={}), facets[error.name]).offered
    elif kind and error.name == "sort":
        valid = [
            FacetValue(sort.name, None, sort.word, {}, Selection({}, sort=sort.name).parameters)
            for sort in (SEED_ORDER, *kind.sorts)
        ]
    elif error.name == "focus":
        # Every record may be one: too many to list, though not to find the nearest among.
        meant = [
            FacetValue(name, row.title, None, {}, (("focus", name),))
            for row in connected(session)
            for name in (f"{row.kind}/{row.slug}",)
        ]
    given = legible(error.value) if error.value else None
    return Fault(
        error.name,
        given,
        valid,
        nearest=_nearest(given, meant or valid) if given else None,
        last=len(error.valid or ()) if error.name == "page" else 0,
    )


def _nearest(given: str, valid: Iterable[FacetValue]) -> FacetValue | None:
    """The value that is spelled, or called in any language, most like what was given."""
    called = {
        fold(word): value
        for value in valid
        for word in (value.value, *(value.title or {}).values())
        if word
    }
    return called.get(nearest(fold(given[:LONGEST_QUERY]), list(called)) or "")


@dataclass(frozen=True)
class Connected:
    """A record that is tied to others: what it is drawn as, its side, how many ties it has."""

    row: RecordRow
    mark: str
    side: str | None
    degree: int


@dataclass(frozen=True)
class Tied:
    """The other end of a tie, and how one leads to it: a role, or a role from its other end."""

    how: Sequence[str]
    other: Connected


@dataclass(frozen=True)
class ConnectionsPage:
    """What hangs together: the whole, or one record with what it is tied to.

    `groups` has every record shown, under the word for its kind; `left`, `middle` and `right`
    the same by column, the middle in groups by their first sector; `rows` each tie once, read
    from left to right. `is_cut` where there are so many that only the most tied are shown.
    """

    focus: Connected | None
    groups: Mapping[str, Sequence[Connected]]
    left: Sequence[Connected]
    middle: Sequence[Sequence[Connected]]
    right: Sequence[Connected]
    rows: Sequence[tuple[Connected, Sequence[Tied]]]
    number: int
    is_cut: bool

    @property
    def by_id(self) -> Mapping[int, Connected]:
        """Every record shown."""
        return {item.row.id: item for items in self.groups.values() for item in items}

    @property
    def at(self) -> RecordRow | None:
        """The record in focus, if any."""
        return self.focus.row if self.focus else None


def record_page(session: Session, record: Any) -> RecordPage:
    """Everything the page of a record shows."""
    kind = kind_of(record)
    ties = queries.ties(session, record)
    is_source = kind.noun == "sources"
    counts = queries.tie_counts(session, record)
    groups = [] if is_source else _groups(session, kind, record, ties, counts)
    # Nothing else that is listed here tells of a third.
    quotes = [item for group in groups if group.noun == "quotes" for item in group.records]
    led_to = [tie.other for tie in ties if tie.is_outgoing and tie.other.kind == "sources"]
    sources = {source.slug: source for source in queries.whole(session, led_to).values()}
    before, row, after = queries.nearby(session, kind, record)
    onward = queries.next_in_thread(session, kind, record)
    return RecordPage(
        kind=kind,
        record=record,
        names=_led_to(ties) | (names_of(session, quotes) if quotes else {}),
        footnotes=Footnotes(record, sources.values()),
        sources=sources,
        groups=groups,
        uses=_uses(ties) if is_source else (),
        other_uses=sum(max(0, count.number - queries.MOST_TIED) for count in counts),
        connections=_connected(kind, record, row, ties),
        before=before,
        after=after,
        onward=onward if onward and abs(onward.id - row.id) > 1 else None,
    )


def embedded(session: Session, record: Record) -> list[str]:
    """What the page that others frame tells beside the record: its parties' sides, in order."""
    ties = queries.ties(session, record)
    parties = [tie.other.id for tie in ties if tie.is_outgoing and tie.role == "party"]
    stood_on = queries.sides_of(session, parties) if parties else ()
    return [side.slug for side in queries.meeting(session).sides if side.slug in stood_on]


def list_page(
    session: Session,
    kind: Kind,
    selection: Selection,
    language: str,
    size: int | None = PAGE_SIZE,
) -> ListPage:
    """A page of what a selection leaves of a kind's list; the whole of it without a size.

    Raises BadParameterError where a value of a facet is none, or the list has no such page.
    """
    found, last = listing(session, kind, selection, language, size)
    records = [*found.records]
    first_page = replace(selection, page=1)
    # The table counts for every sector, whatever the list is narrowed to.
    is_tabled = kind.noun == "sectors" and not selection.is_narrowed
    return ListPage(
        kind=kind,
        selection=selection,
        canonical=() if selection.is_combined else replace(selection, sort="").parameters,
        parts=[
            Part(part, count, [record for record in records if kind.part(record) == part])
            for part, count in found.counts.items()
        ],
        facets=[_choices(session, kind, first_page, facet) for facet in kind.facets],
        orders=[
            Order(
                sort.name,
                sort.word,
                sort.name == selection.sort,
                replace(first_page, sort=sort.name).parameters,
            )
            for sort in (SEED_ORDER, *kind.sorts)
        ],
        pages=_numbered(selection, last),
        names=names_of(session, records),
        sector_counts=queries.sector_counts(session) if is_tabled else (),
        kind_counts=queries.kind_counts(session) if is_tabled else (),
        is_bounded=found.is_bounded,
        told=_told(session, kind, records, language) if size is None else {},
    )


def _told(session: Session, kind: Kind, records: Iterable[Any], language: str) -> dict[int, Told]:
    held = queries.facets_held(session, kind)
    places = queries.places(session, kind, language)
    return {
        record.id: Told(kind.part(record), held.get(record.id, {}), places[record.id])
        for record in records
    }


def listing(
    session: Session,
    kind: Kind,
    selection: Selection,
    language: str,
    size: int | None = PAGE_SIZE,
) -> tuple[queries.Listing, int]:
    """A page of what a selection leaves of a kind's list, and how many pages that is.

    Raises BadParameterError where a value of a facet is none, or the list has no such page.
    """
    for facet in kind.facets:
        for value in selection.chosen.get(facet.name, ()):
            if not queries.has_facet_value(session, kind, facet, value):
                raise BadParameterError(facet.name, value)
    found = queries.listing(session, kind, selection, language, size)
    last = last_page(sum(found.counts.values()), size)
    if selection.page > last:
        valid = [str(number) for number in range(1, last + 1)]
        raise BadParameterError("page", str(selection.page), valid=valid)
    return found, last


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

    def place(item: FacetValue) -> int:
        if facet.noun:
            return rows[item.value].id
        # What has no order of its own stands as it is counted, the most frequent first.
        return words.index(item.value) if words else 0

    is_cut = len(offered) > MOST_OFFERED
    offered = offered[:MOST_OFFERED]
    return FacetChoices(facet, sorted(chosen, key=place), sorted(offered, key=place), is_cut)


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
        names=names_of(session, both),
        footnotes=_footnotes(session, both),
    )


def home_page(session: Session) -> HomePage:
    """The meeting at a glance."""
    meeting = queries.meeting(session)
    quote = queries.record(session, "quotes", meeting.leading_quote)
    agreements = KINDS["agreements"]
    parts = queries.part_counts(session, agreements, Selection({}))
    # Each part of a list stands behind the one before it.
    first, number = parts.get("documents", 0), parts.get("undertakings", 0)
    documents = queries.at_places(session, agreements, range(min(first, PAGE_SIZE)))
    undertakings = queries.at_places(
        session, agreements, {first + number * at // _SAMPLE for at in range(min(number, _SAMPLE))}
    )
    kinds = queries.kind_counts(session)
    headlines = sum(count.number for count in kinds if count.kind == AgreementKind.REPORT)
    visit = queries.events(session, EventPart.VISIT)
    organizations = queries.listing(session, KINDS["organizations"], Selection({}), PRIMARY)
    international = [item for item in organizations.records if item.kind.is_international]
    named = [meeting, quote, *documents, *undertakings, *visit, *international]
    return HomePage(
        meeting=meeting,
        names=names_of(session, named),
        footnotes=_footnotes(session, [meeting])[meeting.slug],
        counts=queries.counts(session),
        documents=documents,
        named_documents=first - headlines,
        documents_done=queries.documents_done(session),
        headlines=headlines,
        undertakings=number,
        sampled_undertakings=undertakings,
        first_passages=meeting.passages[:_FIRST_PASSAGES],
        further_passages=meeting.passages[_FIRST_PASSAGES:],
        sector_counts=queries.sector_counts(session),
        kind_counts=kinds,
        days=_by_day(visit),
        quote=quote,
        organizations=international,
        other_organizations=organizations.counts.get("international", 0) - len(international),
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


def data_page(meeting: Meeting, files: Sequence[DataFile]) -> DataPage:
    """What can be downloaded, and what is in it."""
    return DataPage(
        meeting=meeting,
        files=files,
        columns={kind.noun: columns_of(kind) for kind in KINDS.values()},
    )


_BOUNDS = ("minimum", "maximum", "minLength", "maxLength", "pattern")


def api_page(document: Mapping[str, Any]) -> ApiPage:
    """What an OpenAPI document says of the calls that read."""
    about, *rules = document["info"]["description"].split("\n* ")
    reading = {path: methods["get"] for path, methods in document["paths"].items()}
    answers = document["components"]["responses"]
    named = {
        status: answer["$ref"].rpartition("/")[2]
        for call in reading.values()
        for status, answer in call["responses"].items()
        if "$ref" in answer
    }
    return ApiPage(
        about=about.strip(),
        rules=rules,
        calls=[
            Call(
                path=path,
                summary=call["summary"],
                example=_example(call),
                parameters=[_parameter(given) for given in call.get("parameters", ())],
            )
            for path, call in reading.items()
        ],
        statuses={status: answers[name]["description"] for status, name in sorted(named.items())},
    )


def _example(call: Mapping[str, Any]) -> str:
    """The address of a real answer to a call."""
    (content,) = call["responses"]["200"]["content"].values()
    (example,) = content["examples"].values()
    return str(example["externalValue"])


def _parameter(given: Mapping[str, Any]) -> Parameter:
    schema = given["schema"]
    return Parameter(
        name=given["name"],
        description=given["description"],
        is_required=given.get("required", False),
        values=schema.get("items", schema).get("enum", ()),
        bounds={word: schema[word] for word in _BOUNDS if word in schema},
    )


def search_page(session: Session, query: str, language: str) -> SearchPage:
    """What a query finds, every kind apart, best first."""
    asked = sought(query)
    query = asked[:LONGEST_QUERY].strip()
    matches = queries.search(session, query, language)
    full = queries.whole(session, (row for group in matches for row in group.rows))
    marks = Highlighter(query)
    sampled = [] if query else queries.most_led_to(session, _SAMPLED, _SAMPLES_OF_EACH)
    total = sum(group.count for group in matches)
    words = [*dict.fromkeys(words_of(query))] if query and not matches else []
    return SearchPage(
        query=query,
        is_cut=len(asked) > LONGEST_QUERY,
        total=min(total, queries.MOST_MATCHES),
        is_bounded=total > queries.MOST_MATCHES,
        groups=[
            HitGroup(
                heading=heading_of(group.kind, group.part),
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
        words=[word for word in words if queries.is_found(session, word)] if len(words) > 1 else [],
        samples=sampled,
    )


def search_in_browser() -> SearchPage:
    """The page of a search that the browser makes: every heading, with nothing under it yet."""
    parts = [(kind.noun, part) for kind in KINDS.values() for part in kind.parts]
    groups = {heading_of(noun, part): noun for noun, part in parts}
    return SearchPage(
        query="",
        is_cut=False,
        total=0,
        is_bounded=False,
        groups=[HitGroup(heading, noun, 0, (), ()) for heading, noun in groups.items()],
        otherwise=None,
        words=(),
    )


def _hit(record: Any, marks: Highlighter, language: str) -> Hit:
    kind = kind_of(record)
    title = choose(kind.titled(record), language)
    gist = kind.gist(record)
    excerpt = marks.excerpt(telling(record), language)
    if excerpt is None and gist is not None:
        chosen = choose(gist.root, language)
        excerpt = Excerpt(chosen.lang or language, [Piece(opening(chosen.text, LONGEST_EXCERPT))])
    return Hit(record, marks.pieces(title.text), title.lang or "", excerpt)


@dataclass(frozen=True)
class Mapped:
    """A page as search engines are told of it: the same in every language, and since when."""

    path: str
    alternates: Mapping[str, str]
    changed_on: str


def site_map(session: Session, paths: Iterable[str]) -> list[Mapped]:
    """Some pages as search engines are told of them."""
    released_on = queries.meeting(session).released_on
    corrected = {
        urls.record_path(noun, slug): day
        for (noun, slug), day in queries.revisions(session).items()
    }
    return [
        Mapped(
            path,
            {LANGUAGES[code].tag: urls.in_language(path, code) for code in PUBLISHED},
            corrected.get(urls.in_language(path, PRIMARY), released_on),
        )
        for path in paths
    ]


def connected(session: Session) -> list[RecordRow]:
    """Every record that is tied to another, kinds from left to right; of many, the most tied."""
    most = queries.most_connected(session, CONNECTED, MOST_CONNECTED)
    return _ends(queries.connections(session, CONNECTED, most))


def _ends(connections: Iterable[queries.Connection]) -> list[RecordRow]:
    found: dict[int, RecordRow] = {}
    for connection in connections:
        for row in (connection.subject, connection.object):
            found[row.id] = row
    return sorted(found.values(), key=lambda row: (CONNECTED.index(row.kind), row.id))


_MUTUAL = ("compare",)
"""The roles that each of two records has for the other, whichever of them says so."""


def connections_page(session: Session, focus: str) -> ConnectionsPage:
    """All ties, or those of one record and among its neighbours.

    `focus` is a kind and a slug with a slash between them, or nothing. Raises BadParameterError
    where it names no record that has ties.
    """
    at = _in_focus(session, focus)
    if focus and at is None:
        raise BadParameterError("focus", focus)
    among = queries.most_connected(session, CONNECTED, MOST_CONNECTED)
    is_cut = among is not None and at is None
    if among is not None and at is not None:
        ties = queries.ties_of(session, [at])[at]
        among = [at, *(tie.other.id for tie in ties if tie.other.kind in CONNECTED)]
    links = queries.connections(session, CONNECTED, among)
    hows: dict[tuple[int, int], list[str]] = {}
    for link in links:
        one, other = link.subject.id, link.object.id
        is_read_on = _COLUMN[link.subject.kind] <= _COLUMN[link.object.kind]
        pair = (one, other) if is_read_on else (other, one)
        if pair[::-1] in hows:
            pair = pair[::-1]
        is_read_so = pair == (one, other) or link.role in _MUTUAL
        role = link.role if is_read_so else f"{link.role}.by"
        how = hows.setdefault(pair, [])
        if role not in how:
            how.append(role)
    nodes = {row.id: row for row in _ends(links)}
    if at is not None and at not in nodes:
        raise BadParameterError("focus", focus)
    near = {end for pair in hows if at in pair for end in pair} if at else set(nodes)
    first_sector = {one: other for (one, other) in reversed(hows) if nodes[other].kind == "sectors"}
    degrees = Counter(end for pair in hows for end in pair)
    full = queries.whole(session, (row for row in nodes.values() if row.id in near))
    shown = {
        row.id: Connected(row, _mark(full[row.id], row.kind), _side(full[row.id]), degrees[row.id])
        for row in nodes.values()
        if row.id in near
    }
    groups: dict[str, list[Connected]] = {}
    columns: dict[int, list[Connected]] = {}
    middle: dict[int | None, list[Connected]] = {}
    rows: dict[int, list[Tied]] = {}
    for key, item in shown.items():
        groups.setdefault(heading_of(item.row.kind, item.row.part), []).append(item)
        columns.setdefault(_COLUMN[item.row.kind], []).append(item)
        if _COLUMN[item.row.kind] == 1:
            middle.setdefault(first_sector.get(key), []).append(item)
    for (one, other), how in hows.items():
        if one in shown and other in shown:
            rows.setdefault(one, []).append(Tied(how, shown[other]))
    return ConnectionsPage(
        focus=shown[at] if at else None,
        groups=groups,
        left=columns.get(0, ()),
        right=columns.get(2, ()),
        middle=[middle[key] for key in sorted(middle, key=lambda key: (key is None, key or 0))],
        rows=[(item, rows[key]) for key, item in shown.items() if key in rows],
        number=sum(map(len, rows.values())),
        is_cut=is_cut,
    )


def _connected(
    kind: Kind, record: Any, row: RecordRow, ties: Iterable[queries.Tie]
) -> Connected | None:
    """A record as it stands among the connections, if it does."""
    if kind.noun not in CONNECTED:
        return None
    others = {tie.other.id for tie in ties if tie.other.kind in CONNECTED}
    return Connected(row, _mark(record, kind.noun), _side(record), len(others)) if others else None


def _in_focus(session: Session, focus: str) -> int | None:
    """The record that is named, by its slug or by a former one, if any."""
    noun, _, slug = focus.lower().partition("/")
    if noun not in CONNECTED:
        return None
    slug = queries.renamed(session, noun, slug) or slug
    return next((row.id for row in queries.rows_by_slug(session, noun, [slug]).values()), None)


def meeting_names(session: Session) -> Names:
    """The records that the meeting itself leads to, by kind and slug."""
    return names_of(session, [queries.meeting(session)])


def _groups(
    session: Session,
    kind: Kind,
    record: Any,
    ties: Iterable[queries.Tie],
    counts: Iterable[TieCount],
) -> list[Group]:
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
        heading = _heading(tie.role, tie.other.kind, tie.other.part)
        gathered.setdefault((heading, tie.other.kind), {})[other.id] = other
    untold: dict[tuple[str, str], int] = {}
    more: dict[tuple[str, str], Parameters] = {}
    for count in counts:
        if count.number > queries.MOST_TIED:
            key = _heading(count.role, count.kind, count.part), count.kind
            untold[key] = untold.get(key, 0) + count.number - queries.MOST_TIED
            facets = {facet.name: facet for facet in KINDS[count.kind].facets}
            if count.role in facets and facets[count.role].noun == kind.noun:
                more[key] = ((count.role, record.slug),)
    groups = [
        Group(key[0], key[1], [*items.values()], len(items) + untold.get(key, 0), more.get(key, ()))
        for key, items in gathered.items()
    ]
    order = list(KINDS)
    return sorted(groups, key=lambda group: order.index(group.noun))


def _heading(role: str, noun: str, part: str) -> str:
    """The word that heads a tie: its role where that tells more than what the other is."""
    if role in _TELLING:
        return f"tie.{role}"
    if role == "person" and noun == "quotes":
        return "tie.named"
    return heading_of(noun, part)


def heading_of(noun: str, part: str) -> str:
    """The word that heads records of a kind, or of its part where parts are never added up."""
    return f"kind.{noun}" if part == WHOLE else f"part.{part}"


def _mark(record: Any, noun: str) -> str:
    """What a record is drawn as: its kind, documents and undertakings apart."""
    return KINDS[noun].part(record) if noun == "agreements" else noun


def _side(record: Any) -> str | None:
    """The side that a person or an organization stands on, if any."""
    side: str | None = getattr(record, "side", None)
    return side


def _led_to(ties: Iterable[queries.Tie]) -> dict[tuple[str, str], RecordRow]:
    """The records that ties lead to, by kind and slug."""
    return {(tie.other.kind, tie.other.slug): tie.other for tie in ties if tie.is_outgoing}


def names_of(session: Session, records: Iterable[Record]) -> dict[tuple[str, str], RecordRow]:
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
