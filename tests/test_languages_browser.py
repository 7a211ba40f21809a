"""In a real browser, in the other languages: nothing breaks, and a reader is offered their own."""

import re
from collections.abc import Iterator

import pytest
from browsing import ALL_BUT_COLOURS, RULES, violations
from playwright.sync_api import Browser, Page
from servers import size

from app.language import LANGUAGES, PUBLISHED
from app.urls import in_language
from app.values import PRIMARY

PAGES = (
    "/",
    "/agreements",
    "/agreements/nuclear-statement",
    "/sectors",
    "/quotes/medvedev-key-issues",
    "/organizations/eaeu",
    "/commissions/far-east-and-northeast",
    "/sources/drahos-blog-2016-11",
    "/timeline",
    "/connections",
    "/about",
    "/search?q=TASS",
    "/nothing-here",
)

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module", params=[code for code in PUBLISHED if code != PRIMARY])
def narrow(browser: Browser, request: pytest.FixtureRequest) -> Iterator[tuple[Page, str]]:
    """The narrowest screen of a reader of each other language, and that language."""
    context = browser.new_context(
        viewport={"width": 320, "height": 900}, locale=LANGUAGES[request.param].tag
    )
    yield context.new_page(), request.param
    context.close()


@pytest.mark.parametrize("path", PAGES)
def test_pages_hold_on_the_narrowest_screen(
    narrow: tuple[Page, str], served: str, path: str
) -> None:
    """In the short form axe reads each page in one of the two languages, and they take turns."""
    page, language = narrow
    page.goto(served + in_language(path, language))
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
    is_its_turn = (PAGES.index(path) + PUBLISHED.index(language)) % 2 == 0
    if size(is_its_turn, many=True):
        assert violations(page, size(ALL_BUT_COLOURS, RULES)) == []


@pytest.mark.parametrize(
    ("locale", "path", "offered"),
    [
        ("ru-RU", "/agreements?kind=plan&sector=culture", "Читать эту страницу по-русски"),
        ("zh-TW", "/ru/timeline", "用中文阅读本页"),
        ("en-US", "/zh", "Read this page in English"),
        ("en-GB", "/", ""),
        ("fr", "/agreements", ""),
        ("ru-RU", "/ru/agreements", ""),
    ],
)
def test_one_line_offers_the_page_in_the_readers_language(
    browser: Browser, served: str, locale: str, path: str, offered: str
) -> None:
    context = browser.new_context(locale=locale)
    page = context.new_page()
    page.goto(served + path)
    lines = page.locator(".offer:visible")
    assert lines.locator("a").all_inner_texts() == ([offered] if offered else [])
    if offered:
        lines.locator("button").click()
        assert lines.count() == 0
        assert page.evaluate("localStorage.length + sessionStorage.length") == 0
        # Nothing was kept, so that the next page offers it again.
        page.reload()
        lines.locator("a").click()
        assert page.locator("html").get_attribute("lang") in {"en", "ru", "zh-Hans"}
        assert page.url.partition("?")[2] == path.partition("?")[2]
        assert page.locator(".offer:visible").count() == 0
    context.close()


def test_nothing_is_offered_without_script(browser: Browser, served: str) -> None:
    context = browser.new_context(locale="ru-RU", java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{served}/agreements")
    assert page.locator(".offer:visible").count() == 0
    page.get_by_role("link", name="Русский").click()
    page.wait_for_url(f"{served}/ru/agreements")
    context.close()


LINES = """
() => [...document.querySelectorAll("h1, main :is(p, li, dd, figcaption)")].flatMap(block => {
  const walker = document.createTreeWalker(block, NodeFilter.SHOW_TEXT);
  const range = document.createRange();
  const lines = [];
  let bottom;
  while (walker.nextNode()) {
    const text = walker.currentNode;
    if (text.parentElement.closest(".control, .marks, .unseen, ul ul, p p, svg")) continue;
    for (let at = 0; at < text.length; at++) {
      range.setStart(text, at);
      range.setEnd(text, at + 1);
      const box = range.getClientRects()[0];
      if (!box?.width) continue;
      if (bottom === undefined || box.top > bottom - 4) lines.push("");
      bottom = box.bottom;
      lines[lines.length - 1] += text.data[at];
    }
  }
  return lines.slice(1).map((line, at) => [lines[at], line]);
})
"""
"""Each two lines of a text that follow on each other, as they are set."""

TORN = {
    "ru": (re.compile(r"(?i)(?:^|[\s«(])[авикосуя]\s*$"), re.compile(r"[—–]\s|года?\b")),
    "zh": (
        re.compile(r"\d$|\d[年月]$|第[一二三四五六七八九十]*$"),
        re.compile("[年月日]|[次届]|十"),
    ),
}
"""How a line does not end, how none begins: a single letter and a dash; for Chinese, both."""


@pytest.mark.parametrize("path", ["/", "/timeline", "/quotes/medvedev-key-issues"])
@pytest.mark.parametrize("language", TORN)
def test_no_line_ends_within_what_belongs_together(
    browser: Browser, served: str, language: str, path: str
) -> None:
    page = browser.new_page(viewport={"width": 360, "height": 900})
    page.goto(served + in_language(path, language))
    pairs = page.evaluate(LINES)
    ends, begins = TORN[language]
    is_either = language == "ru"
    torn = [
        (line, following)
        for line, following in pairs
        for found in [(bool(ends.search(line)), bool(begins.match(following)))]
        if (any(found) if is_either else all(found))
    ]
    assert len(pairs) > 3
    assert torn == []
    page.close()
