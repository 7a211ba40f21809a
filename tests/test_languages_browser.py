"""In a real browser, in the other languages: nothing breaks, and a reader is offered their own."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser
from test_browser import RULES

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


@pytest.mark.parametrize("language", [code for code in PUBLISHED if code != PRIMARY])
@pytest.mark.parametrize("path", PAGES)
def test_pages_hold_on_the_narrowest_screen(
    browser: Browser, served: str, path: str, language: str
) -> None:
    context = browser.new_context(
        viewport={"width": 320, "height": 900}, locale=LANGUAGES[language].tag
    )
    page = context.new_page()
    page.goto(served + in_language(path, language))
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
    found = Axe().run(page, options=RULES)
    broken = [
        (item["id"], [node["html"][:120] for node in item["nodes"]])
        for item in found.response["violations"]
    ]
    assert broken == []
    context.close()


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
    assert page.url == f"{served}/ru/agreements"
    context.close()
