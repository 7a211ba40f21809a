"""A record as plain text, in every language held: to be read, or pasted in a letter."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

from app.footnotes import Footnotes
from app.formats.citations import work_of
from app.formats.described import LICENCE_NOTE, Described, licence_url
from app.formats.plain import field_order
from app.formats.prose import cite, plainly
from app.kinds import KINDS
from app.language import LANGUAGES, choose, marks, name_of, tag_of
from app.models import (
    AgreementKind,
    AgreementStatus,
    Certainty,
    DateBasis,
    EventStatus,
    MembershipStanding,
    OrganizationKind,
    SignatoryStanding,
    TextStanding,
)
from app.references import made_by
from app.values import PRIMARY, Name, Part, Text, wordings_of

WIDTH = 80

_WORDS: Mapping[type[StrEnum], str] = {
    AgreementKind: "agreement",
    AgreementStatus: "status",
    Certainty: "certainty",
    DateBasis: "date-basis",
    EventStatus: "status",
    MembershipStanding: "membership",
    OrganizationKind: "organization",
    SignatoryStanding: "signatory",
    TextStanding: "text",
}
"""Under which of the site's words each vocabulary stands."""

_NOT_SAID = {
    *("title", "name", "reference", "aliases", "citations", "prefix", "suffix"),
    *("family_name", "author_family_name"),
}
"""The fields that stand in the heading or at the end, or that only a program needs."""

# Characters two columns wide, each with the marks that may not begin a line after it.
_WIDE = (
    "\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6"
    "\U00020000-\U0003fffd"
)
_PIECE = rf"\s+|[{_WIDE}][、。，．：；！？）〕】》」』”’…]*|[^\s{_WIDE}]+"


def plain_text(described: Described) -> bytes:
    """A record as text in UTF-8, lines of at most eighty columns except where a word is longer."""
    record = described.record
    footnotes = Footnotes(record, described.sources.values())
    lines = [
        *_heading(described),
        *_fields(described, footnotes),
        *_sources(footnotes),
        *_ending(described),
    ]
    return ("\n".join(line.rstrip() for line in lines) + "\n").encode()


def wrapped(text: str, indent: str = "") -> Iterator[str]:
    """A text in lines that fit the width; all but the first begin with an indent."""
    for paragraph in re.split(r"\s*\n\s*", text.strip()):
        line, taken = "", 0
        for piece in re.findall(_PIECE, _shown(paragraph)):
            width = columns(piece)
            if taken + width > WIDTH and line.strip():
                yield line.rstrip()
                line, taken = indent, len(indent)
                if piece.isspace():
                    continue
            line, taken = line + piece, taken + width
        yield line


