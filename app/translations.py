"""What a seed does not say in every language of the site, and what its sources do not name."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from app import catalogues
from app.language import LANGUAGES
from app.models import Agreement, Record
from app.seed import Mistake, Place, Seed
from app.values import Name, Part, Standing, Text

_FOUND = {"abbreviation", "publisher", "copy_of"}
"""Fields whose names only a source can give in another language."""


@dataclass(frozen=True)
class Translations:
    """What is missing: texts of the seed, official names of its records, texts of the interface.

    A name that no source gives is no mistake: it stays described in our words until one is found.
    """

    texts: list[Mistake]
    names: list[Mistake]
    messages: list[str]


def translations_of(seed: Seed) -> Translations:
    """Everything that is missing from a seed without mistakes, by place."""
    texts: list[Mistake] = []
    names: list[Mistake] = []
    for entry in seed.entries():
        for field in type(entry.record).model_fields:
            for place, value in _values(getattr(entry.record, field), (field,)):
                for code in LANGUAGES:
                    if code not in value.root:
                        # Nobody can describe such a name: it is found, or there is none.
                        found = names if field in _FOUND else texts
                        found.append(entry.mistake((*place, code), "missing"))
                if isinstance(value, Name) and not _is_undertaking(entry.record):
                    for code, wording in value.root.items():
                        if wording.standing == Standing.DESCRIPTIVE:
                            message = f'"{wording.text}" is descriptive'
                            names.append(entry.mistake((*place, code), message))
    return Translations(sorted(texts), sorted(names), list(_messages()))


def _is_undertaking(record: Record) -> bool:
    """Whether nothing but our words can name a record."""
    return isinstance(record, Agreement) and record.is_undertaking


def _values(value: Any, place: Place) -> Iterator[tuple[Place, Text | Name]]:
    """Every text and name inside a value, with its place."""
    if isinstance(value, Text | Name):
        yield place, value
    elif isinstance(value, Part):
        for field in type(value).model_fields:
            yield from _values(getattr(value, field), (*place, field))
    elif isinstance(value, list | tuple):
        for at, item in enumerate(value):
            yield from _values(item, (*place, at))


def _messages() -> Iterator[str]:
    """Every text of the interface that a catalogue has no translation of."""
    for name in catalogues.names():
        for message in catalogues.catalogue(name):
            strings = message.string if isinstance(message.string, tuple) else (message.string,)
            if message.id and (message.fuzzy or not all(strings)):
                yield f"{catalogues.place_of(name)}: {message.id}"
