"""Searching, narrowing and following in a real browser: by mouse, by keyboard, without scripts."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from browsing import as_opened, violations
from playwright.sync_api import Browser, Page, Route, expect
from test_browser import EXAMINED, PAGES, RULES_IN, WIDTHS

pytestmark = pytest.mark.browser

NARROWED = "/agreements?sector=energy"

LARGE_TEXT = {"fontSizes": {"standard": 32, "fixed": 26}}
"""Twice what browsers come with, set as a reader sets it."""

UNREADABLE = """() => {
  const hidden = '.unseen, .skip, svg, title, [hidden], select, option';
  const problems = [];
  if (document.documentElement.scrollWidth > window.innerWidth) {
    problems.push(`sideways: ${document.documentElement.scrollWidth}`);
  }
  for (const element of document.body.querySelectorAll('*')) {
    if (element.closest(hidden) || !element.checkVisibility()) continue;
    const style = getComputedStyle(element);
    const clipped = (direction) => ['hidden', 'clip'].includes(direction);
    if ((clipped(style.overflowX) && element.scrollWidth > element.clientWidth + 1)
        || (clipped(style.overflowY) && element.scrollHeight > element.clientHeight + 1)) {
      problems.push(`clipped: ${element.tagName} ${element.textContent.trim().slice(0, 40)}`);
    }
  }
  const boxes = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode;
    if (!node.textContent.trim() || node.parentElement.closest(hidden)) continue;
    if (!node.parentElement.checkVisibility()) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const box of range.getClientRects()) {
      if (box.width > 1) boxes.push({ box, text: node.textContent.trim().slice(0, 40) });
      if (box.right > window.innerWidth + 1 && !node.parentElement.closest('.scroll, table')) {
        problems.push(`beyond the edge: ${node.textContent.trim().slice(0, 40)}`);
      }
    }
  }
  boxes.sort((one, other) => one.box.top - other.box.top);
  boxes.forEach((one, at) => {
    for (const other of boxes.slice(at + 1)) {
      if (other.box.top >= one.box.bottom) break;
      const height = Math.min(one.box.bottom, other.box.bottom) - other.box.top;
      const width = Math.min(one.box.right, other.box.right)
        - Math.max(one.box.left, other.box.left);
      if (width > 2 && height > 0.4 * Math.min(one.box.height, other.box.height)) {
        problems.push(`overlap: ${one.text} | ${other.text}`);
      }
    }
  });
  return problems;
}"""


@pytest.fixture(scope="module")
def page_for_all(browser: Browser, served: str) -> Iterator[Page]:
    context = browser.new_context(base_url=served)
    yield context.new_page()
    context.close()


@pytest.fixture
def page(page_for_all: Page) -> Page:
    """A page as it is opened: to open another takes longer than most of what is done in it."""
    return as_opened(page_for_all)


@pytest.fixture(scope="module")
def plain_for_all(browser: Browser, served: str) -> Iterator[Page]:
    context = browser.new_context(base_url=served, java_script_enabled=False)
    yield context.new_page()
    context.close()


@pytest.fixture
def plain(plain_for_all: Page) -> Page:
    """The same in a browser that runs no script."""
    return as_opened(plain_for_all)


def path_of(page: Page) -> str:
    parts = urlsplit(page.url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def type_and_wait(page: Page, text: str) -> None:
    """Type as with an input method, all at once, and wait for what that suggests."""
    page.locator("#find").focus()
    page.keyboard.insert_text(text)
    expect(page.locator("#suggestions [role=option]").first).to_be_visible()


def test_suggestions_appear_while_typing_and_the_keyboard_chooses(page: Page) -> None:
    page.goto("/")
    field, options = page.locator("#find"), page.locator("#suggestions [role=option]")
    expect(field).to_have_attribute("role", "combobox")
    expect(field).to_have_attribute("aria-expanded", "false")
    type_and_wait(page, "atomic")
    expect(field).to_have_attribute("aria-expanded", "true")
    assert field.get_attribute("aria-activedescendant") is None
    number = options.count()
    assert number >= 1
    for at in range(number):
        field.press("ArrowDown")
        expect(field).to_have_attribute("aria-activedescendant", f"suggestion-{at}")
        expect(options.nth(at)).to_have_attribute("aria-selected", "true")
        assert page.locator("#suggestions [aria-selected=true]").count() == 1
    field.press("ArrowDown")
    assert field.get_attribute("aria-activedescendant") is None
    field.press("ArrowUp")
    expect(field).to_have_attribute("aria-activedescendant", f"suggestion-{number - 1}")
    field.press("Escape")
    expect(page.locator("#suggestions")).to_be_hidden()
    expect(field).to_have_attribute("aria-expanded", "false")
    expect(field).to_have_value("atomic")
    assert page.evaluate("document.activeElement.id") == "find"


def test_enter_opens_the_suggestion_that_was_chosen(page: Page) -> None:
    page.goto("/about")
    type_and_wait(page, "rosat")
    page.locator("#find").press("ArrowDown")
    page.locator("#find").press("Enter")
    page.wait_for_url("**/organizations/rosatom")


def test_enter_without_a_choice_searches(page: Page) -> None:
    page.goto("/about")
    type_and_wait(page, "rosat")
    page.locator("#find").press("Enter")
    page.wait_for_url("**/search?q=rosat")
    expect(page.locator(".entry__title").first).to_have_text("Rosatom")


def test_the_mouse_opens_a_suggestion_and_the_button_searches(page: Page) -> None:
    page.goto("/")
    page.locator("#find").press_sequentially("тяньвань")
    page.locator("#suggestions [role=option]").first.click()
    page.wait_for_url("**/agreements/tianwan-units")
    type_and_wait(page, "核能")
    page.locator("form[role=search] button").click()
    page.wait_for_url("**/search?q=*")
    assert parse_qs(urlsplit(page.url).query) == {"q": ["核能"]}
    page.locator(".entry__title").first.click()
    page.wait_for_url("**/agreements/nuclear-statement")


def test_tab_leaves_the_field_and_closes_the_suggestions(page: Page) -> None:
    page.goto("/")
    type_and_wait(page, "atomic")
    page.keyboard.press("Tab")
    expect(page.locator("#suggestions")).to_be_hidden()
    assert page.evaluate("document.activeElement.className") == "find__button"
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?q=atomic")


def test_a_suggestion_shows_markup_as_text(page: Page) -> None:
    title = "<img src=x onerror=alert(1)>"
    page.route("**/suggest?*", lambda route: route.fulfill(json=["x", [title], ["&"], ["/about"]]))
    page.goto("/")
    type_and_wait(page, "x")
    expect(page.locator("#suggestions [role=option]")).to_have_text(f"{title} &")
    assert page.locator("#suggestions img").count() == 0


def test_a_late_answer_changes_nothing(page: Page) -> None:
    """Neither that to less than was typed since, nor one after the list was closed."""
    page.goto("/")
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/suggest?q=tian", hold)
    field, listed = page.locator("#find"), page.locator("#suggestions")
    with page.expect_request("**/suggest?q=tian"):
        field.fill("tian")
    type_and_wait(page, "wan")
    expect(listed.locator("[role=option]").first).to_contain_text("Tianwan")
    before = listed.inner_text()
    with page.expect_response("**/suggest?q=tian"):
        held[0].fulfill(json=["tian", ["Late"], [""], ["/about"]])
    assert listed.inner_text() == before
    page.route("**/suggest?q=tianwa", hold)
    with page.expect_request("**/suggest?q=tianwa"):
        field.press("Backspace")
    field.press("Escape")
    with page.expect_response("**/suggest?q=tianwa"):
        held[1].fulfill(json=["tianwa", ["Late"], [""], ["/about"]])
    expect(listed).to_be_hidden()


def test_the_search_works_where_suggestions_do_not(page: Page) -> None:
    page.route("**/suggest?*", lambda route: route.abort())
    page.goto("/")
    with page.expect_event("requestfailed"):
        page.locator("#find").press_sequentially("rosatom")
    expect(page.locator("#suggestions")).to_be_hidden()
    page.locator("#find").press("Enter")
    page.wait_for_url("**/search?q=rosatom")


def test_the_keys_of_an_input_method_are_left_to_it(page: Page) -> None:
    page.goto("/")
    type_and_wait(page, "核能")
    for key in ("ArrowDown", "ArrowUp", "Enter", "Escape"):
        is_left = page.locator("#find").evaluate(
            """(field, key) => field.dispatchEvent(new KeyboardEvent(
                "keydown", { key, isComposing: true, cancelable: true, bubbles: true }))""",
            key,
        )
        assert is_left
    assert page.locator("#find").get_attribute("aria-activedescendant") is None
    expect(page.locator("#suggestions")).to_be_visible()


def test_a_search_without_scripts(plain: Page) -> None:
    plain.goto("/")
    plain.locator("#find").press_sequentially("atomic ener")
    assert plain.locator("#suggestions").count() == 0
    plain.keyboard.press("Enter")
    plain.wait_for_url("**/search?q=atomic+ener")
    plain.locator(".entry__title").first.click()
    plain.wait_for_url("**/agreements/nuclear-statement")


@pytest.mark.parametrize("has_scripts", [True, False], ids=["scripts", "plain"])
def test_a_list_is_narrowed_cleared_and_paged_by_mouse(
    request: pytest.FixtureRequest, *, has_scripts: bool
) -> None:
    page: Page = request.getfixturevalue("page" if has_scripts else "plain")
    page.goto("/agreements")
    if not page.locator(".facet a").first.is_visible():
        page.locator("details.facets > summary").click()
    page.locator(".facet").get_by_role("link", name="Energy").click()
    page.wait_for_url("**/agreements?sector=energy")
    shown = page.locator(".entry").count()
    assert 0 < shown < 30
    if not page.locator(".facets__words input[type=search]").is_visible():
        page.locator("details.facets > summary").click()
    page.locator(".facets__words input[type=search]").fill("Tianwan")
    page.locator(".facets__words button").click()
    page.wait_for_url("**/agreements?sector=energy&q=Tianwan")
    assert 0 < page.locator(".entry").count() < shown
    page.locator(".chosen a").first.click()
    page.wait_for_url("**/agreements?q=Tianwan")
    page.locator(".chosen").get_by_role("link", name="Show all").click()
    page.wait_for_url("**/agreements")
    page.goto("/sources")
    first = page.locator(".entry__title").first.inner_text()
    page.locator(".pages a").first.click()
    page.wait_for_url("**/sources?page=2")
    assert page.locator(".entry__title").first.inner_text() != first


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until what is wanted has the focus, as a reader without a mouse does."""
    for _ in range(160):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    pytest.fail(f"Tab does not reach {selector}")


