"""Every format of a record and of a list: its media type, and how its bytes are made."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from app import urls
from app.facets import Selection
from app.formats.answers import list_json, record_json
from app.formats.bibliography import bibtex, csl_json, ris
from app.formats.citations import works_of
from app.formats.described import Described, Listed, licence_url
from app.formats.feeds import atom
from app.formats.linked_data import graph
from app.formats.plain import json_bytes
from app.formats.plaintext import plain_text
from app.formats.tables import Table, as_csv
from app.kinds import Kind
from app.urls import LIST_FORMATS, RECORD_FORMATS, Addresses

Input = TypeVar("Input")

Target = tuple[str, str, str | None]
"""Where a link leads, in which relations, and of which media type that is."""

_METADATA = ("jsonld", "csl.json", "bib", "ris")
"""The formats that describe a record, in the sense of Signposting."""


@dataclass(frozen=True)
class Format(Generic[Input]):
    """One format: `made` gives its bytes."""

    suffix: str
    media_type: str
    made: Callable[[Input], bytes]

    @property
    def content_type(self) -> str:
        """What the `Content-Type` header says; text names its encoding (RFC 6657, section 3)."""
        is_text = self.media_type.startswith("text/")
        return f"{self.media_type}; charset=utf-8" if is_text else self.media_type


def _json_ld(described: Described) -> bytes:
    return json_bytes(graph(described))


def _csv(table: Table) -> bytes:
    """With a byte order mark, without which spreadsheets take UTF-8 for the machine's encoding."""
    return as_csv(table, "utf-8-sig")


FORMATS: dict[str, Format[Described]] = {
    suffix: Format(suffix, RECORD_FORMATS[suffix], made)
    for suffix, made in (
        ("json", record_json),
        ("jsonld", _json_ld),
        ("bib", lambda described: bibtex(works_of(described))),
        ("ris", lambda described: ris(works_of(described))),
        ("csl.json", lambda described: csl_json(works_of(described))),
        ("txt", plain_text),
    )
}
"""The formats of a record, by suffix."""

LISTS: dict[str, Format[Listed]] = {
    suffix: Format(suffix, LIST_FORMATS[suffix], made)
    for suffix, made in (("json", list_json), ("atom", atom))
}
"""The formats of a page of a list, by suffix."""

TABLE = Format("csv", LIST_FORMATS["csv"], _csv)
"""The format of a whole list. Which of all these a kind has, `urls.list_formats` says."""


def record_links(described: Described) -> str:
    """The value of a record's `Link` header (RFC 8288): every format, and Signposting level 1.

    (https://signposting.org/FAIR/: `cite-as`, `describedby`, `type`, `license`, `author`.)
    An author is only named where it has a page of its own: a quote's speaker.
    """
    links: list[Target] = [
        (described.short_url, "cite-as", None),
        ("https://schema.org/AboutPage", "type", None),
        (licence_url(described.meeting.licence), "license", None),
    ]
    record = described.record
    if described.speaker:
        noun = "people" if record.speaker else "organizations"
        links.append((described.url_of(noun, described.speaker.slug), "author", None))
    for suffix, address in described.format_urls.items():
        relation = "alternate describedby" if suffix in _METADATA else "alternate"
        links.append((address, relation, RECORD_FORMATS[suffix]))
    return _header(links)


def list_links(kind: Kind, selection: Selection, addresses: Addresses, licence: str) -> str:
    """The same of a list: its formats, each narrowed alike."""
    links: list[Target] = [
        (
            addresses.absolute(
                urls.asked(urls.list_format_path(kind.noun, suffix), selection.parameters)
            ),
            "alternate",
            LIST_FORMATS[suffix],
        )
        for suffix in urls.list_formats(kind.noun)
    ]
    return _header([*links, (licence_url(licence), "license", None)])


def search_links(query: str, addresses: Addresses) -> str:
    """The same of what a query finds: the API's answer."""
    address = addresses.absolute(urls.api_search_path(query))
    return _header([(address, "alternate", "application/json")])


def _header(links: list[Target]) -> str:
    return ", ".join(
        f'<{address}>; rel="{relation}"' + (f'; type="{media_type}"' if media_type else "")
        for address, relation, media_type in links
    )
