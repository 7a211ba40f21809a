"""What a record is: one table class a kind, and the parts that records are made of.

The same classes check the seed, make the tables and come back from the queries.
Values with an inner structure are kept as JSON in one column; every reference from
one record to another is kept a second time as a row of `link`, where the database
itself sees that it leads somewhere.
"""

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

from pydantic import ConfigDict, TypeAdapter
from sqlalchemy import Dialect, Index, String
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel

from app.values import (
    LanguageTag,
    Name,
    Part,
    PartialDate,
    Reference,
    Slug,
    Text,
    WebAddress,
    Written,
)


@dataclass(frozen=True)
class To:
    """Marks a slug as a reference: the kind it leads to, and the part that record plays."""

    kind: str
    role: str


class AsJson(TypeDecorator[Any]):
    """A column that keeps one value as compact JSON, keys in the order of the fields."""

    impl = String
    cache_ok = True

    def __init__(self, annotation: Any) -> None:
        super().__init__()
        self.annotation = annotation
        self._adapter: TypeAdapter[Any] = TypeAdapter(annotation)

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """From the value to its JSON; an absent value stays absent."""
        if value is None:
            return None
        plain = self._adapter.dump_python(value, mode="json", exclude_unset=True)
        return json.dumps(plain, ensure_ascii=False, separators=(",", ":"))

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """From the JSON back to the value."""
        return None if value is None else self._adapter.validate_json(value)


class AsWord(TypeDecorator[Any]):
    """A column that keeps one word of a closed vocabulary."""

    impl = String
    cache_ok = True

    def __init__(self, vocabulary: type[StrEnum]) -> None:
        super().__init__()
        self.vocabulary = vocabulary

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """From the word to its text."""
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """From the text back to the word."""
        return None if value is None else self.vocabulary(value)


def word(vocabulary: type[StrEnum], default: Any = ...) -> Any:
    """A column for one word of a vocabulary; required, unless a default (None: absent) is given."""
    return Field(default=default, sa_type=AsWord(vocabulary), nullable=default is None)


def held(annotation: Any) -> Any:
    """A required column that keeps a structured value as JSON."""
    return Field(sa_type=AsJson(annotation))


def maybe(annotation: Any) -> Any:
    """The same, for a value that may be absent."""
    return Field(default=None, sa_type=AsJson(annotation), nullable=True)


def several(annotation: Any) -> Any:
    """The same, for a list that may be empty."""
    return Field(default_factory=list, sa_type=AsJson(annotation))


def plain() -> Any:
    """A text column for a value that may be absent."""
    return Field(default=None, sa_type=String, nullable=True)


class Certainty(StrEnum):
    """How well a record is attested."""

    ATTESTED = "attested"
    INFERRED = "inferred"
    DISPUTED = "disputed"


class AgreementKind(StrEnum):
    """The documents, then the one kind that is not a document."""

    JOINT_COMMUNIQUE = "joint-communique"
    JOINT_STATEMENT = "joint-statement"
    INTERGOVERNMENTAL_PROTOCOL = "intergovernmental-protocol"
    PLAN = "plan"
    CONTRACT = "contract"
    ANNOUNCEMENT = "announcement"
    REPORT = "report"
    UNDERTAKING = "undertaking"


class AgreementStatus(StrEnum):
    """What the sources say was done with it."""

    SIGNED = "signed"
    ADOPTED = "adopted"
    ANNOUNCED = "announced"
    STATED = "stated"
    REPORTED = "reported"


class SignatoryStanding(StrEnum):
    """Whether the signing is known, or only that it was announced."""

    SIGNED = "signed"
    ANNOUNCED = "announced"


class TextStanding(StrEnum):
    """How the text that can be read relates to the original publication."""

    OFFICIAL = "official"
    COPY = "copy"
    EXCERPT = "excerpt"


class OrganizationKind(StrEnum):
    """International ones first, then the kinds that parties have."""

    INTERGOVERNMENTAL_ORGANIZATION = "intergovernmental-organization"
    ORGAN = "organ"
    UNION = "union"
    FORUM = "forum"
    GROUP = "group"
    INITIATIVE = "initiative"
    GOVERNMENT = "government"
    MINISTRY = "ministry"
    COMPANY = "company"
    MEDIA = "media"

    @property
    def is_international(self) -> bool:
        """Whether organizations of this kind stand above the two sides."""
        return self not in {
            OrganizationKind.GOVERNMENT,
            OrganizationKind.MINISTRY,
            OrganizationKind.COMPANY,
            OrganizationKind.MEDIA,
        }


