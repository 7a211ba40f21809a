"""Lists narrowed, ordered and paged: every count is what the click gives."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, combinations, pairwise
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from xml.etree.ElementTree import Element

import pytest
from conftest import Site, our_seed, parsed
from sqlmodel import Session

from app import queries
from app.database import open_database
from app.facets import PAGE_SIZE, BadParameterError, FacetValue, Selection, read_selection
from app.kinds import PAGED, SEED_ORDER, Kind
from app.pages import ListPage, list_page
from app.values import LONGEST_QUERY

FACETED = [kind for kind in PAGED if kind.facets]
BASE = "https://meeting.example"
RECORDS = our_seed().records


@pytest.fixture(scope="module")
def session(our_site: Site) -> Iterator[Session]:
    with open_database(our_site.database)[0] as opened:
        yield opened


def values_of(kind: Kind) -> list[tuple[str, str]]:
    """Every value that some record has of some facet."""
    records = RECORDS[kind.noun].values()
    return [
        (facet.name, value)
        for facet in kind.facets
        for value in sorted({value for record in records for value in facet.values(record)})
    ]


def expected(kind: Kind, pairs: tuple[tuple[str, str], ...]) -> dict[str, set[str]]:
    """The slugs that are left of each part, told from the seed alone."""
    found: dict[str, set[str]] = {}
    for slug, record in RECORDS[kind.noun].items():
        held = {(facet.name, value) for facet in kind.facets for value in facet.values(record)}
        asked = {name for name, _ in pairs}
        if all(any(pair in held for pair in pairs if pair[0] == name) for name in asked):
            found.setdefault(kind.part(record), set()).add(slug)
    return found


def sizes(kind: Kind, pairs: tuple[tuple[str, str], ...]) -> dict[str, int]:
    return {part: len(slugs) for part, slugs in expected(kind, pairs).items()}


def everything(
    session: Session, kind: Kind, selection: Selection, size: int = PAGE_SIZE
) -> list[Any]:
    """The records of all pages of a list, one after the other."""
    first = queries.listing(session, kind, selection, "en", size)
    found = list(first.records)
    for number in range(2, -(-sum(first.counts.values()) // size) + 1):
        further = Selection(selection.chosen, selection.query, selection.sort, number)
        found += queries.listing(session, kind, further, "en", size).records
    return found


def every_choice(page: ListPage) -> list[tuple[str, FacetValue]]:
    return [(choices.facet.name, value) for choices in page.facets for value in choices.offered]


@pytest.mark.parametrize("kind", FACETED, ids=lambda kind: kind.noun)
def test_every_count_is_the_length_of_the_list_it_leads_to(session: Session, kind: Kind) -> None:
    """Of every single value, and of every pair, of one facet or of two."""
    bare = list_page(session, kind, Selection({}), "en")
    assert [(name, value.value) for name, value in every_choice(bare)] != []
    assert {(name, value.value) for name, value in every_choice(bare)} == set(values_of(kind))
    for name, value in every_choice(bare):
        assert value.counts == sizes(kind, ((name, value.value),))
        taken = read_selection(kind, value.parameters)
        assert taken.pairs == ((name, value.value),)
        page = list_page(session, kind, taken, "en")
        offered = {(other, item.value): item for other, item in every_choice(page)}
        for pair, item in offered.items():
            both = ((name, value.value), pair)
            assert item.counts == sizes(kind, both), both
            assert set(read_selection(kind, item.parameters).pairs) == set(both)
        # What is not offered would leave nothing, or change nothing.
        for pair in set(values_of(kind)) - set(offered) - {(name, value.value)}:
            left = value.counts if pair[0] == name else {}
            assert sizes(kind, ((name, value.value), pair)) == left


@pytest.mark.parametrize("query", ["nuclear", "энергия", "合作"])
@pytest.mark.parametrize("kind", FACETED, ids=lambda kind: kind.noun)
def test_every_count_holds_together_with_words(session: Session, kind: Kind, query: str) -> None:
    chosen = [(), *((pair,) for pair in values_of(kind)[::9])]
    for pairs in chosen:
        selection = read_selection(kind, (*pairs, ("q", query)))
        for _, value in every_choice(list_page(session, kind, selection, "en")):
            taken = read_selection(kind, value.parameters)
            assert taken.query == query
            listed = Counter(kind.part(record) for record in everything(session, kind, taken))
            assert value.counts == dict(listed), (pairs, value.value)


@pytest.mark.parametrize(
    ("path", "like"),
    [
        (
            "/agreements?sector=Energy&kind=JOINT-Statement",
            "/agreements?kind=joint-statement&sector=energy",
        ),
        ("/sources?language=ZH-hant", "/sources?language=zh-Hant"),
        ("/connections?focus=Organizations/SCO", "/connections?focus=organizations/sco"),
    ],
)
def test_the_case_of_a_value_means_nothing(our_site: Site, path: str, like: str) -> None:
    assert our_site.client.get(path).text == our_site.client.get(like).text


@pytest.mark.parametrize(
    ("path", "meant", "called"),
    [
        ("/agreements?sector=energie", "/agreements?sector=energy", "Energy"),
        ("/agreements?kind=joint-statment", "/agreements?kind=joint-statement", "Joint statement"),
        ("/ru/agreements?sector=энергетика", "/ru/agreements?sector=energy", "Энергетика"),
        (
            "/connections?focus=organizations/sko",
            "/connections?focus=organizations/sco",
            "Shanghai Cooperation Organization",
        ),
    ],
)
def test_the_value_that_was_meant_is_offered(
    our_site: Site, path: str, meant: str, called: str
) -> None:
    page = parsed(our_site.client.get(path).text)
    offered = page.findall(".//main//p/a")
    found = [(link.get("href"), said(link)) for link in offered]
    # What has no values to list is led to as a whole.
    whole = path.partition("?")[0]
    assert [one for one in found if one[0] != whole] == [(meant, called)]


@pytest.mark.parametrize("kind", FACETED, ids=lambda kind: kind.noun)
def test_every_single_value_and_every_pair_lists_what_has_it(session: Session, kind: Kind) -> None:
    singles = [(pair,) for pair in values_of(kind)]
    for pairs in chain(singles, combinations(values_of(kind), 2)):
        selection = read_selection(kind, pairs)
        listed = [record.slug for record in everything(session, kind, selection)]
        wanted = expected(kind, pairs)
        assert sorted(listed) == sorted(chain.from_iterable(wanted.values())), pairs


@pytest.mark.parametrize("kind", FACETED, ids=lambda kind: kind.noun)
def test_taking_a_choice_back_leads_to_the_list_without_it(session: Session, kind: Kind) -> None:
    first_of_each = {name: (name, value) for name, value in reversed(values_of(kind))}
    for pairs in chain(pairwise(values_of(kind)), combinations(first_of_each.values(), 2)):
        page = list_page(session, kind, read_selection(kind, pairs), "en")
        chosen = {
            (choices.facet.name, value.value): value
            for choices in page.facets
            for value in choices.chosen
        }
        assert set(chosen) == set(pairs)
        for pair, value in chosen.items():
            (left,) = set(pairs) - {pair}
            assert value.parameters == (left,)


@pytest.mark.parametrize("kind", PAGED, ids=lambda kind: kind.noun)
def test_orders_are_what_they_say(session: Session, kind: Kind) -> None:
    for sort in (SEED_ORDER, *kind.sorts):
        listed = everything(session, kind, Selection({}, sort=sort.name))
        parts = [kind.parts.index(kind.part(record)) for record in listed]
        assert parts == sorted(parts)
        for part in set(parts):
            these = [record for record in listed if kind.parts.index(kind.part(record)) == part]
            if sort is SEED_ORDER:
                assert [record.slug for record in these] == [
                    slug
                    for slug, record in RECORDS[kind.noun].items()
                    if kind.parts.index(kind.part(record)) == part
                ]
            elif sort.name == "title":
                titles = [folded(listed_as(kind, record)) for record in these]
                assert titles == sorted(titles)
            else:
                dates = [dated(record) for record in these]
                known = [day for day in dates if day]
                assert known == sorted(known)
                assert dates == known + [""] * (len(dates) - len(known))


def folded(text: str) -> str:
    """A title as its letters stand in the order of Unicode, case and ligatures apart."""
    return unicodedata.normalize("NFKD", text).casefold()


def listed_as(kind: Kind, record: Any) -> str:
    """A title as a bibliography lists it: of a person, the family's name first."""
    if kind.noun != "people":
        return titled(kind, record)
    name, family = titled(kind, record), record.family_name.root["en"]
    return f"{family} {name.removeprefix(family).removesuffix(family).strip()}"


