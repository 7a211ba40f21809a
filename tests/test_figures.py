"""The figures: nothing overlaps, nothing leaves its frame, and each says what its table says."""

import re
from collections import Counter
from collections.abc import Iterable
from functools import cache
from itertools import combinations, pairwise
from xml.etree.ElementTree import Element

import pytest
from conftest import Site, parsed, quickly_parsed
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser
from servers import size
from test_pages import every_id, links, pages_of, text_of

from app import figures, queries, urls
from app.database import open_database
from app.figures import Block, Item, Label, Meeting, Moment
from app.language import PUBLISHED
from app.pages import connections_page

LATIN = "abcdefghijklmnopqrstuvwxyzABCMWQ .,’–“"
CYRILLIC = "абвгдежзийклмнопрстуфхцчшщъыьэюяЖШЩЮМ «»,"
HAN = "中俄总理定期会晤联合声明能源，。「」"
TEXTS = st.one_of(
    [st.text(alphabet, min_size=1, max_size=90) for alphabet in (LATIN, CYRILLIC, HAN)]
)
SOME = settings(max_examples=60, deadline=None)


def is_disjoint(labels: Iterable[Label]) -> bool:
    """Whether no two labels share any room."""
    return not any(
        one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
        for one, other in combinations([label.box for label in labels], 2)
    )


def is_inside(labels: Iterable[Label], width: float, height: float) -> bool:
    """Whether all labels are within a frame."""
    boxes = [label.box for label in labels]
    return all(
        left >= 0 and top >= 0 and right <= width and bottom <= height
        for left, top, right, bottom in boxes
    )


@given(TEXTS, st.integers(20, 500), st.booleans())
def test_a_text_is_fitted_to_its_room(text: str, room: int, is_bold: bool) -> None:
    shown = figures.fitted(text, room, is_bold=is_bold)
    assert figures.text_width(shown, is_bold=is_bold) <= room
    assert shown == text or (shown.endswith("…") and text.startswith(shown[:-1]))


@given(TEXTS, st.lists(TEXTS, min_size=2, max_size=5, unique=True), st.integers(120, 300))
def test_texts_that_begin_alike_are_told_apart(head: str, rests: list[str], room: int) -> None:
    texts = [f"{head} {rest}" for rest in rests]
    shown = figures.told_apart(texts, room, texts[0])
    for text, short in zip(texts, shown, strict=True):
        assert figures.text_width(short, is_bold=text == texts[0]) <= room
        assert short == text or "…" in short


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("A statement of the governments", "A statement…"),
        ("Соглашение о продаже акций", "Соглашение…"),
        ("Talks with and without", "Talks…"),
    ],
)
def test_a_short_text_ends_on_no_small_word(text: str, shown: str) -> None:
    cut = max(text.rfind(" ", 0, len(text) - 8), len(shown))
    assert figures.fitted(text, figures.text_width(f"{text[:cut]}…")) == shown


def test_what_differs_stays() -> None:
    texts = [f"Ministry of Culture of {whose}" for whose in ("the Republic of One", "Another Land")]
    assert figures.told_apart(texts, 180) == ["Ministry… the Republic…", "Ministry… Another Land"]
    assert figures.told_apart([*texts, "Else"], 400) == [*texts, "Else"]


@given(TEXTS, st.integers(40, 300), st.integers(1, 4))
def test_lines_fit_and_leave_nothing_out_unsaid(text: str, room: int, most: int) -> None:
    lines = figures.in_lines(text, room, most)
    assert 1 <= len(lines) <= most
    assert all(figures.text_width(line) <= room for line in lines)
    said = "".join(lines).replace(" ", "")
    whole = text.replace(" ", "")
    assert said == whole or (said.endswith("…") and whole.startswith(said[:-1]))


@given(st.lists(st.floats(-100, 1000), max_size=40), st.integers(1, 40), st.integers(0, 20))
def test_places_are_spread_in_order(wanted: list[float], gap: int, first: int) -> None:
    last = first + 900
    places = figures.spread(wanted, gap, first, last)
    assert all(later - earlier >= gap for earlier, later in pairwise(places))
    assert all(place >= first for place in places)
    if (len(wanted) - 1) * gap <= 900:
        assert all(place <= last for place in places)
    fits = all(later - earlier > gap for earlier, later in pairwise(wanted))
    if fits and all(first <= place <= last for place in wanted):
        assert all(abs(one - other) <= 1 for one, other in zip(places, wanted, strict=True))


