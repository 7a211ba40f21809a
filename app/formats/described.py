"""A record with everything that any format of it tells: what all formats are made from.

Data files stand at one address for all languages: their texts are in every language held, and
the few words of their own in the primary one.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlmodel import Session

from app import queries, urls
from app.kinds import Kind, kind_of
from app.language import choose
from app.models import Meeting, Organization, Person, Record, RecordRow, Source
from app.queries import Tie
from app.urls import Addresses
from app.values import DAY, MONTH, PRIMARY

LICENCE_NOTE = "Quotations and the titles of sources remain their authors’."
"""What the licence of the texts and data does not cover."""

_CREATIVE_COMMONS = re.compile(r"CC-([A-Z-]+)-([0-9.]+)")


@dataclass(frozen=True)
class Described:
    """One record, what it leads to, and where it stands.

    `names` are the records that it leads to, by kind and slug; `sources` those of them that are
    sources, by slug and whole, in the order in which the record first uses them; `ties` every
    link from it and to it; `speaker` whose words it is, if it is a quote; `words` the site's words
    for kinds, fields and values.
    """

    kind: Kind
    record: Any
    meeting: Meeting
    addresses: Addresses
    names: Mapping[tuple[str, str], RecordRow]
    sources: Mapping[str, Source]
    ties: Sequence[Tie]
    speaker: Person | Organization | None
    words: Mapping[str, str]

    @cached_property
    def title(self) -> Mapping[str, str]:
        """What the record is called, by language."""
        return self.kind.titled(self.record)

    @cached_property
    def url(self) -> str:
        """The whole address of the record's page."""
        return self.url_of(self.kind.noun, self.record.slug)

    @property
    def api_url(self) -> str:
        """The whole address of the record in the API."""
        return self.addresses.absolute(self.addresses.answer_path(self.kind.noun, self.record.slug))

    @property
    def short_url(self) -> str:
        """The whole address that survives renaming."""
        return self.addresses.absolute(urls.reference_path(self.record.reference))

    @property
    def format_urls(self) -> dict[str, str]:
        """The whole address of each format, by suffix."""
        noun, slug = self.kind.noun, self.record.slug
        return {
            suffix: self.addresses.absolute(urls.record_format_path(noun, slug, suffix))
            for suffix in urls.record_formats(noun)
        }

    @property
    def updated_on(self) -> str:
        """The day of its last correction, or else of the data's release."""
        return self.record.revised_on or self.meeting.released_on

    def url_of(self, noun: str, slug: str, language: str = PRIMARY) -> str:
        """The whole address of a record's page."""
        return self.addresses.absolute(urls.record_path(noun, slug, language))

    def name_of(self, noun: str, slug: str) -> str:
        """What a record that it leads to is called in the primary language, or else another."""
        return choose(self.names[noun, slug].title, PRIMARY).text


@dataclass(frozen=True)
class Listed:
    """Some records of a kind, as a filtered list or one page of it.

    `html_url` is the address of the same list for people, `url` of this document; `counts` has
    the size of the whole list for each headed part, which are never added up.
    """

    kind: Kind
    items: Sequence[Described]
    counts: Mapping[str, int]
    meeting: Meeting
    addresses: Addresses
    html_url: str
    url: str
    words: Mapping[str, str]
    previous_url: str | None = None
    next_url: str | None = None


def describe(
    session: Session,
    records: Sequence[Record],
    addresses: Addresses,
    words: Mapping[str, str],
) -> list[Described]:
    """Some records with everything that their formats tell, asked for all of them at once."""
    meeting = queries.meeting(session)
    ties = queries.ties_of(session, [record.id for record in records])
    wanted = {
        tie.other.id: tie.other
        for made in ties.values()
        for tie in made
        if tie.is_outgoing and (tie.other.kind == "sources" or tie.role == "speaker")
    }
    whole = queries.whole(session, wanted.values())
    described = []
    for record in records:
        led_to = [tie for tie in ties[record.id] if tie.is_outgoing]
        described.append(
            Described(
                kind=kind_of(record),
                record=record,
                meeting=meeting,
                addresses=addresses,
                names={(tie.other.kind, tie.other.slug): tie.other for tie in led_to},
                sources={
                    tie.other.slug: whole[tie.other.id]
                    for tie in led_to
                    if tie.other.kind == "sources"
                },
                ties=ties[record.id],
                speaker=next(
                    (whole[tie.other.id] for tie in led_to if tie.role == "speaker"), None
                ),
                words=words,
            )
        )
    return described


def licence_url(identifier: str) -> str:
    """Where a licence stands, from its SPDX identifier (https://spdx.org/licenses/)."""
    match = _CREATIVE_COMMONS.fullmatch(identifier)
    if match:
        return f"https://creativecommons.org/licenses/{match[1].lower()}/{match[2]}/"
    return f"https://spdx.org/licenses/{identifier}.html"


def first_instant(day: str) -> str:
    """A partial date as an instant (RFC 3339): its first day, at midnight UTC."""
    return f"{day}{'-01-01' if len(day) < MONTH else '-01' if len(day) < DAY else ''}T00:00:00Z"
