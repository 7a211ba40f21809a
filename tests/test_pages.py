"""Every page of both sites: whole, its links lead somewhere, it says what the database says."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urldefrag, urljoin, urlsplit
from xml.etree.ElementTree import Element, fromstring, tostring

import pytest
import yaml
from conftest import WORLD, Site, our_seed, parsed, quickly_parsed, site_of
from servers import size

from app import queries, urls
from app.database import open_database
from app.kinds import KINDS, PAGED
from app.language import PUBLISHED
from app.models import AgreementKind, AgreementStatus
from app.values import PRIMARY

BASE = "https://meeting.example"


STRICTLY = size(7, 1)
"""Of so many pages of a sort the strict parser, which is slow, reads one."""


def pages_of(client: object, language: str = PRIMARY) -> dict[str, Element]:
    """Every page of a language that a crawl from its home page reaches, parsed, by path."""
    return _crawled(client, language)


@cache
def _crawled(client: object, language: str) -> dict[str, Element]:
    found: dict[str, Element] = {}
    read: Counter[str] = Counter()
    waiting = [urls.page_path(urls.HOME, language)]
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        response = client.get(path)  # type: ignore[attr-defined]
        assert response.status_code == 200, path
        if not response.headers["content-type"].startswith("text/html"):
            continue
        # The records of a kind are made alike.
        is_record = path.count("/") > 1 + (language != PRIMARY)
        template = path.rpartition("/")[0] if is_record else sort_of(path)
        if read[template] % STRICTLY == 0:
            parsed(response.text)
        read[template] += 1
        found[path] = quickly_parsed(response.text)
        waiting += [
            urldefrag(link).url
            for link in followed(found[path])
            if is_ours(link) and not is_file(link) and urls.language_of(link) == language
        ]
    return found


def links(page: Element) -> list[str]:
    """Every address that a page leads to, our own without the host."""
    leading = ("href", "src", "action")
    addresses = [element.get(name) for element in page.iter() for name in leading]
    return [address.removeprefix(BASE) or "/" for address in addresses if address]


def followed(page: Element) -> list[str]:
    """The addresses that a page leads robots to: combinations of filters are left to people."""
    found = [element for element in page.iter() if "nofollow" not in element.get("rel", "")]
    addresses = [
        element.get("href") or element.get("action")
        for element in found
        if element.tag in {"a", "form"}
    ]
    return [address.removeprefix(BASE) or "/" for address in addresses if address]


def is_ours(link: str) -> bool:
    """Whether an address is one of the site's own pages or files."""
    return not urlsplit(link).scheme and not link.startswith("#")


def is_file(link: str) -> bool:
    """Whether an address is that of a file, by its suffix."""
    return "." in urlsplit(link).path.rpartition("/")[2]


def sort_of(link: str) -> str:
    """What an address is of: a file's folder and suffix, a list and how it is narrowed, a page."""
    path, names = urlsplit(link).path, [name for name, _ in parse_qsl(urlsplit(link).query)]
    if path == urls.OEMBED:
        return path
    folder, suffix = path.split("/")[1], path.rpartition("/")[2].partition(".")[2]
    if is_file(link):
        return f"{folder}/{suffix}"
    return "&".join((path, *sorted(names))) if names and not size(0, 1) else link


def text_of(element: Element | None) -> str:
    """All text inside an element."""
    return " ".join("".join(element.itertext()).split()) if element is not None else ""


def every_id(page: Element) -> list[str]:
    return [element.get("id", "") for element in page.iter() if element.get("id")]


def addresses_in_sitemap(site: Site) -> list[str]:
    tree = fromstring(site.client.get(urls.SITEMAP).text)
    return [str(element.text).removeprefix(BASE) for element in tree.iter() if "loc" in element.tag]


def database_records(site: Site) -> Iterator[tuple[str, str]]:
    with open_database(site.database)[0] as session:
        for row in queries.every_record(session):
            yield row.kind, row.slug


def test_the_crawl_reaches_the_sitemap_and_every_record(site: Site) -> None:
    reached = {path for language in PUBLISHED for path in pages_of(site.client, language)}
    assert set(addresses_in_sitemap(site)) <= reached
    known = list(database_records(site))
    assert {urldefrag(urls.record_path(noun, slug)).url for noun, slug in known} <= reached
    assert set(urls.every_page(known)) == {path for path in reached if "?" not in path}
    # What has a query is a list narrowed to one value, or a further page of a list.
    asked = [dict(parse_qsl(urlsplit(path).query)) for path in reached if "?" in path]
    assert all(len(query.keys() - {"page"}) <= 1 for query in asked)


