"""Pages are light: each arrives in one round, and nothing holds up its showing."""

import re

import brotli
from conftest import Site

from app import urls
from app.assets import STYLE
from app.config import Settings
from app.site import open_site

ONE_ROUND = 14_336
"""About what a server sends before it waits for an answer: ten segments (RFC 6928, section 2)."""

FIRST_VISIT = 30_720


def size_of(body: bytes, most: int) -> int:
    """How large a body is at most when it is sent; exactly where it would be more than allowed."""
    quickly = len(brotli.compress(body, quality=5))
    return quickly if quickly <= most else len(brotli.compress(body, quality=11))


def test_every_page_is_light_and_nothing_blocks_it(our_site: Site) -> None:
    site = open_site(Settings(our_site.seed, our_site.database, "https://meeting.example"))
    records = [(noun, slug) for noun, slug, _ in site.everything().records]
    assets = {name: len(brotli.compress(site.assets[name].body)) for name in (STYLE, "site.js")}
    too_heavy: list[tuple[str, int]] = []
    for path in urls.every_page(records):
        page = our_site.client.get(path, headers={"accept-encoding": "identity"})
        size = size_of(page.content, ONE_ROUND)
        if size > ONE_ROUND or size + sum(assets.values()) > FIRST_VISIT:
            too_heavy.append((path, size))
        head = page.text.partition("</head>")[0]
        assert len(re.findall('<link rel="stylesheet"', head)) == 1
        for script in re.findall(r"<script\b[^>]*>", page.text):
            assert " defer" in script or 'type="application/ld+json"' in script, path
        for image in re.findall(r"<img\b[^>]*>", page.text):
            assert " width=" in image, path
            assert " height=" in image, path
    assert too_heavy == []
