"""Records and lists as JSON: what the API answers, and what stands at `.json`."""

from http import HTTPStatus
from typing import Any

from app.formats.citations import work_of
from app.formats.described import LICENCE_NOTE, Described, Listed, licence_url
from app.formats.plain import json_bytes, seed_form
from app.formats.prose import STYLES, cite, plainly
from app.models import Meeting, Quote
from app.queries import Tie
from app.values import PRIMARY

PROBLEM_TYPE = "application/problem+json"
"""The media type of problem details (RFC 9457)."""


def problem_details(status: int, detail: str = "", **members: Any) -> dict[str, Any]:
    """What is said of a request that has no other answer (RFC 9457, section 3)."""
    return {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        **({"detail": detail} if detail else {}),
        **members,
    }


def record_json(described: Described) -> bytes:
    """A record as JSON."""
    return json_bytes(answer(described))


def list_json(listed: Listed) -> bytes:
    """One page of a list as JSON, each record as at its own address."""
    return json_bytes(
        {
            "kind": listed.kind.noun,
            "html_url": listed.html_url,
            "url": listed.url,
            "previous": listed.previous_url,
            "next": listed.next_url,
            "counts": dict(listed.counts),
            "licence": licence(listed.meeting),
            "items": [answer(item) for item in listed.items],
        }
    )


def answer(described: Described) -> dict[str, Any]:
    """What is said of a record, keys always in this order.

    `record` is the record as the seed has it: it can be pasted back under its slug. Its own
    `kind`, where it has one, is another than the kind of record that stands beside it.
    """
    meeting, record = described.meeting, described.record
    work = work_of(described)
    found: dict[str, Any] = {
        "kind": described.kind.noun,
        "slug": record.slug,
        "title": dict(described.title),
        "html_url": described.url,
        "url": described.api_url,
        "short_url": described.short_url,
        "formats": described.format_urls,
        "version": meeting.version,
        "updated_on": described.updated_on,
        "record": seed_form(record),
    }
    if isinstance(record, Quote):
        found["selector"] = _selector(record)
    return found | {
        "links": _ties(described, is_outgoing=True),
        "linked_from": _ties(described, is_outgoing=False),
        "citation": {
            "key": work.key,
            **{style: plainly(cite(work, style, PRIMARY, str)) for style in STYLES},
        },
        "licence": licence(meeting),
    }


def licence(meeting: Meeting) -> dict[str, str]:
    """The licence of the texts and data, and what it does not cover."""
    return {
        "name": meeting.licence,
        "url": licence_url(meeting.licence),
        "note": LICENCE_NOTE,
    }


def _selector(quote: Quote) -> dict[str, str]:
    """Where the words stand in their source (W3C Web Annotation Data Model, section 4.2.4)."""
    around = {"prefix": quote.prefix, "suffix": quote.suffix}
    return {
        "type": "TextQuoteSelector",
        "exact": quote.text,
        **{name: text for name, text in around.items() if text},
    }


def _ties(described: Described, *, is_outgoing: bool) -> list[dict[str, Any]]:
    """The records at the other end of the links one way, each role and place of one once."""
    ties = [tie for tie in described.ties if tie.is_outgoing == is_outgoing]
    once: dict[tuple[str, int, str | None], Tie] = {}
    for tie in ties:
        once.setdefault((tie.role, tie.other.id, tie.locator), tie)
    return [
        {
            "role": tie.role,
            "kind": tie.other.kind,
            "slug": tie.other.slug,
            "title": tie.other.title,
            "html_url": described.url_of(tie.other.kind, tie.other.slug),
            **({"locator": tie.locator} if tie.locator else {}),
        }
        for tie in once.values()
    ]
