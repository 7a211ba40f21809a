"""What becomes of a shared link: its preview, its citation, its place in another page."""

import re
import struct
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urldefrag, urljoin, urlsplit
from xml.etree.ElementTree import Element

import pytest
from conftest import Site, parsed, site_of
from heads import BASE, Head, head_of, header_links, names_of
from linkpreview import Link, link_preview
from linkpreview.preview import OpenGraph
from miniature import changed
from test_pages import text_of
from test_qr import read_back

from app import urls
from app.formats.prose import STYLES
from app.language import LANGUAGES, PUBLISHED
from app.seed import read
from app.values import PRIMARY

PREVIEW = ("og:type", "og:title", "og:description", "og:url", "og:image", "og:site_name")
SOME = 7
"""Of how many pages one is looked at, where all of them are made alike."""
LARGEST_CARD = 300_000


@cache
def head_at(site: Site, path: str) -> Head:
    """The head of a page."""
    return head_of(site.client.get(path).text)


@cache
def some_heads(site: Site) -> dict[str, Head]:
    """The head of every page in the primary language, and of some in others, by path."""
    names = [(noun, slug) for noun, slug, _ in names_of(site)]
    paths = [*urls.every_page(names), "/search?q=a"]
    return {
        path: head_at(site, path)
        for number, path in enumerate(paths)
        if urls.language_of(path) == PRIMARY or number % SOME == 0
    }


def records_of(site: Site) -> Iterator[tuple[str, str, str, str]]:
    """Kind, slug, language and page of every record, but events; in other languages of some."""
    for number, (noun, slug, _) in enumerate(names_of(site)):
        if noun != "events":
            for language in PUBLISHED if number % SOME == 0 else (PRIMARY,):
                yield noun, slug, language, urls.record_path(noun, slug, language)


def test_every_page_has_a_preview(site: Site) -> None:
    for path, head in some_heads(site).items():
        for name in PREVIEW:
            assert head.one(name), (path, name)
        address = head.one("og:url")
        assert address.startswith(f"{BASE}/")
        assert [link["href"] for link in head.linked("canonical")] == [address]
        assert address.removeprefix(BASE) == path.partition("?")[0]
        assert head.one("og:description") == head.one("description")
        # A space that does not break is one like any other there.
        assert " ".join(head.title.split()).startswith(head.one("og:title"))
        assert head.one("twitter:card") == "summary_large_image"
        assert (head.one("og:image:width"), head.one("og:image:height")) == ("1200", "630")
        assert head.one("og:image:type") == "image/png"
        assert head.one("og:image:alt")
        assert re.fullmatch("[a-z]{2}_[A-Z]{2}", head.one("og:locale")), path


@pytest.mark.parametrize("language", PUBLISHED)
def test_a_preview_is_read_by_another_program(our_site: Site, language: str) -> None:
    """Each kind once in each language, by a reader of Open Graph, and as it guesses at any page."""
    first = {noun: slug for noun, slug, _ in reversed(names_of(our_site)) if noun != "events"}
    for noun, slug in first.items():
        path = urls.record_path(noun, slug, language)
        text = our_site.client.get(path).text
        head = head_of(text)
        for seen in (OpenGraph(Link(BASE + path, text)), link_preview(BASE + path, text)):
            assert seen.title == head.one("og:title"), path
            # One of the readers takes no-break spaces for spaces.
            assert seen.description.split() == head.one("description").split()
            assert seen.image == f"{BASE}{path.rstrip('/')}/card.png"
            assert seen.site_name == head.one("og:site_name")


def test_a_quote_is_told_in_its_own_marks_and_then_where_it_was_said(our_site: Site) -> None:
    marked = {"en": "“.+”", "ru": "«.+»", "zh": "“.+”|「.+」"}
    seen = set()
    for slug, quote in read(our_site.seed).records["quotes"].items():
        held = [quote.language, *(other.language for other in quote.other_wordings)]
        for language in PUBLISHED:
            head = head_at(our_site, urls.record_path("quotes", slug, language))
            told = head.one("og:description")
            speaker, colon, rest = re.split("(: |：)", told, maxsplit=1)
            assert colon == ("：" if language == "zh" else ": ")
            assert head.one("og:title").startswith(speaker)
            occasion = quote.occasion.root[language]
            said = rest.rpartition(occasion[:20])[0]
            assert said, told
            assert re.search("[^,;:，；：、.。…](。|[.] )$|[…!?！？][”»」]?(| )$", said), told
            if any(tag.partition("-")[0] == language for tag in held):
                assert re.fullmatch(f"({marked[language]})([.] ?|。| |)", said), told
                seen.add(language)
    assert seen == {*PUBLISHED}


