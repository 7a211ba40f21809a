"""A work cited in prose, in the three styles that readers are asked for."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from babel import Locale
from babel.dates import format_date, format_skeleton
from markupsafe import Markup

from app.formats.citations import Creator, Gettext, Work, listed_name
from app.language import LANGUAGES, marks, when
from app.values import PRIMARY

_MONTH, _DAY = 7, 10
_SHORT_MONTH = 4
_AMERICAN = Locale("en", "US")
"""All three styles are American; in the primary language their dates are, too."""

_INNER_MARKS = {"“": ("‘", "’"), "«": ("„", "“"), "「": ("『", "』")}
_STOPS = tuple(".?!…。？！")


@dataclass(frozen=True)
class Reader:
    """For whom a citation is written: in which language, and its fixed words."""

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


def cite(work: Work, style: str, language: str, gettext: Gettext) -> Markup:
    """A dated work in one of STYLES, for a page in a language; no accessed date.

    `gettext` gives the fixed words in that language.
    """
    return STYLES[style](work, Reader(language, gettext))


def plainly(citation: Markup) -> str:
    """A citation without its italics, as text."""
    return citation.striptags()


def chicago(work: Work, reader: Reader) -> Markup:
    """The Chicago Manual of Style, 17th edition, bibliography; a web page (14.207)."""
    authors = ", ".join(map(_listed, work.creators))
    container = Markup(" {}").format(_ended(work.container)) if work.container else ""
    modified = reader.gettext("Last modified %(date)s") % {"date": when(work.issued, reader.locale)}
    return Markup("{} {}{} {} {}.").format(
        _ended(authors), _in_marks(work, reader), container, _ended(modified), work.url
    )


def apa(work: Work, reader: Reader) -> Markup:
    """The Publication Manual of the American Psychological Association, 7th edition (10.16).

    A site that is its own author is not named twice.
    """
    authors = ", ".join(map(_with_initials, work.creators))
    container = Markup(" {}").format(_ended(work.container)) if work.container else ""
    return Markup("{} ({}). {}{} {}").format(
        _ended(authors),
        _year_first(work.issued, reader.locale),
        Markup("<cite>{}</cite>{}").format(*_title(work, reader, work.title)),
        container,
        work.url,
    )


def mla(work: Work, reader: Reader) -> Markup:
    """The MLA Handbook, 9th edition; a page of a site, which as its own author is left out."""
    site = work.container or work.creators[0].name
    authors = ", ".join(map(_listed, work.creators)) if work.container else ""
    opening = Markup("{} ").format(_ended(authors)) if authors else ""
    return Markup("{}{} <cite>{}</cite>, {}, {}.").format(
        opening,
        _in_marks(work, reader),
        site,
        _day_first(work.issued, reader.locale),
        work.url,
    )


STYLES: dict[str, Callable[[Work, Reader], Markup]] = {
    "chicago": chicago,
    "apa": apa,
    "mla": mla,
}
"""Every style by its name, in the order in which readers are offered them."""


def _ended(text: str) -> str:
    """A text with one full stop at its end, or whatever ends it already."""
    return text if text.endswith(_STOPS) else f"{text}."


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
    stop = "" if text.endswith(_STOPS) else "."
    if work.language == reader.tag:
        return Markup("{}").format(text), stop
    return Markup('<span lang="{}">{}</span>').format(work.language, text), stop


def _in_marks(work: Work, reader: Reader) -> Markup:
    """The title in the page's quotation marks, those inside it made inner ones.

    The stop stands inside as in American print, in other languages outside.
    """
    before, after = marks(reader.tag)
    inner_before, inner_after = _INNER_MARKS[before]
    text = work.title.replace(before, inner_before).replace(after, inner_after)
    title, stop = _title(work, reader, text)
    end = f"{stop}{after}" if reader.language == PRIMARY else f"{after}{stop}"
    return Markup("{}{}{}").format(before, title, end)


def _year_first(day: str, locale: Locale) -> str:
    """The year, and after a comma as much of the day as is known: 2016, November 7."""
    year, _, rest = day.partition("-")
    if not rest:
        return year
    if len(day) < _DAY:
        return f"{year}, {format_date(date.fromisoformat(f'{day}-01'), 'LLLL', locale)}"
    return f"{year}, {format_skeleton('MMMMd', date.fromisoformat(day), locale=locale)}"


def _day_first(day: str, locale: Locale) -> str:
    """As MLA writes it: 7 Nov. 2016, short months whole; in other languages as they do."""
    if locale != _AMERICAN or len(day) < _MONTH:
        return when(day, locale)
    first = date.fromisoformat(day if len(day) == _DAY else f"{day}-01")
    month = format_date(first, "MMMM", locale)
    if len(month) > _SHORT_MONTH:
        month = f"{'Sept' if month == 'September' else month[:3]}."
    return f"{first.day} {month} {first.year}" if len(day) == _DAY else f"{month} {first.year}"