def test_a_list_is_narrowed_cleared_and_paged_by_keyboard_alone(page: Page) -> None:
    page.set_viewport_size({"width": 700, "height": 900})
    page.goto("/quotes")
    tab_to(page, "details.facets > summary")
    if not page.locator(".facet a").first.is_visible():
        page.keyboard.press("Enter")
    tab_to(page, ".facet a")
    page.keyboard.press("Enter")
    page.wait_for_url("**/quotes?speaker=*")
    tab_to(page, ".chosen a")
    page.keyboard.press("Enter")
    page.wait_for_url("**/quotes")
    page.goto("/sources?page=3")
    tab_to(page, ".pages a")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    page.keyboard.press("Enter")
    page.wait_for_url("**/sources")


def test_the_breadcrumb_leads_back_to_the_narrowed_list(page: Page, plain: Page) -> None:
    for opened in (page, plain):
        opened.goto(NARROWED)
        opened.locator(".entry__title").first.click()
        opened.wait_for_url("**/agreements/*")
    crumb = page.locator("[data-list]")
    crumb.click()
    page.wait_for_url(f"**{NARROWED}")
    assert path_of(page) == NARROWED
    plain.locator("[data-list]").click()
    plain.wait_for_url("**/agreements")
    # Who came from elsewhere is led to the whole list.
    page.goto("/quotes")
    page.goto("/search?q=tianwan")
    page.locator(".entry__title").first.click()
    page.wait_for_url("**/agreements/*")
    assert page.locator("[data-list]").get_attribute("href") == "/agreements"


