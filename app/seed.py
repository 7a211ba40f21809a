"""The seed: YAML files read record by record, every mistake reported at once with its place.

One record at a time is in memory, whatever the number: what was read is put on a shelf, which is
a file where it is large, and taken from there whenever it is asked for.
"""

import difflib
import io
import json
import re
import tempfile
import weakref
from array import array
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails
from sqlalchemy.orm import configure_mappers

from app.edition import files_of
from app.kinds import KINDS, Kind
from app.models import Record, for_reading
from app.references import Made, written_in
from app.values import LARGEST_NUMBER

# libyaml where it was built in: some seven times faster than the pure reader, same answers.
_LOADER: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)

# SQLAlchemy does this when it makes its first record, and here it makes none.
configure_mappers()

Place = tuple[str | int, ...]

_MOST_SHOWN = 300
"""How many characters of a place or a message are shown: what is asked for stands at its end."""

Told = Callable[[str, int, int | None], None]
"""Hears how far something is: what is done, how much of it, of how much where that is known."""


def untold(_what: str, _done: int, _total: int | None) -> None:
    """Nobody hears it."""


@dataclass(frozen=True, order=True)
class Mistake:
    """One thing that is wrong in the seed: where it stands, and what would mend it."""

    file: str
    line: int
    path: str
    message: str

    def __str__(self) -> str:
        told = (f"{self.file}:{self.line}", self.path, self.message)
        return ": ".join(_in_line(part) for part in told if part)


def _in_line(text: str) -> str:
    """A text of the seed as a terminal can show it: what is no sign escaped, the middle cut."""
    if len(text) > _MOST_SHOWN:
        half = _MOST_SHOWN // 2
        text = f"{text[:half]}…{text[-half:]}"
    return "".join(
        sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text
    )


class SeedError(Exception):
    """The seed cannot be used; carries every mistake that was found."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = sorted(set(mistakes))
        super().__init__("\n".join(map(str, self.mistakes)))


@dataclass(frozen=True)
class Entry:
    """One record as it stands in the seed: as written, as understood, and where.

    `record` is none where it has a mistake of form, and `mistakes` are those. `lines` has the
    line of every key and every item of a list, in the order in which they are written.
    """

    kind: Kind
    slug: str
    written: Any
    file: str
    line: int
    lines: list[int]
    record: Any
    mistakes: list[Mistake]

    @property
    def fields(self) -> dict[str, Any]:
        """The fields as written; none where it is no record at all."""
        return self.written if isinstance(self.written, dict) else {}

    def mistake(self, place: Place, message: str) -> Mistake:
        """A mistake at a place in the record, or at the nearest enclosing one that was written."""
        known = place
        while known and known not in self._line_at:
            known = known[:-1]
        path = ".".join(map(str, (self.kind.noun, self.slug, *place)))
        return Mistake(self.file, self._line_at.get(known, self.line), path, message)

    @cached_property
    def references(self) -> list[Made]:
        """Every reference that it makes, whether it leads somewhere or not."""
        return list(written_in(self.kind.model, self.fields))

    @cached_property
    def _line_at(self) -> dict[Place, int]:
        lines = iter(self.lines)
        found: dict[Place, int] = {}

        def walk(value: Any, place: Place) -> None:
            steps = value.items() if isinstance(value, dict) else enumerate(value)
            for step, inner in steps:
                found[*place, step] = next(lines)
                if not isinstance(inner, str):
                    walk(inner, (*place, step))

        if not isinstance(self.written, str):
            walk(self.written, ())
        return found


class Seed:
    """Every record by kind and slug, on the shelf.

    `slugs` has all of them, each with its place among those of its kind; `unread` are the mistakes
    that were found while reading; `is_readable` is false where a file could not be read as YAML,
    so that records may be missing.
    """

    def __init__(self, home: str) -> None:
        self.home = home
        self.slugs: dict[str, dict[str, int]] = {noun: {} for noun in KINDS}
        self.kind_at: dict[str, tuple[str, int]] = {}
        self.unread: list[Mistake] = []
        self.is_readable = True
        self._shelf = _Shelf()
        self._offsets = {noun: array("Q") for noun in KINDS}
        self._first_numbers: dict[str, int] = {}

    def __len__(self) -> int:
        """How many records there are."""
        return sum(map(len, self.slugs.values()))

    def add(self, noun: str, slug: str, written: Any, place: tuple[str, int, list[int]]) -> None:
        """Put one record on the shelf; its place is a file, a line, and the lines inside."""
        self._first_numbers = {}
        self.slugs[noun][slug] = len(self._offsets[noun])
        self._offsets[noun].append(self._shelf.put([written, *place]))

    def number(self, noun: str, slug: str) -> int:
        """The number of a record."""
        return self._first_number(noun) + self.slugs[noun][slug]

    def _first_number(self, noun: str) -> int:
        """The number of the first record of a kind: they are numbered in the registry's order."""
        if not self._first_numbers:
            sizes = (len(self.slugs[each]) for each in KINDS)
            self._first_numbers = dict(zip(KINDS, accumulate(sizes, initial=1), strict=False))
        return self._first_numbers[noun]

    def entry(self, noun: str, slug: str) -> Entry:
        """One record."""
        at = self.slugs[noun][slug]
        return self._entry(noun, slug, self.number(noun, slug), self._offsets[noun][at])

    def entries(self, noun: str | None = None) -> Iterator[Entry]:
        """Every record of one kind, or of all in the registry's order, in that of the files."""
        for each in KINDS if noun is None else [noun]:
            first = self._first_number(each)
            for at, slug in enumerate(self.slugs[each]):
                yield self._entry(each, slug, first + at, self._offsets[each][at])

    def each(self) -> Iterator[Any]:
        """Every record without a mistake of form."""
        return (entry.record for entry in self.entries() if entry.record is not None)

    @property
    def mistakes(self) -> list[Mistake]:
        """Every mistake of form."""
        return [*self.unread, *(one for entry in self.entries() for one in entry.mistakes)]

    @cached_property
    def records(self) -> dict[str, dict[str, Any]]:
        """Every record without a mistake of form, all in memory: for seeds that fit there."""
        return {
            noun: {entry.slug: entry.record for entry in self.entries(noun) if entry.record}
            for noun in KINDS
        }

    def mistake(self, noun: str, message: str) -> Mistake:
        """A mistake of all records of a kind, where they begin."""
        return Mistake(*self.kind_at.get(noun, (self.home, 1)), noun, message)

    def _entry(self, noun: str, slug: str, number: int, offset: int) -> Entry:
        kind = KINDS[noun]
        written, file, line, lines = self._shelf.take(offset)
        mistakes: list[Mistake] = []
        record = None
        entry = Entry(kind, slug, written, file, line, lines, None, mistakes)
        mistakes += _mistaken_form(entry)
        if isinstance(written, dict):
            try:
                record = _understood(kind.model, {**written, "slug": slug, "id": number})
            except ValidationError as error:
                mistakes += _reworded(entry, error)
        if mistakes or record is None:
            return entry
        return Entry(kind, slug, written, file, line, lines, record, mistakes)


