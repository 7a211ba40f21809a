"""A seed whose every text is an attack: it shows as text everywhere, and runs nowhere."""

import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml
from conftest import Site, parsed, quickly_parsed, site_of
from miniature import WORLD_TEXT
from PIL import Image
from playwright.sync_api import Browser
from pybtex.database import parse_string
from pydantic import ValidationError
from servers import size

from app import urls
from app.checks import mistakes_of
from app.kinds import KINDS
from app.seed import read

MARKUP = (
    '"><script>window.seized=1</script><img src=x onerror=window.seized=1>'
    "</title></textarea></style><!--]]>&lt;b&gt;&#60;svg/onload=window.seized=1>'`"
)
CORPUS = (
    MARKUP,
    "</script><script>window.seized=1</script>\\u003cscript\\u003e",
    "{{ 7 * 7 }}{% for x in y %}${7*7}#{7*7}<%= 7 * 7 %>",
    "'; DROP TABLE record; -- \" OR 1=1 /* %s ? :id",
    '=HYPERLINK("https://evil.example","x")+cmd|\' /C calc\'!A0',
    "+1+1",
    "-2+3",
    "@SUM(1;1)",
    "\t=1+1",
    "../../../../etc/passwd\\..\\..\\windows C:\\ file:///etc/passwd //evil.example/",
    "javascript:window.seized=1",
    "%0d%0aSet-Cookie: seized=1 \\r\\nSet-Cookie: seized=1",
    "a\n\nSet-Cookie: seized=1\nTY  - JOUR\nER  - ",
    "}, title = {x}, @book{x, } \\input{/etc/passwd} $x$ # % & _ ~ ^",
    "BEGIN \u200f\u200e\u00ad \u0301\u0301\u0301 \U0001f4a9 ﷽ END",
    "overlong " + "W" * 500,
    "long " * 300,
)
UNFIT = ("\x00", "\x08", "\x1b[31m", "\u202e", "\u2066", "\ufdd0", "\U0010ffff")