def columns(text: str) -> int:
    """How many columns a text takes (Unicode Standard Annex 11)."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )


def _shown(text: str) -> str:
    return "".join(c for c in text if c.isspace() or unicodedata.category(c) != "Cc")


def _heading(described: Described) -> Iterator[str]:
    record = described.record
    called = getattr(record, "title", None) or getattr(record, "name", None)
    titles = wordings_of(called) if isinstance(called, Text | Name) else dict(described.title)
    lines = [line for title in titles.values() for line in wrapped(title)]
    yield from lines
    yield "=" * min(WIDTH, max(map(columns, lines)))
    yield f"{described.words[f'one.{described.kind.noun}']} {record.reference}"


def _fields(described: Described, footnotes: Footnotes) -> Iterator[str]:
    """Each field that the record has, with the numbers of the sources that support it alone.

    What fits in one line stands in one; anything longer is a passage between empty lines.
    """
    speech = _Speech(described, footnotes)
    was_passage = True
    for field in field_order(described.kind.model):
        value = getattr(described.record, field)
        if field in _NOT_SAID or value in (None, [], {}, Certainty.ATTESTED):
            continue
        head = f"{speech.label(field)}{_in_brackets(footnotes.supporting(field))}"
        texts = speech.texts(field, value)
        line = f"{head}: {_shown(', '.join(texts))}"
        if columns(line) <= WIDTH and "\n" not in line:
            yield from ("", line) if was_passage else (line,)
            was_passage = False
        else:
            yield from ("", head)
            indent = "  " if len(texts) > 1 and not isinstance(value, Text) else ""
            for text in texts:
                yield from wrapped(f"{'- ' if indent else ''}{text}", indent)
            was_passage = True


class _Speech:
    """Values in words: other records by their names, vocabularies by the site's words."""

    def __init__(self, described: Described, footnotes: Footnotes) -> None:
        self.described = described
        self.footnotes = footnotes
        self.led_to = {made.path: made for made in made_by(described.record)}
        self.sides = {
            side.slug: choose(side.name.root, PRIMARY).text for side in described.meeting.sides
        }

    def label(self, field: str) -> str:
        """What a field is called."""
        return self.described.words.get(f"field.{field}", field.replace("_", " ").capitalize())

    def texts(self, field: str, value: Any) -> list[str]:
        """A field's value as one text, or as several where it is a list or in several languages."""
        if isinstance(value, Text):
            return [
                text if code == PRIMARY else f"{LANGUAGES[code].own_name}: {text}"
                for code, text in value.root.items()
            ]
        if isinstance(value, list):
            return [self.said(item, (field, at)) for at, item in enumerate(value)]
        if field == "text":
            return [value.join(marks(tag_of(self.described.record.language)))]
        return [self.said(value, (field,))]

    def said(self, value: Any, path: tuple[str | int, ...]) -> str:
        """A value in words; `path` is where it stands in the record."""
        made = self.led_to.get(path)
        if made is not None:
            return self.described.name_of(made.to.kind, made.slug)
        if type(value) in _WORDS:
            return self.described.words[f"{_WORDS[type(value)]}.{value}"]
        if isinstance(value, Text | Name):
            return " / ".join(wordings_of(value).values())
        if isinstance(value, dict):
            return "; ".join(f"{key}: {', '.join(names)}" for key, names in value.items())
        if isinstance(value, Part):
            return self._part(value, path)
        if path[-1] in {"language", "original_language"}:
            return name_of(value, PRIMARY)
        return self.sides.get(value, str(value)) if path[-1] == "side" else str(value)

    def _part(self, part: Part, path: tuple[str | int, ...]) -> str:
        """A part as its fields; a text of its own stands without a label, with its sources."""
        said: list[str] = []
        for field in type(part).model_fields:
            value = getattr(part, field)
            if field == "citations":
                said.append(f"{said.pop()}{_in_brackets(self.footnotes.of(value))}")
            elif field in {"text", "heading"}:
                said.append(self.said(value, path))
            elif isinstance(value, list):
                items = (self.said(item, (*path, field, at)) for at, item in enumerate(value))
                said.append(f"{self.label(field)}: {' | '.join(items)}")
            elif field != "slug" and value not in (None, ()):
                said.append(f"{self.label(field)}: {self.said(value, (*path, field))}")
        return "; ".join(said)


def _in_brackets(numbers: list[int]) -> str:
    return f" [{', '.join(map(str, numbers))}]" if numbers else ""


def _sources(footnotes: Footnotes) -> Iterator[str]:
    if footnotes.all:
        yield from ("", "Sources")
    for footnote in footnotes.all:
        source = footnote.source
        title = choose(KINDS["sources"].titled(source), PRIMARY).text
        publisher = source.publisher.root[PRIMARY]
        original = source.copy_of.root[PRIMARY] if source.copy_of else ""
        told = [
            f"{title}.",
            f"{publisher}{f', {source.published_on}' if source.published_on else ''}.",
            f"A copy; original publisher: {original}." if original else "",
            _sentence(footnote.locator) if footnote.locator else "",
            source.url,
        ]
        yield from wrapped(f"[{footnote.number}] {' '.join(filter(None, told))}", "    ")


def _sentence(told: str) -> str:
    """A few words as a sentence of their own."""
    return f"{told[0].upper()}{told[1:]}."


def _ending(described: Described) -> Iterator[str]:
    meeting = described.meeting
    citation = plainly(cite(work_of(described), "chicago", PRIMARY, str))
    yield from ("", "-" * WIDTH)
    yield from wrapped(citation)
    yield described.short_url
    yield from wrapped(f"{meeting.licence} {licence_url(meeting.licence)} {LICENCE_NOTE}")
