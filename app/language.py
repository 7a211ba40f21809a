"""The languages of the site: which there are, and how a text is chosen for a reader."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from babel import Locale, UnknownLocaleError
from babel.dates import format_date

from app.values import PRIMARY

_MONTH, _DAY = 7, 10
"""How long a partial date is that names a month, a day."""

_QUOTATION_MARKS = {"ru": ("«", "»"), "zh-Hant": ("「", "」")}
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

    @property
    def locale(self) -> Locale:
        """The language as Babel knows it."""
        return Locale.parse(self.region)

    @property
    def english_name(self) -> str:
        """What English calls it."""
        return str(self.locale.english_name).partition(" (")[0]


LANGUAGES = {
    language.code: language
    for language in (
        Language("en", "en", "English", "en_GB"),
        Language("ru", "ru", "Русский", "ru"),
        Language("zh", "zh-Hans", "中文", "zh_Hans"),
    )
}

PUBLISHED = (PRIMARY,)
"""The languages that pages exist in: those with a catalogue of interface texts."""


@dataclass(frozen=True)
class Chosen:
    """A text for a reader: `lang` is set where it is not in the reader's language."""

    text: str
    lang: str | None = None


def choose(wordings: Mapping[str, str], language: str) -> Chosen:
    """The wording in a language, or else the primary one, or else the first that is held."""
    if language in wordings:
        return Chosen(wordings[language])
    other = PRIMARY if PRIMARY in wordings else next(iter(wordings))
    return Chosen(wordings[other], tag_of(other))


def when(day: str, locale: Locale) -> str:
    """A partial date in words, as exact as it is known."""
    if len(day) < _MONTH:
        return format_date(date(int(day), 1, 1), "y", locale)
    if len(day) < _DAY:
        pattern = str(locale.datetime_skeletons["yMMMM"].pattern)
        return format_date(date.fromisoformat(f"{day}-01"), pattern, locale)
    return format_date(date.fromisoformat(day), "long", locale)


def marks(tag: str) -> tuple[str, str]:
    """The quotation marks of a language, before and after."""
    return _QUOTATION_MARKS.get(tag, _USUAL_MARKS)


def tag_of(code: str) -> str:
    """What `lang` says for a language of the seed, which may be none that pages are in."""
    return LANGUAGES[code].tag if code in LANGUAGES else code


def name_of(tag: str, language: str) -> str:
    """What a language is called in another."""
    named = Locale.parse(tag, sep="-").get_display_name(LANGUAGES[language].region)
    return named or tag


def is_named(tag: str) -> bool:
    """Whether a language tag is one that has a name."""
    try:
        return bool(name_of(tag, PRIMARY))
    except (UnknownLocaleError, ValueError):
        return False
