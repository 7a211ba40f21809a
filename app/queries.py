"""Every question that the serving site asks of its database.

What the page of a record asks is compiled once, when it is first asked.
"""

import json
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import (
    Select,
    TextClause,
    bindparam,
    exists,
    func,
    intersect,
    text,
)
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from app.database import Question
from app.facets import MOST_OFFERED, MOST_TALLIED, PAGE_SIZE, Selection
from app.kinds import KINDS, Facet, Kind
from app.models import (
    AgreementKind,
    AgreementStatus,
    AliasRow,
    Event,
    FacetRow,
    Link,
    Meeting,
    NameRow,
    OrderRow,
    Organization,
    Record,
    RecordRow,
    Tally,
    TieCount,
)
from app.search import (
    LONGEST_ENDING,
    SHORTEST_STEM,
    edits,
    index_words,
    is_form_of,
    is_han,
    match_expression,
    spellings,
    words_of,
)
from app.values import LONGEST_QUERY, PRIMARY

Answer = TypeVar("Answer")

_READ_AT_ONCE = 500
"""How many records of a long list are read at once."""

MOST_TIED = 30
"""How many records of one part of a kind that lead to another in one role are told of it."""


class Tie(NamedTuple):
    """One link as seen from one of its two ends: the other end, and which way it points."""

    role: str
    other: RecordRow
    locator: str | None
    is_outgoing: bool


@dataclass(frozen=True)
class SectorCount:
    """How many documents and how many undertakings a sector has; never added up."""

    sector: RecordRow
    documents: int
    undertakings: int

    @property
    def greater(self) -> int:
        """The greater of the two."""
        return max(self.documents, self.undertakings)


@dataclass(frozen=True)
class Connection:
    """One link with both of its ends."""

    role: str
    subject: RecordRow
    object: RecordRow


@dataclass(frozen=True)
class KindCount:
    """How many documents are of a kind."""

    kind: AgreementKind
    number: int


def once(session: Session, question: Hashable, asked: Callable[[], Answer]) -> Answer:
    """The answer to a question, asked once however often a page needs it: nothing changes."""
    answers: dict[Hashable, Answer] = session.info
    if question not in answers:
        answers[question] = asked()
    return answers[question]


# However many they are, ids are one parameter: so the question is always the same.
_IDS = select(func.json_each(bindparam("ids")).table_valued("value").c.value)


def _as_ids(ids: Iterable[int]) -> str:
    return f"[{','.join(map(str, sorted(ids)))}]"


_MEETING = Question(Meeting, select(Meeting))


def meeting(session: Session) -> Meeting:
    """The meeting that the site is about."""
    return once(session, "meeting", lambda: _MEETING.found(session)[0])


_MODELS: dict[str, Any] = {noun: kind.model for noun, kind in KINDS.items()}
_BY_SLUG = {
    noun: Question(model, select(model).where(model.slug == bindparam("slug")))
    for noun, model in _MODELS.items()
}
_BY_ID = {
    noun: Question(model, select(model).where(model.id.in_(_IDS)))
    for noun, model in _MODELS.items()
}
_EVERY = {
    noun: Question(model, select(model).order_by(model.id)) for noun, model in _MODELS.items()
}


def record(session: Session, noun: str, slug: str) -> Any | None:
    """A record with all it holds, or None."""
    return next(iter(_BY_SLUG[noun].found(session, slug=slug)), None)


def renamed(session: Session, noun: str, former: str) -> str | None:
    """The slug today of a record that had another, or None."""
    statement = (
        select(RecordRow.slug)
        .join(AliasRow, col(AliasRow.record_id) == col(RecordRow.id))
        .where(AliasRow.kind == noun, AliasRow.slug == former)
    )
    return session.exec(statement).first()


def every_alias(session: Session) -> list[tuple[str, str]]:
    """Every former slug of a record, with its kind."""
    former = select(AliasRow.kind, AliasRow.slug).order_by(
        col(AliasRow.record_id), col(AliasRow.slug)
    )
    return [(noun, slug) for noun, slug in session.exec(former)]


def by_reference(session: Session, reference: str) -> RecordRow | None:
    """The record that a reference belongs to, or None."""
    return session.exec(select(RecordRow).where(RecordRow.reference == reference)).one_or_none()


def records(session: Session, noun: str) -> Iterator[Any]:
    """Every record of a kind, in the order of the seed; each is read when its turn comes."""
    return (item for item, _ in _EVERY[noun].rows(session))


def sides(session: Session, noun: str) -> list[tuple[str, str | None]]:
    """The slug of every record of a kind that stands on a side or on none, and which one."""
    model: Any = KINDS[noun].model
    return [(slug, side) for slug, side in session.exec(select(model.slug, model.side))]


def sides_of(session: Session, ids: Iterable[int]) -> Collection[str | None]:
    """The sides that some organizations stand on."""
    stood_on = select(Organization.side).where(col(Organization.id).in_([*ids]))
    return session.exec(stood_on).all()


