"""What is no page: negotiation, feeds, discovery, the whole data, as programs meet it."""

import csv
import hashlib
import io
import json
import re
import sqlite3
import zipfile
from pathlib import Path
from typing import Any
from urllib.robotparser import RobotFileParser
from xml.etree import ElementTree as ET

import feedparser
import pytest
from conftest import Site, parsed, site_of
from heads import BASE, head_of, names_of
from miniature import changed
from test_pages import text_of

from app import urls
from app.delivery import SECURITY_HEADERS
from app.kinds import PAGED
from app.language import PUBLISHED

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"
OPEN = ("card.png", "qr.svg", ".json", ".jsonld", ".bib", ".ris", ".txt", ".csv", ".atom", ".zip")


def negotiable(site: Site) -> list[tuple[str, str, str]]:
    """The page, the media type and the suffix address of every format that Accept can choose."""
    some = {noun: slug for noun, slug, _ in names_of(site)}
    pages = ["/", *(urls.list_path(kind.noun) for kind in PAGED)]
    pages += [urls.record_path(kind.noun, some[kind.noun]) for kind in PAGED]
    return [(page, *form) for page in pages for form in urls.other_forms(page).items()]


def test_accept_gives_what_the_suffix_gives(site: Site) -> None:
    for page, media_type, path in negotiable(site):
        there = site.client.get(path)
        asked = site.client.get(page, headers={"accept": media_type})
        assert (asked.status_code, asked.content) == (200, there.content), (page, media_type)
        assert asked.headers["content-type"].partition(";")[0] == media_type
        assert asked.headers["content-location"] == path
        assert "accept" in asked.headers["vary"].split(", ")
        assert "content-location" not in there.headers
        assert "accept" not in there.headers.get("vary", "").split(", ")
        html = site.client.get(page)
        assert "accept" in html.headers["vary"].split(", ")
        assert html.headers["etag"] != asked.headers["etag"] == there.headers["etag"]


def test_what_accept_chose_is_validated_and_measured_as_well(site: Site) -> None:
    for page, media_type, _ in negotiable(site):
        accept = {"accept": media_type}
        full = site.client.get(page, headers=accept)
        head = site.client.head(page, headers=accept)
        assert (head.content, dict(head.headers)) == (b"", dict(full.headers))
        tag = full.headers["etag"]
        again = site.client.get(page, headers={**accept, "if-none-match": tag})
        assert (again.status_code, again.content) == (304, b"")
        for name in ("vary", "content-location", "etag", "cache-control"):
            assert again.headers[name] == full.headers[name]
        # The page has not changed for whoever holds another form of it.
        assert site.client.get(page, headers={"if-none-match": tag}).status_code == 200


@pytest.mark.parametrize(
    ("accepted", "chosen"),
    [
        ("*/*", "text/html"),
        ("text/html", "text/html"),
        (BROWSER, "text/html"),
        ("application/json, text/plain, */*", "text/html"),
        ("application/json, text/html", "text/html"),
        ("text/html;q=0.5, application/json", "application/json"),
        ("text/html;q=0.9, application/json;q=0.8", "text/html"),
        ("*/*;q=0.1, application/json;q=0.2", "application/json"),
        ("*/*, text/html;q=0.1, application/ld+json", "application/ld+json"),
        ("text/*;q=0.5, application/json;q=0.5", "text/html"),
        ("application/json;q=0.3, application/ld+json;q=0.7", "application/ld+json"),
        ("Application/JSON", "application/json"),
        ("application/json; charset=utf-8", "application/json"),
        ("application/x-bibtex;q=1.0, text/html;q=0.999", "application/x-bibtex"),
        ("application/json;q=0", "text/html"),
        ("application/json;q=nonsense", "text/html"),
        ("application/json;q=nan", "text/html"),
        ("application/*", "text/html"),
        ("image/webp", "text/html"),
        ("text/csv", "text/html"),
        (";;,,", "text/html"),
        ("", "text/html"),
    ],
)
def test_accept_is_weighed(world_site: Site, accepted: str, chosen: str) -> None:
    response = world_site.client.get("/agreements/herring-plan", headers={"accept": accepted})
    assert response.status_code == 200
    assert response.headers["content-type"].partition(";")[0] == chosen


def test_a_narrowed_list_stays_narrowed_whatever_is_accepted(world_site: Site) -> None:
    asked = world_site.client.get(
        "/agreements?sector=lights&fbclid=x", headers={"accept": "application/json"}
    )
    there = world_site.client.get("/agreements.json?sector=lights")
    assert asked.content == there.content
    assert asked.headers["content-location"] == "/agreements.json?sector=lights"


def test_a_suffix_is_what_it_says_whatever_is_accepted(world_site: Site) -> None:
    for accepted in ("text/html", "application/x-bibtex", "image/png"):
        response = world_site.client.get("/agreements.csv", headers={"accept": accepted})
        assert response.headers["content-type"] == "text/csv; charset=utf-8"


