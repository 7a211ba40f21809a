"""What oEmbed says of a record, so that another site can show it (https://oembed.com)."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from markupsafe import Markup
from sqlmodel import Session

from app import queries, urls
from app.facets import BadParameterError
from app.kinds import kind_of
from app.language import PUBLISHED, choose
from app.urls import Addresses
from app.values import PRIMARY

WIDTH, HEIGHT = 600, 320
"""The room that an embedded record takes, in CSS pixels, where there is as much."""

LEAST_WIDTH = 320
"""The least width at which all that is framed fits into HEIGHT."""

CARD_WIDTH, CARD_HEIGHT = 1200, 630


def snippet(addresses: Addresses, noun: str, slug: str, language: str, title: str) -> Markup:
    """The element that shows a record on another page."""
    address = addresses.absolute(urls.embed_path(noun, slug, language))
    return frame(address, title, WIDTH, HEIGHT)


def frame(address: str, title: str, width: int, height: int) -> Markup:
    """An inline frame of an address."""
    return Markup('<iframe src="%s" title="%s" width="%s" height="%s" loading="lazy"></iframe>') % (
        address,
        title,
        width,
        height,
    )


def oembed(session: Session, addresses: Addresses, given: Mapping[str, str]) -> Any:
    """The answer for an address (oEmbed, section 2.3.4.4, "rich"), or None where it is no record's.

    Where the bounds leave too little room for the frame, it is told of as a "link" (2.3.4.3).
    Raises BadParameterError where the greatest width or height is no number of pixels.
    """
    most_width, most_height = _most(given, "maxwidth"), _most(given, "maxheight")
    is_framed = most_width >= LEAST_WIDTH and most_height >= HEIGHT
    is_card_shown = most_width >= CARD_WIDTH and most_height >= CARD_HEIGHT
    named = _named(session, addresses, given["url"])
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
    # A thumbnail fits into the bounds as well, or is left out (section 2.3.4.1).
    thumbnail = {
        "thumbnail_url": addresses.absolute(urls.card_path(noun, record.slug, language)),
        "thumbnail_width": CARD_WIDTH,
        "thumbnail_height": CARD_HEIGHT,
    }
    width = min(WIDTH, most_width)
    address = addresses.absolute(urls.embed_path(noun, record.slug, language))
    framed = {
        "html": str(frame(address, title, width, HEIGHT)),
        "width": width,
        "height": HEIGHT,
    }
    return {
        "version": "1.0",
        "type": "rich" if is_framed else "link",
        "title": title,
        "provider_name": choose(meeting.short_title.root, language).text,
        "provider_url": addresses.absolute(urls.page_path(urls.HOME, language)),
        **(thumbnail if is_card_shown else {}),
        **(framed if is_framed else {}),
    }


def _most(given: Mapping[str, str], name: str) -> int:
    """A bound in pixels; where none is given, one that nothing reaches."""
    value = given[name] or "99999"
    if not (value.isascii() and value.isdigit() and len(value) < 6) or int(value) < 1:
        raise BadParameterError(name, value)
    return int(value)


def _named(session: Session, addresses: Addresses, address: str) -> tuple[str, str, str] | None:
    """Language, kind and slug of the record whose page or short address an address is."""
    try:
        base, given = urlsplit(addresses.base_url), urlsplit(address)
    except ValueError:
        return None
    # Scheme and host are the same in any case (RFC 3986, section 6.2.2.1).
    if (given.scheme, given.netloc.lower()) != (base.scheme, base.netloc.lower()):
        return None
    if not f"{given.path}/".startswith(f"{base.path}/"):
        return None
    path = "/" + given.path.removeprefix(base.path).strip("/")
    first = path.split("/")[1]
    language = first if first in PUBLISHED else PRIMARY
    if language != PRIMARY:
        path = path.removeprefix(f"/{language}") or "/"
    named = urls.named_by(path)
    if named and named[1] is not None:
        return language, named[0], named[1]
    row = queries.by_reference(session, path.rpartition("/")[2])
    is_short = row and urls.record_formats(row.kind) and path == urls.reference_path(row.reference)
    return (language, row.kind, row.slug) if row and is_short else None
