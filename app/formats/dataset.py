"""The whole of the data as files: a seed in JSON, tables in CSV, and what describes them."""

import hashlib
import io
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pydantic_core import to_json

from app.formats.described import LICENCE_NOTE, first_instant, licence_url
from app.formats.linked_data import CONTEXT, Node, present, tagged
from app.formats.plain import json_bytes, seed_form
from app.formats.tables import Table, as_csv, columns_of
from app.kinds import KINDS, opening
from app.language import choose
from app.models import Meeting, Source
from app.urls import HOME, Addresses, data_path, page_path
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
    """One file as it is served."""

    name: str
    media_type: str
    body: bytes

    @cached_property
    def sha256(self) -> str:
        """Its digest, in hexadecimal."""
        return hashlib.sha256(self.body).hexdigest()


def linked_dataset(meeting: Meeting, addresses: Addresses, files: Iterable[DataFile]) -> Node:
    """The whole as a Dataset, which search engines for data read in its page."""
    return present(
        {
            "@context": CONTEXT,
            "@type": "Dataset",
            "@id": addresses.absolute(data_path("datapackage.json")),
            "name": tagged(meeting.title),
            "description": tagged(meeting.summary),
            "version": meeting.version,
            "datePublished": meeting.released_on,
            "license": licence_url(meeting.licence),
            "url": addresses.absolute(page_path(HOME)),
            "isAccessibleForFree": True,
            "distribution": [
                {
                    "@type": "DataDownload",
                    "name": file.name,
                    "contentUrl": addresses.absolute(data_path(file.name)),
                    "encodingFormat": file.media_type,
                    "contentSize": f"{len(file.body)} B",
                    "sha256": file.sha256,
                }
                for file in files
            ],
        }
    )


def data_files(
    meeting: Meeting, records_of: RecordsOf, addresses: Addresses, database: bytes
) -> list[DataFile]:
    """Every file that holds the data; the database is served as it is.

    The tables stand beside their description, in the archive and out of it, so that a Data
    Package reader finds them by the same relative path.
    """
    tables = [
        DataFile(f"{noun}.csv", "text/csv", as_csv(Table(kind, records_of(noun), addresses)))
        for noun, kind in KINDS.items()
    ]
    seed = DataFile(f"{NAME}.json", "application/json", seed_json(records_of))
    sqlite = DataFile(f"{NAME}.sqlite", "application/vnd.sqlite3", database)
    about = _About(meeting, [*records_of("sources")], addresses)
    inner = DataFile(DESCRIPTOR, "application/json", about.descriptor(tables, []))
    archive = DataFile(f"{NAME}.zip", "application/zip", _zipped([inner, *tables]))
    outer = about.descriptor(tables, [seed, archive, sqlite])
    files = [
        sqlite,
        archive,
        seed,
        *tables,
        DataFile(DESCRIPTOR, "application/json", outer),
    ]
    return [*files, DataFile(CHECKSUMS, "text/plain", _checksums(files))]


def seed_json(records_of: RecordsOf) -> bytes:
    """The data as a seed: building it makes the same records in the same order.

    It is JSON as `json_bytes` writes it, though never in memory as values.
    """
    written = io.BytesIO()
    for noun in KINDS:
        written.write(b"%s\n  %s: {" % (b"," if written.tell() else b"{", to_json(noun)))
        before, after = b"", b"}"
        for record in records_of(noun):
            form = json_bytes(seed_form(record)).rstrip().replace(b"\n", b"\n    ")
            written.write(b"%s\n    %s: %s" % (before, to_json(record.slug), form))
            before, after = b",", b"\n  }"
        written.write(after)
    written.write(b"\n}\n")
    return written.getvalue()


def _zipped(files: Iterable[DataFile]) -> bytes:
    """Files in an archive whose bytes are decided by theirs alone."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for file in files:
            entry = zipfile.ZipInfo(file.name, _EARLIEST)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = _UNIX
            entry.external_attr = _MODE
            archive.writestr(entry, file.body, compresslevel=9)
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
        "bytes": len(file.body),
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