def test_every_link_and_fragment_resolves(site: Site) -> None:
    pages = pages_of(site.client)
    ids = {path: set(every_id(page)) for path, page in pages.items()}
    # Those in other languages are crawled as well.
    crawled = {path for language in PUBLISHED for path in pages_of(site.client, language)}
    files: dict[str, int] = dict.fromkeys(crawled, 200)
    one_of: dict[str, str] = {}
    for path, page in pages.items():
        for link in links(page):
            if not is_ours(link) and not link.startswith("#"):
                continue
            target, fragment = urldefrag(urljoin(path, link))
            # Other tests make every file of every record, and narrow every list in every way:
            # one of each sort is enough.
            target = one_of.setdefault(sort_of(target), target)
            if target not in ids:
                if target not in files:
                    files[target] = site.client.get(target).status_code
                assert files[target] == 200, (path, link)
            # A text directive (:~:) is no place of the page's own.
            elif place := fragment.partition(":~:")[0]:
                assert place in ids[target], (path, link)


def test_every_page_is_whole(site: Site) -> None:
    titles: Counter[str] = Counter()
    for path, page in pages_of(site.client).items():
        assert page.get("lang") == "en", path
        assert len(page.findall(".//h1")) == 1, path
        assert len(page.findall(".//main")) == 1, path
        (title,) = page.findall("./head/title")
        titles[text_of(title)] += 1
        (description,) = page.findall("./head/meta[@name='description']")
        assert 10 <= len(description.get("content", "")) <= 200, path
        (canonical,) = page.findall("./head/link[@rel='canonical']")
        assert canonical.get("href") == BASE + path, path
        duplicates = [name for name, number in Counter(every_id(page)).items() if number > 1]
        assert not duplicates, (path, duplicates)
        levels = [int(element.tag[1]) for element in page.iter() if element.tag in HEADINGS]
        skips = [pair for pair in pairwise(levels) if pair[1] > pair[0] + 1]
        assert not skips, (path, levels)
    assert [title for title, number in titles.items() if number > 1] == []


HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}


def test_every_text_has_the_numbers_of_its_sources(our_site: Site) -> None:
    """What is said of a record leads to what says so; the page of a source is none itself."""
    checked = 0
    for path, page in pages_of(our_site.client).items():
        about = page.find(".//article[@class='record']")
        if about is None or "/sources/" in path or "/quotes/" in path:
            continue
        for prose in about.findall(".//div[@class='prose']"):
            # A heading begins another text.
            texts = [list[Element]()]
            for part in prose:
                if part.tag == "h2":
                    texts.append([])
                texts[-1].append(part)
            for text in texts:
                assert [mark for part in text for mark in part.iter("sup")], path
            checked += len(texts)
    assert checked > 100


def numbers_in(mark: str) -> range:
    """A number, or those from one to another."""
    first, _, last = mark.partition("–")
    return range(int(first), int(last or first) + 1)


def test_notes_are_numbered_as_a_reader_meets_them(site: Site) -> None:
    found = 0
    for path, page in pages_of(site.client).items():
        marks = [mark for sup in page.iter("sup") for mark in text_of(sup).split()]
        numbers = [*dict.fromkeys(number for mark in marks for number in numbers_in(mark))]
        for sup in page.iter("sup"):
            ends = re.findall(r"\d+", text_of(sup))
            assert links(sup) == [f"#source-{number}" for number in ends]
        assert numbers == list(range(1, len(numbers) + 1)), path
        listed = page.findall(".//aside[@class='sources']/ol/li")
        assert [item.get("id") for item in listed] == [
            f"source-{number}" for number in range(1, len(listed) + 1)
        ]
        found += len(numbers)
    assert found > 5


@pytest.mark.parametrize("path", ["/", "/agreements/joint-communique", "/timeline", "/ru"])
def test_no_line_ends_within_a_date_or_a_compound(our_site: Site, path: str) -> None:
    page = parsed(our_site.client.get(path).text)
    whole = {text_of(span) for span in page.iter("span") if span.get("class") == "whole"}
    wanted = {
        "/": {"6–8 November", "7 November", "21 agreements", "China-Russia"},
        "/agreements/joint-communique": {"China-Russia"},
        "/timeline": {"6–8 November"},
        "/ru": {"21-я", "6–8 ноября"},
    }
    assert wanted[path] <= whole


def test_no_page_has_inline_code_or_asks_another_host(site: Site) -> None:
    for path, page in pages_of(site.client).items():
        for element in page.iter():
            assert element.tag not in {"style", "iframe", "object", "embed"}, path
            assert "style" not in element.attrib, path
            assert not [name for name in element.attrib if name.startswith("on")], path
            is_named = element.get("rel") in {"alternate", "canonical"}
            if element.tag in {"link", "script", "img"} and not is_named:
                address = element.get("href") or element.get("src") or ""
                assert not urlsplit(address).netloc, (path, address)