def test_pages_in_other_languages_are_always_html(site: Site) -> None:
    slug = next(slug for noun, slug, _ in names_of(site) if noun == "agreements")
    for language in PUBLISHED[1:]:
        for path in (
            urls.page_path(urls.HOME, language),
            urls.list_path("agreements", language),
            urls.record_path("agreements", slug, language),
        ):
            assert urls.other_forms(path) == {}
            response = site.client.get(path, headers={"accept": "application/json"})
            assert response.headers["content-type"] == "text/html; charset=utf-8"
            assert "accept" not in response.headers.get("vary", "").split(", ")


def test_what_others_may_show_says_so_and_nothing_else_does(world_site: Site) -> None:
    names = names_of(world_site)
    pages = list(urls.every_page((noun, slug) for noun, slug, _ in names))
    style = next(link["href"] for link in page_head(world_site).linked("stylesheet"))
    for path in [*pages, *urls.every_file(names), style, "/nothing", "/agreements/"]:
        response = world_site.client.get(path)
        is_embed = "embed" in path.split("/")
        is_data = path.startswith(("/data/", "/api/")) or (
            path.endswith(OPEN) and path != urls.ROBOTS
        )
        is_open = is_embed or is_data
        policy = "cross-origin" if is_open else "same-origin"
        assert response.headers["cross-origin-resource-policy"] == policy, path
        assert ("access-control-allow-origin" in response.headers) == is_open, path
        expected = dict(SECURITY_HEADERS) | {"cross-origin-resource-policy": policy}
        if is_embed:
            expected["content-security-policy"] = expected["content-security-policy"].replace(
                "frame-ancestors 'none'", "frame-ancestors *"
            )
            assert expected.pop("x-frame-options") == "DENY"
            assert "x-frame-options" not in response.headers
        for name, value in expected.items():
            assert response.headers[name] == value, (path, name)


def page_head(site: Site) -> Any:
    return head_of(site.client.get("/").text)


@pytest.mark.parametrize("noun", urls.WITH_FEED)
def test_a_feed_reader_reads_every_page_of_a_list(site: Site, noun: str) -> None:
    found: list[str] = []
    parts = []
    address = f"{BASE}/{noun}.atom"
    while address:
        response = site.client.get(address)
        feed = feedparser.parse(response.content, response_headers=dict(response.headers))
        assert not feed.bozo, feed.get("bozo_exception")
        assert feed.version == "atom10"
        found += [entry.id for entry in feed.entries]
        assert all(entry.title and entry.link and entry.updated_parsed for entry in feed.entries)
        parts += [{tag.term for tag in entry.get("tags", ())} for entry in feed.entries]
        links = {link.rel: link.href for link in feed.feed.links}
        assert links["self"] == address
        address = links.get("next", "")
    references = [reference for kind, _, reference in names_of(site) if kind == noun]
    assert sorted(found) == sorted(f"{BASE}/r/{reference}" for reference in references)
    if noun == "agreements":
        of_part = [part & {"documents", "undertakings"} for part in parts]
        assert all(len(part) == 1 for part in of_part)
        listed = site.client.get("/agreements.json").json()
        assert {"documents", "undertakings"} <= set().union(*of_part), listed


def test_a_feed_reader_reads_what_changed(site: Site) -> None:
    feed = feedparser.parse(site.client.get(urls.FEED).content)
    assert not feed.bozo
    assert feed.entries
    ids = {element.get("id") for element in parsed(site.client.get("/data").text).iter()}
    for entry in feed.entries:
        page, _, fragment = entry.id.partition("#")
        assert page == f"{BASE}/data"
        assert fragment in ids


def test_the_sitemap_has_every_page_once(site: Site) -> None:
    response = site.client.get(urls.SITEMAP)
    assert response.headers["content-type"].startswith("application/xml")
    tree = ET.fromstring(response.content)
    names = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9"}
    listed = [element.text or "" for element in tree.findall("s:url/s:loc", names)]
    expected = {
        BASE + path
        for path in urls.every_page((noun, slug) for noun, slug, _ in names_of(site))
        if not path.endswith(urls.PAGES[urls.SEARCH])
    }
    assert sorted(listed) == sorted(expected)


def test_robots_are_led_to_the_sitemap_and_kept_from_nothing(site: Site) -> None:
    robots = RobotFileParser()
    robots.parse(site.client.get(urls.ROBOTS).text.splitlines())
    assert robots.can_fetch("anybody", f"{BASE}/agreements")
    assert robots.site_maps() == [BASE + urls.SITEMAP]


