"""A record as plain values: what an editor would write in the seed, and its JSON."""

from functools import cache
from typing import Any

from pydantic_core import to_json

from app.models import Record

_FIRST = ("reference", "aliases")
"""The fields of every record that an editor writes before the record's own; the others after."""


@cache
def field_order(model: type[Record]) -> tuple[str, ...]:
    """The fields of a kind in the order in which the seed has them; the slug is the key there."""
    shared = [name for name in Record.model_fields if name not in {"id", "slug", *_FIRST}]
    own = [name for name in model.model_fields if name not in Record.model_fields]
    return (*_FIRST, *own, *shared)


def seed_form(record: Record) -> dict[str, Any]:
    """A record as the seed has it, without its slug: pasted under a slug, it is the record again.

    What is absent is left out, lists of nothing included; words with a default, such as
    `certainty`, are always told.
    """
    dumped = record.model_dump(mode="json", exclude_none=True)
    return {
        name: kept
        for name in field_order(type(record))
        if name in dumped and (kept := _without_nothing(dumped[name])) not in ([], {})
    }


def json_bytes(value: Any) -> bytes:
    """A value as JSON in UTF-8, to be read by people as well: indented, a line end at its end.

    It is made of dictionaries, lists, texts, numbers, truth values and None, and of nothing else.
    """
    return to_json(value, indent=2) + b"\n"


def _without_nothing(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {key: _without_nothing(item) for key, item in value.items()}
        return {key: item for key, item in kept.items() if item not in ([], {})}
    if isinstance(value, list):
        return [_without_nothing(item) for item in value]
    return value
