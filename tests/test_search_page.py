"""The search page and the suggestions as a reader sees them, over HTTP."""

import json
import re
from collections import Counter
from urllib.parse import quote
from xml.etree.ElementTree import Element

import pytest
from conftest import ROOT, Site, parsed
from heads import BASE, head_of, header_links
from hypothesis import given, settings
from hypothesis import strategies as some
from sqlmodel import col, select

from app import queries
from app.database import open_database
from app.kinds import KINDS, PAGED
from app.models import Link, RecordRow
from app.pages import search_page
from app.search import Highlighter, telling
from app.values import LONGEST_QUERY

LINES = (ROOT / "tests/expected/queries.tsv").read_text().splitlines()
FIRST_HITS = [line.split("\t") for line in LINES if not line.startswith("#")]

TITLE = re.compile(r'<a class="entry__title" href="([^"]*)"')

ODD = (
    "\0\x07\x1b\t\n\u00a0\u00ad\u200b\u200d\u200e\u202e\u2066\u2069\ufeff\ufffe\uffff"
    "<>&\"'`%+;=#?/\\{}[]()*^:-_~|!$@.,"
    "aeéЁёйИ核能合作聖圣𠀀ﬁß\u0301\u0306😀👩\u200d🔬🇷🇺"
)
PHRASES = (
    "<script>alert(1)</script>",
    "</title><b>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7 * 7 }}",
    "{% raw %}",
    "&lt;mark&gt;",
    "' OR 1=1 --",
    "NEAR(a b, 2)",
    "title:энергия",
    "nuclear",
    "核能",
    "medvedev",
    "<mark>nuclear</mark>",
)
TYPED = some.lists(
    some.one_of(some.sampled_from(PHRASES), some.text(max_size=40), some.text(ODD, max_size=20)),
    max_size=4,
).map(" ".join)
"""What anyone or anything may type."""

BROKEN = "% %% %0 %00 %zz %C3 %C3%28 %ED%A0%80 %F0%9F %FF%FE %F4%90%80%80 %E2%80%AE %3Cb%3E %26 %23"
WHOLE = "+ %2B = ; a %D1%91 %E6%A0%B8"
WRITTEN_QUERY = some.lists(some.sampled_from([*BROKEN.split(), *WHOLE.split()]), max_size=12).map(
    "".join
)
"""A query string as it may stand in an address, well-formed or not."""

SEARCHED = ("/search", "/suggest", *(f"/{kind.noun}" for kind in PAGED))


def hits(page: Element) -> list[str]:
    """The records that a page has found, in their order."""
    titles = page.findall(".//a[@class='entry__title']")
    return [title.get("href", "") for title in titles]


def search(site: Site, query: str) -> Element:
    response = site.client.get("/search", params={"q": query})
    assert response.status_code == 200
    return parsed(response.text)


def said(element: Element | None) -> str:
    """All text inside an element."""
    return " ".join("".join(element.itertext()).split()) if element is not None else ""


@pytest.mark.parametrize(("query", "first"), FIRST_HITS)
def test_first_hit(our_site: Site, query: str, first: str) -> None:
    # The strict parser reads every page in other tests; here are too many for it.
    found = TITLE.search(our_site.client.get("/search", params={"q": query}).text)
    assert found
    assert found[1] == first


def test_the_table_of_queries_has_three_languages_and_no_line_twice() -> None:
    typed = [query for query, _ in FIRST_HITS]
    assert len(set(typed)) == len(typed) >= 70
    assert sum(any("а" <= letter <= "я" for letter in query.lower()) for query in typed) >= 20
    assert sum(any("一" <= letter <= "鿿" for letter in query) for query in typed) >= 20


def tags_of(page: Element) -> set[str]:
    return {element.tag for element in page.iter() if isinstance(element.tag, str)}


SCRIPTS = ["site.js"]
"""Every script of a page that is not of a record."""