def whole(session: Session, rows: Iterable[RecordRow]) -> dict[int, Any]:
    """Rows with all that their records hold, by id."""
    held: dict[int, Any] = once(session, "whole", dict)
    by_kind: dict[str, set[int]] = {}
    for row in rows:
        by_kind.setdefault(row.kind, set()).add(row.id)
    for noun, ids in by_kind.items():
        missing = ids - held.keys()
        if missing:
            held.update((item.id, item) for item in _by_id(session, noun, missing))
    return {identifier: held[identifier] for ids in by_kind.values() for identifier in sorted(ids)}


def _by_id(session: Session, noun: str, ids: Iterable[int]) -> list[Any]:
    return _BY_ID[noun].found(session, ids=_as_ids(ids))


def _in_turn(session: Session, noun: str, ids: Sequence[int]) -> Iterator[Any]:
    """Records of a kind in the order of their ids here, some of them at a time."""
    for at in range(0, len(ids), _READ_AT_ONCE):
        portion = ids[at : at + _READ_AT_ONCE]
        found = {item.id: item for item in _by_id(session, noun, portion)}
        # What was told of is not held any longer.
        yield from (found.pop(identifier) for identifier in portion)


def first_rows(session: Session, noun: str, most: int) -> Sequence[RecordRow]:
    """The rows of the first records of a kind."""
    rows = select(RecordRow).where(RecordRow.kind == noun).order_by(col(RecordRow.id))
    return session.exec(rows.limit(most)).all()


def every_record(session: Session) -> Sequence[RecordRow]:
    """One row for each record, kinds in the order of the registry."""
    return session.exec(select(RecordRow).order_by(col(RecordRow.id))).all()


def number_of_records(session: Session) -> int:
    """How many records there are, of all kinds."""
    return session.exec(select(func.count(col(RecordRow.id)))).one()


def every_slug(session: Session) -> list[tuple[str, str, str]]:
    """Kind, slug and reference of every record, kinds in the order of the registry."""
    named = select(RecordRow.kind, RecordRow.slug, RecordRow.reference)
    return [(*one,) for one in session.exec(named.order_by(col(RecordRow.id)))]


def named(session: Session, words: Iterable[str]) -> list[tuple[str, str, str]]:
    """Kind, slug and reference of what has a slug, a former slug or a reference among some words.

    The meeting, whose addresses do not name it, and what was withdrawn are always among them.
    """
    wanted = [*words]
    named = select(RecordRow.kind, RecordRow.slug, RecordRow.reference)
    by_slug = named.where(col(RecordRow.kind).in_(KINDS), col(RecordRow.slug).in_(wanted))
    by_reference = named.where(col(RecordRow.reference).in_(wanted))
    former = (
        select(AliasRow.kind, AliasRow.slug, RecordRow.reference)
        .join(RecordRow, col(RecordRow.id) == col(AliasRow.record_id))
        .where(col(AliasRow.kind).in_(KINDS), col(AliasRow.slug).in_(wanted))
    )
    found = [
        (noun, slug, reference)
        for asked in (by_slug, by_reference, former)
        for noun, slug, reference in session.exec(asked)
    ]
    about = meeting(session)
    withdrawn = [(one.kind, one.slug, one.reference) for one in about.withdrawn]
    return [*found, ("meeting", about.slug, about.reference), *withdrawn]


# The ids of a kind stand one after the other.
_NEARBY = Question(
    RecordRow,
    select(RecordRow).where(
        col(RecordRow.id).between(bindparam("id") - 1, bindparam("id") + 1),
        RecordRow.kind == bindparam("kind"),
    ),
)


def nearby(
    session: Session, kind: Kind, item: Record
) -> tuple[RecordRow | None, RecordRow, RecordRow | None]:
    """The row of a record between those before and after it, among those of its kind."""
    rows = _NEARBY.found(session, id=item.id, kind=kind.noun)
    by_id = {row.id: row for row in rows}
    return by_id.get(item.id - 1), by_id[item.id], by_id.get(item.id + 1)


def ties(session: Session, item: Record) -> list[Tie]:
    """Every link from a record and to it, outgoing ones first."""
    return ties_of(session, [item.id])[item.id]


def ties_of(session: Session, ids: Sequence[int]) -> dict[int, list[Tie]]:
    """The same of several records, by id.

    Of the records of one part of a kind that lead to one in the same role, the first MOST_TIED.
    """
    return once(session, ("ties", *ids), lambda: _ties_of(session, ids))


