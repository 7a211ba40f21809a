"""Records of a kind as a table: one row a record, all its fields, in CSV."""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from app.formats.plain import field_order, seed_form
from app.kinds import Kind
from app.language import LANGUAGES
from app.sentences import sentences_of
from app.urls import Addresses, record_path
from app.values import Name, Text

_OPENS_FORMULA = tuple("=+-@\t\r\n＝＋－＠")
"""What makes a spreadsheet take a cell for a formula (OWASP, CSV Injection)."""

_GUARD = "'"
_STANDING = ".standing"


@dataclass(frozen=True)
class Column:
    """One column: `field` and `part` say where its value stands in the record's seed form.

    `type` is the word of Frictionless Table Schema for what a cell holds.
    """

    name: str
    type: str
    description: str
    field: str
    part: str | None = None


def columns_of(kind: Kind) -> list[Column]:
    """The columns of a kind: the same ones whatever records are listed."""
    sentences = sentences_of(kind.model)
    return [
        Column("slug", "string", sentences.get("slug", ""), "slug"),
        Column("html_url", "string", "The address of the record's page.", "html_url"),
        *(
            column
            for field in field_order(kind.model)
            for column in _of_field(kind, field, sentences.get(field, ""))
        ),
    ]


@dataclass(frozen=True)
class Table:
    """Some records of a kind, or all, to be gone through once; and where their pages stand."""

    kind: Kind
    records: Iterable[Any]
    addresses: Addresses


def as_csv(table: Table, encoding: str = "utf-8") -> bytes:
    """Records as CSV (RFC 4180): a header, CR LF at the end of each line.

    A text has a column for each language (`title.en`); so has a name, with another for how the
    wording came to be (`title.en.standing`). A value with parts of its own is JSON in its cell;
    an absent one is an empty cell. A cell that a spreadsheet would take for a formula has an
    apostrophe before it, and so has one that begins with an apostrophe: reading back, take one
    apostrophe off the beginning of a cell that has one.
    """
    columns = columns_of(table.kind)
    written = io.BytesIO()
    with io.TextIOWrapper(written, encoding, newline="", write_through=True) as text:
        writer = csv.writer(text)
        writer.writerow(column.name for column in columns)
        writer.writerows(_row(table, columns, record) for record in table.records)
        return written.getvalue()


def _of_field(kind: Kind, field: str, description: str) -> Iterator[Column]:
    annotation = _bare(kind.model.model_fields[field].annotation)
    if annotation in {Text, Name}:
        for language in LANGUAGES.values():
            name = f"{field}.{language.code}"
            spoken = f"{description.rstrip('.')}, in {language.english_name}."
            yield Column(name, "string", spoken, field, language.code)
            if annotation is Name:
                how = f"How that wording in {language.english_name} came to be."
                yield Column(
                    f"{name}{_STANDING}", "string", how, field, f"{language.code}{_STANDING}"
                )
    else:
        yield Column(field, _type(annotation), description, field)


def _bare(annotation: Any) -> Any:
    """What a value is, if it is there."""
    if get_origin(annotation) is Annotated:
        return _bare(get_args(annotation)[0])
    if get_origin(annotation) in {Union, UnionType}:
        return _bare(get_args(annotation)[0])
    return annotation


def _type(annotation: Any) -> str:
    if get_origin(annotation) in {list, tuple}:
        return "array"
    if get_origin(annotation) is dict:
        return "object"
    if annotation is int:
        return "integer"
    return "object" if issubclass(annotation, BaseModel) else "string"


def _row(table: Table, columns: Iterable[Column], record: Any) -> Iterator[str]:
    url = table.addresses.absolute(record_path(table.kind.noun, record.slug))
    form = seed_form(record) | {"slug": record.slug, "html_url": url}
    for column in columns:
        yield _cell(_value(form.get(column.field), column.part))


def _value(value: Any, part: str | None) -> Any:
    if value is None or part is None:
        return value
    wording = value.get(part.removesuffix(_STANDING))
    if not isinstance(wording, dict):
        return wording
    ((standing, text),) = wording.items()
    return standing if part.endswith(_STANDING) else text


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return f"{_GUARD}{value}" if value.startswith((*_OPENS_FORMULA, _GUARD)) else value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
