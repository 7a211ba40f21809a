"""Every format of every record and list, read back by readers that are not ours."""

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import feedparser
import html5lib
import pytest
import rispy
from conftest import ROOT, Site
from described_records import ADDRESSES, every, listed, table_of, whole_of
from golden_formats import FOLDER, golden
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pybtex.database import parse_string
from pyld import jsonld

from app import urls
from app.facets import Selection
from app.formats.described import Described, first_instant, licence_url
from app.formats.linked_data import data_block, graph
from app.formats.plain import seed_form
from app.formats.plaintext import WIDTH, columns, wrapped
from app.formats.registry import FORMATS, LISTS, TABLE, list_links, record_links
from app.formats.tables import columns_of
from app.kinds import KINDS
from app.models import Record
from app.urls import Addresses

SCHEMA_ORG = "http://schema.org/"
VOCABULARY = json.loads((ROOT / "tests/expected/schema-org.json").read_text())
# What of schema.org's own context matters here: every term is in the vocabulary.
CONTEXT = {"@context": {"@vocab": SCHEMA_ORG, "url": {"@id": "url", "@type": "@id"}}}


def remade(noun: str, slug: str, form: dict[str, Any]) -> Record:
    """A record made from its seed form, as the seed reader makes it."""
    return KINDS[noun].model.model_validate({**form, "slug": slug, "id": 1})


def expanded(document: Any) -> list[dict[str, Any]]:
    """A JSON-LD document expanded without asking another host."""

    def load(address: str, options: dict[str, Any]) -> dict[str, Any]:
        assert address == "https://schema.org"
        return {
            "contentType": "application/ld+json",
            "contextUrl": None,
            "documentUrl": address,
            "document": CONTEXT,
        }

    found: list[dict[str, Any]] = jsonld.expand(document, {"documentLoader": load})
    return found


def test_the_registry_has_what_the_addresses_promise() -> None:
    assert list(FORMATS) == list(urls.RECORD_FORMATS)
    assert {*LISTS, TABLE.suffix} == set(urls.LIST_FORMATS)
    assert {form.content_type for form in FORMATS.values()} >= {
        "application/json",
        "text/plain; charset=utf-8",
    }


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_format_is_utf_8_and_always_the_same(site: Site, suffix: str) -> None:
    for item in every(site.database):
        body = FORMATS[suffix].made(item)
        assert body == FORMATS[suffix].made(item)
        assert body.decode().endswith("\n")


def test_the_golden_files_are_what_is_made(world: Path) -> None:
    made = dict(golden(world))
    assert {path.name for path in FOLDER.iterdir()} == set(made)
    for name, body in made.items():
        assert body == (FOLDER / name).read_bytes(), f"{name}: python tests/golden_formats.py"


def test_a_record_can_be_pasted_back_from_its_json(site: Site) -> None:
    for item in every(site.database):
        read = json.loads(FORMATS["json"].made(item))
        again = remade(read["kind"], read["slug"], read["record"])
        assert again.model_dump() == item.record.model_dump()
        assert seed_form(again) == read["record"]


def test_json_says_where_everything_is(site: Site) -> None:
    for item in every(site.database):
        read = json.loads(FORMATS["json"].made(item))
        assert list(read)[:4] == ["kind", "slug", "title", "html_url"]
        assert read["html_url"] == item.url
        assert read["short_url"].endswith(f"/r/{item.record.reference}")
        assert list(read["formats"]) == list(urls.record_formats(read["kind"]))
        ties = [*read["links"], *read["linked_from"]]
        assert all(tie["html_url"].startswith(ADDRESSES.base_url) for tie in ties)
        assert {tie["slug"] for tie in read["links"] if tie["kind"] == "sources"} == set(
            item.sources
        )
        assert read["licence"]["url"] == "https://creativecommons.org/licenses/by/4.0/"
        assert set(read["citation"]) == {"key", "chicago", "apa", "mla"}
        assert "<" not in read["citation"]["apa"] or "<" in str(read["title"])