_LINK: Any = (Link.subject_id, Link.position, Link.object_id, Link.role, Link.locator)
_TIE: Any = select(RecordRow).add_columns(*_LINK).select_from(Link)
_OUTGOING = Question(
    RecordRow,
    _TIE.join(RecordRow, col(Link.object_id) == col(RecordRow.id))
    .where(col(Link.subject_id).in_(_IDS))
    .order_by(col(Link.position)),
)
_LEADING = _TIE.join(RecordRow, col(Link.subject_id) == col(RecordRow.id)).order_by(
    col(Link.subject_id), col(Link.position)
)
_INCOMING = Question(RecordRow, _LEADING.where(col(Link.object_id).in_(_IDS)))
_FIRST_INCOMING = Question(
    RecordRow,
    _LEADING.where(
        Link.object_id == bindparam("object_id"),
        Link.role == bindparam("role"),
        col(Link.subject_id) >= bindparam("first_id"),
        RecordRow.kind == bindparam("kind"),
        RecordRow.part == bindparam("part"),
    ).limit(MOST_TIED),
)


def _ties_of(session: Session, ids: Sequence[int]) -> dict[int, list[Tie]]:
    found: dict[int, list[Tie]] = {identifier: [] for identifier in ids}
    for other, (subject, _, _, role, locator) in _OUTGOING.rows(session, ids=_as_ids(ids)):
        found[subject].append(Tie(role, other, locator, is_outgoing=True))
    counted = _tie_counts(session, ids)
    many = {count.object_id for count in counted if count.number > MOST_TIED}
    rows = [*_INCOMING.rows(session, ids=_as_ids(set(ids) - many))]
    for count in counted:
        if count.object_id in many:
            rows += _FIRST_INCOMING.rows(session, **vars(count))
    for other, (_, _, object_id, role, locator) in sorted(rows, key=lambda row: row[1][:2]):
        found[object_id].append(Tie(role, other, locator, is_outgoing=False))
    return found


_TIE_COUNTS = Question(TieCount, select(TieCount).where(col(TieCount.object_id).in_(_IDS)))


def tie_counts(session: Session, item: Record) -> list[TieCount]:
    """How many records lead to one, by role, kind and part."""
    return _tie_counts(session, [item.id])


def _tie_counts(session: Session, ids: Sequence[int]) -> list[TieCount]:
    return once(
        session,
        ("tie counts", *ids),
        lambda: _TIE_COUNTS.found(session, ids=_as_ids(ids)),
    )


def degrees(session: Session) -> dict[int, int]:
    """How many records lead to each that any leads to, by its id."""
    led_to = select(TieCount.object_id, func.sum(TieCount.number)).group_by(col(TieCount.object_id))
    return dict(session.exec(led_to).all())


_LED_TO = select(Link.object_id).where(col(Link.subject_id).in_(_IDS)).distinct()
_NAMED_BY = Question(RecordRow, select(RecordRow).where(col(RecordRow.id).in_(_LED_TO)))


def named_by(session: Session, ids: Iterable[int]) -> Sequence[RecordRow]:
    """Every record that some records lead to."""
    return _NAMED_BY.found(session, ids=_as_ids(ids))


def counts(session: Session) -> dict[str, int]:
    """How many records each kind has, none included."""
    whole = select(Tally.kind, func.sum(Tally.number)).where(Tally.name == "", Tally.other == "")
    return dict.fromkeys(KINDS, 0) | dict(session.exec(whole.group_by(Tally.kind)).all())


def sector_counts(session: Session) -> list[SectorCount]:
    """Every sector with its documents and its undertakings, in the order of the seed."""
    tally = _tally(session, KINDS["agreements"], ("", ""), "sector")
    sectors = session.exec(
        select(RecordRow).where(RecordRow.kind == "sectors").order_by(col(RecordRow.id))
    )
    return [
        SectorCount(
            row,
            tally.get(row.slug, {}).get("documents", 0),
            tally.get(row.slug, {}).get("undertakings", 0),
        )
        for row in sectors
    ]


def kind_counts(session: Session) -> list[KindCount]:
    """Every kind of document that there is one of, in the order of the vocabulary."""
    tally = _tally(session, KINDS["agreements"], ("", ""), "kind")
    return [
        KindCount(kind, sum(tally[kind].values()))
        for kind in AgreementKind
        if kind in tally and kind != AgreementKind.UNDERTAKING
    ]


def documents_done(session: Session) -> int:
    """How many documents were signed or adopted, as the sources say."""
    tally = _tally(session, KINDS["agreements"], ("", ""), "status")
    done = (AgreementStatus.SIGNED, AgreementStatus.ADOPTED)
    return sum(tally.get(status, {}).get("documents", 0) for status in done)


def connections(
    session: Session, nouns: Iterable[str], among: Collection[int] | None = None
) -> list[Connection]:
    """Every link between records of some kinds, or among some of these, in the seed's order."""
    ends, nouns = aliased(RecordRow), list(nouns)
    linked = (
        select(Link.role, RecordRow, ends)
        .join(RecordRow, col(RecordRow.id) == col(Link.subject_id))
        .join(ends, col(ends.id) == col(Link.object_id))
        .where(col(RecordRow.kind).in_(nouns), col(ends.kind).in_(nouns))
        .order_by(col(Link.subject_id), col(Link.position))
    )
    if among is not None:
        linked = linked.where(col(Link.subject_id).in_(among), col(Link.object_id).in_(among))
    return [Connection(*row) for row in session.exec(linked)]