def test_every_picture_of_a_preview_is_there(site: Site) -> None:
    """Every card is drawn and measured in test_cards; here some are fetched as a messenger does."""
    addresses = [*dict.fromkeys(head.one("og:image") for head in some_heads(site).values())]
    assert len(addresses) > len({noun for noun, _, _ in names_of(site)})
    for address in addresses[:: max(1, len(addresses) // 20)]:
        response = site.client.get(address)
        assert response.headers["content-type"] == "image/png"
        assert response.content[:8] == b"\x89PNG\r\n\x1a\n"
        assert struct.unpack(">II", response.content[16:24]) == (1200, 630)
        assert len(response.content) < LARGEST_CARD


def test_every_card_and_code_is_the_page_s_own(site: Site) -> None:
    """The codes are read back; the cards of one record say its title in different words."""
    for _, _, _, path in records_of(site):
        code = site.client.get(f"{path.rstrip('/')}/qr.svg")
        assert code.headers["content-type"] == "image/svg+xml"
        assert read_back(code.text) == BASE + path
    noun, slug, _ = next(name for name in names_of(site) if name[0] == "agreements")
    paths = (urls.record_path(noun, slug, language) for language in PUBLISHED)
    cards = [site.client.get(f"{path}/card.png") for path in paths]
    assert {card.headers["content-type"] for card in cards} == {"image/png"}
    assert len({card.content for card in cards}) == len(PUBLISHED)


def test_what_is_no_record_has_the_card_of_the_meeting(site: Site) -> None:
    records = {
        urls.record_path(noun, slug, language)
        for noun, slug, _ in names_of(site)
        for language in PUBLISHED
    }
    others = some_heads(site).keys() - records
    assert {"/agreements", "/timeline", "/connections", "/about", "/data"} <= others
    for path in others:
        home = urls.page_path(urls.HOME, urls.language_of(path)).rstrip("/")
        assert head_at(site, path).one("og:image") == f"{BASE}{home}/card.png"


def test_reference_managers_know_every_record(site: Site) -> None:
    """Highwire Press tags and Dublin Core, none with the day on which it was read."""
    for noun, _, language, path in records_of(site):
        head = head_at(site, path)
        assert head.one("citation_title") == head.one("DC.title")
        assert head.one("citation_language") in {LANGUAGES[language].tag, head.one("DC.language")}
        assert head.meta.get("citation_author") == head.meta.get("DC.creator")
        # A source is somebody else's, who may not say when or by whom it was written.
        is_ours = noun != "sources"
        if is_ours or "DC.date" in head.meta:
            assert re.fullmatch(r"\d{4}(-\d\d(-\d\d)?)?", head.one("DC.date"))
            assert head.one("citation_publication_date") == head.one("DC.date").replace("-", "/")
        assert "citation_author" in head.meta or not is_ours
        assert head.one("citation_public_url").startswith(f"{BASE}/") == is_ours
        assert head.one("DC.identifier").startswith(f"{BASE}/r/") == is_ours
        assert ("DC.rights" in head.meta) == is_ours
        assert not [name for name in head.meta if "access" in name.lower()]


def test_linked_data_is_about_the_record_and_its_page(site: Site) -> None:
    for noun, slug, language, path in records_of(site):
        head = head_at(site, path)
        (block,) = head.data
        record, *ways = block["@graph"]
        # It is one thing in all languages, and described on a page of each.
        assert record["@id"] == BASE + urls.record_path(noun, slug), path
        if noun != "sources":
            told = {name: record["subjectOf"][name] for name in ("url", "inLanguage")}
            assert told == {"url": BASE + path, "inLanguage": LANGUAGES[language].tag}
            assert record["url"] == BASE + path
        for way in ways:
            *_, above, last = way["itemListElement"]
            assert (above["position"], last["position"]) == (2, 3)
            assert above["item"] == BASE + urls.list_path(noun, language)
            assert last["item"] == BASE + path
            assert f">{above['name']}<" in site.client.get(path).text.replace("&#39;", "'")


def test_every_alternate_is_what_it_promises(site: Site) -> None:
    seen: dict[str, str] = {}
    heads = some_heads(site)
    for path in [*heads][:: SOME if len(heads) > 100 else 1]:
        head = heads[path]
        for link in head.linked("alternate"):
            address = urljoin(f"{BASE}{path}", link["href"])
            if address not in seen and address.startswith(BASE) and "hreflang" not in link:
                response = site.client.get(address)
                assert response.status_code == 200, (path, address)
                seen[address] = response.headers["content-type"].partition(";")[0]
            if "hreflang" not in link:
                expected = link["type"].replace("json+oembed", "json")
                assert seen[address] == expected, (path, address)


def test_every_link_header_leads_somewhere(world_site: Site) -> None:
    for path in some_heads(world_site):
        header = world_site.client.get(path).headers.get("link")
        for target, parameters in header_links(header) if header else ():
            assert parameters["rel"], path
            if target.startswith(BASE):
                response = world_site.client.get(target)
                assert response.status_code in {200, 302}, target
                if "type" in parameters:
                    assert response.headers["content-type"].startswith(parameters["type"])


def test_every_record_can_be_embedded(site: Site) -> None:
    for _, slug, language, path in records_of(site):
        (link,) = [
            link
            for link in head_at(site, path).linked("alternate")
            if link.get("type") == "application/json+oembed"
        ]
        told = site.client.get(link["href"])
        assert told.headers["content-type"] == "application/json"
        answer = told.json()
        assert (answer["version"], answer["type"]) == ("1.0", "rich")
        head = head_at(site, path)
        assert answer["title"] in head.one("og:title")
        assert answer["thumbnail_url"] == head.one("og:image")
        frame = parsed(f"<!doctype html><title>a</title>{answer['html']}").find(".//iframe")
        assert frame is not None
        assert frame.get("title") == answer["title"]
        assert (frame.get("width"), frame.get("height")) == ("600", "320")
        assert (answer["width"], answer["height"]) == (600, 320)
        view = site.client.get(str(frame.get("src")))
        assert view.status_code == 200, (slug, language)
        assert "frame-ancestors *" in view.headers["content-security-policy"]
        assert "x-frame-options" not in view.headers
        page = parsed(view.text)
        assert page.get("lang") == LANGUAGES[language].tag
        assert text_of(page.find(".//h1")) == " ".join(answer["title"].split())
        shown = head_of(view.text)
        assert shown.one("robots") == "noindex"
        assert [link["href"] for link in shown.linked("canonical")] == [BASE + path]
        base = page.find("./head/base")
        assert base is not None
        assert base.get("target") == "_top"


def test_an_embed_is_found_by_any_address_of_its_record(world_site: Site) -> None:
    usual = oembed(world_site, f"{BASE}/agreements/lighting-protocol").json()
    for address in (
        f"{BASE}/agreements/lighting-protocol?fbclid=x#certainty",
        f"{BASE}/agreements/lighting-protocol/",
        f"{BASE}/agreements/strait-protocol",
        f"{BASE}/r/a1",
        "HTTPS://MEETING.example/agreements/lighting-protocol",
    ):
        assert oembed(world_site, address).json() == usual, address
    assert oembed(world_site, BASE).json() == oembed(world_site, f"{BASE}/r/m0").json()
    russian = oembed(world_site, f"{BASE}/ru/agreements/lighting-protocol").json()
    assert oembed(world_site, f"{BASE}/ru/r/a1").json() == russian != usual


@pytest.mark.parametrize(
    "address",
    [
        "",
        "/agreements/lighting-protocol",
        f"{BASE}/agreements",
        f"{BASE}/agreements/nothing",
        f"{BASE}/agreements/ferry-contract",
        f"{BASE}/agreements/lighting-protocol.json",
        f"{BASE}/en/agreements/lighting-protocol",
        f"{BASE}/events/opening",
        f"{BASE}/r/e1",
        f"{BASE}/r/nothing",
        "https://other.example/agreements/lighting-protocol",
        f"{BASE}@other.example/agreements/lighting-protocol",
        "http://[",
        "javascript:alert(1)",
        "https://meeting.example:x/",
        "\x00",
    ],
)
def test_what_is_no_record_is_not_embedded(world_site: Site, address: str) -> None:
    response = oembed(world_site, address)
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["parameter"] == "url"


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/agreements/nuclear-statement", "Adopted, 7 November 2016 · Russia, China"),
        ("/quotes/medvedev-fifth-commission", "7 November 2016 · as published in English"),
    ],
)
def test_an_embed_says_when_and_between_whom(our_site: Site, path: str, told: str) -> None:
    page = parsed(our_site.client.get(f"/embed{path}").text)
    facts = page.find(".//p[@class='embed__facts']")
    assert facts is not None
    assert " ".join("".join(facts.itertext()).split()) == told


