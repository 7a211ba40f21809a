"""Every question that the serving site asks of its database."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import TextClause, exists, false, func, text, true
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from app.facets import PAGE_SIZE, Selection
from app.kinds import KINDS, Facet, Kind
from app.models import (
    Agreement,
    AgreementKind,
    Event,
    FacetRow,
    Link,
    Meeting,
    OrderRow,
    Record,
    RecordRow,
)
from app.search import (
    LONGEST_ENDING,
    SHORTEST_STEM,
    index_words,
    is_form_of,
    is_han,
    match_expression,
    nearest,
    words_of,
)
from app.values import LONGEST_QUERY, PRIMARY


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


def every_alias(session: Session) -> list[tuple[str, str]]:
    """Every former slug of a record, with its kind."""
    found: list[tuple[str, str]] = []
    for noun, kind in KINDS.items():
        model: Any = kind.model
        names = func.json_each(model.aliases).table_valued("value")
        statement = select(names.c.value).select_from(model).join(names, true())
        found += [(noun, former) for former in session.exec(statement.order_by(model.id))]
    return found


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


def every_name(session: Session) -> list[tuple[str, str, str]]:
    """Kind, slug and reference of every record, by its former slugs too, and of the withdrawn."""
    names = [
        (noun, name, item.reference)
        for noun in KINDS
        for item in records(session, noun)
        for name in (item.slug, *item.aliases)
    ]
    withdrawn = [(one.kind, one.slug, one.reference) for one in meeting(session).withdrawn]
    return names + withdrawn


def row(session: Session, item: Record) -> RecordRow:
    """The row of a record."""
    return session.get_one(RecordRow, item.id)


def neighbours(session: Session, item: Record) -> tuple[RecordRow | None, RecordRow | None]:
    """The records before and after one, among those of its kind."""
    here = row(session, item)
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


def kind_counts(session: Session) -> list[KindCount]:
    """Every kind of document that there is one of, in the order of the vocabulary."""
    counted = session.exec(
        select(Agreement.kind, func.count())
        .where(Agreement.kind != AgreementKind.UNDERTAKING)
        .group_by(col(Agreement.kind))
    )
    numbers = dict(counted.all())
    return [KindCount(kind, numbers[kind]) for kind in AgreementKind if kind in numbers]


def connections(session: Session, nouns: Iterable[str]) -> list[Connection]:
    """Every link between records of some kinds, in the order of the seed."""
    ends, nouns = aliased(RecordRow), list(nouns)
    rows = session.exec(
        select(Link.role, RecordRow, ends)
        .join(RecordRow, col(RecordRow.id) == col(Link.subject_id))
        .join(ends, col(ends.id) == col(Link.object_id))
        .where(col(RecordRow.kind).in_(nouns), col(ends.kind).in_(nouns))
        .order_by(col(Link.subject_id), col(Link.position))
    ).all()
    return [Connection(*row) for row in rows]


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
            .join(Link, col(Link.object_id) == col(RecordRow.id))
            .where(RecordRow.kind == kind, RecordRow.part == part)
            .group_by(col(RecordRow.id))
            .order_by(func.count().desc(), col(RecordRow.id))
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
    """A page of a list: how many records each part has in all, and those of this page in order."""

    counts: dict[str, int]
    records: Sequence[Any]


def listing(
    session: Session,
    kind: Kind,
    selection: Selection,
    language: str,
    size: int | None = PAGE_SIZE,
) -> Listing:
    """What a selection leaves of a kind's list, a page of it or, without a size, the whole."""
    sort = kind.sort(selection.sort)
    first = (selection.page - 1) * size if size else 0
    model: Any = kind.model
    ordered = (
        select(model)
        .join(OrderRow, col(OrderRow.record_id) == model.id)
        .where(
            OrderRow.kind == kind.noun,
            OrderRow.sort == sort.name,
            OrderRow.language == (language if sort.is_by_language else ""),
        )
        .order_by(col(OrderRow.place))
        .limit(size)
    )
    if selection.is_narrowed:
        ordered = ordered.where(*_narrowed(session, kind, selection, OrderRow.record_id)).offset(
            first
        )
    else:
        # Places are dense, so any page is found at once, however far down it is.
        ordered = ordered.where(col(OrderRow.place) >= first)
    return Listing(part_counts(session, kind, selection), session.exec(ordered).all())


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
    counted = session.exec(
        select(RecordRow.part, func.count())
        .where(RecordRow.kind == kind.noun, *_narrowed(session, kind, selection, RecordRow.id))
        .group_by(RecordRow.part)
    ).all()
    tally = dict(counted)
    return {part: tally[part] for part in kind.parts if part in tally}


def facet_counts(
    session: Session, kind: Kind, selection: Selection, facet: str
) -> dict[str, dict[str, int]]:
    """For each value of a facet that is not chosen, by part: how many records it would add.

    Where none is chosen, that is how many it would leave.
    """
    others = replace(
        selection, chosen={name: held for name, held in selection.chosen.items() if name != facet}
    )
    statement = (
        select(FacetRow.value, RecordRow.part, func.count())
        .join(RecordRow, col(RecordRow.id) == col(FacetRow.record_id))
        .where(
            FacetRow.kind == kind.noun,
            FacetRow.name == facet,
            *_narrowed(session, kind, others, FacetRow.record_id),
        )
        .group_by(FacetRow.value, RecordRow.part)
    )
    already = selection.chosen.get(facet, ())
    if already:
        statement = statement.where(~_has(kind, facet, already, FacetRow.record_id))
    found: dict[str, dict[str, int]] = {}
    for value, part, number in session.exec(statement):
        found.setdefault(value, {})[part] = number
    return found


