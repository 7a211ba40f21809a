"""A work cited in prose, in the three styles that readers are asked for."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from babel import Locale
from babel.dates import format_date, format_skeleton
from markupsafe import Markup, escape

from app.formats.citations import Creator, Gettext, Work, listed_name
from app.language import LANGUAGES, MOST_DAYS, Chosen, marks, printed_in, when
from app.values import DAY, MONTH, PRIMARY

_SHORT_MONTH = 4
_AMERICAN = Locale("en", "US")
"""All three styles are American; in the primary language their dates are, too."""

_INNER_MARKS = {"“": ("‘", "’"), "«": ("„", "“"), "「": ("『", "』")}
_STOPS = tuple(".?!…。？！")
_LAST_STOP = re.compile(r"。$|(?<=\w{3})\.$")
"""A full stop at the end, and not the point of an abbreviation."""


@dataclass(frozen=True)
class Reader:
    """For whom a citation is written: in which language, and its fixed words and signs."""

    language: str
    gettext: Gettext

    @property
    def tag(self) -> str:
        """What `lang` says for that language."""
        return LANGUAGES[self.language].tag

    @property
    def locale(self) -> Locale:
        """Whose way of writing dates is followed."""
        return _AMERICAN if self.language == PRIMARY else LANGUAGES[self.language].locale

    @property
    def space(self) -> str:
        """What stands between two sentences."""
        return LANGUAGES[self.language].space

    @property
    def stop(self) -> str:
        """The full stop of that language."""
        return self.gettext(". ").strip()

    def listed(self, *parts: str) -> Markup:
        """Parts that are there, with commas between them; a part that is markup stays so."""
        return escape(self.gettext(", ")).join(part for part in parts if part)

    def sentences(self, *parts: str) -> Markup:
        """Parts that are there, each ended as a sentence; a part that is markup stays so."""
        ended = (_ended(part, self.stop) for part in parts if part)
        return escape(self.space).join(ended)


def cite(work: Work, style: str, language: str, gettext: Gettext) -> Markup:
    """A dated work in one of STYLES, for a page in a language; no accessed date.

    `gettext` gives the fixed words and the signs in that language.
    """
    return STYLES[style](work, Reader(language, gettext))


def plainly(citation: Markup) -> str:
    """A citation without its italics, as text."""
    return citation.striptags()


def chicago(work: Work, reader: Reader) -> Markup:
    """The Chicago Manual of Style, 17th edition, bibliography; a web page (14.207).

    An utterance has the day that it is of after it (14.267); the page's own day says that it is. A
    source has its publisher and its day.
    """
    issued = when(work.issued, reader.locale) if work.issued else ""
    if work.publisher:
        rest = reader.sentences(reader.listed(_published(work), issued), _copied(work, reader))
    else:
        date = when(work.modified, reader.locale)
        modified = reader.gettext("Last modified %(date)s") % {"date": date}
        rest = reader.sentences(issued if work.container else "", work.container or "", modified)
    lead = reader.sentences(_authors(work, reader, _listed))
    parts = (lead, _in_marks(work, reader), rest, f"{work.url}.")
    return escape(reader.space).join(part for part in parts if part)


def apa(work: Work, reader: Reader) -> Markup:
    """The Publication Manual of the American Psychological Association, 7th edition.

    A page (10.16), or as a speech that a site keeps (10.14): by the day when it was given, with
    what it is in brackets. A site that is its own author is not named twice, nor is a publisher
    that stands for an author (9.24); what is known by a description has it in brackets (9.22).
    """
    published = _published(work)
    authors = _authors(work, reader, _with_initials) or published
    day = _year_first(work.issued, reader.locale) if work.issued else reader.gettext("n.d.")
    dated = (reader.gettext(" ("), day, reader.gettext(")"), reader.stop)
    title, stop = _title(work, reader, work.title)
    titled = Markup("<cite>%s</cite>") % title
    if work.description:
        titled, stop = Markup("[%s]") % title, reader.stop
    if work.container:
        described = reader.gettext("Quotation")
        titled, stop = titled + f"{reader.space}[{described}]", reader.stop
    # An opening bracket of full width ends a name by itself.
    named = _ended(authors, reader.stop) if reader.space else authors
    parts = [named + "".join(dated), titled + stop]
    place = work.container or (published if work.creators else "")
    if place:
        parts.append(_ended(place, reader.stop))
    return escape(reader.space).join(
        part for part in (*parts, _copied(work, reader), work.url) if part
    )


def mla(work: Work, reader: Reader) -> Markup:
    """The MLA Handbook, 9th edition; a page of a site, which as its own author is left out.

    The day of an utterance stands after its title (5.105), the page's own with the site, that of a
    source with its publisher.
    """
    site = work.container or _published(work) or work.creators[0].name
    is_own = not (work.container or work.publisher)
    authors = "" if is_own else _authors(work, reader, _listed)
    said = _day_first(work.issued, reader.locale) if work.container else ""
    day = work.issued if work.publisher else work.modified
    dated = _day_first(day, reader.locale) if day else ""
    place = reader.listed(Markup("<cite>%s</cite>") % site, dated, f"{work.url}.")
    lead, rest = reader.sentences(authors), reader.sentences(said)
    return escape(reader.space).join(
        part for part in (lead, _in_marks(work, reader), rest, place, _copied(work, reader)) if part
    )


STYLES: dict[str, Callable[[Work, Reader], Markup]] = {
    "chicago": chicago,
    "apa": apa,
    "mla": mla,
}
"""Every style by its name, in the order in which readers are offered them."""


def _authors(work: Work, reader: Reader, written: Callable[[Creator], str]) -> Markup:
    """Whose work it is, each name as it is written; marked in letters that are not the reader's."""
    named = [
        _marked(Chosen(written(creator), printed_in(creator.name, reader.language)))
        for creator in work.creators
    ]
    return Markup(", ").join(named)