def oembed(site: Site, address: str, **given: str) -> Any:
    parameters = {"url": address, **given}
    return site.client.get(urls.OEMBED, params=parameters)


def test_an_embed_keeps_to_its_bounds(world_site: Site) -> None:
    address = f"{BASE}/quotes/lind-on-light"
    for given, size, has_card in (
        ({"maxwidth": "400"}, (400, 320), False),
        ({"maxwidth": "320", "maxheight": "320"}, (320, 320), False),
        ({"maxwidth": "1200", "maxheight": "630"}, (600, 320), True),
        ({"maxwidth": "1199", "maxheight": "630"}, (600, 320), False),
        ({"format": "json"}, (600, 320), True),
    ):
        answer = oembed(world_site, address, **given).json()
        assert (answer["width"], answer["height"]) == size
        assert f'width="{size[0]}" height="{size[1]}"' in answer["html"]
        assert ("thumbnail_url" in answer) == has_card
    for too_little in ({"maxwidth": "319"}, {"maxwidth": "100"}, {"maxheight": "319"}):
        answer = oembed(world_site, address, **too_little).json()
        assert answer["type"] == "link"
        assert answer["title"]
        # Nothing that would have to fit (section 2.3.4.3, and 2.3.4.1 of the thumbnail).
        assert not {"html", "width", "height", "thumbnail_url"} & answer.keys()
    for value in ("0", "-1", "wide", "1e3", "١٢"):
        wrong = oembed(world_site, address, maxwidth=value)
        assert wrong.status_code == 404
        assert wrong.json()["parameter"] == "maxwidth"
    assert oembed(world_site, address, format="xml").status_code == 501


