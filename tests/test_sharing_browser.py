"""Sharing, citing and embedding in a real browser: by mouse, by keyboard, without script."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import product

import pytest
from browsing import as_opened, violations
from conftest import our_seed
from playwright.sync_api import Browser, Page
from servers import size, wait_until
from test_browser import EXAMINED, RULES_IN, WIDTHS

from app.language import PUBLISHED
from app.urls import in_language, to_passage
from app.values import PRIMARY

DOCUMENT = "/agreements/nuclear-statement"
QUOTE = "/quotes/medvedev-fifth-commission"
NAMES = ("Share", "Cite", "Download")
EMBEDDED = (
    DOCUMENT,
    QUOTE,
    "/sources/drahos-blog-2016-11",
    "/people/li-keqiang",
    "/commissions/far-east-and-northeast",
    "",
)

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def page_for_all(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    yield context.new_page()
    context.close()


@pytest.fixture
def page(page_for_all: Page) -> Page:
    """A page that may use the clipboard."""
    return as_opened(page_for_all)


@pytest.fixture
def elsewhere() -> Iterator[Callable[[str], str]]:
    """Another site, which has one page: the address of that page, given its content."""
    shown: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(shown[-1])

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()

    def address_of(content: str) -> str:
        shown.append(f"<!doctype html><title>Elsewhere</title>{content}".encode())
        # Another host than ours, by name.
        return f"http://localhost:{server.server_port}/"

    yield address_of
    server.shutdown()
    server.server_close()
    thread.join()


def opened(page: Page) -> list[str]:
    """The controls that are open."""
    return page.locator("details.control[open] > summary").all_inner_texts()


def test_controls_open_one_at_a_time_by_mouse_and_stay_in_place(page: Page, served: str) -> None:
    page.goto(served + DOCUMENT)
    summaries = page.locator(".control > summary")
    places = [summaries.nth(at).bounding_box() for at in range(3)]
    for at, name in enumerate(NAMES):
        summaries.nth(at).click()
        assert opened(page) == [name]
        assert [summaries.nth(other).bounding_box() for other in range(3)] == places
    summaries.nth(2).click()
    assert opened(page) == []


def test_controls_open_by_keyboard(page: Page, served: str) -> None:
    page.goto(served + DOCUMENT)
    page.locator(".control > summary").first.focus()
    page.keyboard.press("Enter")
    assert opened(page) == ["Share"]
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Copy: Address"
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Copied: Address").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == served + DOCUMENT
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Space")
    assert opened(page) == []
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Cite"


@pytest.mark.parametrize(
    "path", [DOCUMENT, QUOTE, "/", "/sources/drahos-blog-2016-11", "/zh/organizations/apec"]
)
def test_every_copy_button_copies_what_stands_beside_it(page: Page, served: str, path: str) -> None:
    page.goto(served + path)
    copied: dict[str | None, str] = {}
    said = page.locator(".controls").evaluate("controls => ({...controls.dataset})")
    for summary in page.locator(".control > summary").all()[:2]:
        summary.click()
        for button in page.locator("details[open] .copy").all():
            place = button.locator("xpath=..")
            name = button.get_attribute("aria-label")
            button.click()
            place.get_by_role("button", name=said["copied"]).wait_for()
            beside = place.locator("textarea")
            shown = beside.input_value() if beside.count() else place.inner_text()
            bare = " ".join(shown.replace(said["copied"], "").split())
            copied[name] = page.evaluate("navigator.clipboard.readText()")
            assert copied[name] == bare
    assert len(copied) == 7
    title = page.locator("meta[property='og:title']").get_attribute("content")
    assert f"{title} {said['address']}" in copied.values()


COPIED = """async () => {
  const [item] = await navigator.clipboard.read();
  const read = async (type) => await (await item.getType(type)).text();
  return [item.types, item.types.includes("text/html") ? await read("text/html") : ""];
}"""


def test_a_citation_keeps_its_italics_where_it_is_pasted(page: Page, served: str) -> None:
    page.goto(served + DOCUMENT)
    page.locator(".control > summary").nth(1).click()
    for style, is_in_italics in {"Chicago": False, "APA": True, "MLA": True}.items():
        page.get_by_role("button", name=f"Copy: {style}").click()
        page.get_by_role("button", name=f"Copied: {style}").wait_for()
        types, markup = page.evaluate(COPIED)
        assert ("text/html" in types, "<i>" in markup) == (is_in_italics, is_in_italics), style
        assert "text/plain" in types
    # It may be copied again.
    page.get_by_role("button", name="Copy: MLA").wait_for()


def test_the_code_is_fetched_when_it_is_asked_for(page: Page, served: str) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(served + DOCUMENT)
    page.locator(".control > summary").first.click()
    assert not [url for url in asked if url.endswith("/qr.svg")]
    page.get_by_role("link", name="QR code").click()
    picture = page.get_by_role("img", name="QR code")
    picture.wait_for()
    assert page.url == served + DOCUMENT
    assert [url for url in asked if url.endswith("/qr.svg")] == [f"{served}{DOCUMENT}/qr.svg"]
    assert picture.evaluate("picture => picture.decode().then(() => picture.naturalWidth)") > 0
    assert picture.bounding_box()["width"] == picture.bounding_box()["height"]  # type: ignore[index]
    page.get_by_role("link", name="QR code").click()
    page.wait_for_url("**/qr.svg")


def test_nothing_is_offered_that_needs_script_where_there_is_none(
    browser: Browser, served: str
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(served + QUOTE)
    assert page.locator(".controls button").count() == 0
    for name in NAMES:
        page.locator(".control > summary", has_text=name).click()
        assert opened(page) == [name]
        assert page.locator("details[open] a").first.is_visible()
    page.locator(".control > summary").first.click()
    page.get_by_role("link", name="QR code").click()
    page.wait_for_url("**/qr.svg")
    context.close()


@pytest.mark.parametrize("language", PUBLISHED)
def test_what_the_device_shares_is_the_title_and_the_address(
    browser: Browser, served: str, language: str
) -> None:
    page = browser.new_page()
    page.add_init_script("navigator.share = async (told) => { window.told = told; };")
    path = in_language(QUOTE, language)
    page.goto(served + path)
    page.locator(".control > summary").first.click()
    name = page.locator(".controls").get_attribute("data-share")
    page.get_by_role("button", name=name, exact=True).click()
    told = page.evaluate("window.told")
    assert told == {"title": page.title(), "url": served + path}
    page.close()


def test_no_share_by_the_device_is_offered_where_it_has_none(browser: Browser, served: str) -> None:
    page = browser.new_page()
    page.add_init_script("Object.defineProperty(navigator, 'share', {value: undefined})")
    page.goto(served + QUOTE)
    page.locator(".control > summary").first.click()
    name = page.locator(".controls").get_attribute("data-share") or ""
    assert page.locator(".copy", has_text="Copy").count() > 0
    assert page.get_by_role("button", name=name, exact=True).count() == 0
    page.close()


def test_no_copy_is_offered_where_nothing_can_be_copied(browser: Browser, served: str) -> None:
    page = browser.new_page()
    page.add_init_script("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    page.goto(served + QUOTE)
    page.locator(".control > summary").first.click()
    assert page.locator(".copy", has_text="Copy").count() == 0
    page.get_by_role("link", name="QR code").click()
    page.get_by_role("img", name="QR code").wait_for()
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_open_controls_hold_for_everyone(browser: Browser, served: str, scheme: str) -> None:
    context = browser.new_context(color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(served + QUOTE)
    for name in NAMES:
        page.locator(".control > summary", has_text=name).click()
        if name == "Share":
            page.get_by_role("link", name="QR code").click()
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            sideways = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
            assert sideways <= 0, (name, width)
            if width in EXAMINED[scheme]:
                found = violations(page, RULES_IN[scheme], within=".controls")
                assert found == [], (name, width)
    context.close()


def test_a_quote_is_found_and_marked_on_its_page(page: Page, served: str) -> None:
    page.set_viewport_size({"width": 360, "height": 400})
    page.goto(served + QUOTE)
    page.locator(".control > summary").first.click()
    address = page.get_by_role("link", name="This page with the words marked").get_attribute("href")
    paper = "getComputedStyle(document.querySelector('#words')).backgroundColor"
    plain = page.evaluate(paper)
    page.goto("about:blank")
    page.goto(f"{served}{address}")
    page.wait_for_function("window.scrollY > 0")
    assert is_seen(page, "#words")
    assert page.evaluate(paper) != plain
    assert opened(page) == []


def is_seen(page: Page, selector: str) -> bool:
    """Whether the beginning of an element is on the screen."""
    box = page.locator(selector).bounding_box()
    height: int = page.evaluate("window.innerHeight")
    return box is not None and 0 <= box["y"] < height


def test_a_passage_is_found_in_a_page_that_has_it(
    page: Page, elsewhere: Callable[[str], str]
) -> None:
    quotes = [quote for quote in our_seed().records["quotes"].values() if quote.prefix]
    passages = [f"{quote.prefix}{quote.text}{quote.suffix}" for quote in quotes]
    # Each stands so far below the other that only one is on the screen.
    address = elsewhere("".join(f"<p>{text}</p>" + "<br>" * 99 for text in passages))
    for at, quote in enumerate(quotes):
        page.goto("about:blank")
        page.goto(to_passage(address, quote.text))
        selector = f"p:nth-of-type({at + 1})"
        wait_until(lambda place=selector: is_seen(page, place), quote.text)


@pytest.mark.parametrize(
    ("scheme", "width"),
    size([("light", 320), ("dark", 600)], [*product(("light", "dark"), (320, 600))]),
)
@pytest.mark.parametrize("language", PUBLISHED)
def test_an_embed_fits_its_frame(
    browser: Browser, served: str, language: str, width: int, scheme: str
) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": 320},
        color_scheme=scheme,  # type: ignore[arg-type]
    )
    page = context.new_page()
    # In another language only the words are others, and how much room they take.
    is_examined = size(language == PRIMARY, many=True)
    for path in (in_language(f"/embed{path}", language) for path in EMBEDDED):
        page.goto(served + path)
        extent = page.evaluate(
            "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
        )
        assert extent == [width, 320], path
        assert not is_examined or violations(page) == [], path
    context.close()


def test_an_embed_stands_in_a_page_and_leads_out_of_its_frame(
    page: Page, served: str, elsewhere: Callable[[str], str]
) -> None:
    page.goto(served + QUOTE)
    page.locator(".control > summary").first.click()
    page.goto(elsewhere(page.locator("#snippet").input_value()))
    frame = page.frame_locator("iframe")
    assert "economic situation" in frame.locator("blockquote").inner_text()
    frame.get_by_role("link").click()
    page.wait_for_url(served + QUOTE)


def test_a_page_stands_in_no_frame(
    page: Page, served: str, elsewhere: Callable[[str], str]
) -> None:
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text))
    page.goto(elsewhere(f'<iframe src="{served}{QUOTE}"></iframe>'))
    page.wait_for_function("document.readyState === 'complete'")
    assert page.frame_locator("iframe").locator("blockquote").count() == 0
    assert [text for text in refused if "frame-ancestors" in text]