def check_page(text: str, known: set[str]) -> Element:
    """A page that has no element or attribute which the same page has not for a plain query."""
    page = parsed(text)
    assert tags_of(page) <= known
    assert [script.get("src", "").rpartition("/")[2] for script in page.iter("script")] == SCRIPTS
    for element in page.iter():
        assert not [name for name in element.attrib if name.startswith("on") or name == "style"]
    return page


@pytest.fixture(scope="module")
def known_tags(our_site: Site) -> set[str]:
    """Every element that a search or a list has."""
    asked = ("/search?q=nuclear", "/search?q=zzz", "/search?q=a+zzz+energy", "/search")
    lists = [f"/{kind.noun}{query}" for kind in PAGED for query in ("", "?q=nuclear", "?q=zzz")]
    found: set[str] = set()
    for path in (*asked, *lists):
        found |= tags_of(parsed(our_site.client.get(path).text))
    return found


@settings(max_examples=60, deadline=None)
@given(typed=TYPED)
def test_whatever_is_typed_is_answered_in_whole_pages(
    our_site: Site, known_tags: set[str], typed: str
) -> None:
    answer = our_site.client.get("/search?q=" + quote(typed, errors="surrogatepass"))
    assert answer.status_code == 200
    page = check_page(answer.text, known_tags)
    with open_database(our_site.database)[0] as session:
        expected = search_page(session, typed, "en")
        (field,) = page.findall(".//input[@id='find']")
        assert field.get("value", "") == expected.query
        shown = page.findall(".//ol[@class='entries']/li")
        found = [hit for group in expected.groups for hit in group.hits]
        assert len(shown) == len(found)
        for item, hit in zip(shown, found, strict=True):
            title = "".join(piece.text for piece in hit.title)
            assert said(item.find("./a")) == " ".join(title.split())
            if hit.excerpt:
                pieces = [piece.text for piece in hit.excerpt.pieces]
                assert said(item.find("./p")) == " ".join("".join(pieces).split())
                inside = "".join(pieces).removeprefix("…").removesuffix("…")
                gist = [text for _, text in telling(hit.record)]
                assert any(inside in text for text in gist)
    answer = our_site.client.get("/suggest?q=" + quote(typed, errors="surrogatepass"))
    assert answer.status_code == 200
    query, titles, kinds, addresses = json.loads(answer.text)
    assert isinstance(query, str)
    assert len(titles) == len(kinds) == len(addresses) <= 8


@settings(max_examples=40, deadline=None)
@given(typed=TYPED, noun=some.sampled_from([kind.noun for kind in PAGED]))
def test_whatever_a_list_is_narrowed_to_is_answered_in_whole_pages(
    our_site: Site, known_tags: set[str], typed: str, noun: str
) -> None:
    answer = our_site.client.get(f"/{noun}?q=" + quote(typed, errors="surrogatepass"))
    assert answer.status_code == 200
    check_page(answer.text, known_tags)


@settings(max_examples=60, deadline=None)
@given(written=WRITTEN_QUERY, path=some.sampled_from(SEARCHED))
def test_whatever_stands_in_an_address_is_a_query(
    our_site: Site, known_tags: set[str], written: str, path: str
) -> None:
    answer = our_site.client.get(f"{path}?q={written}")
    assert answer.status_code == 200
    if path == "/suggest":
        assert len(json.loads(answer.text)) == 4
    else:
        check_page(answer.text, known_tags)


@pytest.mark.parametrize("path", SEARCHED)
@pytest.mark.parametrize("unit", ["x", "核", "ё ", "<b>", "\u0301", "\0", "a "])
def test_a_very_long_query_is_a_query(
    our_site: Site, known_tags: set[str], path: str, unit: str
) -> None:
    written = quote((unit * 8000)[:8000])[:60_000]
    answer = our_site.client.get(f"{path}?q={written}")
    assert answer.status_code == 200
    if path != "/suggest":
        check_page(answer.text, known_tags)