def leaves(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The place of every single value."""
    if isinstance(value, dict | list):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for key, inner in pairs:
            yield from leaves(inner, (*place, key))
    else:
        yield place


def put(value: Any, place: tuple[Any, ...], text: str) -> None:
    """Another value at a place."""
    for step in place[:-1]:
        value = value[step]
    value[place[-1]] = text


def got(value: Any, place: tuple[Any, ...]) -> Any:
    """The value at a place."""
    for step in place:
        value = value[step]
    return value


def takes_any_text(content: dict[str, Any], place: tuple[Any, ...]) -> bool:
    """Whether a record is still one with another text at a place."""
    noun, slug, *_ = place
    usual = got(content, place)
    put(content, place, MARKUP)
    try:
        KINDS[noun].model.model_validate({**content[noun][slug], "slug": slug, "id": 1})
    except ValidationError:
        return False
    else:
        return True
    finally:
        put(content, place, usual)


def hostile_seed(folder: Path, first: int) -> tuple[Path, list[tuple[tuple[Any, ...], str]]]:
    """The miniature seed with a text of the corpus wherever any text may stand, and those places.

    Where a text may stand the checks of the seed decide: what they name gets back its own.
    """
    seed = folder / "world.json"
    usual = yaml.load(WORLD_TEXT, Loader=yaml.BaseLoader)
    content = json.loads(json.dumps(usual))
    filled = {
        place: CORPUS[(first + at) % len(CORPUS)]
        for at, place in enumerate(leaves(content))
        if "family_name" not in place and takes_any_text(content, place)
    }
    for place, text in filled.items():
        put(content, place, text)
    while True:
        seed.write_text(json.dumps(content, ensure_ascii=False, indent=1))
        found = read(seed)
        mistakes = mistakes_of(found) if not found.mistakes else found.mistakes
        if not mistakes:
            return seed, list(filled.items())
        # Several may be told of one place.
        for mistake in {mistake.path: mistake for mistake in mistakes}.values():
            wrong = tuple(int(step) if step.isdigit() else step for step in mistake.path.split("."))
            named = [place for place in filled if place[: len(wrong)] == wrong]
            at_fault = named or [place for place in filled if wrong[: len(place)] == place]
            # A check of a whole record says nothing of the place: all of it goes back.
            for place in at_fault or [place for place in filled if place[:2] == wrong[:2]]:
                text = filled.pop(place)
                is_undrawable = "cannot draw" in mistake.message and text != MARKUP
                put(content, place, MARKUP if is_undrawable else got(usual, place))
                if is_undrawable:
                    filled[place] = MARKUP


@pytest.fixture(scope="module", params=range(size(1, len(CORPUS))))
def hostile(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Site, list[tuple[tuple[Any, ...], str]]]:
    """The site of such a seed, and what stands where."""
    folder = tmp_path_factory.mktemp("hostile")
    seed, filled = hostile_seed(folder, request.param)
    return site_of(seed, folder), filled


Hostile = tuple[Site, list[tuple[tuple[Any, ...], str]]]


def paths_of(site: Site) -> list[str]:
    """Every page and file of the miniature world."""
    records = read(site.seed).records
    known = [
        (noun, slug, record.reference)
        for noun, found in records.items()
        for slug, record in found.items()
    ]
    pages = urls.every_page((noun, slug) for noun, slug, _ in known)
    paths = dict.fromkeys([*pages, *urls.every_file(known)])
    # The templates are the same in every language.
    languages = ("en", "ru", "zh") if size(0, 1) else ("en",)
    return [path for path in paths if urls.language_of(path) in languages]


def test_it_is_filled(hostile: Hostile) -> None:
    """Every kind, and many places: titles, summaries, notes, names, quotes."""
    _, filled = hostile
    assert {place[0] for place, _ in filled} == set(KINDS)
    fields = {
        next(step for step in reversed(place) if not _is_language(step)) for place, _ in filled
    }
    assert fields >= {"official", "summary", "text", "occasion", "note", "locator", "publisher"}
    assert len(filled) > 100


def _is_language(step: Any) -> bool:
    return isinstance(step, int) or step in {"en", "ru", "zh", "zh-Hant"}


def test_every_page_shows_it_as_text(hostile: Hostile) -> None:
    site, _ = hostile
    seen: set[str] = set()
    for path in paths_of(site):
        if site.client.get(path).headers.get("content-type", "")[:9] != "text/html":
            continue
        text = site.client.get(path).text
        # The strict parser takes its time: it reads one page of each template.
        template = re.sub(r"^/(ru|zh)(?=/)|/[^/]+$", "", path)
        page = quickly_parsed(text) if template in seen else parsed(text)
        seen.add(template)
        for element in page.iter():
            if not isinstance(element.tag, str):
                continue
            assert element.tag not in {"iframe", "object", "embed", "style"}, path
            if element.tag == "script":
                own = element.get("src", "").startswith("/static/")
                assert own or element.get("type") == "application/ld+json", path
                if not own:
                    json.loads(element.text or "")
            for name, value in element.attrib.items():
                assert not name.lower().startswith("on"), path
                assert name not in {"style", "srcdoc"}, path
                assert (element.tag, name) != ("base", "href")
                if name in {"href", "src", "action", "cite"}:
                    assert re.match(r"/(?!/)|https?://(?!evil)|#|mailto:|$", value), (path, value)


def test_every_record_tells_it_as_it_is_written(hostile: Hostile) -> None:
    """Nothing is lost or changed on the way: neither in JSON nor on the page."""
    site, filled = hostile
    for noun, slug in {place[:2] for place, _ in filled}:
        if noun == "events":
            continue
        titles = [
            text
            for place, text in filled
            if place[:2] == (noun, slug) and place[2] in {"summary", "role", "remit"}
            if place[3:] == ("en",)
        ]
        answer = site.client.get(urls.api_path(noun, slug)).json()
        page = quickly_parsed(site.client.get(urls.record_path(noun, slug)).text)
        shown = re.sub(r"\s+", " ", "".join(page.itertext()))
        for title in titles:
            assert title.strip() in map(str.strip, map(str, _values(answer)))
            assert re.sub(r"\s+", " ", title).strip() in shown


def _values(value: Any) -> Iterator[Any]:
    for place in leaves(value):
        yield got(value, place)


def test_every_file_can_be_read(hostile: Hostile) -> None:
    site, _ = hostile
    for path in paths_of(site):
        response = site.client.get(path)
        assert response.status_code in {200, 302, 410}, path
        for name, value in response.headers.items():
            assert value.isprintable(), (path, name)
            assert "seized" not in value, (path, name)
        media_type = response.headers.get("content-type", "").partition(";")[0]
        if media_type.endswith("json"):
            response.json()
        elif media_type.endswith("xml") and media_type != "text/html":
            ET.fromstring(response.content)
        elif media_type == "text/csv":
            for row in csv.reader(io.StringIO(response.content.decode("utf-8-sig"))):
                assert not [cell for cell in row if cell[:1] in set("=+-@\t\r")], path
        elif media_type == "application/x-bibtex":
            assert len(parse_string(response.text, "bibtex").entries) >= 1, path
        elif media_type == "application/x-research-info-systems":
            lines = response.text.splitlines()
            starts, ends = (sum(line[:5] == tag for line in lines) for tag in ("TY  -", "ER  -"))
            assert starts == ends, path
            assert all(re.match(r"[A-Z][A-Z0-9]  -|$", line) for line in lines), path
        elif media_type == "image/png" and path.startswith("/agreements"):
            assert Image.open(io.BytesIO(response.content)).size == (1200, 630)


def test_hostile_texts_are_found_as_words(hostile: Hostile) -> None:
    """Asked for, too, they are words, in pages, in the API and in what a frame is told."""
    site, _ = hostile
    for text in CORPUS:
        asked = {"q": text[:200]}
        for path in ("/search", "/agreements", "/suggest", "/api/search", "/agreements.csv"):
            response = site.client.get(path, params=asked)
            assert response.status_code < 500, (path, text)
            if "html" in response.headers["content-type"]:
                parsed(response.text)
            elif "json" in response.headers["content-type"]:
                response.json()
        told = site.client.get("/oembed", params={"url": f"https://meeting.example/{text}"})
        assert told.status_code < 500


PLACES = {
    ("sectors", "lights", "summary", "en"): "Lamps {} along the shores.",
    ("sources", "lakeport-gazette-1994", "url"): "https://example.org/{}",
    ("quotes", "lind-on-light", "prefix"): "before {}",
    ("quotes", "lind-on-light", "suffix"): "{} after",
}


@pytest.mark.parametrize("place", PLACES, ids=".".join)
@pytest.mark.parametrize("sign", UNFIT, ids=lambda sign: f"U+{ord(sign[0]):04X}")
def test_signs_that_no_text_has_are_refused_with_their_place(
    tmp_path: Path, sign: str, place: tuple[str, ...]
) -> None:
    content = yaml.load(WORLD_TEXT, Loader=yaml.BaseLoader)
    put(content, place, PLACES[place].format(sign))
    seed = tmp_path / "world.json"
    seed.write_text(json.dumps(content))
    (mistake,) = read(seed).mistakes
    assert mistake.path == ".".join(place)
    assert mistake.message == f"U+{ord(sign[0]):04X} is no sign that can be read; take it out"


@pytest.mark.browser
def test_nothing_runs_in_a_browser(hostile: Hostile, browser: Browser) -> None:
    """Each kind of page, with what it asks for; any script of the seed would be heard of."""
    site, _ = hostile
    context = browser.new_context(base_url="https://meeting.example")
    asked: list[str] = []

    def answer(route: Any) -> None:
        path = route.request.url.removeprefix("https://meeting.example")
        asked.append(path)
        response = site.client.get(path)
        headers = {name: value for name, value in response.headers.items() if name != "vary"}
        headers.pop("content-encoding", None)
        route.fulfill(status=response.status_code, headers=headers, body=response.content)

    context.route("**/*", answer)
    page = context.new_page()
    wrong: list[str] = []
    page.on("dialog", lambda dialog: (wrong.append(dialog.message), dialog.dismiss()))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda told: wrong.append(told.text) if told.type == "error" else None)
    records = {noun: next(iter(found)) for noun, found in read(site.seed).records.items()}
    paths = [urls.record_path(noun, slug) for noun, slug in records.items()]
    paths += [urls.embed_path("quotes", records["quotes"]), "/ru/agreements", "/zh/connections"]
    paths += ["/timeline", "/about", f"/search?q={MARKUP}", "/agreements?q=%3Cscript%3E"]
    for path in paths:
        page.goto(path)
        assert page.evaluate("window.seized") is None, path
        assert page.title(), path
        width = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert width <= 0, (path, width)
    assert wrong == []
    assert [path for path in asked if not path.startswith("/")] == []
    context.close()