def _understood(model: type[Record], written: dict[str, Any]) -> Record:
    """A record as it was written, for reading only.

    SQLAlchemy, which would follow each of its fields, is not told of it. Raises ValidationError.
    """
    record: Record = object.__new__(for_reading(model))
    model.__pydantic_validator__.validate_python(written, self_instance=record)
    return record


class _Shelf:
    """Keeps plain values outside of memory, once there are more than a little."""

    _IN_MEMORY = 2**23

    def __init__(self) -> None:
        self._file: Any = tempfile.SpooledTemporaryFile(self._IN_MEMORY)  # noqa: SIM115
        weakref.finalize(self, self._file.close)

    def put(self, value: Any) -> int:
        """Keep a value; where, is what to ask for it with."""
        offset: int = self._file.seek(0, io.SEEK_END)
        self._file.write(json.dumps(value, separators=(",", ":")).encode() + b"\n")
        return offset

    def take(self, offset: int) -> Any:
        """A value that was kept."""
        self._file.seek(offset)
        return json.loads(self._file.readline())


def read(path: Path, told: Told = untold) -> Seed:
    """Read a file or a folder into records; `told` hears how many.

    Every mistake of form is collected, not raised; whether references lead somewhere is
    for the checks. Raises FileNotFoundError where there is no seed.
    """
    seed = Seed(str(path))
    for file in files_of(path):
        seed.is_readable &= _add(file, seed, told)
    return seed


def _mistaken_form(entry: Entry) -> Iterator[Mistake]:
    """What the model cannot see: no record at all, or keys that are the program's own."""
    if not isinstance(entry.written, dict):
        yield entry.mistake((), "named fields belong here")
        return
    for own in ("id", "slug"):
        if own in entry.written:
            yield entry.mistake((own,), f'unknown key "{own}"')


