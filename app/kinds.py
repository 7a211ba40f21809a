"""The kinds of record: one registry that the seed, the routes, the lists and the index read."""

import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any

from app.models import (
    Agreement,
    AgreementKind,
    AgreementStatus,
    Commission,
    Event,
    EventPart,
    Meeting,
    Organization,
    OrganizationKind,
    Person,
    Quote,
    Record,
    Sector,
    Source,
)
from app.values import PRIMARY, Text, texts_in

WHOLE = "all"
"""The one part of a list that has no headed parts."""

OPENING_LENGTH = 90
"""How many characters of a quote stand for the whole in a title or a link."""


@dataclass(frozen=True)
class Facet:
    """One way to narrow a list: a query parameter, and the values that a record has of it.

    The values are slugs of a kind (`noun`), or words of a `vocabulary` whose names in
    words.html begin with `stem`, or else language tags.
    """

    name: str
    values: Callable[[Any], Iterable[str]]
    noun: str | None = None
    vocabulary: type[StrEnum] | None = None
    stem: str = ""

    def spelled(self, value: str) -> str:
        """A value as it is spelled here, whatever the case of its letters.

        Of a language tag that is RFC 5646, section 2.1.1.
        """
        if self.noun or self.vocabulary:
            return value.lower()
        language, *others = value.split("-")
        subtags = (other.title() if len(other) == 4 else other.upper() for other in others)
        return "-".join([language.lower(), *subtags])


@dataclass(frozen=True)
class Sort:
    """One order of a list: its name, and what gives the key of a record in a language.

    Keys are compared by their bytes; `word` names to a reader what they are; `is_by_language` is
    true where readers of different languages see different orders.
    """

    name: str
    key: Callable[[Any], Callable[[str], Any]]
    word: str
    is_by_language: bool = False


@dataclass(frozen=True)
class Kind:
    """One kind of record.

    `noun` is its key in the seed and, where it has pages, its address; `singular` names one to
    an editor; `titled` says how a record of the kind is called, by language, `gist` what it is in
    short; `has_pages` is false for the meeting, which is the home page, and for events, which
    stand on the timeline. `parts` are what its list is headed by, `part` says to which one a record
    belongs; `facets` and `sorts` are what the list can be narrowed and ordered by, beside the order
    of the seed; `thread` is the role of the link that a reader follows from one to the next;
    `distance` is how far behind the subjects a search puts it: quotes and moments tell of them,
    sources of all.
    """

    noun: str
    singular: str
    model: type[Record]
    titled: Callable[[Any], dict[str, str]]
    gist: Callable[[Any], Text | None] = lambda _: None
    has_pages: bool = True
    parts: tuple[str, ...] = (WHOLE,)
    part: Callable[[Any], str] = lambda _: WHOLE
    facets: tuple[Facet, ...] = ()
    sorts: tuple[Sort, ...] = ()
    thread: str = ""
    distance: int = 0

    def sort(self, name: str) -> Sort:
        """One of its orders by name; the empty name is the order of the seed."""
        return next((sort for sort in self.sorts if sort.name == name), SEED_ORDER)

    @property
    def parameters(self) -> tuple[str, ...]:
        """The query parameters that its list knows."""
        facets = (facet.name for facet in self.facets)
        return (*facets, "q", *(("sort",) if self.sorts else ()), "page")


def opening(text: str, length: int = OPENING_LENGTH) -> str:
    """The first words of a text, cut between words, with an ellipsis for what is left out."""
    if len(text) <= length:
        return text
    cut = text[:length]
    # Chinese has no spaces to cut at, or only around a few foreign words.
    space = cut.rfind(" ")
    head = cut[:space] if space > length // 2 else cut
    return head.rstrip(" ,;:.，；：。、") + "…"


def _name(record: Any) -> dict[str, str]:
    return dict(texts_in(vars(record).get("title") or record.name))


def _by_family(person: Person) -> dict[str, str]:
    """A name behind the part of it under which bibliographies list it, where that is known."""
    families = person.family_name.root if person.family_name else {}
    return {
        language: f"{families[language]} {name}" if language in families else name
        for language, name in texts_in(person.name)
    }


def _quote(quote: Quote) -> dict[str, str]:
    return {quote.language: opening(quote.text)}


def _source(source: Source) -> dict[str, str]:
    if source.description:
        return dict(source.description.root)
    if source.title:
        return {source.language: source.title}
    return dict(source.publisher.root)


