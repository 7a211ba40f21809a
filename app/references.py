"""Every reference that a record makes, found from the marks in its model."""

from collections.abc import Callable, Hashable, Iterator
from functools import cache
from types import UnionType
from typing import Annotated, Any, NamedTuple, Union, cast, get_args, get_origin

from pydantic.fields import FieldInfo

from app.models import Record, To
from app.values import Part

Path = tuple[str | int, ...]


class Made(NamedTuple):
    """One reference: where it stands in the record, where it leads, the place inside a source."""

    path: Path
    to: To
    slug: str
    locator: str | None


Finder = Callable[[Any, Path, str | None], Iterator[Made]]


def made_by(record: Record) -> Iterator[Made]:
    """Every reference of a record, in the order of its fields."""
    return _in_fields(type(record), record, ())


def written_in(model: type[Record], fields: Any) -> Iterator[Made]:
    """The same, of a record as it was written, right or wrong."""
    return _in_fields(model, fields, ())


def _in_fields(model: type[Any], whole: Any, path: Path) -> Iterator[Made]:
    held = whole if isinstance(whole, dict) else getattr(whole, "__dict__", {})
    for name, finder in _finders(cast("Hashable", model)):
        value = held.get(name)
        if value:
            yield from finder(value, (*path, name), held.get("locator"))


@cache
def _finders(model: Hashable) -> list[tuple[str, Finder]]:
    found = ((name, _of_field(field)) for name, field in getattr(model, "model_fields", {}).items())
    return [(name, finder) for name, finder in found if finder]


def _of_field(field: FieldInfo) -> Finder | None:
    marks = [mark for mark in field.metadata if isinstance(mark, To)]
    return _single(marks[0]) if marks else _of_annotation(field.annotation)


def _of_annotation(annotation: Any) -> Finder | None:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        marks = [mark for mark in arguments[1:] if isinstance(mark, To)]
        return _single(marks[0]) if marks else _of_annotation(arguments[0])
    if origin in {Union, UnionType}:
        return next(filter(None, map(_of_annotation, arguments)), None)
    if origin is list:
        item = _of_annotation(arguments[0])
        return _each(item) if item else None
    if isinstance(annotation, type) and issubclass(annotation, Part):
        return _part(annotation) if _finders(cast("Hashable", annotation)) else None
    return None


def _single(to: To) -> Finder:
    def find(value: Any, path: Path, locator: str | None) -> Iterator[Made]:
        if isinstance(value, str):
            yield Made(path, to, value, locator)

    return find


def _each(item: Finder) -> Finder:
    def find(value: Any, path: Path, locator: str | None) -> Iterator[Made]:
        for position, member in enumerate(value if isinstance(value, list) else ()):
            yield from item(member, (*path, position), locator)

    return find


def _part(model: type[Part]) -> Finder:
    def find(value: Any, path: Path, locator: str | None) -> Iterator[Made]:  # noqa: ARG001
        return _in_fields(model, value, path)

    return find