@st.composite
def graphs(
    draw: st.DrawFn,
) -> tuple[tuple[Block, Block], list[Block], list[tuple[int, int]], int | None]:
    """Three columns of items with ties between neighbouring ones."""
    left, middle, right = (
        [Item(column * 100 + number, text) for number, text in enumerate(texts)]
        for column, texts in enumerate(draw(st.tuples(*[st.lists(TEXTS, max_size=12)] * 3)))
    )
    inside = [item.key for item in middle]
    outside = [item.key for item in (*left, *right)]
    ties: list[tuple[int, int]] = []
    if inside:
        ties += [(key, draw(st.sampled_from(inside))) for key in outside]
        ties += [pair for pair in pairwise(inside) if draw(st.booleans())]
    cut = draw(st.integers(0, len(middle)))
    return (
        (Block("One", left), Block("Two", right)),
        [Block("Three", middle[:cut]), Block("Three", middle[cut:])],
        ties,
        draw(st.sampled_from([*inside, *outside, None])),
    )


@given(graphs())
@SOME
def test_the_web_overlaps_nothing_and_draws_every_tie_once(
    graph: tuple[tuple[Block, Block], list[Block], list[tuple[int, int]], int | None],
) -> None:
    outside, middle, ties, focus = graph
    web = figures.web(outside, middle, ties, focus)
    assert web == figures.web(outside, middle, ties, focus)
    labels = [*web.headings, *(node.label for node in web.nodes)]
    assert is_disjoint(labels)
    assert is_inside(labels, web.width, web.height)
    assert len({label.y for label in web.headings}) <= 1
    drawn = Counter(frozenset((strand.key, end)) for strand in web.strands for end in strand.ends)
    assert drawn == Counter(map(frozenset, ties))
    for strand in web.strands:
        assert strand.path.count("M") == len(strand.ends)
        assert all(strand.is_direct == (focus in {strand.key, end}) for end in strand.ends)
    at = {node.key: node.y for node in web.nodes}
    heights = [at[item.key] for block in middle for item in block.items]
    assert heights == sorted(set(heights))


@given(
    st.lists(st.tuples(TEXTS, st.lists(st.tuples(TEXTS, TEXTS), max_size=6)), max_size=7),
    st.sampled_from([(figures.WIDE, 3), (figures.NARROW, 1)]),
)
@SOME
def test_the_programme_overlaps_nothing_and_keeps_the_order(
    days: list[tuple[str, list[tuple[str, str]]]], form: tuple[int, int]
) -> None:
    asked = [
        (name, [Moment(key, text, time) for key, (text, time) in enumerate(moments)])
        for name, moments in days
    ]
    drawn = figures.programme(asked, *form)
    assert drawn == figures.programme(asked, *form)
    labels = [day.label for day in drawn.days]
    for day in drawn.days:
        assert [moment.key for moment in day.moments] == list(range(len(day.moments)))
        assert all(one.y < other.y for one, other in pairwise(day.moments))
        for moment in day.moments:
            labels += [*moment.lines, *filter(None, [moment.time])]
    assert [len(day.moments) for day in drawn.days] == [len(moments) for _, moments in days]
    assert is_disjoint(labels)
    assert is_inside(labels, drawn.width, drawn.height)


@given(
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 5)), min_size=1, max_size=25),
    st.lists(TEXTS, min_size=6, max_size=6, unique=True),
)
@SOME
def test_the_series_overlaps_nothing_and_keeps_the_order(
    written: list[tuple[int, int]], places: list[str]
) -> None:
    meetings = [
        Meeting(number, str(number), places[place], 1990 + month / 12, 1990 + (month + 1) / 12)
        for number, (month, place) in enumerate(sorted(written), start=1)
    ]
    for drawn in (figures.lanes(meetings), figures.ladder(meetings)):
        labels = [*drawn.lanes, *drawn.ticks, *(mark.label for mark in drawn.marks)]
        assert is_disjoint(labels)
        assert is_inside(labels, drawn.width, drawn.height)
        assert [mark.key for mark in drawn.marks] == [meeting.key for meeting in meetings]
    ladder = figures.ladder(meetings)
    heights = [mark.label.y for mark in ladder.marks]
    assert heights == sorted(heights)