def test_a_quote_carries_its_selector(our_site: Site) -> None:
    for item in whole_of(our_site.database)["quotes"]:
        selector = json.loads(FORMATS["json"].made(item))["selector"]
        assert selector["type"] == "TextQuoteSelector"
        assert selector["exact"] == item.record.text
        assert selector.get("prefix") == item.record.prefix
        assert selector.get("suffix") == item.record.suffix


def test_a_list_has_each_record_as_at_its_own_address(site: Site) -> None:
    for noun in KINDS:
        read = json.loads(LISTS["json"].made(listed(site.database, noun, "json")))
        alone = [json.loads(FORMATS["json"].made(one)) for one in whole_of(site.database)[noun]]
        assert read["items"] == alone
        assert read["next"].endswith(f"/{noun}.json?page=2")


def test_linked_data_expands_without_loss(site: Site) -> None:
    for item in every(site.database):
        found = expanded(json.loads(FORMATS["jsonld"].made(item)))
        (node,) = [one for one in found if one.get("@id") == item.url]
        assert {key.removeprefix(SCHEMA_ORG) for key in node} - {"@id", "@type"} == {
            key for key in graph(item)["@graph"][0] if not key.startswith("@")
        }
        assert node[f"{SCHEMA_ORG}name"][0]["@value"]
        crumbs = [one for one in found if one["@type"] == [f"{SCHEMA_ORG}BreadcrumbList"]]
        assert len(crumbs) == item.kind.has_pages


def properties_of(name: str) -> set[str]:
    """What the vocabulary lets a node of a type have (schema.org, release 29, our types alone)."""
    own = VOCABULARY[name]
    return set(own["has"]).union(*map(properties_of, own["of"]))


def nodes_in(value: Any) -> Iterator[dict[str, Any]]:
    """Every node of a document that has a type, however deep."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if isinstance(value, dict) and "@type" in value:
        yield value
    for item in inner:
        yield from nodes_in(item)


def test_every_property_is_one_of_its_type(site: Site) -> None:
    for item in every(site.database):
        for node in nodes_in(json.loads(FORMATS["jsonld"].made(item))):
            unknown = {key for key in node if key[0] != "@"} - properties_of(node["@type"])
            assert not unknown, (item.url, node["@type"])


@pytest.mark.parametrize(
    ("noun", "at", "expected"),
    [
        ("meeting", 0, "Event"),
        ("agreements", 0, "Legislation"),
        ("agreements", 1, "CreativeWork"),
        ("agreements", 2, "CreativeWork"),
        ("sectors", 0, "DefinedTerm"),
        ("quotes", 0, "Quotation"),
        ("organizations", 0, "Organization"),
        ("organizations", 1, "GovernmentOrganization"),
        ("people", 0, "Person"),
        ("commissions", 0, "GovernmentOrganization"),
        ("events", 0, "Event"),
        ("sources", 0, "WebPage"),
    ],
)
def test_types_are_those_of_the_vocabulary(world: Path, noun: str, at: int, expected: str) -> None:
    item = whole_of(world)[noun][at]
    node = next(one for one in expanded(graph(item)) if one.get("@id") == item.url)
    assert node["@type"] == [f"{SCHEMA_ORG}{expected}"]


def test_a_data_block_can_not_be_left(world: Path) -> None:
    value = {"name": "</script><script>alert(1)</script><!-- <script> ]]>"}
    document = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(
        f"<!doctype html><html><head><title>t</title>{data_block(value)}</head><body></body></html>"
    )
    (block,) = document.iter("script")
    assert block.attrib == {"type": "application/ld+json"}
    assert json.loads(block.text) == value


def test_text_fits_a_letter(site: Site) -> None:
    for item in every(site.database):
        text = FORMATS["txt"].made(item).decode()
        for line in text.splitlines():
            assert columns(line) <= WIDTH or " " not in line.strip(" -")
        for source in item.sources.values():
            assert source.url in text
        assert item.short_url in text
        assert "None" not in text
        squeezed = re.sub(r"\s", "", text)
        for title in item.title.values():
            assert re.sub(r"\s|…$", "", title) in squeezed


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("海" * 41, ["海" * 40, "海"]),
        ("海" * 40 + "。", ["海" * 39, "海。"]),
        ("a" * 79 + " bb", ["a" * 79, "bb"]),
        ("one\n\ntwo", ["one", "two"]),
        ("w" * 100, ["w" * 100]),
    ],
)
def test_text_is_wrapped_by_the_width_of_its_characters(text: str, lines: list[str]) -> None:
    assert list(wrapped(text)) == lines


def rows_of(text: str) -> list[dict[str, str]]:
    """The rows of a CSV file, each guard taken off its cell."""
    return [
        {name: cell.removeprefix("'") for name, cell in row.items()}
        for row in csv.DictReader(io.StringIO(text, newline=""), strict=True)
    ]


def form_of(noun: str, row: dict[str, str]) -> dict[str, Any]:
    """A record's seed form put together from its row."""
    form: dict[str, Any] = {}
    for column in columns_of(KINDS[noun]):
        cell = row[column.name]
        if not cell or column.name in {"slug", "html_url"}:
            continue
        if column.part is None:
            is_json = column.type in {"array", "object", "integer"}
            form[column.field] = json.loads(cell) if is_json else cell
        elif f"{column.name}.standing" in row:
            form.setdefault(column.field, {})[column.part] = {row[f"{column.name}.standing"]: cell}
        elif not column.name.endswith(".standing"):
            form.setdefault(column.field, {})[column.part] = cell
    return form