def _published(work: Work) -> Markup:
    """Who published a source; nothing of a page of ours."""
    return _marked(work.publisher) if work.publisher else Markup()


def _copied(work: Work, reader: Reader) -> Markup:
    """Whose a source was where it is a copy, as a sentence; else nothing."""
    if work.original_publisher is None:
        return Markup()
    said = reader.gettext("copy of %(publisher)s")
    sentence = escape(said[0].upper() + said[1:])
    return reader.sentences(sentence % {"publisher": _marked(work.original_publisher)})


def _marked(chosen: Chosen) -> Markup:
    """A text, marked with its language where that is not the reader's."""
    if chosen.lang is None:
        return escape(chosen.text)
    return Markup('<span lang="%s">%s</span>') % (chosen.lang, chosen.text)


def _ended(text: str, stop: str) -> str:
    """A text with one full stop at its end, or whatever ends it already."""
    return text if text.removesuffix("</span>").endswith(_STOPS) else text + stop


def _listed(creator: Creator) -> str:
    return creator.name if creator.is_family_first else listed_name(creator)


def _with_initials(creator: Creator) -> str:
    """The family's name and the initials of the rest; a name without spaces stays whole."""
    if not creator.given or " " not in creator.name:
        return creator.name
    initials = " ".join(f"{part[0]}." for part in creator.given.split())
    return f"{creator.family}, {initials}"


def _title(work: Work, reader: Reader, title: str) -> tuple[Markup, str]:
    """The title, marked where it is in another language than the page; and the stop it needs."""
    text = title.rstrip(",;: ")
    stop = "" if text.endswith(_STOPS) else reader.stop
    if work.description:
        return _marked(work.description), stop
    return _marked(Chosen(text, None if work.language == reader.tag else work.language)), stop


def _in_marks(work: Work, reader: Reader) -> Markup:
    """The title in the page's quotation marks, those inside it made inner ones.

    The stop stands inside as in American print, in other languages outside, and only there; other
    signs that end it stay. A description is nobody's title and has no marks.
    """
    if work.description:
        title, stop = _title(work, reader, work.title)
        return title + stop
    before, after = marks(reader.tag)
    inner_before, inner_after = _INNER_MARKS[before]
    text = work.title.replace(before, inner_before).replace(after, inner_after)
    if reader.language == PRIMARY:
        title, stop = _title(work, reader, text)
        return escape(before) + title + f"{stop}{after}"
    title, _ = _title(work, reader, _LAST_STOP.sub("", text))
    return escape(before) + title + f"{after}{reader.stop}"


@lru_cache(MOST_DAYS)
def _year_first(day: str, locale: Locale) -> str:
    """As APA writes it: the year, and after a comma as much of the day as is known.

    2016, November 7; in other languages as they do.
    """
    if locale != _AMERICAN:
        return when(day, locale)
    year, _, rest = day.partition("-")
    if not rest:
        return year
    if len(day) < DAY:
        return f"{year}, {format_date(date.fromisoformat(f'{day}-01'), 'LLLL', locale)}"
    return f"{year}, {format_skeleton('MMMMd', date.fromisoformat(day), locale=locale)}"


@lru_cache(MOST_DAYS)
def _day_first(day: str, locale: Locale) -> str:
    """As MLA writes it: 7 Nov. 2016, short months whole; in other languages as they do."""
    if locale != _AMERICAN or len(day) < MONTH:
        return when(day, locale)
    first = date.fromisoformat(day if len(day) == DAY else f"{day}-01")
    month = format_date(first, "MMMM", locale)
    if len(month) > _SHORT_MONTH:
        month = f"{'Sept' if month == 'September' else month[:3]}."
    return f"{first.day} {month} {first.year}" if len(day) == DAY else f"{month} {first.year}"