UNSAID = re.compile(r"(?<!-)\bNone\b|\{\{|\{%|%\(|Undefined")
"""The traces of a value that was not there, or of a template that was not filled in."""


def test_every_label_is_a_word_and_nothing_is_left_unsaid(site: Site) -> None:
    for path, page in pages_of(site.client).items():
        shown = text_of(page.find("./body"))
        assert not UNSAID.search(shown), path
        # The page of the data names the fields themselves.
        unsaid = re.search(r"(?<![\w/.])(field|kind|one|part|tie)\.[a-z]", shown)
        assert path == "/data" or not unsaid, path


def test_every_record_that_another_names_links_back(our_site: Site) -> None:
    """Ties are shown both ways: whatever a record leads to leads back to it, source or not."""
    pages = pages_of(our_site.client)
    with open_database(our_site.database)[0] as session:
        for row in queries.every_record(session):
            if not KINDS[row.kind].has_pages:
                continue
            path = urls.record_path(row.kind, row.slug)
            for other in queries.named_by(session, [row.id]):
                there = urls.record_path(other.kind, other.slug)
                assert there in links(pages[path]), (path, there)
                if other.kind != "events":
                    back = links(pages[urldefrag(there).url])
                    assert path in back, (there, path)


def test_no_two_records_are_tied_twice_in_the_same_words(site: Site) -> None:
    for language in PUBLISHED:
        page = parsed(site.client.get(urls.page_path(urls.CONNECTIONS, language)).text)
        rows = [text_of(cell) for cell in page.findall(".//table//tr/td[1]")]
        assert rows
        for said in rows:
            ways = re.split("[;；] ?", said)
            assert len(set(ways)) == len(ways), said


def test_home_counts_what_the_database_has(our_site: Site) -> None:
    home = pages_of(our_site.client)["/"]
    shown = text_of(home.find(".//main"))
    with open_database(our_site.database)[0] as session:
        counts = queries.counts(session)
    kinds = Counter(record.kind for record in our_seed().records["agreements"].values())
    documents = sum(number for kind, number in kinds.items() if kind != AgreementKind.UNDERTAKING)
    named = documents - kinds[AgreementKind.REPORT]
    done = sum(
        record.status in {AgreementStatus.SIGNED, AgreementStatus.ADOPTED}
        and not record.is_undertaking
        for record in our_seed().records["agreements"].values()
    )
    assert f"{named} known by name, of which {done} signed or adopted" in shown
    assert f"{kinds[AgreementKind.UNDERTAKING]} undertakings" in shown
    for kind in PAGED:
        if kind.noun != "agreements":
            assert f"{kind.noun.capitalize()} {counts[kind.noun]}" in shown


def test_lists_count_documents_and_undertakings_apart(our_site: Site) -> None:
    page = pages_of(our_site.client)["/agreements"]
    seed = our_seed()
    of_kind = [record.kind == "undertaking" for record in seed.records["agreements"].values()]
    shown = {
        section.get("aria-labelledby"): (
            text_of(section.find("./h2")),
            len(section.findall("./ul/li")),
        )
        for section in page.findall(".//section[@class='part']")
    }
    assert shown == {
        "documents": (f"Documents {of_kind.count(False)}", of_kind.count(False)),
        "undertakings": (f"Undertakings {of_kind.count(True)}", of_kind.count(True)),
    }


def test_sector_table_counts_what_the_sector_pages_list(our_site: Site) -> None:
    pages = pages_of(our_site.client)
    rows = pages["/sectors"].findall(".//table")[0].findall("./tbody/tr")
    assert len(rows) == len(our_seed().records["sectors"])
    for row in rows:
        (link,) = row.findall("./th/a")
        shown = [0 if text_of(cell) == "–" else int(text_of(cell)) for cell in row.findall("./td")]
        sections = {
            text_of(section.find("./h2")): len(section.findall("./ul/li"))
            for section in pages[str(link.get("href"))].findall(".//section")
        }
        assert shown == [sections.get("Documents", 0), sections.get("Undertakings", 0)]


def test_a_document_offers_its_text_or_says_that_none_was_found(our_site: Site) -> None:
    pages = pages_of(our_site.client)
    for slug, record in our_seed().records["agreements"].items():
        shown = text_of(pages[f"/agreements/{slug}"].find(".//main"))
        assert ("Read the text" in shown) == bool(record.texts)
        missing = not record.texts and not record.is_undertaking
        assert ("was not found in the sources consulted" in shown) or not missing


