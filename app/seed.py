"""The seed: YAML files read into records, every mistake reported at once with its place."""

import difflib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from app.edition import files_of
from app.kinds import KINDS, Kind
from app.models import Record

# libyaml where it was built in: some seven times faster than the pure reader, same answers.
_LOADER: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)

Place = tuple[str | int, ...]


@dataclass(frozen=True, order=True)
class Mistake:
    """One thing that is wrong in the seed: where it stands, and what would mend it."""

    file: str
    line: int
    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: " + ": ".join(filter(None, (self.path, self.message)))


class SeedError(Exception):
    """The seed cannot be used; carries every mistake that was found."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = sorted(set(mistakes))
        super().__init__("\n".join(map(str, self.mistakes)))


@dataclass
class Positions:
    """Where every key of the seed stands."""

    home: str
    lines: dict[Place, tuple[str, int]] = field(default_factory=dict)

    def mistake(self, place: Place, message: str) -> Mistake:
        """A mistake at a place, or at the nearest enclosing place that the files know."""
        known = place
        while known and known not in self.lines:
            known = known[:-1]
        file, line = self.lines.get(known, (self.home, 1))
        return Mistake(file, line, ".".join(map(str, place)), message)


@dataclass
class Seed:
    """Every record by kind and slug: as written, as understood, and where it stands.

    `written` has all of them, `records` those without a mistake of form, `mistakes` those mistakes;
    `is_readable` is false where a file could not be read as YAML, so that records may be missing.
    """

    written: dict[str, dict[str, Any]]
    records: dict[str, dict[str, Any]]
    positions: Positions
    mistakes: list[Mistake]
    is_readable: bool

    def each(self) -> Iterator[Record]:
        """Every record, kinds in the order of the registry, records in the order of the files."""
        for records in self.records.values():
            yield from records.values()


def read(seed: Path) -> Seed:
    """Read a file or a folder into records.

    Every mistake of form is collected, not raised; whether references lead somewhere is
    for the checks. Raises FileNotFoundError where there is no seed.
    """
    positions = Positions(str(seed))
    mistakes: list[Mistake] = []
    written: dict[str, dict[str, Any]] = {noun: {} for noun in KINDS}
    are_readable = [_merge(path, written, positions, mistakes) for path in files_of(seed)]
    records: dict[str, dict[str, Record]] = {noun: {} for noun in KINDS}
    number = 0
    for noun, kind in KINDS.items():
        for slug, fields in written[noun].items():
            number += 1
            found = list(_mistaken_form(noun, slug, fields))
            mistakes += (positions.mistake(place, message) for place, message in found)
            if isinstance(fields, dict):
                try:
                    record = kind.model.model_validate({**fields, "slug": slug, "id": number})
                except ValidationError as error:
                    mistakes += _reworded(kind, slug, error, positions)
                else:
                    if not found:
                        records[noun][slug] = record
    return Seed(written, records, positions, mistakes, all(are_readable))


def _mistaken_form(noun: str, slug: str, fields: Any) -> Iterator[tuple[Place, str]]:
    """What the model cannot see: no record at all, or keys that are the program's own."""
    if not isinstance(fields, dict):
        yield (noun, slug), "named fields belong here"
        return
    for own in ("id", "slug"):
        if own in fields:
            yield (noun, slug, own), f'unknown key "{own}"'