class MembershipStanding(StrEnum):
    """What one side is in an organization."""

    FOUNDING_MEMBER = "founding-member"
    ORIGINAL_MEMBER = "original-member"
    MEMBER = "member"
    PERMANENT_MEMBER = "permanent-member"
    NON_MEMBER = "non-member"
    INITIATOR = "initiator"
    NOT_APPLICABLE = "not-applicable"


class EventPart(StrEnum):
    """Whether an event belongs to the visit or to the series of meetings."""

    VISIT = "visit"
    SERIES = "series"


class EventStatus(StrEnum):
    """Whether an event is known to have taken place."""

    HELD = "held"
    ANNOUNCED = "announced"
    PLANNED = "planned"


class DateBasis(StrEnum):
    """Where the date of a source comes from."""

    PRINTED = "printed"
    ADDRESS = "address"
    INFERRED = "inferred"


ToSectors = list[Annotated[Slug, To("sectors", "sector")]]
ToParties = list[Annotated[Slug, To("organizations", "party")]]
ToOrganizations = list[Annotated[Slug, To("organizations", "organization")]]
ToCommissions = list[Annotated[Slug, To("commissions", "commission")]]
ToAgreements = list[Annotated[Slug, To("agreements", "agreement")]]
ToPeople = list[Annotated[Slug, To("people", "person")]]
OtherNames = dict[LanguageTag, list[Written]]


class Citation(Part):
    """A record's use of a source: the place inside it, and the fields it supports."""

    source: Annotated[Slug, To("sources", "citation")]
    locator: Written | None = None
    fields: tuple[Written, ...] = ()


Cited = Annotated[list[Citation], Field(min_length=1)]
"""At least one citation."""


class Account(Part):
    """What one or more sources say of a disputed point."""

    text: Text
    citations: Cited


class Disagreement(Part):
    """A point on which sources contradict each other, with every account of it."""

    subject: Text
    accounts: list[Account]
    used: Text | None = None


class Signatory(Part):
    """Who signed, for which party, in which capacity."""

    person: Annotated[Slug, To("people", "signatory")]
    party: Annotated[Slug, To("organizations", "signatory-for")] | None = None
    capacity: Text | None = None
    standing: SignatoryStanding


class Passage(Part):
    """Where an undertaking stands: in a document of the meeting, or at a place in a source."""

    agreement: Annotated[Slug, To("agreements", "within")] | None = None
    source: Annotated[Slug, To("sources", "within")] | None = None
    locator: Written | None = None


class ReadableText(Part):
    """Where the text of an agreement can be read, in which language."""

    language: LanguageTag
    source: Annotated[Slug, To("sources", "text")]
    standing: TextStanding


class Consequence(Part):
    """What came of an agreement later."""

    happened_on: PartialDate | None = None
    text: Text
    citations: Cited


class OtherWording(Part):
    """The same utterance as another source holds it."""

    language: LanguageTag
    text: Written
    note: Text | None = None
    citations: Cited


class Membership(Part):
    """What one side is in an organization, and since when."""

    side: Slug
    standing: MembershipStanding
    since_on: PartialDate | None = None
    note: Text | None = None


class CoChair(Part):
    """Who chairs a commission for one side."""

    person: Annotated[Slug, To("people", "co-chair")]
    side: Slug
    note: Text | None = None


class Side(Part):
    """One of the two sides of the meeting."""

    slug: Slug
    name: Text
    government: Annotated[Slug, To("organizations", "government")]
    head: Annotated[Slug, To("people", "head")]


class FurtherDocuments(Part):
    """Documents that the sources know only by their field."""

    text: Text
    sectors: list[Annotated[Slug, To("sectors", "further-documents")]]
    citations: Cited


class Background(Part):
    """One headed passage about the meeting."""

    heading: Text
    text: Text
    certainty: Certainty = Certainty.ATTESTED
    certainty_reason: Text | None = None
    citations: Cited


class Change(Part):
    """What a version of the data changed."""

    version: Written
    released_on: PartialDate
    text: Text