@cache
def controls_of(site: Site, path: str) -> Element:
    """The controls of a record's page."""
    controls = parsed(site.client.get(path).text).find(".//div[@class='controls']")
    assert controls is not None
    return controls


def test_a_letter_is_addressed_as_the_standard_asks(site: Site) -> None:
    """RFC 6068: percent-encoded UTF-8, `&` in a value encoded, lines that end in CR LF."""
    for noun, slug, _, path in records_of(site):
        (link,) = [
            str(link.get("href"))
            for link in controls_of(site, path).iter("a")
            if str(link.get("href")).startswith("mailto:")
        ]
        assert link.isascii()
        assert "+" not in link
        to, _, query = link.removeprefix("mailto:").partition("?")
        assert to == ""
        fields = dict(field.split("=") for field in query.split("&"))
        title = head_at(site, path).one("og:title")
        assert " ".join(unquote(fields["subject"]).split()) == title, (noun, slug)
        assert unquote(fields["body"]).endswith(f"\r\n{BASE}{path}")


def fragments_of(address: str) -> list[str]:
    """The texts of a text directive, decoded (URL Fragment Text Directives, section 3.1)."""
    fragment = urldefrag(address).fragment
    before, mark, directive = fragment.partition(":~:text=")
    assert (before, mark) == ("", ":~:text=")
    # TextDirectiveExplicitChar leaves out what has a meaning of its own.
    assert re.fullmatch(r"(?:[A-Za-z0-9._~!$'()*+/:;=?@]|%[0-9A-F]{2}|,)+", directive)
    return [unquote(part, errors="strict") for part in directive.split(",")]