@given(query=TYPED, text=TYPED)
def test_pieces_joined_are_the_text(query: str, text: str) -> None:
    assert "".join(piece.text for piece in Highlighter(query).pieces(text)) == text


def marked(page: Element) -> set[str]:
    return {said(mark) for mark in page.findall(".//mark")}


@pytest.mark.parametrize(
    ("query", "marks"),
    [
        ("rosatom", {"Rosatom"}),
        ("ROSATOM", {"Rosatom"}),
        ("communique", {"Communiqué", "communiqué"}),
        ("核能", {"核能"}),
        ("聖彼得堡", {"圣彼得堡", "聖彼得堡"}),
        ("шедевры", {"шедевров", "шедеврах"}),
        ("<>", set()),
    ],
)
def test_what_was_found_is_marked_as_it_stands(our_site: Site, query: str, marks: set[str]) -> None:
    assert marked(search(our_site, query)) == marks


@pytest.mark.parametrize(
    "query", ["7 November 2016", "7 ноября 2016 года", "2016年11月7日", "2016-11-07"]
)
def test_a_day_finds_what_is_dated_so(our_site: Site, query: str) -> None:
    found = hits(search(our_site, query))
    with open_database(our_site.database)[0] as session:
        documents = [
            f"/agreements/{one.slug}"
            for one in queries.records(session, "agreements")
            if one.dated_on == "2016-11-07" and KINDS["agreements"].part(one) == "documents"
        ]
    assert len(documents) > 2
    assert {*documents, "/timeline#regular-meeting"} <= {*found}


def test_what_a_program_would_ask_instead_is_told(our_site: Site) -> None:
    path = "/api/search?q=%D0%90%D0%AD%D0%A1+%3C%3E%22"
    for language in ("", "/ru", "/zh"):
        response = our_site.client.get(f"{language}/search", params={"q": 'АЭС <>"'})
        (link,) = header_links(response.headers["link"])
        told = {"rel": "alternate", "type": "application/json"}
        assert link == (f"{BASE}{path}", told)
        (tag,) = [
            one
            for one in head_of(response.text).linked("alternate")
            if one.get("type") == "application/json"
        ]
        assert tag["href"] == link[0]
        assert "link" not in our_site.client.get(f"{language}/search").headers
    assert our_site.client.get(path).json()["query"] == 'АЭС <>"'


@pytest.mark.parametrize(
    ("query", "meant"),
    [
        ("medvedef", "Medvedev"),
        ("Rosatm", "Rosatom"),
        ("comunique", "Communiqué"),
        ("tianwen nuclear", "Tianwan nuclear"),
        ("Tainwan", "Tianwan"),
        ("Lee Keqiang", "Li Keqiang"),
        ("lee kequiang", "Li Keqiang"),
        ("Меведев", "Медведев"),
        ("Путен", "Путин"),
        ("核能合作社", "核能合作"),
    ],
)
def test_did_you_mean_is_one_click_away(our_site: Site, query: str, meant: str) -> None:
    page = search(our_site, query)
    assert hits(page) == []
    assert f"No record has “{query}”." in said(page)
    (link,) = [link for link in page.findall(".//main//a") if said(link) == meant]
    assert said(page).count("Did you mean") == 1
    assert hits(parsed(our_site.client.get(link.get("href", "")).text))


@pytest.mark.parametrize("query", ["Sberbank", "São", "xqz", "Lee xyzzyx"])
def test_nothing_is_made_of_what_is_like_nothing_here(our_site: Site, query: str) -> None:
    page = search(our_site, query)
    assert hits(page) == []
    assert "Did you mean" not in said(page)


def test_words_that_are_found_by_themselves_lead_to_what_they_find(our_site: Site) -> None:
    page = search(our_site, "hermitage tianwan xyzzyx")
    assert hits(page) == []
    assert "Each of these words is found by itself: hermitage · tianwan" in said(page)
    links = {said(link): link.get("href", "") for link in page.findall(".//main//a")}
    for word in ("hermitage", "tianwan"):
        assert hits(parsed(our_site.client.get(links[word]).text))
    assert "xyzzyx" not in links