def most_connected(session: Session, nouns: Sequence[str], most: int) -> list[int] | None:
    """The records of some kinds that most others of them lead to; None where all are few."""
    if sum(number for noun, number in counts(session).items() if noun in nouns) <= most:
        return None
    led_to = (
        select(TieCount.object_id)
        .join(RecordRow, col(RecordRow.id) == col(TieCount.object_id))
        .where(col(RecordRow.kind).in_(nouns), col(TieCount.kind).in_(nouns))
        .group_by(col(TieCount.object_id))
        .order_by(func.sum(TieCount.number).desc(), col(TieCount.object_id))
    )
    return [*session.exec(led_to.limit(most))]


def events(session: Session, part: str) -> Sequence[Event]:
    """The events of the visit or of the series, in order of time."""
    ordered = select(Event).where(col(Event.part) == part)
    return session.exec(ordered.order_by(col(Event.held_on), col(Event.id))).all()


def revisions(session: Session) -> dict[tuple[str, str], str]:
    """The day of the last correction of every record that has been corrected, by kind and slug."""
    found: dict[tuple[str, str], str] = {}
    for noun, kind in KINDS.items():
        model: Any = kind.model
        rows = session.exec(
            select(model.slug, model.revised_on).where(model.revised_on.is_not(None))
        )
        found |= {(noun, slug): day for slug, day in rows}
    return found


def most_led_to(session: Session, parts: Iterable[tuple[str, str]], number: int) -> list[RecordRow]:
    """So many records of each of some kinds and parts: those that most links lead to."""
    found: list[RecordRow] = []
    for kind, part in parts:
        led_to = (
            select(RecordRow)
            .join(TieCount, col(TieCount.object_id) == col(RecordRow.id))
            .where(RecordRow.kind == kind, RecordRow.part == part)
            .group_by(col(RecordRow.id))
            .order_by(func.sum(TieCount.number).desc(), col(RecordRow.id))
        )
        found += session.exec(led_to.limit(number))
    return found


def with_disagreements(session: Session) -> list[RecordRow]:
    """The records on which sources contradict each other."""
    found: list[RecordRow] = []
    for kind in KINDS.values():
        model: Any = kind.model
        disputed = select(model.id).where(func.json_array_length(model.disagreements) > 0)
        rows = select(RecordRow).where(col(RecordRow.id).in_(disputed))
        found += session.exec(rows.order_by(col(RecordRow.id)))
    return found


@dataclass(frozen=True)
class Listing:
    """A page of a list: how many records each part has in all, and those of this page in order.

    They can be gone through once, as long as the session lasts: a list that is asked for whole
    may be too long for memory. `is_bounded` where more have the words asked for than are listed.
    """

    counts: dict[str, int]
    records: Iterator[Any]
    is_bounded: bool


def listing(
    session: Session,
    kind: Kind,
    selection: Selection,
    language: str,
    size: int | None = PAGE_SIZE,
) -> Listing:
    """What a selection leaves of a kind's list, a page of it or, without a size, the whole."""
    counted = part_counts(session, kind, selection)
    first = (selection.page - 1) * size if size else 0
    asked = ordering(kind, selection, language, sum(counted.values()), first)
    if asked is None:
        asked = _in_order(kind, selection, language).offset(first)
        asked = asked.where(col(OrderRow.record_id).in_(_matching(session, kind, selection)))
    ids = [*session.exec(asked.limit(size))]
    is_bounded = len(_matches(session, kind, selection)) > MOST_MATCHES
    return Listing(counted, _in_turn(session, kind.noun, ids), is_bounded)


def at_places(session: Session, kind: Kind, places: Iterable[int]) -> list[Any]:
    """The records at some places of a kind's list in the order of the seed, counted from 0."""
    asked = _in_order(kind, Selection({}), PRIMARY).where(col(OrderRow.place).in_([*places]))
    return [*_in_turn(session, kind.noun, [*session.exec(asked)])]


def ordering(
    kind: Kind, selection: Selection, language: str, count: int, first: int
) -> SelectOfScalar[int] | None:
    """The ids of a list from some place on, where at most one value is chosen; else None."""
    only = selection.only
    ordered = _in_order(kind, selection, language)
    if only == ("", ""):
        # Places are dense, so any page is found at once, however far down it is.
        return ordered.where(col(OrderRow.place) >= first)
    if only is None:
        return None
    has_value = (
        col(FacetRow.kind) == kind.noun,
        col(FacetRow.name) == only[0],
        col(FacetRow.value) == only[1],
    )
    if count > MOST_TALLIED:
        # Many have it: they are met soon on the way through the order.
        many = exists().where(*has_value, col(FacetRow.record_id) == col(OrderRow.record_id))
        return ordered.where(many).offset(first)
    few = select(FacetRow.record_id).where(*has_value)
    return ordered.where(col(OrderRow.record_id).in_(few)).offset(first)