def titled(kind: Kind, record: Any) -> str:
    title = kind.titled(record)
    return title.get("en") or next(iter(title.values()))


def dated(record: Any) -> str:
    return getattr(record, "dated_on", None) or getattr(record, "published_on", None) or ""


@pytest.mark.parametrize("size", [1, 7, 50, 1000])
@pytest.mark.parametrize("kind", PAGED, ids=lambda kind: kind.noun)
def test_pages_are_bounded_and_each_record_stands_on_one(
    session: Session, kind: Kind, size: int
) -> None:
    for selection in (Selection({}), Selection({}, query="Russia"), Selection({}, sort="title")):
        if selection.sort and not kind.sort(selection.sort).name:
            continue
        number = sum(queries.part_counts(session, kind, selection).values())
        listed = everything(session, kind, selection, size)
        assert Counter(record.slug for record in listed).most_common(1)[:1] == (
            [(listed[0].slug, 1)] if listed else []
        )
        assert len(listed) == number
        last = max(1, -(-number // size))
        at = Selection({}, selection.query, selection.sort, last)
        page = list_page(session, kind, at, "en", size)
        assert (
            sum(len(part.records) for part in page.parts) == (number - 1) % size + 1
            if number
            else 0
        )
        assert [item.number for item in page.pages][-1:] == ([last] if last > 1 else [])
        assert len(page.pages) <= 7
        with pytest.raises(BadParameterError):
            list_page(session, kind, replace(at, page=last + 1), "en", size)


def said(element: Element | None) -> str:
    """All text inside an element."""
    return " ".join("".join(element.itertext()).split()) if element is not None else ""


def shown(site: Site, link: str) -> Element:
    response = site.client.get(link)
    assert response.status_code == 200, link
    return parsed(response.text)


def listed(site: Site, link: str) -> list[str]:
    """The records of a list over all its pages."""
    found: list[str] = []
    following: str | None = link
    while following:
        page = shown(site, following)
        items = page.findall(".//li")
        entries = [item for item in items if "entry" in item.get("class", "").split()]
        found += [said(item) for item in entries] or [
            said(row) for row in page.findall(".//tbody/tr")
        ]
        links = page.findall(".//nav[@class='pages']/ul/li")
        at = [bool(item.findall("./span")) for item in links].index(True) + 1 if links else 0
        following = links[at].find("./a").get("href") if links[at:] else None  # type: ignore[union-attr]
    return found


def canonical(page: Element) -> str:
    (link,) = page.findall("./head/link[@rel='canonical']")
    return link.get("href", "").removeprefix(BASE)


@pytest.mark.parametrize("kind", FACETED, ids=lambda kind: kind.noun)
def test_counts_on_the_page_are_the_lengths_of_the_lists(our_site: Site, kind: Kind) -> None:
    """The first and the last choice of every facet, followed as a reader follows it."""
    for section in shown(our_site, f"/{kind.noun}").findall(".//section[@class='facet']"):
        items = section.findall("./ul/li")
        for item in {0: items[0], len(items) - 1: items[-1]}.values():
            (link,), (number,) = item.findall("./a"), item.findall("./span[@class='number']")
            assert link.get("rel") is None
            count = sum(int(digits) for digits in re.findall(r"\d+", said(number)))
            assert len(listed(our_site, link.get("href", ""))) == count
            page = shown(our_site, link.get("href", ""))
            assert said(link) in said(page.find("./head/title"))
            assert canonical(page) == link.get("href")
            assert page.findall("./head/meta[@name='robots']") == []
            chosen = page.findall(".//ul[@class='chosen']/li")
            assert [entry.find("./a").get("href") for entry in chosen] == [f"/{kind.noun}"] * 2  # type: ignore[union-attr]
            for further in page.findall(".//section[@class='facet']/ul/li/a"):
                assert further.get("rel") == "nofollow"


@pytest.mark.parametrize("kind", FACETED, ids=lambda kind: kind.noun)
def test_a_combined_list_is_for_people_and_not_for_robots(our_site: Site, kind: Kind) -> None:
    pair = values_of(kind)[:2]
    page = shown(our_site, f"/{kind.noun}?" + "&".join("=".join(item) for item in pair))
    (robots,) = page.findall("./head/meta[@name='robots']")
    assert robots.get("content") == "noindex,follow"
    assert canonical(page) == f"/{kind.noun}"
    ours = page.findall(".//div[@class='listing']//a")
    for link in ours:
        query = urlsplit(link.get("href", "")).query
        if len([name for name, _ in parse_qsl(query) if name != "page"]) > 1:
            assert link.get("rel") == "nofollow", link.get("href")


@pytest.mark.parametrize(
    ("path", "name", "value"),
    [
        ("/agreements?sector=energie", "sector", "energie"),
        ("/agreements?sector=energy&sector=nothing", "sector", "nothing"),
        ("/agreements?kind=%3Cb%3E", "kind", "<b>"),
        ("/agreements?status=%00", "status", ""),
        ("/quotes?language=xx", "language", "xx"),
        ("/quotes?speaker=" + "x" * 3000, "speaker", "xxxx"),
        ("/sources?sort=size", "sort", "size"),
        ("/sources?page=0", "page", "0"),
        ("/sources?page=-1", "page", "-1"),
        ("/sources?page=%EF%BC%92", "page", "２"),
        ("/people?page=" + "9" * 500, "page", "9999"),
        ("/people?sort=date", "sort", "date"),
        ("/people?q=a&q=b", "q", None),
        ("/people?page=1&page=1", "page", None),
        ("/agreements?sort=title&sort=date", "sort", None),
        ("/connections?focus=nothing/at-all", "focus", "nothing/at-all"),
        ("/connections?focus=a&focus=b", "focus", None),
        ("/suggest?q=a&q=b", "q", None),
    ],
)
def test_what_cannot_be_used_is_named_and_every_way_on_is_there(
    our_site: Site, path: str, name: str, value: str | None
) -> None:
    response = our_site.client.get(path)
    assert response.status_code == 404
    page = parsed(response.text)
    lead = said(page.find(".//p[@class='lead']"))
    assert f"“{name}”" in lead
    assert (value or "") in lead
    assert ("once only" in lead) == (value is None)
    (robots,) = page.findall("./head/meta[@name='robots']")
    assert robots.get("content") == "noindex"
    links = page.findall(".//main//a")
    assert len(links) >= 9
    for link in links:
        assert our_site.client.get(link.get("href", "")).status_code == 200, link.get("href")


def test_words_are_taken_back_and_the_rest_stays(our_site: Site) -> None:
    page = shown(our_site, "/agreements?sector=energy&status=stated&sort=title&q=nuclear")
    removals = {
        said(item): item.findall("./a")[0] for item in page.findall(".//ul[@class='chosen']/li")
    }
    (link,) = [link for text, link in removals.items() if "nuclear remove" in text]
    assert link.get("href") == "/agreements?sector=energy&status=stated&sort=title"
    assert link.get("rel") == "nofollow"
    assert canonical(page) == "/agreements"


def test_a_page_beyond_the_last_says_how_many_there_are(our_site: Site) -> None:
    response = our_site.client.get("/sources?page=99")
    assert response.status_code == 404
    lead = said(parsed(response.text).find(".//p[@class='lead']"))
    last = -(-len(RECORDS["sources"]) // PAGE_SIZE)
    assert lead == f"There is no page 99: the list has {last} pages."
    shown(our_site, f"/sources?page={last}")


def test_what_cannot_be_shown_finds_nothing_in_a_program(our_site: Site) -> None:
    for asked in ("%00", "%E2%80%8B", "%EF%BF%BD"):
        assert our_site.client.get(f"/api/agreements?q={asked}").json()["items"] == []


def test_a_table_is_whole_whatever_page_is_asked_for(our_site: Site) -> None:
    whole = our_site.client.get("/sources.csv")
    for page in ("2", "99", "no"):
        again = our_site.client.get(f"/sources.csv?page={page}")
        assert again.content == whole.content
        assert again.headers["link"] == whole.headers["link"]


def test_an_order_is_no_list_of_its_own(our_site: Site) -> None:
    assert canonical(shown(our_site, "/agreements?sort=title")) == "/agreements"
    sorted_energy = shown(our_site, "/agreements?sort=title&sector=energy")
    assert canonical(sorted_energy) == "/agreements?sector=energy"
    assert canonical(shown(our_site, "/sources?page=2&sort=title")) == "/sources?page=2"


def test_only_so_many_characters_of_the_words_are_kept(our_site: Site) -> None:
    notice = f"Only the first {LONGEST_QUERY} characters were searched."
    assert notice not in said(shown(our_site, "/agreements?q=" + "x" * LONGEST_QUERY))
    cut = shown(our_site, "/agreements?q=" + "x" * 5000)
    assert notice in said(cut)
    assert "x" * (LONGEST_QUERY + 1) not in said(cut)


@pytest.mark.parametrize("kind", PAGED, ids=lambda kind: kind.noun)
def test_what_is_empty_or_unknown_changes_nothing(our_site: Site, kind: Kind) -> None:
    bare = our_site.client.get(f"/{kind.noun}").text
    names = "&".join(f"{name}=" for name in kind.parameters)
    for query in (
        names,
        "fbclid=1&utm_source=x",
        f"{names}&{names}&Sector=energy",
        "q=+",
        "page=1",
    ):
        assert our_site.client.get(f"/{kind.noun}?{query}").text == bare, query
    assert canonical(parsed(bare)) == f"/{kind.noun}"


def test_every_list_has_a_title_of_its_own(our_site: Site, session: Session) -> None:
    paths: list[str] = []
    for kind in PAGED:
        number = sum(queries.part_counts(session, kind, Selection({})).values())
        paths += [f"/{kind.noun}?page={at + 1}" for at in range(-(-number // PAGE_SIZE))]
        paths += [f"/{kind.noun}?{name}={value}" for name, value in values_of(kind)]
        paths += [f"/{kind.noun}?q={word}" for word in ("energy", "trade")]
        values = values_of(kind)[:3]
        for one, other in combinations(values, 2):
            paths.append(f"/{kind.noun}?{one[0]}={one[1]}&{other[0]}={other[1]}")
    title = re.compile("<title>([^<]*)</title>")
    found = {path: title.findall(our_site.client.get(path).text) for path in paths}
    assert all(len(titles) == 1 for titles in found.values())
    times = Counter(titles[0] for titles in found.values())
    assert [name for name, number in times.items() if number > 1] == []


@pytest.mark.parametrize("kind", PAGED, ids=lambda kind: kind.noun)
def test_the_next_thing_to_read_hangs_on_the_same_thread(session: Session, kind: Kind) -> None:
    """The one that follows in the order of the seed, the first after the last."""
    threads = [facet for facet in kind.facets if facet.name == kind.thread]
    held = {
        slug: [value for facet in threads for value in facet.values(record)]
        for slug, record in RECORDS[kind.noun].items()
    }
    slugs = list(held)
    for at, record in enumerate(queries.records(session, kind.noun)):
        thread = held[record.slug][:1]
        others = [slug for slug in slugs[at + 1 :] + slugs[:at] if set(thread) & set(held[slug])]
        following = queries.next_in_thread(session, kind, record)
        assert (following and following.slug) == (others[0] if others else None)
