"""In a real browser: every type of page, light and dark, narrow and wide, without an error."""

from collections.abc import Iterator

import pytest
from browsing import COLOURS, RULES, violations
from playwright.sync_api import Browser, Page
from servers import size

PAGES = (
    "/",
    "/agreements",
    "/agreements?sector=energy&kind=undertaking",
    "/agreements?sector=nothing",
    "/agreements?q=zzz",
    "/agreements/nuclear-statement",
    "/agreements/tianwan-units",
    "/sectors",
    "/sectors/energy",
    "/quotes",
    "/quotes/medvedev-fifth-commission",
    "/organizations",
    "/organizations/eaeu",
    "/people",
    "/people/dmitry-medvedev",
    "/commissions",
    "/commissions/far-east-and-northeast",
    "/sources?page=2",
    "/sources/drahos-blog-2016-11",
    "/timeline",
    "/connections",
    "/connections?focus=agreements/joint-communique",
    "/connections?focus=nothing",
    "/about",
    "/accessibility",
    "/api",
    "/data",
    "/search",
    "/search?q=nuclear",
    "/search?q=medvedef",
    "/nothing-here",
)
WIDTHS = (320, 768, 1280, 1440)
EXAMINED = {"light": size((320,), WIDTHS), "dark": size((1280,), WIDTHS)}
"""The widths at which axe reads a page in each scheme: all of them in the long form. Colours do not
change with the width, and what stands where is the same from one width to the next."""
RULES_IN = {"light": RULES, "dark": size(COLOURS, RULES)}
"""The rules by which it does: nothing but colours is another in the dark."""

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def watched(browser: Browser, served: str) -> Iterator[tuple[Page, list[str]]]:
    """A page to show one after the other in, and what goes wrong in it."""
    context = browser.new_context()
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on(
        "console",
        lambda message: errors.append(message.text) if message.type == "error" else None,
    )
    page.on(
        "request",
        lambda request: None if request.url.startswith(served) else errors.append(request.url),
    )
    yield page, errors
    context.close()


@pytest.mark.parametrize("path", PAGES)
def test_pages_hold_in_chromium(watched: tuple[Page, list[str]], served: str, path: str) -> None:
    page, errors = watched
    errors.clear()
    response = page.goto(served + path)
    assert response is not None
    if response.status == 404:
        # The browser itself reports a page that is not there; that is what this one is for.
        assert [error for error in errors if "404" not in error] == []
        errors.clear()
    for scheme, examined in EXAMINED.items():
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            sideways = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
            assert sideways <= 0, (path, scheme, width)
            if width in examined:
                assert violations(page, RULES_IN[scheme]) == [], (path, scheme, width)
    assert errors == []


def test_a_reader_finds_an_agreement_by_keyboard_alone(browser: Browser, served: str) -> None:
    context = browser.new_context(java_script_enabled=True)
    page = context.new_page()
    page.goto(served)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.type("atomic energy")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?q=atomic+energy")
    link = page.get_by_role("link", name="Peaceful Use of Atomic Energy").first
    link.focus()
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    page.keyboard.press("Enter")
    page.wait_for_url("**/agreements/nuclear-statement")
    assert page.get_by_role("heading", level=1).inner_text().startswith("Joint Statement")
    context.close()


def test_it_prints_without_controls(browser: Browser, served: str) -> None:
    page = browser.new_page()
    page.goto(f"{served}/agreements/nuclear-statement")
    page.emulate_media(media="print")
    assert not page.locator(".masthead__nav").is_visible()
    assert page.locator(".sources").is_visible()
    assert page.locator(".permalink").inner_text() == f"{served}/agreements/nuclear-statement"
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    page.close()