class Record(SQLModel):
    """What every described item has."""

    model_config = ConfigDict(extra="forbid")  # type: ignore[assignment]

    id: int = Field(primary_key=True, foreign_key="record.id", exclude=True)
    slug: Slug = Field(unique=True)
    reference: Reference = Field(unique=True)
    aliases: list[Slug] = several(list[Slug])
    revised_on: PartialDate | None = plain()
    citations: list[Citation] = several(list[Citation])
    certainty: Certainty = word(Certainty, Certainty.ATTESTED)
    certainty_reason: Text | None = maybe(Text)
    disagreements: list[Disagreement] = several(list[Disagreement])
    notes: list[Text] = several(list[Text])


class Meeting(Record, table=True):
    """The meeting that the whole site is about."""

    title: Name = held(Name)
    short_title: Text = held(Text)
    number: int
    held_on: PartialDate
    place: Text = held(Text)
    venue: Name = held(Name)
    sides: list[Side] = held(list[Side])
    summary: Text = held(Text)
    series_title: Text = held(Text)
    visit_title: Text = held(Text)
    founding_source: Annotated[Slug, To("sources", "founding-source")]
    document_count: Disagreement = held(Disagreement)
    further_documents: FurtherDocuments | None = maybe(FurtherDocuments)
    leading_quote: Annotated[Slug, To("quotes", "leading-quote")]
    passages: list[Background] = several(list[Background])
    method: Text | None = maybe(Text)
    gaps: list[Text] = several(list[Text])
    version: Written
    released_on: PartialDate
    licence: Written
    changes: list[Change] = several(list[Change])
    contact: Written | None = None


class Agreement(Record, table=True):
    """A document, or an undertaking with the document or passage it stands in."""

    title: Name = held(Name)
    kind: AgreementKind = word(AgreementKind)
    status: AgreementStatus = word(AgreementStatus)
    sectors: ToSectors = several(list[Slug])
    parties: ToParties = several(list[Slug])
    undertaken_by: list[Annotated[Slug, To("people", "undertaken-by")]] = several(list[Slug])
    signatories: list[Signatory] = several(list[Signatory])
    signed_on: PartialDate | None = plain()
    adopted_on: PartialDate | None = plain()
    announced_on: PartialDate | None = plain()
    stated_on: PartialDate | None = plain()
    reported_on: PartialDate | None = plain()
    in_force_on: PartialDate | None = plain()
    within: list[Passage] = several(list[Passage])
    summary: Text = held(Text)
    texts: list[ReadableText] = several(list[ReadableText])
    afterwards: list[Consequence] = several(list[Consequence])
    organizations: ToOrganizations = several(list[Slug])
    commissions: ToCommissions = several(list[Slug])

    @property
    def is_undertaking(self) -> bool:
        """Whether it is what a side said it would do, and no document of its own."""
        return self.kind == AgreementKind.UNDERTAKING

    @property
    def dated_on(self) -> str | None:
        """The first of its dates that is known: signed, adopted, announced, stated, reported."""
        return (
            self.signed_on
            or self.adopted_on
            or self.announced_on
            or self.stated_on
            or self.reported_on
        )


class Quote(Record, table=True):
    """An utterance and how we hold it."""

    speaker: Annotated[Slug, To("people", "speaker")] | None = plain()
    speaking_organization: Annotated[Slug, To("organizations", "speaker")] | None = plain()
    text: Written
    language: LanguageTag
    original_language: LanguageTag | None = plain()
    translated_by: Text | None = maybe(Text)
    occasion: Text = held(Text)
    event: Annotated[Slug, To("events", "event")] | None = plain()
    said_on: PartialDate | None = plain()
    published_on: PartialDate | None = plain()
    prefix: str | None = None
    suffix: str | None = None
    paraphrase: Text | None = maybe(Text)
    sectors: ToSectors = several(list[Slug])
    agreements: ToAgreements = several(list[Slug])
    organizations: ToOrganizations = several(list[Slug])
    commissions: ToCommissions = several(list[Slug])
    people: ToPeople = several(list[Slug])
    other_wordings: list[OtherWording] = several(list[OtherWording])
    compare: list[Annotated[Slug, To("quotes", "compare")]] = several(list[Slug])

    @property
    def dated_on(self) -> str | None:
        """The day it was said, or else published."""
        return self.said_on or self.published_on


class Sector(Record, table=True):
    """A field of cooperation."""

    name: Text = held(Text)
    summary: Text = held(Text)