def collated(title: Mapping[str, str], language: str) -> Any:
    """What a title is ordered by in a language.

    Chinese by its GB 18030 code, which for the common characters is the order of their sounds
    (GB 2312-80, level 1); other scripts by their letters without case.
    """
    text = title.get(language) or title.get(PRIMARY) or next(iter(title.values()))
    if language == "zh":
        return text.encode("gb18030", errors="replace")
    return unicodedata.normalize("NFKD", text).casefold().encode()


def _by_title(titled: Callable[[Any], dict[str, str]], word: str = "sort.title") -> Sort:
    return Sort(
        "title", lambda record: partial(collated, titled(record)), word, is_by_language=True
    )


SEED_ORDER = Sort("", lambda record: lambda _language: record.id, "sort.entry")
"""The order of the files, which is the editor's."""


def _by_date(dated: Callable[[Any], str | None]) -> Sort:
    """The earliest first, what has no date last."""
    return Sort("date", lambda record: lambda _language: dated(record) or "undated", "sort.date")


_SECTOR = Facet("sector", lambda record: record.sectors, noun="sectors")
_ORGANIZATION = Facet("organization", lambda record: record.organizations, noun="organizations")
_LANGUAGE = Facet("language", lambda record: [record.language])

KINDS = {
    kind.noun: kind
    for kind in (
        Kind("meeting", "meeting", Meeting, _name, lambda record: record.summary, has_pages=False),
        Kind(
            "agreements",
            "agreement",
            Agreement,
            _name,
            lambda record: record.summary,
            parts=("documents", "undertakings"),
            part=lambda record: "undertakings" if record.is_undertaking else "documents",
            facets=(
                _SECTOR,
                Facet(
                    "kind",
                    lambda record: [record.kind],
                    vocabulary=AgreementKind,
                    stem="agreement.",
                ),
                Facet("party", lambda record: record.parties, noun="organizations"),
                _ORGANIZATION,
                Facet(
                    "status",
                    lambda record: [record.status],
                    vocabulary=AgreementStatus,
                    stem="status.",
                ),
            ),
            sorts=(_by_date(lambda record: record.dated_on), _by_title(_name)),
            thread="sector",
        ),
        Kind("sectors", "sector", Sector, _name, lambda record: record.summary),
        Kind(
            "quotes",
            "quote",
            Quote,
            _quote,
            facets=(
                Facet("speaker", lambda record: filter(None, [record.speaker]), noun="people"),
                _SECTOR,
                Facet(
                    "organization",
                    lambda record: [
                        *record.organizations,
                        *filter(None, [record.speaking_organization]),
                    ],
                    noun="organizations",
                ),
                _LANGUAGE,
            ),
            sorts=(_by_date(lambda record: record.dated_on),),
            thread="speaker",
            distance=1,
        ),
        Kind(
            "organizations",
            "organization",
            Organization,
            _name,
            lambda record: record.role,
            parts=("international", "parties"),
            part=lambda record: "international" if record.kind.is_international else "parties",
            facets=(
                Facet(
                    "kind",
                    lambda record: [record.kind],
                    vocabulary=OrganizationKind,
                    stem="organization.",
                ),
            ),
            sorts=(_by_title(_name, "sort.name"),),
        ),
        Kind(
            "people",
            "person",
            Person,
            _name,
            lambda record: record.post,
            sorts=(_by_title(_by_family, "sort.family_name"),),
        ),
        Kind(
            "commissions",
            "commission",
            Commission,
            _name,
            lambda record: record.remit,
            facets=(_SECTOR,),
            thread="sector",
        ),
        Kind(
            "events",
            "event",
            Event,
            _name,
            lambda record: record.summary,
            has_pages=False,
            parts=tuple(EventPart),
            part=lambda record: str(record.part),
            distance=1,
        ),
        Kind(
            "sources",
            "source",
            Source,
            _source,
            facets=(_LANGUAGE,),
            sorts=(_by_date(lambda record: record.published_on), _by_title(_source)),
            distance=2,
        ),
    )
}
"""In the order in which lists and pages name them."""

PAGED = tuple(kind for kind in KINDS.values() if kind.has_pages)
"""The kinds with a page for each record, and one for their list."""

LISTED = tuple(kind for kind in KINDS.values() if kind.noun != "meeting")
"""The kinds that there are several records of."""


_OF_TABLE = {kind.model.__tablename__: kind for kind in KINDS.values()}


def kind_of(record: Record) -> Kind:
    """The kind a record belongs to."""
    return _OF_TABLE[record.__tablename__]