def _in_order(kind: Kind, selection: Selection, language: str) -> SelectOfScalar[int]:
    sort = kind.sort(selection.sort)
    return (
        select(OrderRow.record_id)
        .where(
            OrderRow.kind == kind.noun,
            OrderRow.sort == sort.name,
            OrderRow.language == (language if sort.is_by_language else ""),
        )
        .order_by(col(OrderRow.place))
    )


def facets_held(session: Session, kind: Kind) -> dict[int, dict[str, list[str]]]:
    """What each record of a kind has of each facet, by id."""
    found: dict[int, dict[str, list[str]]] = {}
    for row in session.exec(select(FacetRow).where(FacetRow.kind == kind.noun)):
        found.setdefault(row.record_id, {}).setdefault(row.name, []).append(row.value)
    return found


def places(session: Session, kind: Kind, language: str) -> dict[int, dict[str, int]]:
    """Where each record of a kind stands in each named order of its list, by id."""
    found: dict[int, dict[str, int]] = {}
    ordered = select(OrderRow).where(
        OrderRow.kind == kind.noun, col(OrderRow.language).in_(("", language))
    )
    for row in session.exec(ordered):
        at = found.setdefault(row.record_id, {})
        if row.sort:
            at[row.sort] = row.place
    return found


def part_counts(session: Session, kind: Kind, selection: Selection) -> dict[str, int]:
    """How many records a selection leaves of each part of a kind's list, in order of the parts."""
    question = ("parts", kind.noun, selection.query, *selection.chosen.items())
    return once(session, question, lambda: _part_counts(session, kind, selection))


def _part_counts(session: Session, kind: Kind, selection: Selection) -> dict[str, int]:
    if selection.only is not None:
        name, value = selection.only
        tally = _tally(session, kind, ("", ""), name, [value]).get(value, {})
    else:
        matching = select(_matching(session, kind, selection).subquery("matching").c.record_id)
        counted = (
            select(RecordRow.part, func.count())
            .where(col(RecordRow.id).in_(matching))
            .group_by(RecordRow.part)
        )
        tally = dict(session.exec(counted).all())
    return {part: tally[part] for part in kind.parts if part in tally}


Counts = dict[str, dict[str, int]]
"""Numbers of records by value of a facet, and by part of their kind."""


def _tally(
    session: Session,
    kind: Kind,
    only: tuple[str, str],
    facet: str,
    values: Iterable[str] | None = None,
) -> Counts:
    """What was counted of a facet's values among the records that have one other value, or all."""
    counted = select(Tally.other_value, Tally.part, Tally.number).where(
        Tally.kind == kind.noun, Tally.name == only[0], Tally.value == only[1], Tally.other == facet
    )
    if values is None:
        counted = counted.where(Tally.rank <= MOST_OFFERED)
    else:
        counted = counted.where(col(Tally.other_value).in_([*values]))
    return _by_value(session.exec(counted))


def _by_value(rows: Iterable[tuple[str, str, int]]) -> Counts:
    found: Counts = {}
    for value, part, number in rows:
        found.setdefault(value, {})[part] = number
    return found


def facet_counts(session: Session, kind: Kind, selection: Selection, facet: str) -> Counts:
    """For each value of a facet that is not chosen, by part: how many records it would add.

    Where none is chosen, that is how many it would leave. Of many values, those that do most,
    one more than are offered.
    """
    others = {name: values for name, values in selection.chosen.items() if name != facet}
    found = _among(session, kind, replace(selection, chosen=others), facet)
    if facet in selection.chosen:
        for value, counts in _among(session, kind, selection, facet, found).items():
            for part, number in counts.items():
                found[value][part] -= number
    held = {
        value: {part: number for part, number in counts.items() if number}
        for value, counts in found.items()
    }
    most = sorted(filter(held.get, held), key=lambda value: (-sum(held[value].values()), value))
    return {value: held[value] for value in most[: MOST_OFFERED + 1]}


def _among(
    session: Session,
    kind: Kind,
    selection: Selection,
    facet: str,
    values: Iterable[str] | None = None,
) -> Counts:
    """How many of the records that a selection leaves have each value of a facet, or of some."""
    only = selection.only
    if only is None:
        matching = _matching(session, kind, selection).cte("matching")
        rows: Iterable[Any] = session.exec(
            select(FacetRow.value, RecordRow.part, func.count())
            .select_from(matching)
            .join(FacetRow, col(FacetRow.record_id) == matching.c.record_id)
            .join(RecordRow, col(RecordRow.id) == col(FacetRow.record_id))
            .where(FacetRow.kind == kind.noun, FacetRow.name == facet)
            .group_by(FacetRow.value, RecordRow.part)
        )
    elif only == ("", "") or sum(part_counts(session, kind, selection).values()) > MOST_TALLIED:
        return _tally(session, kind, only, facet, values)
    else:
        asked = {"kind": kind.noun, "name": only[0], "value": only[1], "facet": facet}
        rows = session.connection().execute(_BESIDE, asked)
    found = _by_value((value, part, number) for value, part, number in rows)
    return found if values is None else {value: found[value] for value in values if value in found}