def test_rows_are_the_records(site: Site) -> None:
    for noun, items in whole_of(site.database).items():
        body = TABLE.made(table_of(noun, items))
        assert body.startswith(b"\xef\xbb\xbf")
        rows = rows_of(body.decode("utf-8-sig"))
        assert [row["slug"] for row in rows] == [item.record.slug for item in items]
        for row, item in zip(rows, items, strict=True):
            assert row["html_url"] == item.url
            again = remade(noun, row["slug"], form_of(noun, row))
            assert again.model_dump() == item.record.model_dump()


@pytest.mark.parametrize("noun", urls.WITH_FEED)
def test_feeds_are_read_by_another_program(site: Site, noun: str) -> None:
    items = whole_of(site.database)[noun]
    feed = feedparser.parse(LISTS["atom"].made(listed(site.database, noun, "atom")))
    assert not feed.bozo
    assert feed.version == "atom10"
    assert feed.feed.id == f"{ADDRESSES.base_url}/{noun}"
    assert {link.rel for link in feed.feed.links} == {"self", "alternate", "next"}
    assert [entry.id for entry in feed.entries] == [item.short_url for item in items]
    assert [entry.link for entry in feed.entries] == [item.url for item in items]
    assert all(entry.updated_parsed for entry in feed.entries)
    if noun == "agreements":
        parts = [
            {tag.term for tag in entry.tags} & {"documents", "undertakings"}
            for entry in feed.entries
        ]
        assert parts == [
            {"undertakings" if item.record.is_undertaking else "documents"} for item in items
        ]


def test_an_empty_list_is_a_feed(world: Path) -> None:
    empty = replace(listed(world, "quotes", "atom"), items=())
    feed = feedparser.parse(LISTS["atom"].made(empty))
    assert (feed.bozo, feed.entries, feed.feed.updated) == (False, [], "1994-04-01T00:00:00Z")


@pytest.mark.parametrize(
    ("day", "instant"),
    [
        ("2016", "2016-01-01T00:00:00Z"),
        ("2016-11", "2016-11-01T00:00:00Z"),
        ("2016-11-07", "2016-11-07T00:00:00Z"),
    ],
)
def test_a_partial_date_is_completed(day: str, instant: str) -> None:
    assert first_instant(day) == instant


