"""The whole of the data as files: a seed in JSON, tables in CSV, and what describes them."""

import hashlib
import io
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import to_json

from app.formats.described import LICENCE_NOTE, first_instant, licence_url
from app.formats.plain import json_bytes, seed_form
from app.formats.tables import Table, as_csv, columns_of
from app.kinds import KINDS, opening
from app.language import choose
from app.models import Meeting, Record, Source
from app.urls import HOME, Addresses, page_path
from app.values import PRIMARY

NAME = "meeting21"
"""What the files are called; the same whatever the meeting."""

DESCRIPTOR = "datapackage.json"
CHECKSUMS = "SHA256SUMS"
_EARLIEST = (1980, 1, 1, 0, 0, 0)
"""The first moment a ZIP file can tell, told of every file in ours, so that no clock is in it."""

_MODE = 0o644 << 16
_UNIX = 3

RecordsOf = Callable[[str], Iterable[Any]]
"""Every record of a kind, in the order of the seed, to be gone through once."""


@dataclass(frozen=True)
class DataFile:
    """One file as it is served: its size in bytes, its SHA-256 in hexadecimal, and its bytes."""

    name: str
    media_type: str
    size: int
    sha256: str
    read: Callable[[], bytes] = field(compare=False, repr=False)


def data_file(name: str, media_type: str, read: Callable[[], bytes]) -> DataFile:
    """A file whose bytes are at hand whenever they are asked for."""
    body = read()
    return DataFile(name, media_type, len(body), hashlib.sha256(body).hexdigest(), read)


def database_file(read: Callable[[], bytes]) -> DataFile:
    """The database, as it is."""
    return data_file(f"{NAME}.sqlite", "application/vnd.sqlite3", read)


def data_files(
    meeting: Meeting, records_of: RecordsOf, addresses: Addresses, database: DataFile
) -> list[DataFile]:
    """Every file that holds the data.

    The tables stand beside their description, in the archive and out of it, so that a Data
    Package reader finds them by the same relative path.
    """
    tables = [
        _made(f"{noun}.csv", "text/csv", as_csv(Table(kind, records_of(noun), addresses)))
        for noun, kind in KINDS.items()
    ]
    seed = _made(f"{NAME}.json", "application/json", seed_json(records_of))
    about = _About(meeting, [*records_of("sources")], addresses)
    inner = _made(DESCRIPTOR, "application/json", about.descriptor(tables, []))
    archive = _made(f"{NAME}.zip", "application/zip", _zipped([inner, *tables]))
    outer = about.descriptor(tables, [seed, archive, database])
    files = [
        database,
        archive,
        seed,
        *tables,
        _made(DESCRIPTOR, "application/json", outer),
    ]
    return [*files, _made(CHECKSUMS, "text/plain", _checksums(files))]


def _made(name: str, media_type: str, body: bytes) -> DataFile:
    return data_file(name, media_type, lambda: body)


def seed_json(records_of: RecordsOf) -> bytes:
    """The data as a seed: building it makes the same records in the same order."""
    written = io.BytesIO()
    kinds = (
        (noun, _object(((one.slug, [_within(2, one)]) for one in records_of(noun)), depth=1))
        for noun in KINDS
    )
    for piece in _object(kinds, depth=0):
        written.write(piece)
    written.write(b"\n")
    return written.getvalue()


def _object(members: Iterable[tuple[str, Iterable[bytes]]], depth: int) -> Iterator[bytes]:
    """A JSON object as `json_bytes` writes it, in pieces: it need not fit into memory as values."""
    line = b"\n" + b"  " * depth
    before = b"{"
    for name, pieces in members:
        yield b"%s%s  %s: " % (before, line, to_json(name))
        yield from pieces
        before = b","
    yield line + b"}" if before == b"," else b"{}"


def _within(depth: int, record: Record) -> bytes:
    """A record as JSON that stands so deep in another value."""
    return json_bytes(seed_form(record)).rstrip().replace(b"\n", b"\n" + b"  " * depth)


def _zipped(files: Iterable[DataFile]) -> bytes:
    """Files in an archive whose bytes are decided by theirs alone."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for file in files:
            entry = zipfile.ZipInfo(file.name, _EARLIEST)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = _UNIX
            entry.external_attr = _MODE
            archive.writestr(entry, file.read(), compresslevel=9)
    return held.getvalue()


def _checksums(files: Iterable[DataFile]) -> bytes:
    """One line a file, as `sha256sum --check` reads it."""
    return "".join(f"{file.sha256}  {file.name}\n" for file in files).encode()


@dataclass(frozen=True)
class _About:
    """What is said of the data as a whole."""

    meeting: Meeting
    sources: Sequence[Source]
    addresses: Addresses

    def descriptor(self, tables: Iterable[DataFile], others: Iterable[DataFile]) -> bytes:
        """A Frictionless Data Package, version 1 (https://specs.frictionlessdata.io/data-package/).

        `created` is the day of the release, at its first instant.
        """
        meeting = self.meeting
        return json_bytes(
            {
                "profile": "data-package",
                "name": meeting.slug,
                "title": choose(meeting.title.wordings, PRIMARY).text,
                "description": choose(meeting.summary.root, PRIMARY).text,
                "homepage": self.addresses.absolute(page_path(HOME)),
                "version": meeting.version,
                "created": first_instant(meeting.released_on),
                "licenses": [
                    {
                        "name": meeting.licence,
                        "path": licence_url(meeting.licence),
                        "title": f"{meeting.licence}. {LICENCE_NOTE}",
                    }
                ],
                "sources": [
                    {"title": _called(source), "path": source.url} for source in self.sources
                ],
                "resources": [
                    *(_resource(file) | _schema(file) for file in tables),
                    *map(_resource, others),
                ],
            }
        )


def _called(source: Source) -> str:
    return opening(choose(KINDS["sources"].titled(source), PRIMARY).text)


def _resource(file: DataFile) -> dict[str, Any]:
    return {
        "name": file.name.lower(),
        "path": file.name,
        "format": file.name.rpartition(".")[2],
        "mediatype": file.media_type,
        "bytes": file.size,
        "hash": f"sha256:{file.sha256}",
    }


def _schema(file: DataFile) -> dict[str, Any]:
    """A table's name and fields (https://specs.frictionlessdata.io/table-schema/)."""
    kind = KINDS[file.name.removesuffix(".csv")]
    return {
        "name": kind.noun,
        "profile": "tabular-data-resource",
        "description": (kind.model.__doc__ or "").strip(),
        "encoding": "utf-8",
        "schema": {
            "fields": [
                {"name": column.name, "type": column.type, "description": column.description}
                for column in columns_of(kind)
            ],
            "primaryKey": ["slug"],
        },
    }