# A cross join keeps its order: the few records that have the value come first.
_BESIDE = text("""
    SELECT another.value, part, count(*)
    FROM facet AS one
    CROSS JOIN facet AS another ON another.record_id = one.record_id AND another.name = :facet
    CROSS JOIN record ON record.id = one.record_id
    WHERE one.kind = :kind AND one.name = :name AND one.value = :value
    GROUP BY another.value, part
""")


def has_facet_value(session: Session, kind: Kind, facet: Facet, value: str) -> bool:
    """Whether a value of a facet is one: some record has it, or it is a record or a word."""
    if facet.vocabulary is not None and value in set(facet.vocabulary):
        return True
    if _tally(session, kind, ("", ""), facet.name, [value]):
        return True
    return facet.noun is not None and bool(rows_by_slug(session, facet.noun, [value]))


def rows_by_slug(session: Session, noun: str, slugs: Iterable[str]) -> dict[str, RecordRow]:
    """Records of a kind by slug."""
    found = select(RecordRow).where(RecordRow.kind == noun, col(RecordRow.slug).in_(list(slugs)))
    return {row.slug: row for row in session.exec(found)}


def _matching(session: Session, kind: Kind, selection: Selection) -> Select[Any]:
    """The ids of what a selection leaves of a kind's list, as far as it narrows it.

    They are found once: a page asks for each facet what these records have of it.
    """
    question = ("matching", kind.noun, selection.query, *selection.chosen.items())
    found = once(session, question, lambda: _found(session, kind, selection))
    return _each_of(found)


def _each_of(ids: Sequence[int]) -> Select[Any]:
    """Some ids as a table: SQLite reads a JSON array as one."""
    array = func.json_each(json.dumps(ids)).table_valued("value")
    return select(array.c.value.label("record_id"))


def _found(session: Session, kind: Kind, selection: Selection) -> list[int]:
    conditions: list[Any] = [
        select(FacetRow.record_id).where(
            FacetRow.kind == kind.noun, FacetRow.name == name, col(FacetRow.value).in_(values)
        )
        for name, values in selection.chosen.items()
    ]
    if selection.query:
        conditions.append(_each_of(_matches(session, kind, selection)[:MOST_MATCHES]))
    return [*session.execute(intersect(*conditions)).scalars()]


# In a list, too, the first matches are enough; the ids of a kind stand one after the other.
_MATCHES = text("""
    SELECT rowid FROM search_index WHERE search_index MATCH :expression
        AND rowid BETWEEN (SELECT min(id) FROM record WHERE kind = :kind)
        AND (SELECT max(id) FROM record WHERE kind = :kind)
    LIMIT :most
""")


def _matches(session: Session, kind: Kind, selection: Selection) -> list[int]:
    """The ids of a kind that have a selection's words, one more than are listed at most."""

    def asked() -> list[int]:
        expression = _expression(session, selection.query)
        bounds = {"expression": expression, "kind": kind.noun, "most": MOST_MATCHES + 1}
        if expression is None:
            return []
        return [*session.connection().execute(_MATCHES, bounds).scalars()]

    return once(session, ("matches", kind.noun, selection.query), asked)


MOST_MATCHES = 10_000
"""How many matches are ranked and counted; beyond them a page says "more than"."""

MOST_SHOWN = 8
"""How many records of each group a search shows; the lists show all."""


@dataclass(frozen=True)
class Matches:
    """The best matches of one part of a kind, and how many there are in all."""

    kind: str
    part: str
    count: int
    rows: Sequence[RecordRow]


_FORMS = text("SELECT term FROM vocabulary WHERE term >= :stem AND term < :beyond LIMIT 3000")
_BEYOND = chr(0x10FFFF)


def _expression(session: Session, query: str, column: str = "") -> str | None:
    """A query as an expression that finds its words in whatever form the index has them."""
    forms: dict[str, list[str]] = {}
    for word in words_of(query[:LONGEST_QUERY]):
        stem = word[: max(SHORTEST_STEM, len(word) - LONGEST_ENDING)]
        if not is_han(word):
            asked = {"stem": stem, "beyond": stem + _BEYOND}
            terms = session.connection().execute(_FORMS, asked).scalars()
            forms[word] = [term for term in terms if term != word and is_form_of(term, word)]
    return match_expression(query, column=column, forms=forms)


