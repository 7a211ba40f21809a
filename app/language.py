"""The languages of the site: which there are, and how a text is chosen for a reader."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from typing import NamedTuple

from babel import Locale, UnknownLocaleError
from babel.core import get_global
from babel.dates import format_date

from app import catalogues
from app.models import Citation, Quote
from app.values import DAY, MONTH, PRIMARY, Text

_QUOTATION_MARKS = {"ru": ("«", "»"), "zh-Hant": ("「", "」")}
_YEARS = {"ru": ("г.", "года")}
"""How a date has the word for "year", which other languages leave out, and how it is in full."""
_WITHOUT_SPACES = {"ja", "zh"}
_USUAL_MARKS = ("“", "”")


@dataclass(frozen=True)
class Language:
    """One language that texts may be in.

    `tag` is what `lang` and `hreflang` say, `own_name` how it calls itself, `region` whose
    way of writing dates and lists its pages follow.
    """

    code: str
    tag: str
    own_name: str
    region: str

    @cached_property
    def locale(self) -> Locale:
        """The language as Babel knows it."""
        return Locale.parse(self.region)

    @cached_property
    def in_territory(self) -> str:
        """The language and a territory, the likeliest where none is known, joined by "_".

        So Open Graph writes a locale (ogp.me, Optional Metadata); the likeliest is Unicode's
        (UTS #35, Likely Subtags).
        """
        likely = get_global("likely_subtags")
        full = likely.get(self.region) or likely[self.code]
        return f"{self.code}_{self.locale.territory or full.rpartition('_')[2]}"

    @property
    def space(self) -> str:
        """What stands between two sentences."""
        return "" if self.code in _WITHOUT_SPACES else " "

    @property
    def english_name(self) -> str:
        """What English calls it."""
        return str(self.locale.english_name).partition(" (")[0]


def _with_catalogue(name: str) -> Language:
    """The language that a catalogue is in, by the name of its folder."""
    code = Locale.parse(name).language
    own_name = str(Locale.parse(name).languages[code])
    return Language(code, name.replace("_", "-"), own_name[0].upper() + own_name[1:], name)


LANGUAGES = {
    language.code: language
    for language in (
        Language(PRIMARY, PRIMARY, "English", "en_GB"),
        *map(_with_catalogue, catalogues.names()),
    )
}
"""The languages of the site: the one its texts are written in, and those with a catalogue."""

PUBLISHED = tuple(LANGUAGES)
"""The languages that pages exist in, in the order in which they are offered."""

_SCRIPTS = (
    (re.compile("[\u3400-\u9fff]"), "zh-Hans"),
    (re.compile("[\u0400-\u04ff]"), "ru"),
    (re.compile("[A-Za-z]"), PRIMARY),
)
"""The letters by which a text tells its language, where nothing else does."""


class Chosen(NamedTuple):
    """A text for a reader: `lang` is set where it is not in the reader's language."""

    text: str
    lang: str | None = None


def choose(wordings: Mapping[str, str], language: str) -> Chosen:
    """The wording in a language, or else the primary one, or else the first that is held."""
    if language in wordings:
        return Chosen(wordings[language])
    other = PRIMARY if PRIMARY in wordings else next(iter(wordings))
    return Chosen(wordings[other], foreign(other, language))


def foreign(tag: str, language: str) -> str | None:
    """What `lang` says for a text on the pages of a language, or nothing where it is theirs."""
    return None if tag_of(tag) == LANGUAGES[language].tag else tag_of(tag)


def is_in(tag: str, language: str) -> bool:
    """Whether a text is in a language, in whichever of its scripts."""
    return tag.partition("-")[0] == language


@dataclass(frozen=True)
class HeldWording:
    """An utterance as one or more sources hold it."""

    text: str
    language: str
    note: Text | None = None
    citations: tuple[Citation, ...] = ()


@dataclass(frozen=True)
class Held:
    """A quote for readers of a language: the wording they are shown first, and the others.

    `is_original` where it was said in the language of the first; `is_foreign` where no wording is
    in the readers' language, who are then told what it says in a `paraphrase`.
    """

    first: HeldWording
    others: Sequence[HeldWording]
    is_original: bool
    is_foreign: bool
    paraphrase: Text | None


def closest(tags: Iterable[str], language: str) -> str:
    """Which of the languages that an utterance is held in is shown first to readers of another.

    The same language, or else the first: an utterance is never shown in translation only
    because the translation is in the primary language.
    """
    held = list(tags)
    same = [tag for tag in held if tag_of(tag) == LANGUAGES[language].tag]
    return next(iter([*same, *(tag for tag in held if is_in(tag, language)), *held]))


def held(quote: Quote, language: str) -> Held:
    """How readers of a language are shown a quote."""
    # What supports no field in particular supports the words.
    supporting = tuple(citation for citation in quote.citations if not citation.fields)
    every = [
        HeldWording(quote.text, quote.language, citations=supporting),
        *(
            HeldWording(other.text, other.language, other.note, tuple(other.citations))
            for other in quote.other_wordings
        ),
    ]
    shown = closest((wording.language for wording in every), language)
    first = next(wording for wording in every if wording.language == shown)
    is_foreign = not is_in(shown, language)
    return Held(
        first=first,
        others=[wording for wording in every if wording is not first],
        is_original=first.language == quote.original_language,
        is_foreign=is_foreign,
        paraphrase=quote.paraphrase if is_foreign else None,
    )


def printed_in(text: str, language: str) -> str | None:
    """The same for a text whose language nobody noted, such as a name: by its letters."""
    letters = {tag: len(script.findall(text)) for script, tag in _SCRIPTS}
    most = max(letters, key=lambda tag: letters[tag])
    return foreign(most, language) if letters[most] else None


MOST_DAYS = 2048
"""How many dates in words stay in memory: Babel makes one in the time that a fact takes."""


@lru_cache(MOST_DAYS)
def when(day: str, locale: Locale, *, is_brief: bool = False) -> str:
    """A partial date in words, as exact as it is known; with its month cut short if `is_brief`."""
    if len(day) >= DAY:
        return format_date(date.fromisoformat(day), "medium" if is_brief else "long", locale)
    skeleton = "y" if len(day) < MONTH else "yMMM" if is_brief else "yMMMM"
    pattern = str(locale.datetime_skeletons[skeleton].pattern)
    return format_date(date.fromisoformat(f"{day}-01-01"[:DAY]), pattern, locale)


@lru_cache(maxsize=1024)
def written_out(day: str) -> Sequence[tuple[str, str]]:
    """A partial date as it is typed: in words in each language, then in numbers, then briefly."""
    found: list[tuple[str, str]] = []
    for is_brief in (False, True):
        for language in LANGUAGES.values():
            short, whole = _YEARS.get(language.code, ("", ""))
            said = when(day, language.locale, is_brief=is_brief)
            found.append((language.code, said.replace(short, whole)))
        found.append(("", day))
    return found


def marks(tag: str) -> tuple[str, str]:
    """The quotation marks of a language, before and after."""
    return _QUOTATION_MARKS.get(tag, _USUAL_MARKS)


def tag_of(code: str) -> str:
    """What `lang` says for a language of the seed, which may be none that pages are in."""
    return LANGUAGES[code].tag if code in LANGUAGES else code


@lru_cache(MOST_DAYS)
def name_of(tag: str, language: str) -> str:
    """What a language is called in another, as CLDR has it: with its script, in one name."""
    names = LANGUAGES[language].locale.languages
    whole = names.get(tag.replace("-", "_"))
    return whole or Locale.parse(tag, sep="-").get_display_name(LANGUAGES[language].region) or tag


@lru_cache(maxsize=1024)
def is_named(tag: str) -> bool:
    """Whether a language tag is one that has a name."""
    try:
        return bool(name_of(tag, PRIMARY))
    except (UnknownLocaleError, ValueError):
        return False