def test_a_browser_can_search_the_site(site: Site) -> None:
    (link,) = page_head(site).linked("search")
    response = site.client.get(link["href"])
    assert response.headers["content-type"].startswith(link["type"])
    tree = ET.fromstring(response.content)
    names = {"o": "http://a9.com/-/spec/opensearch/1.1/"}
    assert 0 < len(tree.findtext("o:ShortName", "", names)) <= 16
    assert 0 < len(tree.findtext("o:Description", "", names)) <= 1024
    templates = {
        url.get("type", ""): url.get("template", "") for url in tree.findall("o:Url", names)
    }
    page = site.client.get(templates["text/html"].replace("{searchTerms}", "light%20%26%20%D1%8F"))
    assert page.status_code == 200
    assert parsed(page.text).find(".//input").get("value") == "light & я"  # type: ignore[union-attr]
    suggested = site.client.get(
        templates["application/x-suggestions+json"].replace("{searchTerms}", "th")
    )
    assert suggested.headers["content-type"] == "application/x-suggestions+json"
    query, texts, descriptions, addresses = suggested.json()
    assert query == "th"
    assert len(texts) == len(descriptions) == len(addresses)
    image = tree.findtext("o:Image", "", names)
    assert site.client.get(image).headers["content-type"] == "image/svg+xml"


def test_every_file_of_the_data_is_what_the_page_says(site: Site) -> None:
    page = parsed(site.client.get("/data").text)
    table = page.find(".//table[@class='tally']")
    assert table is not None
    sums = dict(
        reversed(line.split("  ")) for line in site.client.get("/data/SHA256SUMS").text.splitlines()
    )
    listed = []
    for row in table.findall("./tbody/tr"):
        link, size = row.find("./th/a"), row.find("./td")
        assert link is not None
        assert "download" in link.attrib
        response = site.client.get(link.get("href", ""))
        digest = hashlib.sha256(response.content).hexdigest()
        assert digest in text_of(row)
        assert re.sub(r"\D", "", size.get("title", "")) == str(len(response.content))
        name = text_of(link)
        assert sums.get(name, digest) == digest
        listed.append(name)
    assert listed == list(urls.DATA_FILES)
    assert set(sums) == {*urls.DATA_FILES} - {"SHA256SUMS"}


def test_the_database_is_sound_and_whole(site: Site, tmp_path: Path) -> None:
    file = tmp_path / "downloaded.sqlite"
    file.write_bytes(site.client.get("/data/meeting21.sqlite").content)
    database = sqlite3.connect(file)
    assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert database.execute("PRAGMA foreign_key_check").fetchall() == []
    rows = database.execute("SELECT kind, slug, reference FROM record ORDER BY id").fetchall()
    database.close()
    assert rows == names_of(site)


def test_the_archive_holds_the_tables_that_are_there(site: Site) -> None:
    archive = zipfile.ZipFile(io.BytesIO(site.client.get("/data/meeting21.zip").content))
    assert archive.testzip() is None
    tables = [name for name in urls.DATA_FILES if name.endswith(".csv")]
    assert sorted(archive.namelist()) == sorted([*tables, "datapackage.json"])
    for name in tables:
        assert archive.read(name) == site.client.get(f"/data/{name}").content
    described = json.loads(archive.read("datapackage.json"))
    assert {resource["path"] for resource in described["resources"]} == set(tables)


def test_tables_have_the_records_of_their_lists(site: Site) -> None:
    for kind in PAGED:
        expected = [slug for noun, slug, _ in names_of(site) if noun == kind.noun]
        for path in (urls.list_format_path(kind.noun, "csv"), urls.data_path(f"{kind.noun}.csv")):
            text = site.client.get(path).content.decode("utf-8-sig")
            rows = list(csv.DictReader(io.StringIO(text)))
            # A list is in the order of its parts, the table in that of the seed.
            assert sorted(row["slug"] for row in rows) == sorted(expected), path


CONTACTS = {
    "faults+site@meeting.example": "mailto:faults%2Bsite@meeting.example",
    "https://meeting.example/faults?of=us#form": "https://meeting.example/faults?of=us#form",
}


@pytest.mark.parametrize("contact", CONTACTS)
def test_a_contact_is_told_to_finders_of_weaknesses(tmp_path: Path, contact: str) -> None:
    """RFC 9116, sections 2.5 and 4."""
    passage = "    version: 0.1.0\n    released_on: 1994-04\n"
    replaced = (passage, f"{passage}    contact: {contact}\n")
    site = site_of(changed(tmp_path, replaced), tmp_path)
    response = site.client.get("/.well-known/security.txt")
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    fields = dict(line.split(": ", 1) for line in response.text.splitlines())
    assert fields == {
        "Contact": CONTACTS[contact],
        "Expires": "1995-04-01T00:00:00Z",
        "Preferred-Languages": ", ".join(PUBLISHED),
        "Canonical": f"{BASE}/.well-known/security.txt",
    }
    assert site.client.get("/.well-known/security.txt/").status_code == 308


def test_without_a_contact_none_is_made_up(site: Site) -> None:
    assert site.client.get("/.well-known/security.txt").status_code == 404
    assert "Report a mistake" not in site.client.get("/").text