def test_a_quote_is_linked_to_where_it_stands(site: Site) -> None:
    records = read(site.seed).records
    sources = {source.url for source in records["sources"].values()}
    for slug, quotation in records["quotes"].items():
        path = urls.record_path("quotes", slug)
        links = {text_of(link): str(link.get("href")) for link in controls_of(site, path).iter("a")}
        assert links["This page with the words marked"] == f"{path}#words"
        words = parsed(site.client.get(path).text).find(".//*[@id='words']")
        assert " ".join(quotation.text.split()) in text_of(words)
        # Where the passage stands in its source is known of the pages that were seen.
        there = links.get("Open the source at this passage")
        assert (there is not None) == bool(quotation.prefix)
        if there:
            assert there.partition("#")[0] in sources
            assert quotation.text.startswith(fragments_of(there)[0])
            assert quotation.text.endswith(fragments_of(there)[-1])


@pytest.mark.parametrize(
    "passage", ["a-b, c & d", "100% ‘so’ #x", "会晤-一", "«Да», — сказал", "x" * 300, "a b " * 100]
)
def test_a_passage_of_any_signs_comes_back(passage: str) -> None:
    parts = fragments_of(urls.to_passage("https://other.example/a?b=c#d", passage))
    assert parts == [passage] or (
        passage.startswith(parts[0]) and passage.strip().endswith(parts[1])
    )


def test_everything_to_share_is_there_without_script(site: Site) -> None:
    reference_of = {(noun, slug): reference for noun, slug, reference in names_of(site)}
    for noun, slug, language, path in records_of(site):
        controls = controls_of(site, path)
        summaries = [text_of(one.find("./summary")) for one in controls.findall("./details")]
        assert len(set(summaries)) == 3
        assert language != PRIMARY or summaries == ["Share", "Cite", "Download"]
        assert {one.get("name") for one in controls.findall("./details")} == {"control"}
        assert not list(controls.iter("button"))
        links = {link.get("href") for link in controls.iter("a")}
        files = {urls.record_format_path(noun, slug, suffix) for suffix in urls.RECORD_FORMATS}
        pictures = {
            path_of(noun, slug, language)
            for path_of in (urls.card_path, urls.qr_path, urls.embed_path)
        }
        assert files | pictures <= links
        shown = text_of(controls)
        assert BASE + path in shown
        assert BASE + urls.reference_path(reference_of[noun, slug], language) in shown
        snippet = controls.find(".//textarea")
        frame = parsed(f"<!doctype html><title>a</title>{text_of(snippet)}").find(".//iframe")
        assert frame is not None
        assert frame.get("src") == BASE + urls.embed_path(noun, slug, language)
        names = [text_of(term) for term in controls.findall(".//dt")]
        assert len(names) == len(set(names)) >= 3 + len(STYLES)
        assert language != PRIMARY or names[-len(STYLES) :] == ["Chicago", "APA", "MLA"]


@pytest.mark.parametrize(
    ("contact", "expected"),
    [
        ("faults@meeting.example", "mailto:faults@meeting.example?subject=a1%3A%20Protocol%20on"),
        ("https://meeting.example/form?of=us", "https://meeting.example/form?of=us&reference=a1"),
        ("https://meeting.example/form#here", "https://meeting.example/form?reference=a1#here"),
    ],
)
def test_a_mistake_can_be_reported_with_its_reference(
    tmp_path: Path, contact: str, expected: str
) -> None:
    passage = "    version: 0.1.0\n    released_on: 1994-04\n"
    seed = changed(tmp_path, (passage, f"{passage}    contact: {contact}\n"))
    site = site_of(seed, tmp_path)
    for path in (page for _, _, _, page in records_of(site)):
        page = parsed(site.client.get(path).text)
        (link,) = [
            str(link.get("href"))
            for link in page.iter("a")
            if str(link.get("href")).startswith((f"mailto:{contact}", f"{BASE}/form"))
        ]
        if path == "/agreements/lighting-protocol":
            assert link.startswith(expected)
            if link.startswith("mailto:"):
                body = parse_qs(urlsplit(link).query)["body"]
                assert body == [BASE + path]
        else:
            assert link.startswith("mailto:faults@meeting.example?subject=") == ("@" in contact)