def test_only_so_many_characters_are_searched_and_the_page_says_so(our_site: Site) -> None:
    notice = f"Only the first {LONGEST_QUERY} characters were searched."
    assert notice not in said(search(our_site, "x" * LONGEST_QUERY))
    assert notice in said(search(our_site, "x" * (LONGEST_QUERY + 1)))
    cut = search(our_site, "nuclear " * 40)
    assert notice in said(cut)
    assert set(hits(cut)) == set(hits(search(our_site, "nuclear")))


PARTS = {
    "Documents": "documents",
    "Undertakings": "undertakings",
    "International organizations": "international",
    "Parties and others": "parties",
}
"""The id under which a list has what a search shows under a heading, where the list has parts."""


def counts_of(page: Element) -> dict[str, str]:
    """How many records each part of a list has, by the id of its heading, or the whole."""
    headings = page.findall(".//section[@class='part']/h2")
    parts = {heading.get("id", ""): said(heading.find("./span")) for heading in headings}
    whole = page.find(".//div[@class='listing__records']/p[@class='count']")
    return parts if whole is None else {"all": said(whole).split()[0]}


def test_a_group_that_has_more_leads_to_the_list_of_all(our_site: Site) -> None:
    page = search(our_site, "Russia")
    more = page.findall(".//p[@class='more']/a")
    assert more
    for link in more:
        section = next(part for part in page.iter("section") if link in list(part.iter()))
        (number,) = section.findall("./h2/span[@class='count']")
        (heading,) = section.findall("./h2")
        name = said(heading).removesuffix(said(number)).strip()
        found = parsed(our_site.client.get(link.get("href", "")).text)
        assert counts_of(found)[PARTS.get(name, "all")] == said(number), name
        assert link.get("rel") == "nofollow"


def test_counts_of_groups_are_what_the_lists_have(our_site: Site) -> None:
    with open_database(our_site.database)[0] as session:
        for query in ("энергия", "nuclear", "合作", "шедевры", "commission"):
            for group in queries.search(session, query):
                if group.kind in {kind.noun for kind in PAGED}:
                    page = parsed(our_site.client.get(f"/{group.kind}?q={quote(query)}").text)
                    assert counts_of(page)[group.part] == str(group.count), (query, group.part)


def test_an_empty_search_offers_what_finds_something(our_site: Site) -> None:
    page = parsed(our_site.client.get("/search").text)
    leading = [link for link in page.findall(".//main//a") if "?q=" in link.get("href", "")]
    assert len(leading) == 6
    for link in leading:
        found = parsed(our_site.client.get(link.get("href", "")).text)
        assert said(found.find(".//a[@class='entry__title']")) == said(link)
    lists = {f"/{kind.noun}" for kind in PAGED}
    assert lists <= {link.get("href") for link in page.findall(".//main//a")}


def test_suggestions_tell_documents_from_undertakings(our_site: Site) -> None:
    answer = json.loads(our_site.client.get("/suggest?q=nuclear").text)
    assert {"Document", "Undertaking"} <= set(answer[2])
    assert "Agreement" not in answer[2]


def test_what_an_empty_search_offers_is_what_most_links_lead_to(our_site: Site) -> None:
    with open_database(our_site.database)[0] as session:
        ends = select(RecordRow).join(Link, col(Link.object_id) == col(RecordRow.id))
        rows = session.exec(ends).all()
        for place in {(row.kind, row.part) for row in rows}:
            led_to = Counter(row.id for row in rows if (row.kind, row.part) == place)
            most = sorted(led_to, key=lambda one: (-led_to[one], one))[:3]
            assert [row.id for row in queries.most_led_to(session, [place], 3)] == most