def has_facet_value(session: Session, kind: Kind, facet: Facet, value: str) -> bool:
    """Whether a value of a facet is one: some record has it, or it is a record or a word."""
    if facet.vocabulary is not None and value in set(facet.vocabulary):
        return True
    known = select(FacetRow.value).where(
        FacetRow.kind == kind.noun, FacetRow.name == facet.name, FacetRow.value == value
    )
    if session.exec(known.limit(1)).first() is not None:
        return True
    return facet.noun is not None and bool(rows_by_slug(session, facet.noun, [value]))


def rows_by_slug(session: Session, noun: str, slugs: Iterable[str]) -> dict[str, RecordRow]:
    """Records of a kind by slug."""
    found = select(RecordRow).where(RecordRow.kind == noun, col(RecordRow.slug).in_(list(slugs)))
    return {row.slug: row for row in session.exec(found)}


def _narrowed(session: Session, kind: Kind, selection: Selection, record_id: Any) -> list[Any]:
    """The conditions on a record's id that a selection makes."""
    conditions = [_has(kind, name, values, record_id) for name, values in selection.chosen.items()]
    if selection.query:
        expression = _expression(session, selection.query)
        matches = text("SELECT rowid FROM search_index WHERE search_index MATCH :expression")
        conditions.append(
            col(record_id).in_(matches.bindparams(expression=expression)) if expression else false()
        )
    return conditions


def _has(kind: Kind, name: str, values: Sequence[str], record_id: Any) -> Any:
    row = aliased(FacetRow)
    return exists().where(
        col(row.kind) == kind.noun,
        col(row.name) == name,
        col(row.value).in_(values),
        col(row.record_id) == record_id,
    )


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
    titled AS (SELECT rowid AS id FROM search_index WHERE search_index MATCH :titled),
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
            SELECT count(*) FROM link WHERE object_id = placed.id
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


_SEARCH = _ranking(_BY_PART)
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
    expression = _expression(session, query, column)
    if expression is None:
        return []
    asked = {
        "words": index_words(query[:LONGEST_QUERY]),
        "expression": expression,
        "titled": _expression(session, query, "title"),
        "most": MOST_MATCHES + 1,
        "most_shown": most,
    }
    hits = session.connection().execute(statement, asked).all()
    wanted = select(RecordRow).where(col(RecordRow.id).in_([hit.id for hit in hits]))
    rows = {row.id: row for row in session.exec(wanted)}
    words = words_of(query[:LONGEST_QUERY])

    def rank(hit: Any) -> tuple[Any, ...]:
        is_called = _is_called(rows[hit.id], words, language)
        return hit.place, hit.size is None, -hit.degree, hit.size, hit.score, not is_called

    return [(rows[hit.id], hit) for hit in sorted(hits, key=rank)]


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
    for row, hit in _best(session, _SEARCH, query, MOST_SHOWN, language=language):
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
    SELECT term FROM vocabulary WHERE term >= :first AND term < :beyond
        AND length(term) BETWEEN :shortest AND :longest
    ORDER BY doc DESC, term LIMIT 3000
""")


def spelled_otherwise(session: Session, query: str) -> str | None:
    """A query that finds something, made from one that does not: "did you mean".

    Each word that the index does not have becomes the most similar one that it has; a Chinese
    run that it does not have becomes the longest beginning that it has.
    """
    connection = session.connection()
    words: list[str] = []
    for word in dict.fromkeys(words_of(query[:LONGEST_QUERY])):
        if is_han(word):
            longest = (word[:size] for size in range(len(word), 0, -1))
            known = next((part for part in longest if is_found(session, part)), None)
        elif connection.execute(_IS_KNOWN, {"word": word, "beyond": word + _BEYOND}).first():
            known = word
        else:
            similar = connection.execute(
                _SIMILAR,
                {
                    "first": word[0],
                    "beyond": word[0] + _BEYOND,
                    "shortest": len(word) - 2,
                    "longest": len(word) + 2,
                },
            )
            known = nearest(word, list(similar.scalars()))
        if known is None:
            return None
        words.append(known)
    corrected = " ".join(words)
    return corrected if words and is_found(session, corrected) else None


def next_in_thread(session: Session, kind: Kind, item: Record) -> RecordRow | None:
    """The next record of a kind that hangs on the same thread, the first after the last.

    The thread is the first record that this one leads to in the kind's role, such as its sector.
    """
    thread = session.exec(
        select(Link.object_id)
        .where(Link.subject_id == item.id, Link.role == kind.thread)
        .order_by(col(Link.position))
    ).first()
    if thread is None:
        return None
    same = (
        select(RecordRow)
        .join(Link, col(Link.subject_id) == col(RecordRow.id))
        .where(
            Link.object_id == thread,
            Link.role == kind.thread,
            RecordRow.kind == kind.noun,
            RecordRow.id != item.id,
        )
        .order_by(col(RecordRow.id) < item.id, col(RecordRow.id))
    )
    return session.exec(same.limit(1)).first()