def test_links_lead_to_every_format(site: Site) -> None:
    for item in every(site.database):
        header = record_links(item)
        found = re.findall(r'<([^>]*)>; rel="([^"]*)"(?:; type="([^"]*)")?(?:, |$)', header)
        assert header.isascii()
        assert header.count("<") == len(found)
        alternates = {address: media for address, rels, media in found if "alternate" in rels}
        assert alternates == {
            address: urls.RECORD_FORMATS[suffix] for suffix, address in item.format_urls.items()
        }
        relations = [relation for _, relation, _ in found]
        assert relations.count("cite-as") == relations.count("type") == 1
        assert ("author" in relations) == (item.speaker is not None)


def test_links_of_a_list_keep_its_filter() -> None:
    selection = Selection({}, query="a", page=2)
    addresses = Addresses("https://meeting.example")
    assert list_links(KINDS["sectors"], selection, addresses, "CC-BY-4.0").startswith(
        "<https://meeting.example/sectors.json?q=a&page=2>; "
        'rel="alternate"; type="application/json", <https://meeting.example/sectors.csv?q=a'
    )


@pytest.mark.parametrize(
    ("identifier", "address"),
    [
        ("CC-BY-4.0", "https://creativecommons.org/licenses/by/4.0/"),
        ("CC-BY-SA-4.0", "https://creativecommons.org/licenses/by-sa/4.0/"),
        ("ODbL-1.0", "https://spdx.org/licenses/ODbL-1.0.html"),
    ],
)
def test_a_licence_has_an_address(identifier: str, address: str) -> None:
    assert licence_url(identifier) == address


# Texts with signs of other categories that no text has are refused before they get here.
HOSTILE = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Cf", "Cn")), min_size=1, max_size=60
).filter(str.strip) | st.sampled_from(
    [
        '"quotes" & <b>markup</b> </script> ]]> &amp;',
        "}{ \\ { braces $x_1^2$ ~100% #1",
        "line\n\nand another\nTY  - JOUR",
        "=SUM(A1)",
        "'=already guarded",
        "+1",
        "@at",
        "-1",
        "\u200fbidi\u200e مرحبا",
        "海峡，照明。",
    ]
)


def hostile(item: Described, text: str) -> Described:
    """A quote whose words, occasion and only source say something else."""
    form = seed_form(item.record) | {"text": text, "occasion": {"en": text, "zh": text}}
    sources = {
        slug: remade("sources", slug, seed_form(source) | {"publisher": text})
        for slug, source in item.sources.items()
    }
    return replace(item, record=remade("quotes", item.record.slug, form), sources=sources)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(HOSTILE)
def test_hostile_text_survives_every_format(world: Path, text: str) -> None:
    item = hostile(whole_of(world)["quotes"][0], text)
    read = json.loads(FORMATS["json"].made(item))
    assert read["record"]["text"] == read["selector"]["exact"] == text
    nodes = expanded(json.loads(FORMATS["jsonld"].made(item)))
    (quotation,) = [node for node in nodes if node.get("@id") == item.url]
    assert quotation[f"{SCHEMA_ORG}text"][0]["@value"] == text
    entries = parse_string(FORMATS["bib"].made(item).decode(), "bibtex").entries
    assert len(entries) == 1 + len(item.sources)
    assert len(rispy.loads(FORMATS["ris"].made(item).decode())) == 1 + len(item.sources)
    assert json.loads(FORMATS["csl.json"].made(item))[1]["publisher"] == text
    squeezed = re.sub(r"\s", "", FORMATS["txt"].made(item).decode())
    assert re.sub(r"\s", "", text) in squeezed
    table = TABLE.made(table_of("quotes", [item])).decode("utf-8-sig")
    (row,) = rows_of(table)
    assert (row["text"], row["occasion.zh"]) == (text, text)
    (raw,) = csv.DictReader(io.StringIO(table, newline=""))
    assert not raw["text"].startswith(tuple("=+-@\t\r"))
    one = replace(listed(world, "quotes", "atom"), items=[item])
    feed = feedparser.parse(LISTS["atom"].made(one))
    assert not feed.bozo
    assert len(feed.entries) == 1