# An exact name stands before all others, then comes what has the words in its names, then what
# has them in its texts, and with it what only tells of the rest; sources come last. Among names,
# the one that more records lead to comes first, then the one of which the words are the greater
# part; else a word in a name counts ten times.
_RANKED = """
    WITH distance(kind, steps) AS (SELECT value ->> 0, value ->> 1 FROM json_each(:distances)),
    named AS (SELECT record_id AS id FROM name WHERE words = :words),
    titled AS (SELECT rowid AS id FROM search_index WHERE search_index MATCH :titled LIMIT :most),
    found AS (
        SELECT rowid AS id, bm25(search_index, 10.0, 1.0) AS score
        FROM search_index WHERE search_index MATCH :expression LIMIT :most
    ),
    hit AS (
        SELECT id, 0 AS place, 0.0 AS score FROM named
        UNION ALL SELECT id, 1 + (id NOT IN (SELECT id FROM titled)), score
        FROM found WHERE id NOT IN (SELECT id FROM named)
    ),
    placed AS (
        SELECT hit.id, record.kind, record.part, score,
            CASE WHEN place > 0 AND steps > 0 THEN 1 + steps ELSE place END AS place
        FROM hit JOIN record ON record.id = hit.id
        JOIN distance ON distance.kind = record.kind
    ),
    sized AS (
        SELECT *, CASE place WHEN 1 THEN (
            SELECT min(length(words)) FROM name
            WHERE record_id = placed.id AND instr(' ' || words, ' ' || :words)
        ) END AS size, CASE place WHEN 1 THEN (
            SELECT coalesce(sum(number), 0) FROM tie WHERE object_id = placed.id
        ) ELSE 0 END AS degree
        FROM placed
    ),
    ranked AS (
        SELECT *, row_number() OVER (ORDER BY place, size IS NULL, -degree, size, score, id) AS rank
        FROM sized
    )
"""
_BY_PART = """
    , counted AS (
        SELECT *,
            row_number() OVER (PARTITION BY kind, part ORDER BY rank) AS at,
            count(*) OVER (PARTITION BY kind, part) AS number
        FROM ranked
    )
    SELECT id, kind, part, number, place, size, degree, score FROM counted WHERE at <= :most_shown
    ORDER BY rank
"""


def _ranking(shown: str) -> TextClause:
    distances = json.dumps([[kind.noun, kind.distance] for kind in KINDS.values()])
    return text(_RANKED + shown).bindparams(distances=distances)


SEARCH = _ranking(_BY_PART)
_SUGGEST = _ranking(
    "SELECT id, place, size, degree, score FROM ranked ORDER BY rank LIMIT :most_shown"
)


def _best(
    session: Session,
    statement: TextClause,
    query: str,
    most: int,
    *,
    language: str,
    column: str = "",
) -> list[tuple[RecordRow, Any]]:
    """The records of a ranking, each with its row; nothing where a query has no word.

    Of those that match equally, the ones that are called so in the language come first.
    """
    asked = search_parameters(session, query, most, column)
    if asked is None:
        return []
    hits = session.connection().execute(statement, asked).all()
    wanted = select(RecordRow).where(col(RecordRow.id).in_([hit.id for hit in hits]))
    rows = {row.id: row for row in session.exec(wanted)}
    words = words_of(query[:LONGEST_QUERY])

    def rank(hit: Any) -> tuple[Any, ...]:
        is_called = _is_called(rows[hit.id], words, language)
        return hit.place, hit.size is None, -hit.degree, hit.size, hit.score, not is_called

    return [(rows[hit.id], hit) for hit in sorted(hits, key=rank)]


def search_parameters(
    session: Session, query: str, most: int = MOST_SHOWN, column: str = ""
) -> dict[str, Any] | None:
    """What a ranking is asked with, or None where a query has no word."""
    expression = _expression(session, query, column)
    if expression is None:
        return None
    return {
        "words": index_words(query[:LONGEST_QUERY]),
        "expression": expression,
        "titled": _expression(session, query, "title"),
        "most": MOST_MATCHES + 1,
        "most_shown": most,
    }


def _is_called(row: RecordRow, words: Sequence[str], language: str) -> bool:
    """Whether all words are in what a record is called in a language."""
    title = f" {' '.join(words_of(row.title.get(language, '')))}"
    return all((word if is_han(word) else f" {word}") in title for word in words)


def search(session: Session, query: str, language: str = PRIMARY) -> list[Matches]:
    """The records that have every word of a query, by kind and part, the best first.

    Of those that match equally, the ones that are called so in the language come first.
    Any text is a query. Raises nothing: what has no word finds nothing.
    """
    gathered: dict[tuple[str, str, int], list[RecordRow]] = {}
    for row, hit in _best(session, SEARCH, query, MOST_SHOWN, language=language):
        gathered.setdefault((hit.kind, hit.part, hit.number), []).append(row)
    return [Matches(kind, part, number, rows) for (kind, part, number), rows in gathered.items()]


def suggestions(
    session: Session, query: str, most: int, language: str = PRIMARY
) -> list[RecordRow]:
    """The records that are called by the words of a query, the last of which may go on."""
    return [
        row for row, _ in _best(session, _SUGGEST, query, most, language=language, column="title")
    ]


_IS_FOUND = text("SELECT 1 FROM search_index WHERE search_index MATCH :expression LIMIT 1")