def test_a_house_in_a_town_lies_in_the_lane_of_the_town() -> None:
    meetings = [
        Meeting(key, str(key), place, 2000.0 + key, 2000.0 + key)
        for key, place in enumerate(("Old Hall, Lakeport", "Midwater", "Lakeport"))
    ]
    assert [label.text for label in figures.lanes(meetings).lanes] == ["Lakeport", "Midwater"]


@pytest.mark.parametrize(
    ("day", "begin", "end"),
    [("2016", 2016, 2017), ("2016-07", 2016.5, 2016.58), ("2016-07-16", 2016.54, 2016.54)],
)
def test_a_date_is_as_long_as_it_is_unknown(day: str, begin: float, end: float) -> None:
    assert figures.extent(day) == pytest.approx((begin, end), abs=0.01)


MANY = 30
"""From how many records on only some are looked at in the short form."""


@cache
def connections(client: object) -> dict[str, Element]:
    """The page of all connections, and of each record in focus, or of many a third, by path."""
    found = {"/connections": pages_of(client)["/connections"]}
    paths = sorted(focuses(found["/connections"]))
    for path in paths[:: size(3, 1) if len(paths) > MANY else 1]:
        response = client.get(path)  # type: ignore[attr-defined]
        assert response.status_code == 200, path
        found[path] = quickly_parsed(response.text)
    return found


def focuses(page: Element) -> set[str]:
    """Every link of a page to the connections of one record."""
    return {link for link in links(page) if "?focus=" in link}


def drawings(page: Element) -> list[Element]:
    """The figures of a page, without the bars and keys that only repeat what stands beside."""
    return [svg for svg in page.iter("svg") if svg.get("aria-hidden") is None]


def test_every_figure_has_a_name_and_a_description(site: Site) -> None:
    found = 0
    for path, page in (pages_of(site.client) | connections(site.client)).items():
        ids = Counter(every_id(page))
        assert set(ids.values()) <= {1}, path
        for svg in drawings(page):
            found += 1
            for name in ("aria-labelledby", "aria-describedby"):
                assert text_of(svg.find(f".//*[@id='{svg.get(name)}']")), (path, name)
            assert svg.get("aria-labelledby") == str(svg.findall("./title")[0].get("id"))
    assert found > 10


def drawn_ties(svg: Element) -> Counter[frozenset[str]]:
    """The ties that the curves of a figure draw, read from where they begin and end."""
    nodes: dict[tuple[float, float], str] = {}
    inside = 0.0
    for link in svg.findall("./a"):
        (mark,) = [element for element in link if "mark" in element.get("class", "")]
        if mark.tag == "circle":
            at = float(mark.get("cx", "")), float(mark.get("cy", ""))
        elif mark.tag == "rect":
            at = float(mark.get("x", "")) + 3.5, float(mark.get("y", "")) + 3.5
        else:
            x, y = re.findall(r"[\d.]+", mark.get("d", ""))[:2]
            at = float(x), float(y) + 5
        if mark.tag != "circle" or "mark--quote" in mark.get("class", ""):
            inside = at[0]
        nodes[at] = link.get("href", "")
    ties: Counter[frozenset[str]] = Counter()
    for path in svg.findall("./path"):
        if "strand" not in path.get("class", ""):
            continue
        for curve in path.get("d", "").split("M")[1:]:
            numbers = [float(number) for number in re.findall(r"[\d.]+", curve)]
            ends = ((numbers[0], numbers[1]), (numbers[6], numbers[7]))
            # The middle has two edges: its marks, and where the leads from its labels end.
            ties[frozenset(nodes.get(end) or nodes[inside, end[1]] for end in ends)] += 1
    return ties


def tabled_ties(page: Element) -> list[tuple[str, str, str]]:
    """The rows of the table: from what, how, to what."""
    rows: list[tuple[str, str, str]] = []
    for body in page.findall(".//table/tbody"):
        (head,) = body.findall("./tr/th")
        trs = body.findall("./tr")
        assert head.get("rowspan") == str(len(trs))
        for row in trs:
            how, what = row.findall("./td")
            rows.append((links(head)[0], text_of(how), links(what)[0]))
    return rows


