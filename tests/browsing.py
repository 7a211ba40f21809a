"""A page in a real browser: what axe finds wrong in it, and how the next test gets it."""

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

RULES = {
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    }
}
COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
ALL_BUT_COLOURS = RULES | {"rules": {"color-contrast": {"enabled": False}}}
"""For what has the colours of a page that is examined elsewhere: they take half of the time."""

_READ = """([within, options]) => axe.run(within ?? document, options).then(({ violations }) =>
  violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html.slice(0, 120))]))"""


def violations(page: Page, rules: dict[str, Any] = RULES, within: str | None = None) -> list[Any]:
    """Each rule that a page, or a part of it, breaks as it stands, and the elements that do.

    All that axe holds, which is several times as much, stays in the browser; it is read in only
    once for a page, however often that is looked at.
    """
    if not page.evaluate("'axe' in window"):
        page.evaluate(Axe().axe_script)
    found: list[Any] = page.evaluate(_READ, [within, {**rules, "resultTypes": ["violations"]}])
    return found


def as_opened(page: Page) -> Page:
    """A page as if nothing had been done in it: empty, of the usual size, with no route held."""
    page.unroute_all()
    page.goto("about:blank")
    page.set_viewport_size({"width": 1280, "height": 720})
    return page