def test_a_seed_need_not_have_records_of_every_kind(tmp_path: Path) -> None:
    """Of those that a meeting can be without; every page is there, and says so."""
    lacking = {"agreements", "commissions"}

    def left(value: Any) -> Any:
        if isinstance(value, list):
            return [left(item) for item in value]
        if isinstance(value, dict):
            return {key: left(item) for key, item in value.items() if key not in lacking}
        return value

    whole = yaml.load((WORLD / "world.yaml").read_bytes(), yaml.BaseLoader)
    seed = tmp_path / "world.json"
    seed.write_text(json.dumps(left(whole)))
    site = site_of(seed, tmp_path)
    for language in PUBLISHED:
        assert pages_of(site.client, language)
    pages = pages_of(site.client)
    for noun in lacking:
        assert "There is no record of this kind." in text_of(pages[urls.list_path(noun)])
    assert "Commissions" not in text_of(pages["/"].find(".//main"))


def test_another_seed_is_another_site(world_site: Site) -> None:
    """Nothing of our own meeting is in the program, its templates or its style."""
    for path, page in pages_of(world_site.client).items():
        text = tostring(page, encoding="unicode")
        for ours in ("Petersburg", "Medvedev", "21st", "Russia", "China"):
            # A language is called by its name whoever uses it.
            shown = text.replace("Russian, ", "").replace(", Russian", "")
            shown = shown.replace("in Russian", "")
            assert ours not in shown.replace("Russian<", "<"), (path, ours)
    style = next(link for link in links(pages_of(world_site.client)["/"]) if link.endswith(".css"))
    assert "Russia" not in world_site.client.get(style).text


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("atomic energy", "/agreements/nuclear-statement"),
        ("eurasian economic", "/organizations/eaeu"),
        ("Medvedev", "/people/dmitry-medvedev"),
        ("ООН", "/organizations/united-nations"),
        ("上合组织", "/organizations/sco"),
        ("Шанхайская организация", "/organizations/sco"),
        ("李克强", "/people/li-keqiang"),
    ],
)
def test_search_finds(our_site: Site, query: str, first: str) -> None:
    response = our_site.client.get("/search", params={"q": query})
    assert first in links(parsed(response.text))


@pytest.mark.parametrize(
    "query", ["", "   ", '"', "a OR", "NEAR(", "*", "-", "zzzqq", "<b>", "\x00", "😀"]
)
def test_any_text_is_a_query(site: Site, query: str) -> None:
    response = site.client.get("/search", params={"q": query})
    assert response.status_code == 200
    parsed(response.text)


def test_search_counts_documents_and_undertakings_apart(our_site: Site) -> None:
    page = parsed(our_site.client.get("/search?q=nuclear").text)
    found = {
        text_of(section.find("./h2")): len(section.findall("./ol/li"))
        for section in page.findall(".//section")
    }
    kinds = {heading.rpartition(" ")[0]: number for heading, number in found.items()}
    assert {"Documents", "Undertakings"} <= set(kinds)
    assert "Agreements" not in kinds
    assert all(heading.endswith(f" {number}") for heading, number in found.items())


def test_ambiguous_addresses_lead_to_the_canonical_one(site: Site) -> None:
    for path, canonical in (
        ("/agreements/", "/agreements"),
        ("/AGREEMENTS", "/agreements"),
        ("/Search/?q=a", "/search?q=a"),
    ):
        response = site.client.get(path)
        assert (response.status_code, response.headers["location"]) == (308, canonical)
    assert site.client.get("/agreements/NOTHING").status_code == 404


def test_a_parameter_given_twice_is_refused_by_name(site: Site) -> None:
    response = site.client.get("/search?q=a&q=b")
    assert response.status_code == 404
    assert "The parameter “q” may be given once only" in response.text


def test_short_addresses_lead_to_their_records(our_site: Site) -> None:
    for noun, records in our_seed().records.items():
        for slug, record in records.items():
            response = our_site.client.get(f"/r/{record.reference}")
            assert response.status_code == 302
            assert response.headers["location"] == urls.record_path(noun, slug)
    assert our_site.client.get("/r/a999").status_code == 404


def test_a_former_slug_leads_to_the_record(world_site: Site) -> None:
    response = world_site.client.get("/agreements/strait-protocol")
    assert response.status_code == 301
    assert response.headers["location"] == "/agreements/lighting-protocol"


@pytest.mark.parametrize("path", ["/nothing", "/agreements/nothing", "/quotes/a/b", "/static/x/y"])
def test_nothing_there_is_a_helpful_page(site: Site, path: str) -> None:
    response = site.client.get(path)
    assert response.status_code == 404
    page = parsed(response.text)
    assert text_of(page.find(".//h1")) == "There is nothing at this address"
    assert urls.list_path("agreements") in links(page)
    assert page.find("./head/meta[@name='robots']") is not None