def test_connections_draw_what_the_table_says(site: Site) -> None:
    for path, page in connections(site.client).items():
        (svg,) = drawings(page)
        rows = tabled_ties(page)
        assert all(how for _, how, _ in rows)
        assert drawn_ties(svg) == Counter(frozenset((one, other)) for one, _, other in rows), path
        tabled = {end for one, _, other in rows for end in (one, other)}
        assert set(links(svg)) == tabled, path
        listed = [link for section in page.findall(".//section/ul") for link in links(section)]
        chosen = {path.removeprefix("/connections?focus=").join(("/", ""))} & tabled
        assert Counter(listed) == Counter(tabled - chosen), path
        number = text_of(page.find(".//h2[@id='table']/span"))
        assert number == str(len(rows))


@pytest.mark.parametrize("language", PUBLISHED)
def test_no_two_labels_of_the_connections_look_alike(our_site: Site, language: str) -> None:
    asked = ("", "?focus=organizations/government-of-russia", "?focus=agreements/joint-communique")
    for query in asked:
        path = urls.page_path(urls.CONNECTIONS, language) + query
        page = quickly_parsed(our_site.client.get(path).text)
        (svg,) = drawings(page)
        labels = Counter(text_of(label) for label in svg.iter("text"))
        assert len(labels) > 5
        assert [label for label, times in labels.items() if times > 1] == [], path