def _merge(
    path: Path, written: dict[str, dict[str, Any]], positions: Positions, mistakes: list[Mistake]
) -> bool:
    """Add one file's records to what was read before it; return whether it could be read."""
    name, is_json = str(path), path.suffix == ".json"
    try:
        text = path.read_text(encoding="utf-8-sig")
        node = yaml.compose(_unescaped(text) if is_json else text, Loader=_LOADER)
        content = _plain(node, _Reader(name, positions, mistakes, is_json=is_json))
    except yaml.MarkedYAMLError as error:
        mark = error.context_mark if _is_unclosed(error) else error.problem_mark
        mistakes.append(
            Mistake(name, mark.line + 1 if mark else 1, "", f"not YAML: {error.problem}")
        )
        return False
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        reason = str(error).partition("\n")[0]
        mistakes.append(Mistake(name, 1, "", f"not YAML in UTF-8: {reason}"))
        return False
    except RecursionError:
        mistakes.append(Mistake(name, 1, "", "nested deeper than any record is"))
        return False
    if content is None:
        return True
    if not isinstance(content, dict):
        mistakes.append(Mistake(name, 1, "", f"the first keys are kinds: {', '.join(KINDS)}"))
        return False
    for noun, records in content.items():
        if noun not in written:
            mistakes.append(
                positions.mistake((noun,), f'no kind "{noun}"{suggestion(noun, KINDS)}')
            )
        elif not isinstance(records, dict):
            mistakes.append(
                positions.mistake((noun,), "the second keys are slugs, each with a record")
            )
        else:
            written[noun].update(records)
    return True


def _is_unclosed(error: yaml.MarkedYAMLError) -> bool:
    """Whether something was opened and never closed, so that its beginning is the place to look."""
    return bool(error.context_mark) and "quoted scalar" in str(error.context)


def _plain(node: yaml.Node | None, reader: "_Reader") -> Any:
    return None if node is None else reader.plain(node, ())


class _Reader:
    """Turns the nodes of one file into plain values and notes where each key stands."""

    def __init__(
        self, file: str, positions: Positions, mistakes: list[Mistake], *, is_json: bool
    ) -> None:
        self.file = file
        self.positions = positions
        self.mistakes = mistakes
        self.is_json = is_json

    def plain(self, node: yaml.Node, place: Place) -> Any:
        """The plain value of a node: text, list or dictionary."""
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, place)
        if isinstance(node, yaml.SequenceNode):
            return [self._item(item, (*place, at)) for at, item in enumerate(node.value)]
        return node.value

    def _item(self, node: yaml.Node, place: Place) -> Any:
        self.positions.lines[place] = (self.file, node.start_mark.line + 1)
        return self.plain(node, place)

    def _mapping(self, node: yaml.MappingNode, place: Place) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in node.value:
            here = (*place, str(key.value))
            # The same record in two files is a duplicate; the same kind in two files is not.
            if here[-1] in found or (len(here) == 2 and here in self.positions.lines):
                first = self.positions.lines[here]
                message = f"written twice (first at {first[0]}:{first[1]}); keep one"
                line = key.start_mark.line + 1
                self.mistakes.append(Mistake(self.file, line, ".".join(map(str, here)), message))
                continue
            if len(here) > 1 or here not in self.positions.lines:
                self.positions.lines[here] = (self.file, key.start_mark.line + 1)
            if not self._is_absent(value):
                found[str(key.value)] = self.plain(value, here)
        return found

    def _is_absent(self, node: yaml.Node) -> bool:
        """Whether JSON says that there is no value (RFC 8259, section 3)."""
        is_bare = isinstance(node, yaml.ScalarNode) and not node.style
        return self.is_json and is_bare and node.value == "null"


_JSON_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')


def _unescaped(text: str) -> str:
    """JSON with each string written so that YAML reads it alike; every line stays where it is.

    YAML has neither JSON's escaped solidus nor its pairs of surrogates (RFC 8259, section 7).
    """

    def rewritten(match: re.Match[str]) -> str:
        try:
            return json.dumps(json.loads(match[0]), ensure_ascii=False)
        except ValueError:
            return match[0]

    return _JSON_STRING.sub(rewritten, text)


def suggestion(word: str, words: Iterable[str]) -> str:
    """`` (did you mean "…"?)`` for the nearest of some words, or nothing."""
    near = difflib.get_close_matches(word, list(words), 1)
    return f' (did you mean "{near[0]}"?)' if near else ""


def _reworded(
    kind: Kind, slug: str, error: ValidationError, positions: Positions
) -> Iterator[Mistake]:
    for details in error.errors():
        # Where a key itself is wrong, Pydantic says so by one more step.
        inner = tuple(step for step in details["loc"] if step != "[key]")
        place = (kind.noun, slug) if inner == ("slug",) else (kind.noun, slug, *inner)
        yield positions.mistake(place, _sentence(kind, details))


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