@pytest.mark.parametrize("has_scripts", [True, False], ids=["scripts", "plain"])
def test_a_node_is_put_in_focus(request: pytest.FixtureRequest, *, has_scripts: bool) -> None:
    page: Page = request.getfixturevalue("page" if has_scripts else "plain")
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto("/connections")
    link = page.locator(
        "main svg a[*|href*='focus=organizations/sco'], main a[href*='focus=organizations/sco']"
    )
    link.locator("visible=true").first.click()
    page.wait_for_url("**/connections?focus=organizations/sco")
    assert "Shanghai Cooperation" in page.locator("h1").inner_text()


def test_a_node_is_put_in_focus_by_keyboard_alone(page: Page) -> None:
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto("/connections?focus=organizations/sco")
    tab_to(page, "main a[href*='focus=']")
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "focus=" in url and "organizations/sco" not in url)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_open_suggestions_are_accessible_at_every_width(
    browser: Browser, served: str, scheme: str
) -> None:
    context = browser.new_context(base_url=served, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto("/search?q=nuclear")
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        page.locator("#find").fill("")
        type_and_wait(page, "china")
        page.locator("#find").press("ArrowDown")
        sideways = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert sideways <= 0, width
        if width in EXAMINED[scheme]:
            assert violations(page, RULES_IN[scheme]) == [], width
    context.close()


def test_text_of_twice_the_size_still_reads(browser: Browser, served: str) -> None:
    context = browser.new_context(base_url=served, viewport={"width": 640, "height": 900})
    page = context.new_page()
    page.context.new_cdp_session(page).send("Page.setFontSizes", LARGE_TEXT)
    for path in PAGES:
        page.goto(path)
        assert page.evaluate("getComputedStyle(document.documentElement).fontSize") == "32px"
        assert page.evaluate(UNREADABLE) == [], path
    context.close()