def test_the_connections_are_asked_for_once(
    our_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    ask = queries.connections
    monkeypatch.setattr(queries, "connections", lambda *given: asked.append(given) or ask(*given))
    with open_database(our_site.database)[0] as session:
        connections_page(session, "organizations/sco")
    assert len(asked) == 1


def test_a_focus_shows_the_neighbourhood_and_leads_on(our_site: Site) -> None:
    page = parsed(our_site.client.get("/connections?focus=organizations/sco").text)
    assert text_of(page.find(".//h1")) == "Shanghai Cooperation Organization"
    assert {"/organizations/sco", "/connections"} <= set(links(page))
    assert "/connections?focus=agreements/multilateral-cooperation" in links(page)
    (robots,) = page.findall("./head/meta[@name='robots']")
    assert robots.get("content") == "noindex,follow"
    (canonical,) = page.findall("./head/link[@rel='canonical']")
    assert canonical.get("href", "").endswith("/connections?focus=organizations/sco")


def test_links_to_a_focus_are_not_followed_by_crawlers(site: Site) -> None:
    for path, page in (pages_of(site.client) | connections(site.client)).items():
        for link in page.iter("a"):
            if "?focus=" in link.get("href", ""):
                assert link.get("rel") == "nofollow", path


def test_every_record_that_is_tied_leads_to_its_connections(site: Site) -> None:
    focused = focuses(pages_of(site.client)["/connections"])
    for path, page in pages_of(site.client).items():
        here = f"/connections?focus={path.removeprefix('/')}"
        if path != "/connections":
            assert focuses(page) == ({here} & focused), path


@pytest.mark.parametrize("value", ["nothing", "sectors/none", "sources/x", "<b>&\x00", "a" * 300])
def test_a_focus_that_is_not_there_is_told_the_nearest_at_most(site: Site, value: str) -> None:
    response = site.client.get("/connections", params={"focus": value})
    assert response.status_code == 404
    page = parsed(response.text)
    assert f"“focus” cannot be “{value[:4].replace(chr(0), '�')}" in text_of(page)
    assert len(focuses(page)) <= 1
    assert focuses(page) <= focuses(pages_of(site.client)["/connections"])
    assert "/agreements" in set(links(page))


def test_a_focus_is_given_once_and_may_be_a_former_slug(world_site: Site) -> None:
    response = world_site.client.get("/connections?focus=a&focus=b")
    assert response.status_code == 404
    assert "The parameter “focus” may be given once only" in response.text
    former = world_site.client.get("/connections?focus=agreements/strait-protocol")
    assert 'href="https://meeting.example/connections?focus=agreements/lighting-protocol"' in (
        former.text
    )


def test_the_timeline_draws_what_its_lists_tell(site: Site) -> None:
    page = pages_of(site.client)["/timeline"]
    sections = page.findall(".//main/section")
    assert len(sections) == 2
    for section in sections:
        told = [f"#{item.get('id')}" for item in section.iter("li") if item.get("id")]
        wide, narrow = drawings(section)
        assert links(wide) == links(narrow) == told
        uncertain = {link.get("href") for link in wide.iter("a") if link.get("class")}
        italic = {
            f"#{item.get('id')}"
            for item in section.iter("li")
            if "--inferred" in item.get("class", "")
        }
        assert italic <= uncertain


def test_only_this_meeting_stands_out_in_the_series(our_site: Site) -> None:
    section = pages_of(our_site.client)["/timeline"].findall(".//main/section")[1]
    for svg in drawings(section):
        marked = [link.get("href") for link in svg.iter("a") if is_this(link)]
        assert marked == ["#meeting-21"]


def is_this(link: Element) -> bool:
    return any("mark--this" in element.get("class", "") for element in link)


@pytest.mark.parametrize("path", ["/", "/sectors"])
def test_bars_are_as_long_as_their_numbers(site: Site, path: str) -> None:
    tables = pages_of(site.client)[path].findall(".//table")
    assert len(tables) == 2
    for table in tables:
        scale = {
            round(float(bar.get("width", "")) / int(text_of(cell)), 0)
            for cell in table.iter("td")
            for bar in cell.iter("rect")
        }
        assert max(scale) - min(scale) <= 1
        for row in table.findall("./tbody/tr"):
            assert links(row.findall("./th")[0])
            parts = [bar.get("class", "") for bar in row.iter("rect")]
            assert len(set(parts)) == len(parts)
            for cell in row.findall("./td"):
                assert bool(list(cell.iter("rect"))) == text_of(cell).isdigit()


def test_documents_by_kind_are_those_of_the_list(our_site: Site) -> None:
    table = pages_of(our_site.client)["/sectors"].findall(".//table")[1]
    rows = table.findall("./tbody/tr")
    assert all(links(row)[0].startswith("/agreements?kind=") for row in rows)
    documents = pages_of(our_site.client)["/agreements"].find(
        ".//section[@aria-labelledby='documents']"
    )
    assert documents is not None
    counted = sum(int(text_of(cell)) for row in rows for cell in row.findall("./td"))
    assert counted == len(documents.findall("./ul/li"))


OVERLAPS = """() => {
  const texts = [...document.querySelectorAll('svg text')];
  texts.splice(0, texts.length, ...texts.filter((text) => text.getClientRects().length));
  const boxes = texts.map((text) => text.getBoundingClientRect());
  const found = [];
  texts.forEach((text, here) => {
    const size = parseFloat(getComputedStyle(text).fontSize) * text.getCTM().a;
    const box = boxes[here], frame = text.ownerSVGElement.getBoundingClientRect();
    if (size < 11) found.push([text.textContent, size]);
    if (box.left < frame.left - 1 || box.right > frame.right + 1) found.push([text.textContent]);
    boxes.slice(here + 1).forEach((other, place) => {
      if (box.left < other.right - 0.5 && other.left < box.right - 0.5 &&
          box.top < other.bottom - 1 && other.top < box.bottom - 1)
        found.push([text.textContent, texts[here + 1 + place].textContent]);
    });
  });
  return [texts.length, found];
}"""


@pytest.mark.browser
@pytest.mark.parametrize(
    ("path", "is_drawn_narrow"),
    [
        ("/connections", False),
        ("/connections?focus=people/li-keqiang", False),
        ("/connections?focus=agreements/joint-communique", False),
        ("/timeline", True),
    ],
)
def test_figures_can_be_read_in_chromium(
    browser: Browser,
    served: str,
    path: str,
    is_drawn_narrow: bool,
) -> None:
    page = browser.new_page()
    page.goto(served + path)
    for width in (360, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        number, found = page.evaluate(OVERLAPS)
        assert found == [], (path, width)
        assert (number > 10) == (is_drawn_narrow or width == 1280)
    page.close()


@pytest.mark.browser
def test_a_node_is_chosen_by_mouse_and_by_keyboard_without_scripts(
    browser: Browser, served: str
) -> None:
    context = browser.new_context(
        java_script_enabled=False, viewport={"width": 1280, "height": 900}
    )
    page = context.new_page()
    page.goto(f"{served}/connections")
    page.locator("svg a", has_text="Energy").last.click()
    page.wait_for_url("**/connections?focus=sectors/energy")
    assert page.get_by_role("heading", level=1).inner_text() == "Energy"
    page.locator("svg a", has_text="Commission for energy").press("Enter")
    page.wait_for_url("**/connections?focus=commissions/energy-cooperation")
    page.get_by_role("link", name="The record itself").press("Enter")
    page.wait_for_load_state()
    assert "?focus=" not in page.url
    page.get_by_role("link", name="other records").first.click()
    page.get_by_role("link", name="All connections").click()
    page.wait_for_url("**/connections")
    context.close()