def _add(path: Path, seed: Seed, told: Told) -> bool:
    """Add one file's records to what was read before it; return whether it could be read."""
    name, is_json = str(path), path.suffix == ".json"
    try:
        # The YAML reader is given what is known to be text.
        with path.open(encoding="utf-8-sig") as stream:
            for _ in stream:
                pass
        with path.open(encoding="utf-8-sig") as stream:
            text = _Unescaped(stream) if is_json else stream
            return _Reader(name, text, seed, told, is_json=is_json).read()
    except yaml.MarkedYAMLError as error:
        mark = error.context_mark if _is_unclosed(error) else error.problem_mark
        line, reason = mark.line + 1 if mark else 1, f"not YAML: {error.problem}"
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        reason = str(error).partition("\n")[0]
        line, reason = 1, f"not YAML in UTF-8: {reason}"
    except RecursionError:
        line, reason = 1, "nested deeper than any record is"
    seed.unread.append(Mistake(name, line, "", reason))
    return False


def _is_unclosed(error: yaml.MarkedYAMLError) -> bool:
    """Whether something was opened and never closed, so that its beginning is the place to look."""
    return bool(error.context_mark) and "quoted scalar" in str(error.context)


class _Reader:
    """Reads one file, which is a mapping of kinds to mappings of slugs to records."""

    def __init__(self, file: str, stream: Any, seed: Seed, told: Told, *, is_json: bool) -> None:
        self.file = file
        self.next: Callable[[], Any] = _LOADER(stream).get_event
        self.seed = seed
        self.told = told
        self.is_json = is_json
        # Of the record that is being read: the line of each key and item.
        self.lines: list[int] = []

    def read(self) -> bool:
        """Put every record on the shelf; return whether the file is a mapping of kinds."""
        self.next()
        if isinstance(self.next(), yaml.StreamEndEvent):
            return True
        event = self.next()
        is_mapping = isinstance(event, yaml.MappingStartEvent)
        if is_mapping:
            self._kinds()
        else:
            self._value(event, ())
            message = f"the first keys are kinds: {', '.join(KINDS)}"
            self.seed.unread.append(Mistake(self.file, 1, "", message))
        self.next()
        event = self.next()
        if not isinstance(event, yaml.StreamEndEvent):
            raise self._not_yaml("but found another document", event)
        return is_mapping

    def _kinds(self) -> None:
        here: set[str] = set()
        for noun, line, event in self._pairs():
            if noun in here:
                self._twice((noun,), line, *self.seed.kind_at[noun])
                self._value(event, (noun,))
                continue
            here.add(noun)
            self.seed.kind_at.setdefault(noun, (self.file, line))
            if noun in KINDS and isinstance(event, yaml.MappingStartEvent):
                self._records(noun)
                continue
            is_absent = self._is_absent(event)
            self._value(event, (noun,))
            if noun not in KINDS:
                self._wrong((noun,), line, f'no kind "{noun}"{suggestion(noun, KINDS)}')
            elif not is_absent:
                self._wrong((noun,), line, "the second keys are slugs, each with a record")

    def _records(self, noun: str) -> None:
        for slug, line, event in self._pairs():
            self.lines = []
            written = self._value(event, (noun, slug))
            if slug in self.seed.slugs[noun]:
                # The same record in two files is a duplicate; the same kind in two files is not.
                first = self.seed.entry(noun, slug)
                self._twice((noun, slug), line, first.file, first.line)
            elif not self._is_absent(event):
                self.seed.add(noun, slug, written, (self.file, line, self.lines))
                self.told("read", len(self.seed), None)

    def _pairs(self) -> Iterator[tuple[str, int, Any]]:
        """The keys of a mapping with their lines, each with the event that begins its value."""
        event = self.next()
        while not isinstance(event, yaml.MappingEndEvent):
            size = len(self.lines)
            key = str(self._value(event, ()))
            del self.lines[size:]
            yield key, event.start_mark.line + 1, self.next()
            event = self.next()

    def _value(self, event: Any, place: Place) -> Any:
        """The plain value that an event begins: text, list or dictionary."""
        if isinstance(event, yaml.AliasEvent):
            # A few lines of them could stand for more than any memory holds.
            message = f"*{event.anchor} stands for something else; write that out, or quote the *"
            raise self._not_yaml(message, event)
        if isinstance(event, yaml.ScalarEvent):
            return event.value
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(place)
        return self._sequence(place)

    def _mapping(self, place: Place) -> dict[str, Any]:
        found: dict[str, Any] = {}
        line_of: dict[str, int] = {}
        for key, line, event in self._pairs():
            size = len(self.lines)
            self.lines.append(line)
            value = self._value(event, (*place, key))
            if key in found:
                self._twice((*place, key), line, self.file, line_of[key])
            elif not self._is_absent(event):
                found[key], line_of[key] = value, line
                continue
            del self.lines[size:]
        return found

    def _sequence(self, place: Place) -> list[Any]:
        items: list[Any] = []
        event = self.next()
        while not isinstance(event, yaml.SequenceEndEvent):
            self.lines.append(event.start_mark.line + 1)
            items.append(self._value(event, (*place, len(items))))
            event = self.next()
        return items

    def _is_absent(self, event: Any) -> bool:
        """Whether JSON says that there is no value (RFC 8259, section 3)."""
        is_bare = isinstance(event, yaml.ScalarEvent) and not event.style
        return self.is_json and is_bare and event.value == "null"

    @staticmethod
    def _not_yaml(problem: str, event: Any) -> yaml.MarkedYAMLError:
        return yaml.MarkedYAMLError(problem=problem, problem_mark=event.start_mark)

    def _twice(self, place: Place, line: int, file: str, first: int) -> None:
        self._wrong(place, line, f"written twice (first at {file}:{first}); keep one")

    def _wrong(self, place: Place, line: int, message: str) -> None:
        self.seed.unread.append(Mistake(self.file, line, ".".join(map(str, place)), message))


