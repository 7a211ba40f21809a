"""The small values that records are made of: texts by language, names, partial dates."""

import re
from collections.abc import Container, Mapping
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    RootModel,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

PRIMARY = "en"
"""The language every text must have; its pages stand at the bare addresses."""

LONGEST_QUERY = 200
"""How many characters of a query are searched."""

SLUG_PATTERN = r"[a-z0-9]+(?:-[a-z0-9]+)*"
# BCP 47 (RFC 5646, section 2.1), as far as language, script and region.
_LANGUAGE_TAG = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?")
_E_MAIL = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
    r"(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)+"
)
_PARTIAL_DATE = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")


LARGEST_NUMBER = 2**31 - 1
"""The largest number that a record may give; whatever reads our data can hold it."""


def legible(typed: str) -> str:
    """What was typed as a page can repeat it: what cannot be shown is a space, and no two meet."""
    shown = (character if character.isprintable() else " " for character in typed)
    return " ".join("".join(shown).split())


def sought(typed: str) -> str:
    """What was typed as words to look for; what cannot be shown at all is one that nothing has."""
    return legible(typed) or "\ufffd" * bool(typed.strip())


def _language_tag(value: str) -> str:
    if not _LANGUAGE_TAG.fullmatch(value):
        message = f'"{value}" is not a language tag such as "en", "zh-Hans" (BCP 47)'
        raise ValueError(message)
    return value


def _partial_date(value: str) -> str:
    match = _PARTIAL_DATE.fullmatch(value)
    if not match:
        message = f'"{value}" is not a date; write 2016, 2016-11 or 2016-11-07'
        raise ValueError(message)
    year, month, day = (int(part) if part else 1 for part in match.groups())
    try:
        date(year, month, day)
    except ValueError:
        message = f'"{value}" is not a day in the calendar'
        raise ValueError(message) from None
    return value


_NO_CHARACTERS = "".join(
    f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0, 0x110000, 0x10000)
)
_UNFIT = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069"
    f"\ud800-\udfff\ufdd0-\ufdef{_NO_CHARACTERS}]"
)
"""Signs that no text has: control characters but tabulator and line feed, what turns the direction
of a whole line around (Unicode Technical Report 36, section 2.10.1), surrogates, and what is no
character at all. XML, and so our feeds, could not carry them (XML 1.0, section 2.2)."""


def _written(value: str) -> str:
    if not value.strip():
        message = "the text is empty"
        raise ValueError(message)
    # None of them is printable, and whether all signs are is known far sooner.
    unfit = None if value.isprintable() else _UNFIT.search(value)
    if unfit:
        message = f"U+{ord(unfit[0]):04X} is no sign that can be read; take it out"
        raise ValueError(message)
    return value


def _web_address(value: str) -> str:
    if not re.fullmatch(r"https?://[^\s/?#<>\"]+[^\s<>\"]*", value):
        message = f'"{value}" is not an address that begins with http:// or https://'
        raise ValueError(message)
    return _written(value)


def _contact(value: str) -> str:
    # E-mail as HTML has it; a page's address must be a safe one (RFC 9116, section 2.5.3).
    if _E_MAIL.fullmatch(value):
        return value
    if not value.startswith("https://"):
        message = f'"{value}" is neither an e-mail address nor one that begins with https://'
        raise ValueError(message)
    return _web_address(value)


def _schema(**keywords: Any) -> WithJsonSchema:
    """What JSON Schema says of a text that a function checks."""
    return WithJsonSchema({"type": "string", **keywords})


LanguageTag = Annotated[
    str, AfterValidator(_language_tag), _schema(pattern=f"^{_LANGUAGE_TAG.pattern}$")
]
PartialDate = Annotated[
    str, AfterValidator(_partial_date), _schema(pattern="^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$")
]
"""A day, a month or a year (ISO 8601-1, section 5.2.2); compares in order as text."""

MONTH, DAY = len("2016-11"), len("2016-11-07")
"""How long a partial date is that names a month, a day."""
Contact = Annotated[str, AfterValidator(_contact)]
"""Where somebody can be written to: an e-mail address, or a page's."""
WebAddress = Annotated[str, AfterValidator(_web_address), _schema(format="uri")]
Written = Annotated[str, AfterValidator(_written), _schema(minLength=1)]
"""A text that is not empty."""
Number = Annotated[int, Field(ge=1, le=LARGEST_NUMBER)]
"""A place in a series."""
Licence = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.-]+$")]
"""An SPDX identifier (SPDX 2.3, annex D, idstring), which stands in an address."""
Slug = Annotated[str, StringConstraints(pattern=f"^{SLUG_PATTERN}$")]
Reference = Annotated[str, StringConstraints(pattern=r"^[a-z]+[0-9]+$")]


class Part(BaseModel):
    """A value with named fields that stands inside a record."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Text(RootModel[dict[LanguageTag, Written]]):
    """One text in several languages; the primary one is always there."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"required": [PRIMARY]})

    @model_validator(mode="after")
    def _has_primary(self) -> Self:
        _require_primary(self.root)
        return self


def _by_language(value: Any) -> Any:
    return {PRIMARY: value} if isinstance(value, str) else value


Publisher = Annotated[Text, BeforeValidator(_by_language)]
"""Who publishes, by language; written without one where the sources give the name in one form."""


class Standing(StrEnum):
    """How a name in one language came to be."""

    OFFICIAL = "official"
    DESCRIPTIVE = "descriptive"
    TRANSLITERATED = "transliterated"


class Wording(Part):
    """A name in one language: exactly one of the three standings, with the name."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})

    official: Written | None = None
    descriptive: Written | None = None
    transliterated: Written | None = None

    @model_validator(mode="after")
    def _has_one_standing(self) -> Self:
        if len(self.model_fields_set) != 1:
            message = "give exactly one of official, descriptive, transliterated"
            raise ValueError(message)
        return self

    @property
    def standing(self) -> Standing:
        """Which of the three it is."""
        (field,) = self.model_fields_set
        return Standing(field)

    @property
    def text(self) -> str:
        """The name itself."""
        return self.official or self.descriptive or self.transliterated or ""


class Name(RootModel[dict[LanguageTag, Wording]]):
    """A proper name or title by language, each with its standing."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"required": [PRIMARY]})

    @model_validator(mode="after")
    def _has_primary(self) -> Self:
        _require_primary(self.root)
        return self

    @property
    def wordings(self) -> dict[str, str]:
        """The name itself in each language, without its standing."""
        return {language: wording.text for language, wording in self.root.items()}


def wordings_of(value: Text | Name | Mapping[str, str]) -> Mapping[str, str]:
    """What a text or name says in each language."""
    if isinstance(value, Name):
        return value.wordings
    return value.root if isinstance(value, Text) else value


def _require_primary(languages: Container[str]) -> None:
    if PRIMARY not in languages:
        message = f'"{PRIMARY}" is required'
        raise ValueError(message)


def texts_in(value: Any) -> list[tuple[LanguageTag, str]]:
    """Every text inside a value, with its language, in the order of the fields."""
    found: list[tuple[LanguageTag, str]] = []
    _gather(value, found)
    return found


def _gather(value: Any, found: list[tuple[LanguageTag, str]]) -> None:
    if isinstance(value, Text | Name):
        found += wordings_of(value).items()
    elif isinstance(value, list | tuple | Part):
        for inner in vars(value).values() if isinstance(value, Part) else value:
            # Most are slugs and the like, or absent.
            if inner and not isinstance(inner, str):
                _gather(inner, found)