def is_found(session: Session, query: str) -> bool:
    """Whether any record has every word of a query."""
    expression = _expression(session, query, "")
    asked = {"expression": expression}
    return bool(expression) and session.connection().execute(_IS_FOUND, asked).first() is not None


_IS_KNOWN = text("SELECT 1 FROM vocabulary WHERE term >= :word AND term < :beyond LIMIT 1")
_SIMILAR = text("""
    SELECT term, named FROM vocabulary WHERE term >= :first AND term < :beyond
        AND length(term) BETWEEN :shortest AND :longest
    ORDER BY named DESC, doc DESC, term LIMIT 3000
""")

_SHORT_WORD, _LONG_WORD = 4, 6
"""From how many letters on a word may be misspelt in one, and in two."""
_MOST_EDITS = 2


def spelled_otherwise(session: Session, query: str) -> str | None:
    """A query that finds something, made from one that does not: "did you mean".

    Each word that the index does not have becomes one that stands beside the other words in a
    name, or else the most similar one that the index has; a Chinese run that it does not have
    becomes the longest beginning that it has. Words of names are spelled as the name is.
    """
    words = list(dict.fromkeys(words_of(query[:LONGEST_QUERY])))
    known = {word: part for word in words if (part := _known(session, word))}
    # The longest first: it says more of the others than they of it.
    for word in sorted(set(words) - known.keys(), key=lambda word: (-len(word), word)):
        beside = _named_with(session, [*known.values()])
        meant = _most_similar(word, beside) or _misspelt(session, word)
        if meant is None:
            return None
        known[word] = meant
    corrected = " ".join(known[word] for word in words)
    if not words or not is_found(session, corrected):
        return None
    spelled: dict[str, str] = {}
    for row in suggestions(session, corrected, 1):
        for title in row.title.values():
            spelled |= spellings(title)
    return " ".join(spelled.get(known[word], known[word]) for word in words)


def _known(session: Session, word: str) -> str | None:
    """What the index has of a word: all of it, or of a Chinese run the longest beginning."""
    if is_han(word):
        longest = (word[:size] for size in range(len(word), 0, -1))
        return next((part for part in longest if is_found(session, part)), None)
    asked = {"word": word, "beyond": word + _BEYOND}
    return word if session.connection().execute(_IS_KNOWN, asked).first() else None


def _named_with(session: Session, words: Sequence[str]) -> list[str]:
    """The words of the names that have some words."""
    ids = [row.id for row in suggestions(session, " ".join(words), MOST_SHOWN)]
    names = session.exec(select(NameRow.words).where(col(NameRow.record_id).in_(ids)))
    return list(dict.fromkeys(word for name in names for word in name.split()))


def _most_similar(word: str, others: Sequence[str]) -> str | None:
    """The one of some words that another may stand for, the first of equals, or None."""
    most = min(_MOST_EDITS, len(word) - 1)
    found = [(edits(word, other, most), other) for other in others if other[0] == word[0]]
    number, other = min(found, key=itemgetter(0), default=(most + 1, ""))
    return other if number <= most else None


def _misspelt(session: Session, word: str) -> str | None:
    """The word of the index that another is a misspelling of, or None.

    Of a few letters each counts, so nothing is made of a word of three. Of equals a word of names
    comes first, then the more frequent one.
    """
    if len(word) < _SHORT_WORD:
        return None
    most = _MOST_EDITS if len(word) >= _LONG_WORD else 1
    asked = {
        "first": word[0],
        "beyond": word[0] + _BEYOND,
        "shortest": len(word) - most,
        "longest": len(word) + most,
    }
    similar = session.connection().execute(_SIMILAR, asked)
    found = [(edits(word, term, most), not named, term) for term, named in similar]
    number, _, term = min(found, key=itemgetter(0, 1), default=(most + 1, True, ""))
    return term if number <= most else None


_SAME_THREAD = (
    select(RecordRow)
    .join(Link, col(Link.subject_id) == col(RecordRow.id))
    .where(
        Link.object_id == bindparam("thread"),
        Link.role == bindparam("role"),
        RecordRow.kind == bindparam("kind"),
    )
    .order_by(col(Link.subject_id))
    .limit(1)
)
_ONWARD = (
    Question(RecordRow, _SAME_THREAD.where(col(Link.subject_id) > bindparam("id"))),
    Question(RecordRow, _SAME_THREAD.where(col(Link.subject_id) != bindparam("id"))),
)


def next_in_thread(session: Session, kind: Kind, item: Record) -> RecordRow | None:
    """The next record of a kind that hangs on the same thread, the first after the last.

    The thread is the first record that this one leads to in the kind's role, such as its sector.
    """
    led_to = (tie for tie in ties(session, item) if tie.is_outgoing and tie.role == kind.thread)
    thread = next(led_to, None)
    if thread is None:
        return None
    asked = {"thread": thread.other.id, "role": kind.thread, "kind": kind.noun, "id": item.id}
    return next((row for question in _ONWARD for row in question.found(session, **asked)), None)