class _Unescaped:
    """JSON with each string written so that YAML reads it alike; every line stays where it is.

    YAML has neither JSON's escaped solidus nor its pairs of surrogates (RFC 8259, section 7); no
    string goes on in another line.
    """

    _STRING = re.compile(r'"(?:[^"\\]|\\.)*"')

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines

    def read(self, _size: int) -> str:
        """The next line, or nothing."""
        return self._STRING.sub(self._rewritten, next(self._lines, ""))

    @staticmethod
    def _rewritten(match: re.Match[str]) -> str:
        try:
            return json.dumps(json.loads(match[0]), ensure_ascii=False)
        except ValueError:
            return match[0]


def suggestion(word: str, words: Iterable[str]) -> str:
    """`` (did you mean "…"?)`` for the nearest of some words, or nothing."""
    near = difflib.get_close_matches(word, list(words), 1)
    return f' (did you mean "{near[0]}"?)' if near else ""


def _reworded(entry: Entry, error: ValidationError) -> Iterator[Mistake]:
    for details in error.errors():
        # Where a key itself is wrong, Pydantic says so by one more step.
        inner = tuple(step for step in details["loc"] if step != "[key]")
        place = () if inner == ("slug",) else inner
        yield entry.mistake(place, _sentence(entry.kind, details))


def _sentence(kind: Kind, details: ErrorDetails) -> str:
    """What Pydantic found, in an editor's words."""
    place, given = details["loc"], details["input"]
    match details["type"]:
        case "extra_forbidden":
            allowed = _fields_at(kind, place[:-1])
            return f'unknown key "{place[-1]}"{suggestion(str(place[-1]), allowed)}'
        case "missing":
            return "required, but missing"
        case "string_pattern_mismatch" if place[-1] == "reference":
            return f'"{given}" is not a reference; write letters, then digits, such as a12'
        case "string_pattern_mismatch" if place[-1] == "licence":
            return f'"{given}" is not an SPDX identifier such as CC-BY-4.0'
        case "string_pattern_mismatch":
            return f'"{given}" is not a slug; write lower-case letters, digits, single hyphens'
        case "enum":
            expected = str(details.get("ctx", {}).get("expected", ""))
            choices = expected.replace("'", "").replace(" or ", ", ").split(", ")
            return f'"{given}" is none of {", ".join(choices)}{suggestion(str(given), choices)}'
        case "int_parsing":
            return f'"{given}" is not a whole number'
        case "greater_than_equal" | "less_than_equal" | "int_parsing_size":
            return f'"{given}" is not a number from 1 to {LARGEST_NUMBER}'
        case "value_error":
            return details["msg"].removeprefix("Value error, ")
        case "too_short":
            return "needs at least one"
        case "string_type":
            return "a text belongs here"
        case "list_type":
            return "a list belongs here"
        case "dict_type":
            return "write it by language, such as {en: …}"
        case "model_type" | "model_attributes_type":
            return "named fields belong here"
        case _:
            return details["msg"]


def _fields_at(kind: Kind, place: tuple[str | int, ...]) -> list[str]:
    """The fields that a mapping at a place of a record may have."""
    schema = kind.model.model_json_schema()
    definitions = schema.get("$defs", {})

    def resolved(node: dict[str, Any]) -> dict[str, Any]:
        options = [node, *node.get("anyOf", [])]
        for option in options:
            if "$ref" in option:
                return resolved(definitions[option["$ref"].rsplit("/", 1)[1]])
        return next((option for option in options if "items" in option), node)

    for step in place:
        node = resolved(schema)
        inner = node.get("items", {}) if isinstance(step, int) else None
        if inner is None:
            by_pattern = iter(node.get("patternProperties", {}).values())
            inner = node.get("properties", {}).get(step) or next(by_pattern, {})
        schema = inner if isinstance(inner, dict) else {}
    return [name for name in resolved(schema).get("properties", {}) if name not in {"id", "slug"}]
