"""What oEmbed says of a record, so that another site can show it (https://oembed.com)."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from markupsafe import Markup
from sqlmodel import Session

from app import queries, urls
from app.facets import BadParameterError
from app.kinds import KINDS, kind_of
from app.language import PUBLISHED, choose
from app.urls import Addresses
from app.values import PRIMARY

WIDTH, HEIGHT = 600, 320
"""The room that an embedded record takes, in CSS pixels, where there is as much."""

CARD_WIDTH, CARD_HEIGHT = 1200, 630


def snippet(addresses: Addresses, noun: str, slug: str, language: str, title: str) -> Markup:
    """The element that shows a record on another page."""
    address = addresses.absolute(urls.embed_path(noun, slug, language))
    return frame(address, title, WIDTH, HEIGHT)


def frame(address: str, title: str, width: int, height: int) -> Markup:
    """An inline frame of an address."""
    return Markup(
        '<iframe src="{}" title="{}" width="{}" height="{}" loading="lazy"></iframe>'
    ).format(address, title, width, height)


def oembed(session: Session, addresses: Addresses, given: Mapping[str, str]) -> Any:
    """The answer for an address (oEmbed, section 2.3.4.4, "rich"), or None where it is no record's.

    Raises BadParameterError where the greatest width or height is no number of pixels.
    """
    width, height = _most(given, "maxwidth", WIDTH), _most(given, "maxheight", HEIGHT)
    named = _named(addresses, given["url"])
    if named is None:
        return None
    language, noun, slug = named
    record: Any = (
        queries.meeting(session)
        if noun == "meeting"
        else queries.record(session, noun, queries.renamed(session, noun, slug) or slug)
    )
    if record is None:
        return None
    kind = kind_of(record)
    title = choose(kind.titled(record), language).text
    meeting = queries.meeting(session)
    return {
        "version": "1.0",
        "type": "rich",
        "title": title,
        "provider_name": choose(meeting.short_title.root, language).text,
        "provider_url": addresses.absolute(urls.page_path(urls.HOME, language)),
        "thumbnail_url": addresses.absolute(urls.card_path(noun, record.slug, language)),
        "thumbnail_width": CARD_WIDTH,
        "thumbnail_height": CARD_HEIGHT,
        "html": str(
            frame(
                addresses.absolute(urls.embed_path(noun, record.slug, language)),
                title,
                width,
                height,
            )
        ),
        "width": width,
        "height": height,
    }


def _most(given: Mapping[str, str], name: str, usual: int) -> int:
    value = given[name]
    if not value:
        return usual
    if not (value.isascii() and value.isdigit() and len(value) < 6) or int(value) < 1:
        raise BadParameterError(name, value)
    return min(int(value), usual)


def _named(addresses: Addresses, address: str) -> tuple[str, str, str] | None:
    """Language, kind and slug of the record whose page an address is."""
    base, given = urlsplit(addresses.base_url), urlsplit(address)
    if (given.scheme, given.netloc) != (base.scheme, base.netloc):
        return None
    if not f"{given.path}/".startswith(f"{base.path}/"):
        return None
    steps = given.path.removeprefix(base.path).strip("/").split("/")
    language = PRIMARY
    if steps[0] in PUBLISHED:
        language, *steps = steps
    if steps in ([], [""]):
        return language, "meeting", ""
    is_record = len(steps) == 2 and steps[0] in KINDS and KINDS[steps[0]].has_pages
    return (language, steps[0], steps[1]) if is_record else None
