"""What a record is: one table class a kind, and the parts that records are made of.

The same classes check the seed, make the tables and come back from the queries. The sentence
under a field is its description wherever the data is described.
Values with an inner structure are kept as JSON in one column; every reference from
one record to another is kept a second time as a row of `link`, where the database
itself sees that it leads somewhere.
"""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, cached_property, lru_cache
from typing import Annotated, Any

from pydantic import ConfigDict, TypeAdapter
from pydantic_core import SchemaValidator
from sqlalchemy import Dialect, Index, String, inspect
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel

from app.values import (
    Contact,
    LanguageTag,
    Licence,
    Name,
    Number,
    Part,
    PartialDate,
    Publisher,
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


_MOST_READ = 512
"""How many values of a column stay in memory once they are read: some hundred kilobytes."""


@cache
def _adapter_of(annotation: Any) -> TypeAdapter[Any]:
    """What reads and writes values of a type: one for all columns that hold such."""
    return TypeAdapter(annotation)


@cache
def _reader_of(annotation: Any) -> SchemaValidator:
    """What reads values of a type that were written by us: our own checks were made then."""
    return SchemaValidator(_believed(_adapter_of(annotation).core_schema))


def _believed(schema: Any) -> Any:
    """A schema of pydantic-core, or a part of one, without checks that are functions of ours."""
    if isinstance(schema, list | tuple):
        return type(schema)(map(_believed, schema))
    if not isinstance(schema, Mapping):
        return schema
    if schema.get("type") == "function-after":
        named = {"ref": schema["ref"]} if "ref" in schema else {}
        return _believed(schema["schema"]) | named
    return {name: _believed(part) for name, part in schema.items()}


class Kept(TypeDecorator[Any]):
    """A column whose values are kept as text; an absent one stays absent."""

    impl = String
    cache_ok = True

    @property
    @abstractmethod
    def read(self) -> Callable[[str], Any]:
        """What makes a value of the text."""

    @property
    @abstractmethod
    def write(self) -> Callable[[Any], str]:
        """What makes the text of a value."""

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """From the value to its text."""
        return None if value is None else self.write(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """From the text back to the value."""
        return None if value is None else self.read(value)


class AsJson(Kept):
    """A column that keeps one value as compact JSON, keys in the order of the fields.

    What is usual is left out, whether the seed says it or not, so that both are the same bytes.
    """

    cache_ok = True

    def __init__(self, annotation: Any) -> None:
        super().__init__()
        self.annotation = annotation

    @cached_property
    def read(self) -> Callable[[str], Any]:
        """What makes a value of the JSON."""
        # A title is read on the page of whatever leads to it: nobody changes what was read.
        return lru_cache(maxsize=_MOST_READ)(_reader_of(self.annotation).validate_json)

    @cached_property
    def write(self) -> Callable[[Any], str]:
        """What makes the JSON of a value."""
        to_json = _adapter_of(self.annotation).serializer.to_json
        return lambda value: to_json(value, exclude_defaults=True).decode()


class AsWord(Kept):
    """A column that keeps one word of a closed vocabulary."""

    cache_ok = True

    def __init__(self, vocabulary: type[StrEnum]) -> None:
        super().__init__()
        self.vocabulary = vocabulary

    @cached_property
    def read(self) -> Callable[[str], Any]:
        """What makes a word of the text."""
        return {str(word): word for word in self.vocabulary}.__getitem__

    @property
    def write(self) -> Callable[[Any], str]:
        """What makes the text of a word."""
        return str


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
    INTERMINISTERIAL_PROTOCOL = "interministerial-protocol"
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
    """The source that is used."""
    locator: Written | None = None
    """The place inside the source, only where the passage itself was seen."""
    fields: tuple[Written, ...] = ()
    """The fields of the record that the source supports; none where it supports the whole."""


Cited = Annotated[list[Citation], Field(min_length=1)]
"""At least one citation."""


class Account(Part):
    """What one or more sources say of a disputed point."""

    text: Text
    """What these sources say of the point."""
    citations: Cited
    """The sources that say so."""


class Disagreement(Part):
    """A point on which sources contradict each other, with every account of it."""

    subject: Text
    """The point on which the sources differ."""
    accounts: list[Account]
    """What each of them says."""
    used: Text | None = None
    """What this site does about it."""


class Signatory(Part):
    """Who signed, for which party, in which capacity."""

    person: Annotated[Slug, To("people", "signatory")]
    """Who signed, or was announced to sign."""
    party: Annotated[Slug, To("organizations", "signatory-for")] | None = None
    """The party for which it was signed."""
    capacity: Text | None = None
    """The office in which it was signed."""
    standing: SignatoryStanding
    """Whether the signing is known, or only announced."""


class Passage(Part):
    """Where an undertaking stands: in a document of the meeting, or at a place in a source."""

    agreement: Annotated[Slug, To("agreements", "within")] | None = None
    """The document in which the undertaking stands."""
    source: Annotated[Slug, To("sources", "within")] | None = None
    """The source in which it stands, where it is in no document of the meeting."""
    locator: Written | None = None
    """The place inside that source."""


class ReadableText(Part):
    """Where the text of an agreement can be read, in which language."""

    language: LanguageTag
    """The language of the text."""
    source: Annotated[Slug, To("sources", "text")]
    """Where the text can be read."""
    standing: TextStanding
    """Whether that is the official publication, a copy or an excerpt."""


class Consequence(Part):
    """What came of an agreement later."""

    happened_on: PartialDate | None = None
    """When it happened."""
    text: Text
    """What happened."""
    citations: Cited
    """The sources that say so."""


class OtherWording(Part):
    """The same utterance as another source holds it."""

    language: LanguageTag
    """The language of this wording."""
    text: Written
    """The wording, letter for letter."""
    note: Text | None = None
    """How it differs, or where it comes from."""
    citations: Cited
    """The sources that hold it."""


class Membership(Part):
    """What one side is in an organization, and since when."""

    side: Slug
    """The side that is or is not a member."""
    standing: MembershipStanding
    """What the side is in the organization."""
    since_on: PartialDate | None = None
    """Since when."""
    note: Text | None = None
    """What a reader must know of it."""


class CoChair(Part):
    """Who chairs a commission for one side."""

    person: Annotated[Slug, To("people", "co-chair")]
    """Who chairs."""
    side: Slug
    """The side for which that person chairs."""
    note: Text | None = None
    """What a reader must know of it."""


class Side(Part):
    """One of the two sides of the meeting."""

    slug: Slug
    """The side's identifier."""
    name: Text
    """What the side is called."""
    government: Annotated[Slug, To("organizations", "government")]
    """Its government."""
    head: Annotated[Slug, To("people", "head")]
    """The head of that government at the meeting."""


class FurtherDocuments(Part):
    """Documents that the sources know only by their field."""

    text: Text
    """What is known of them."""
    sectors: list[Annotated[Slug, To("sectors", "further-documents")]]
    """The fields they are in."""
    citations: Cited
    """The sources that say so."""


class Background(Part):
    """One headed passage about the meeting."""

    heading: Text
    """What the passage is about."""
    text: Text
    """The passage."""
    certainty: Certainty = Certainty.ATTESTED
    """How well it is attested."""
    certainty_reason: Text | None = None
    """Why it is not simply attested."""
    citations: Cited
    """The sources it rests on."""


class Change(Part):
    """What a version of the data changed."""

    version: Written
    """The version of the data."""
    released_on: PartialDate
    """When it was released."""
    text: Text
    """What it changed."""


class Withdrawal(Part):
    """A record that was taken back: its address says so for ever, and why."""

    kind: Written
    """The kind that it was of."""
    slug: Slug
    """The slug that it had."""
    reference: Reference
    """The permanent code that it had; never used again."""
    withdrawn_on: PartialDate
    """The day on which it was taken back."""
    reason: Text
    """Why it was taken back."""


class Record(SQLModel):
    """What every described item has."""

    # What checks a record is made when one is first checked or told: reading does neither.
    model_config = ConfigDict(extra="forbid", defer_build=True)  # type: ignore[assignment]

    id: int = Field(primary_key=True, foreign_key="record.id", exclude=True)
    """The number of the record in the database."""
    slug: Slug = Field(unique=True)
    """The record's name in its address."""
    reference: Reference = Field(unique=True)
    """The permanent code, which survives renaming and is never reused."""
    aliases: list[Slug] = several(list[Slug])
    """Former slugs; their addresses lead on."""
    revised_on: PartialDate | None = plain()
    """The day of the last correction."""
    citations: list[Citation] = several(list[Citation])
    """The sources of the record."""
    certainty: Certainty = word(Certainty, Certainty.ATTESTED)
    """How well the record is attested."""
    certainty_reason: Text | None = maybe(Text)
    """Why it is not simply attested."""
    disagreements: list[Disagreement] = several(list[Disagreement])
    """Where sources contradict each other, every account of it."""
    notes: list[Text] = several(list[Text])
    """What a careful reader must know."""


class Meeting(Record, table=True):
    """The meeting that the whole site is about."""

    title: Name = held(Name)
    """What the meeting is called, and how each wording came to be."""
    short_title: Text = held(Text)
    """The name of the site."""
    number: Number
    """The meeting's place in its series."""
    held_on: PartialDate
    """The day of the meeting."""
    place: Text = held(Text)
    """The town."""
    venue: Name = held(Name)
    """The building."""
    sides: list[Side] = held(list[Side])
    """The two sides, in order."""
    summary: Text = held(Text)
    """The meeting in a paragraph."""
    series_title: Text = held(Text)
    """What the series of meetings is called."""
    visit_title: Text = held(Text)
    """What the visit around the meeting is called."""
    founding_source: Annotated[Slug, To("sources", "founding-source")]
    """The source from which this site began."""
    document_count: Disagreement = held(Disagreement)
    """How many documents there were, by every source that counts them."""
    further_documents: FurtherDocuments | None = maybe(FurtherDocuments)
    """Documents that the sources know only by their field."""
    leading_quote: Annotated[Slug, To("quotes", "leading-quote")]
    """The quote on the first page."""
    passages: list[Background] = several(list[Background])
    """Headed passages about the meeting."""
    method: Text | None = maybe(Text)
    """How the sources were read."""
    gaps: list[Text] = several(list[Text])
    """What was not found in the sources consulted."""
    version: Written
    """The version of the data."""
    released_on: PartialDate
    """When this version was released."""
    licence: Licence
    """The licence of the texts and data, as an SPDX identifier."""
    changes: list[Change] = several(list[Change])
    """What each version changed."""
    withdrawn: list[Withdrawal] = several(list[Withdrawal])
    """Records that were taken back."""
    contact: Contact | None = None
    """Where a mistake can be reported: an e-mail address, or one that begins with https://."""


class Agreement(Record, table=True):
    """A document, or an undertaking with the document or passage it stands in."""

    title: Name = held(Name)
    """What it is called, and how each wording came to be."""
    kind: AgreementKind = word(AgreementKind)
    """What kind of document it is, or that it is an undertaking."""
    status: AgreementStatus = word(AgreementStatus)
    """What the sources say was done with it."""
    sectors: ToSectors = several(list[Slug])
    """The fields of cooperation it belongs to."""
    parties: ToParties = several(list[Slug])
    """The governments, ministries and companies whose agreement it is."""
    undertaken_by: list[Annotated[Slug, To("people", "undertaken-by")]] = several(list[Slug])
    """The people whose undertaking it is."""
    signatories: list[Signatory] = several(list[Signatory])
    """Who signed or was announced to sign, for whom, as what."""
    signed_on: PartialDate | None = plain()
    """The day it was signed."""
    adopted_on: PartialDate | None = plain()
    """The day it was adopted."""
    announced_on: PartialDate | None = plain()
    """The day it was announced."""
    stated_on: PartialDate | None = plain()
    """The day it was stated."""
    reported_on: PartialDate | None = plain()
    """The day it was reported."""
    in_force_on: PartialDate | None = plain()
    """The day it entered into force."""
    within: list[Passage] = several(list[Passage])
    """The document or passage in which an undertaking stands."""
    summary: Text = held(Text)
    """What it says, in our own words."""
    texts: list[ReadableText] = several(list[ReadableText])
    """Where its text can be read."""
    afterwards: list[Consequence] = several(list[Consequence])
    """What came of it."""
    organizations: ToOrganizations = several(list[Slug])
    """The international organizations it concerns."""
    commissions: ToCommissions = several(list[Slug])
    """The commissions it concerns."""

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
    """The person who said it."""
    speaking_organization: Annotated[Slug, To("organizations", "speaker")] | None = plain()
    """The organization that said it."""
    text: Written
    """The wording held, letter for letter."""
    language: LanguageTag
    """The language of that wording."""
    original_language: LanguageTag | None = plain()
    """The language in which it was said, where a source tells."""
    translated_by: Text | None = maybe(Text)
    """Who made the wording held, where that is known."""
    occasion: Text = held(Text)
    """Where and to whom it was said."""
    event: Annotated[Slug, To("events", "event")] | None = plain()
    """The moment at which it was said."""
    said_on: PartialDate | None = plain()
    """The day it was said."""
    published_on: PartialDate | None = plain()
    """The day it was published."""
    prefix: Written | None = None
    """The words before it in the source."""
    suffix: Written | None = None
    """The words after it in the source."""
    paraphrase: Text | None = maybe(Text)
    """What it says, in indirect speech."""
    sectors: ToSectors = several(list[Slug])
    """The fields of cooperation it is about."""
    agreements: ToAgreements = several(list[Slug])
    """The agreements it is about."""
    organizations: ToOrganizations = several(list[Slug])
    """The organizations it names."""
    commissions: ToCommissions = several(list[Slug])
    """The commissions it names."""
    people: ToPeople = several(list[Slug])
    """The people it names."""
    other_wordings: list[OtherWording] = several(list[OtherWording])
    """The same utterance as other sources hold it."""
    compare: list[Annotated[Slug, To("quotes", "compare")]] = several(list[Slug])
    """Quotes to be read beside it."""

    @property
    def dated_on(self) -> str | None:
        """The day it was said, or else published."""
        return self.said_on or self.published_on


class Sector(Record, table=True):
    """A field of cooperation."""

    name: Text = held(Text)
    """What the field is called."""
    summary: Text = held(Text)
    """What belongs to it."""


class Organization(Record, table=True):
    """An international organization, or a party."""

    name: Name = held(Name)
    """What it is called, and how each wording came to be."""
    abbreviation: Name | None = maybe(Name)
    """Its short name."""
    other_names: OtherNames = Field(default_factory=dict, sa_type=AsJson(OtherNames))
    """Other names it goes by, by language."""
    kind: OrganizationKind = word(OrganizationKind)
    """What kind of organization it is."""
    side: Slug | None = plain()
    """The side it belongs to, of a party."""
    part_of: Annotated[Slug, To("organizations", "part-of")] | None = plain()
    """The organization it is a part of."""
    founded_on: PartialDate | None = plain()
    """When it was founded."""
    founding: Text | None = maybe(Text)
    """How it was founded."""
    seat: Text | None = maybe(Text)
    """Where it has its seat."""
    website: WebAddress | None = plain()
    """Its own site."""
    memberships: list[Membership] = several(list[Membership])
    """What each side is in it, and since when."""
    summary: Text = held(Text)
    """What it is."""
    role: Text = held(Text)
    """Its part in this meeting."""


class Person(Record, table=True):
    """Someone who took part, spoke, or held one of the offices."""

    name: Name = held(Name)
    """What the person is called, and how each wording came to be."""
    family_name: Text | None = maybe(Text)
    """The part of the name under which a bibliography lists the person."""
    other_names: OtherNames = Field(default_factory=dict, sa_type=AsJson(OtherNames))
    """Other forms of the name, by language."""
    side: Slug | None = plain()
    """The side the person belongs to."""
    post: Text = held(Text)
    """The office held at the time."""
    role: Text = held(Text)
    """The part played here."""


class Commission(Record, table=True):
    """A standing intergovernmental body with co-chairs."""

    name: Name = held(Name)
    """What it is called, and how each wording came to be."""
    other_names: OtherNames = Field(default_factory=dict, sa_type=AsJson(OtherNames))
    """Other names it goes by, by language."""
    ordinal: Number
    """Its place among the commissions."""
    co_chairs: list[CoChair] = several(list[CoChair])
    """Who chairs it for each side."""
    remit: Text = held(Text)
    """What it deals with."""
    founded_on: PartialDate | None = plain()
    """When it was founded."""
    founding: Text | None = maybe(Text)
    """How it was founded."""
    activity: Text | None = maybe(Text)
    """What it did in the year of the meeting."""
    sectors: ToSectors = several(list[Slug])
    """The fields of cooperation it deals with."""
    created_by: Annotated[Slug, To("agreements", "created-by")] | None = plain()
    """The agreement that created it."""


class Event(Record, table=True):
    """A dated moment of the visit, or a meeting of the series."""

    title: Text = held(Text)
    """What happened."""
    part: EventPart = word(EventPart)
    """Whether it belongs to the visit or to the series of meetings."""
    number: Number | None = None
    """The place of a meeting in the series."""
    held_on: PartialDate
    """The day, or the first of several."""
    ended_on: PartialDate | None = plain()
    """The last day of several."""
    time_of_day: Text | None = maybe(Text)
    """The time of the day."""
    place: Text | None = maybe(Text)
    """Where it was."""
    status: EventStatus = word(EventStatus, EventStatus.HELD)
    """Whether it is known to have taken place."""
    people: ToPeople = several(list[Slug])
    """Who took part."""
    organizations: ToOrganizations = several(list[Slug])
    """The organizations that took part."""
    commissions: ToCommissions = several(list[Slug])
    """The commissions that it concerns."""
    agreements: ToAgreements = several(list[Slug])
    """The agreements that it concerns."""
    summary: Text = held(Text)
    """What is known of it."""


class Source(Record, table=True):
    """Where a statement comes from."""

    title: Written | None = None
    """The title as printed."""
    description: Text | None = maybe(Text)
    """What it is, where no title was seen."""
    publisher: Publisher = held(Publisher)
    """Who published it."""
    author: Written | None = None
    """Who wrote it."""
    author_family_name: Written | None = None
    """The part of that name under which a bibliography lists it."""
    published_on: PartialDate | None = plain()
    """When it was published."""
    date_basis: DateBasis | None = word(DateBasis, None)
    """Where that date comes from."""
    language: LanguageTag
    """The language it is in."""
    url: WebAddress
    """The address at which it was read."""
    copy_of: Publisher | None = maybe(Publisher)
    """The original publisher, where this is a copy."""
    note: Text | None = maybe(Text)
    """What a reader must know of it."""


class RecordRow(SQLModel, table=True):
    """One row for each record of any kind: what a link needs to name it."""

    __tablename__ = "record"
    __table_args__ = (Index("record_of_kind", "kind", "slug"),)

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
    __table_args__ = (
        Index("order_of_record", "record_id", "sort", "language"),
        {"sqlite_with_rowid": False},
    )

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


class Term(SQLModel, table=True):
    """One word of the index: how many records have it, and how many in a name."""

    __tablename__ = "vocabulary"
    __table_args__ = {"sqlite_with_rowid": False}

    term: str = Field(primary_key=True)
    doc: int
    named: int


class AliasRow(SQLModel, table=True):
    """A former slug of a record."""

    __tablename__ = "alias"
    __table_args__ = {"sqlite_with_rowid": False}

    kind: str = Field(primary_key=True)
    slug: str = Field(primary_key=True)
    record_id: int = Field(foreign_key="record.id")


class Tally(SQLModel, table=True):
    """How many records of a part of a kind have a value of a facet, and another beside it.

    Without a facet it is all of them; without another it is those that have the first value.
    `rank` is the place of the other value among those of its facet, the most frequent first.
    """

    __table_args__ = (
        Index("tally_of_value", "kind", "name", "value", "other", "other_value"),
        {"sqlite_with_rowid": False},
    )

    kind: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    value: str = Field(primary_key=True)
    other: str = Field(primary_key=True)
    rank: int = Field(primary_key=True)
    part: str = Field(primary_key=True)
    other_value: str
    number: int


class TieCount(SQLModel, table=True):
    """How many records of a part of a kind lead to a record in a role, and the first of them."""

    __tablename__ = "tie"
    __table_args__ = {"sqlite_with_rowid": False}

    object_id: int = Field(primary_key=True, foreign_key="record.id")
    role: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    part: str = Field(primary_key=True)
    number: int
    first_id: int


class Link(SQLModel, table=True):
    """One reference from a record to another, in the part that the other plays."""

    __table_args__ = (Index("link_to", "object_id", "role", "subject_id", "position"),)

    subject_id: int = Field(primary_key=True, foreign_key="record.id")
    position: int = Field(primary_key=True)
    role: str
    object_id: int = Field(foreign_key="record.id")
    locator: str | None = None


@cache
def for_reading(model: Any) -> Any:
    """A class of a model's own whose columns are plain attributes: a page reads hundreds of them.

    The model's ask SQLAlchemy each time whether there is a change to be noted.
    """
    names = [str(column.key) for column in inspect(model).columns]
    return type.__new__(type(model), model.__name__, (model,), dict.fromkeys(names))
