"""Faces: what the preview card of a record says, in plain text, before anything is drawn.

Words come by argument: here are none.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from app.kinds import kind_of
from app.language import choose, held
from app.models import (
    Agreement,
    Certainty,
    Commission,
    Meeting,
    Organization,
    Person,
    Quote,
    Record,
    RecordRow,
    Source,
)
from app.values import Name, Text, wordings_of

SEPARATOR = " · "

Names = Mapping[tuple[str, str], RecordRow]
"""Records by kind and slug."""


@dataclass(frozen=True)
class CardFace:
    """What a card says, in plain text.

    `marks` are the quotation marks of a title that is an utterance, `gloss` what it says in the
    card's own language; `sides` is what stands for the first and for the second side, where both
    are told; there are two `lines` at most.
    """

    kicker: str
    title: str
    foot: str
    marks: tuple[str, str] | None = None
    gloss: str = ""
    sides: tuple[str, str] | None = None
    lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class Letterhead:
    """What the cards of a site share in one language.

    `side_of` gives the side of people and organizations by kind and slug; `words` are those of
    words.html, `dated` writes a partial date, `marks` gives the quotation marks of a language.
    """

    meeting: Meeting
    side_of: Mapping[tuple[str, str], str | None]
    language: str
    words: Mapping[str, str]
    dated: Callable[[str], str]
    marks: Callable[[str], tuple[str, str]]

    def say(self, value: Text | Name | Mapping[str, str]) -> str:
        """A text in the card's language, or else as pages choose."""
        return choose(wordings_of(value), self.language).text

    def held(self, value: Text | Name | None) -> list[str]:
        """A text where there is one in the card's language."""
        wordings = wordings_of(value) if value else {}
        return [wordings[self.language]] if self.language in wordings else []


@dataclass(frozen=True)
class _Draft:
    """What a face is made from: the letterhead, the records led to, what every face has."""

    letterhead: Letterhead
    names: Names
    plain: CardFace

    def called(self, party: tuple[str, str]) -> str:
        """What a record that is led to is called."""
        return self.letterhead.say(self.names[party].title)

    def dated(self, day: str | None) -> list[str]:
        """A date in words, where there is one."""
        return [self.letterhead.dated(day)] if day else []

    def between(
        self, parties: Mapping[tuple[str, str], str | None], *lines: str, kicker: str = ""
    ) -> CardFace:
        """A face with its parties, given with the side of each.

        They stand on two sides where each is on one and both are there, else in a line.
        """
        face = replace(self.plain, kicker=kicker or self.plain.kicker)
        first, second = (
            SEPARATOR.join(
                self.called(party) for party, side in parties.items() if side == one.slug
            )
            for one in self.letterhead.meeting.sides
        )
        if first and second and all(parties.values()):
            return replace(face, sides=(first, second), lines=lines)
        return replace(face, lines=(*_joined(map(self.called, parties)), *lines))


def face_of(record: Record, names: Names, letterhead: Letterhead) -> CardFace:
    """What the card of a record says, or of the meeting; `names` are the records it leads to."""
    meeting = letterhead.meeting
    called = letterhead.held(meeting.short_title) or [letterhead.say(meeting.title)]
    foot = (*called, *letterhead.held(meeting.place), letterhead.dated(meeting.held_on))
    kind = kind_of(record)
    plain = CardFace(
        kicker=letterhead.words[f"one.{kind.noun}"],
        title=letterhead.say(kind.titled(record)),
        foot=SEPARATOR.join(foot),
    )
    make = _FACES.get(kind.noun)
    return make(record, _Draft(letterhead, names, plain)) if make else plain


def _meeting(meeting: Meeting, draft: _Draft) -> CardFace:
    heads = {("people", side.head): side.slug for side in meeting.sides}
    return draft.between(heads, kicker="".join(draft.letterhead.held(meeting.series_title)))


def _agreement(agreement: Agreement, draft: _Draft) -> CardFace:
    words, side_of = draft.letterhead.words, draft.letterhead.side_of
    parties = [("people", slug) for slug in agreement.undertaken_by] or [
        ("organizations", slug) for slug in agreement.parties
    ]
    told = [] if agreement.is_undertaking else [words[f"status.{agreement.status}"]]
    told += draft.dated(agreement.dated_on)
    if agreement.certainty != Certainty.ATTESTED:
        told.append(words[f"certainty.{agreement.certainty}"])
    return draft.between(
        {party: side_of.get(party) for party in parties},
        *_joined(told),
        kicker=words[f"agreement.{agreement.kind}"],
    )


def _quote(quote: Quote, draft: _Draft) -> CardFace:
    letterhead = draft.letterhead
    speaker = (
        ("people", quote.speaker)
        if quote.speaker
        else ("organizations", str(quote.speaking_organization))
    )
    shown = held(quote, letterhead.language)
    gloss = "".join(letterhead.held(shown.paraphrase))
    told = (draft.called(speaker), *draft.dated(quote.dated_on))
    return replace(
        draft.plain,
        title=shown.first.text,
        marks=letterhead.marks(shown.first.language),
        gloss=gloss,
        # A gloss takes room from the quote itself, which the lines give back.
        lines=_joined(told) if gloss else told,
    )


def _organization(organization: Organization, draft: _Draft) -> CardFace:
    letterhead, words = draft.letterhead, draft.letterhead.words
    told = [
        text for text in letterhead.held(organization.abbreviation) if text != draft.plain.title
    ]
    told += (f"{words['field.founded_on']} {day}" for day in draft.dated(organization.founded_on))
    kicker = words[f"organization.{organization.kind}"]
    return replace(draft.plain, kicker=kicker, lines=_joined(told))


def _person(person: Person, draft: _Draft) -> CardFace:
    return replace(draft.plain, lines=tuple(draft.letterhead.held(person.post)))


def _commission(commission: Commission, draft: _Draft) -> CardFace:
    return draft.between({("people", chair.person): chair.side for chair in commission.co_chairs})


def _source(source: Source, draft: _Draft) -> CardFace:
    publisher = draft.letterhead.say(source.publisher)
    return replace(draft.plain, lines=(publisher, *draft.dated(source.published_on)))


_FACES: dict[str, Callable[[Any, _Draft], CardFace]] = {
    "meeting": _meeting,
    "agreements": _agreement,
    "quotes": _quote,
    "organizations": _organization,
    "people": _person,
    "commissions": _commission,
    "sources": _source,
}
"""What a kind's face says beyond its title; a sector's says no more."""


def _joined(texts: Iterable[str]) -> tuple[str, ...]:
    """Short texts as one line, or none."""
    joined = SEPARATOR.join(texts)
    return (joined,) if joined else ()
