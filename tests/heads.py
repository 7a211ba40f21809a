"""A reader of what a page tells machines, which knows nothing of how ours is made."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from conftest import Site

from app import queries
from app.database import open_database

BASE = "https://meeting.example"


@dataclass
class Head:
    """The meta of a page by name or property, its links, and its blocks of data."""

    meta: dict[str, list[str]] = field(default_factory=dict)
    links: list[dict[str, str]] = field(default_factory=list)
    data: list[Any] = field(default_factory=list)
    title: str = ""

    def one(self, name: str) -> str:
        """What a page says once, and not in vain."""
        (value,) = self.meta[name]
        assert value.strip(), name
        return value

    def linked(self, relation: str) -> list[dict[str, str]]:
        """The links of a relation."""
        return [link for link in self.links if relation in link.get("rel", "").split()]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.head = Head()
        self.inside = ""

    def handle_starttag(self, tag: str, given: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in given}
        self.inside = attributes.get("type", "") if tag == "script" else tag
        if tag == "meta":
            name = attributes.get("property") or attributes.get("name") or ""
            self.head.meta.setdefault(name, []).append(attributes.get("content", ""))
        elif tag == "link":
            self.head.links.append(attributes)

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""

    def handle_data(self, data: str) -> None:
        if self.inside == "application/ld+json":
            self.head.data.append(json.loads(data))
        elif self.inside == "title" and not self.head.title:
            self.head.title = data


def head_of(html: str) -> Head:
    """What a page tells machines."""
    reader = _Reader()
    reader.feed(html)
    return reader.head


def names_of(site: Site) -> list[tuple[str, str, str]]:
    """Kind, slug and reference of every record of a site."""
    with open_database(site.database)[0] as session:
        return [(row.kind, row.slug, row.reference) for row in queries.every_record(session)]


def header_links(value: str) -> Iterator[tuple[str, dict[str, str]]]:
    """The targets and parameters of a Link header (RFC 8288, section 3)."""
    for link in value.split(", <"):
        target, _, rest = link.removeprefix("<").partition(">")
        parameters = (part.split("=", 1) for part in rest.split("; ") if "=" in part)
        yield target, {name.strip(): text.strip('"') for name, text in parameters}
