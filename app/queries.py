"""Every question that the serving site asks of its database."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, func, text
from sqlmodel import Session, col, select

from app.kinds import KINDS
from app.models import (
    Agreement,
    AgreementKind,
    Edition,
    Event,
    Link,
    Meeting,
    Record,
    RecordRow,
)
from app.search import match_expression


@dataclass(frozen=True)
class Tie:
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


def edition(session: Session) -> Edition:
    """What the database was made from."""
    return session.exec(select(Edition)).one()


def meeting(session: Session) -> Meeting:
    """The meeting that the site is about."""
    return session.exec(select(Meeting)).one()


def record(session: Session, noun: str, slug: str) -> Any | None:
    """A record with all it holds, or None."""
    model: Any = KINDS[noun].model
    return session.exec(select(model).where(model.slug == slug)).one_or_none()


def renamed(session: Session, noun: str, former: str) -> str | None:
    """The slug today of a record that had another, or None."""
    model: Any = KINDS[noun].model
    names = func.json_each(model.aliases).table_valued("value")
    statement = select(model.slug).where(
        select(names.c.value).where(names.c.value == former).exists()
    )
    slug: str | None = session.exec(statement).first()
    return slug


def by_reference(session: Session, reference: str) -> RecordRow | None:
    """The record that a reference belongs to, or None."""
    return session.exec(select(RecordRow).where(RecordRow.reference == reference)).one_or_none()


def records(session: Session, noun: str) -> Sequence[Any]:
    """Every record of a kind, in the order of the seed."""
    model: Any = KINDS[noun].model
    return session.exec(select(model).order_by(model.id)).all()


def whole(session: Session, rows: Iterable[RecordRow]) -> dict[int, Any]:
    """Rows with all that their records hold, by id."""
    by_kind: dict[str, list[int]] = {}
    for row in rows:
        by_kind.setdefault(row.kind, []).append(row.id)
    found: dict[int, Any] = {}
    for noun, ids in by_kind.items():
        model: Any = KINDS[noun].model
        for item in session.exec(select(model).where(model.id.in_(ids))):
            found[item.id] = item
    return found


def every_record(session: Session) -> Sequence[RecordRow]:
    """One row for each record, kinds in the order of the registry."""
    return session.exec(select(RecordRow).order_by(col(RecordRow.id))).all()


def neighbours(session: Session, item: Record) -> tuple[RecordRow | None, RecordRow | None]:
    """The records before and after one, among those of its kind."""
    here = session.get_one(RecordRow, item.id)
    nearby = select(RecordRow).where(RecordRow.kind == here.kind)
    before = nearby.where(col(RecordRow.id) < here.id).order_by(col(RecordRow.id).desc())
    after = nearby.where(col(RecordRow.id) > here.id).order_by(col(RecordRow.id))
    return session.exec(before.limit(1)).first(), session.exec(after.limit(1)).first()


def ties(session: Session, item: Record) -> list[Tie]:
    """Every link from a record and to it, outgoing ones first."""
    return ties_of(session, [item.id])[item.id]


def ties_of(session: Session, ids: Sequence[int]) -> dict[int, list[Tie]]:
    """The same of several records, by id."""
    found: dict[int, list[Tie]] = {identifier: [] for identifier in ids}
    outgoing = (
        select(Link, RecordRow)
        .join(RecordRow, col(Link.object_id) == col(RecordRow.id))
        .where(col(Link.subject_id).in_(ids))
        .order_by(col(Link.position))
    )
    for link, other in session.exec(outgoing):
        found[link.subject_id].append(Tie(link.role, other, link.locator, is_outgoing=True))
    incoming = (
        select(Link, RecordRow)
        .join(RecordRow, col(Link.subject_id) == col(RecordRow.id))
        .where(col(Link.object_id).in_(ids))
        .order_by(col(Link.subject_id), col(Link.position))
    )
    for link, other in session.exec(incoming):
        found[link.object_id].append(Tie(link.role, other, link.locator, is_outgoing=False))
    return found


def named_by(session: Session, ids: Iterable[int]) -> Sequence[RecordRow]:
    """Every record that some records lead to."""
    led_to = select(Link.object_id).where(col(Link.subject_id).in_(list(ids))).distinct()
    return session.exec(select(RecordRow).where(col(RecordRow.id).in_(led_to))).all()


def counts(session: Session) -> dict[str, int]:
    """How many records each kind has."""
    statement = select(RecordRow.kind, func.count()).group_by(RecordRow.kind)
    return dict(session.exec(statement).all())


def sector_counts(session: Session) -> list[SectorCount]:
    """Every sector with its documents and its undertakings, in the order of the seed."""
    undertaking = col(Agreement.kind) == AgreementKind.UNDERTAKING
    counted = session.exec(
        select(Link.object_id, undertaking, func.count())
        .join(Agreement, col(Agreement.id) == col(Link.subject_id))
        .where(Link.role == "sector")
        .group_by(col(Link.object_id), undertaking)
    ).all()
    tally = {(sector, bool(is_undertaking)): number for sector, is_undertaking, number in counted}
    sectors = session.exec(
        select(RecordRow).where(RecordRow.kind == "sectors").order_by(col(RecordRow.id))
    )
    return [
        SectorCount(row, tally.get((row.id, False), 0), tally.get((row.id, True), 0))
        for row in sectors
    ]


def events(session: Session, part: str) -> Sequence[Event]:
    """The events of the visit or of the series, in order of time."""
    ordered = select(Event).where(col(Event.part) == part)
    return session.exec(ordered.order_by(col(Event.held_on), col(Event.id))).all()


def with_disagreements(session: Session) -> list[RecordRow]:
    """The records on which sources contradict each other."""
    found: list[RecordRow] = []
    for kind in KINDS.values():
        model: Any = kind.model
        disputed = select(model.id).where(func.json_array_length(model.disagreements) > 0)
        rows = select(RecordRow).where(col(RecordRow.id).in_(disputed))
        found += session.exec(rows.order_by(col(RecordRow.id)))
    return found


_SEARCH = text("""
    SELECT record.id FROM search_index JOIN record ON record.id = search_index.rowid
    WHERE search_index MATCH :expression
    ORDER BY bm25(search_index, 10.0, 1.0), record.id
""")


def search(session: Session, query: str) -> list[RecordRow]:
    """The records that have every word of a query, best first; any text is a query."""
    expression = match_expression(query)
    if expression is None:
        return []
    found: Sequence[Row[Any]] = (
        session.connection().execute(_SEARCH, {"expression": expression}).all()
    )
    ids = [identifier for (identifier,) in found]
    rows = session.exec(select(RecordRow).where(col(RecordRow.id).in_(ids)))
    by_id = {row.id: row for row in rows}
    return [by_id[identifier] for identifier in ids]