class Organization(Record, table=True):
    """An international organization, or a party."""

    name: Name = held(Name)
    abbreviation: Name | None = maybe(Name)
    other_names: OtherNames = Field(default_factory=dict, sa_type=AsJson(OtherNames))
    kind: OrganizationKind = word(OrganizationKind)
    side: Slug | None = plain()
    part_of: Annotated[Slug, To("organizations", "part-of")] | None = plain()
    founded_on: PartialDate | None = plain()
    founding: Text | None = maybe(Text)
    seat: Text | None = maybe(Text)
    website: WebAddress | None = plain()
    memberships: list[Membership] = several(list[Membership])
    summary: Text = held(Text)
    role: Text = held(Text)


class Person(Record, table=True):
    """Someone who took part, spoke, or held one of the offices."""

    name: Name = held(Name)
    other_names: OtherNames = Field(default_factory=dict, sa_type=AsJson(OtherNames))
    side: Slug | None = plain()
    post: Text = held(Text)
    role: Text = held(Text)


class Commission(Record, table=True):
    """A standing intergovernmental body with co-chairs."""

    name: Name = held(Name)
    other_names: OtherNames = Field(default_factory=dict, sa_type=AsJson(OtherNames))
    ordinal: int
    co_chairs: list[CoChair] = several(list[CoChair])
    remit: Text = held(Text)
    founded_on: PartialDate | None = plain()
    founding: Text | None = maybe(Text)
    activity: Text | None = maybe(Text)
    sectors: ToSectors = several(list[Slug])
    created_by: Annotated[Slug, To("agreements", "created-by")] | None = plain()


class Event(Record, table=True):
    """A dated moment of the visit, or a meeting of the series."""

    title: Text = held(Text)
    part: EventPart = word(EventPart)
    number: int | None = None
    held_on: PartialDate
    ended_on: PartialDate | None = plain()
    time_of_day: Text | None = maybe(Text)
    place: Text | None = maybe(Text)
    status: EventStatus = word(EventStatus, EventStatus.HELD)
    people: ToPeople = several(list[Slug])
    organizations: ToOrganizations = several(list[Slug])
    commissions: ToCommissions = several(list[Slug])
    agreements: ToAgreements = several(list[Slug])
    summary: Text = held(Text)


class Source(Record, table=True):
    """Where a statement comes from."""

    title: Written | None = None
    description: Text | None = maybe(Text)
    publisher: Written
    author: Written | None = None
    published_on: PartialDate | None = plain()
    date_basis: DateBasis | None = word(DateBasis, None)
    language: LanguageTag
    url: WebAddress
    copy_of: Written | None = None
    note: Text | None = maybe(Text)


class RecordRow(SQLModel, table=True):
    """One row for each record of any kind: what a link needs to name it."""

    __tablename__ = "record"

    id: int = Field(primary_key=True)
    kind: str
    slug: str
    reference: str = Field(unique=True)
    part: str
    title: dict[LanguageTag, str] = held(dict[LanguageTag, str])


class FacetRow(SQLModel, table=True):
    """One value that a record has of one of the facets of its kind's list."""

    __tablename__ = "facet"
    __table_args__ = (
        Index("facet_of_record", "record_id", "name"),
        {"sqlite_with_rowid": False},
    )

    kind: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    value: str = Field(primary_key=True)
    record_id: int = Field(primary_key=True, foreign_key="record.id")


class OrderRow(SQLModel, table=True):
    """Where a record stands in one order of its kind's list, parts one after the other."""

    __tablename__ = "ordering"
    __table_args__ = {"sqlite_with_rowid": False}

    kind: str = Field(primary_key=True)
    sort: str = Field(primary_key=True)
    language: str = Field(primary_key=True)
    place: int = Field(primary_key=True)
    record_id: int = Field(foreign_key="record.id")


class NameRow(SQLModel, table=True):
    """One way in which a record is called, as the words of the index; slug and reference too."""

    __tablename__ = "name"
    __table_args__ = (Index("name_of_record", "record_id"), {"sqlite_with_rowid": False})

    words: str = Field(primary_key=True)
    record_id: int = Field(primary_key=True, foreign_key="record.id")


class Link(SQLModel, table=True):
    """One reference from a record to another, in the part that the other plays."""

    subject_id: int = Field(primary_key=True, foreign_key="record.id")
    position: int = Field(primary_key=True)
    role: str
    object_id: int = Field(foreign_key="record.id", index=True)
    locator: str | None = None


class Edition(SQLModel, table=True):
    """What the database was made from."""

    seed: str = Field(primary_key=True)
    program: str
