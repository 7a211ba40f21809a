"""Lists as Atom feeds."""

from xml.etree import ElementTree as ET

from app.formats.described import Described, Listed, first_instant, licence_url
from app.language import choose, tag_of
from app.models import Agreement, Meeting
from app.urls import DATA, FEED, LIST_FORMATS, Addresses, page_path
from app.values import PRIMARY

ATOM = "http://www.w3.org/2005/Atom"
_XML = "http://www.w3.org/XML/1998/namespace"


def atom(listed: Listed) -> bytes:
    """A list as an Atom feed (RFC 4287), one page of it where it is paged (RFC 5005, section 3).

    An entry's `id` is the record's short address, which survives renaming; the feed's is the
    address of the list. `updated` is the day of the last correction, or else of the release, at
    its first instant: a partial date is completed to its first day at 00:00:00Z. Documents and
    undertakings are told apart by their `category`.
    """
    meeting = listed.meeting
    site = choose(meeting.short_title.root, PRIMARY).text
    feed = ET.Element(f"{{{ATOM}}}feed", {f"{{{_XML}}}lang": tag_of(PRIMARY)})
    _text(feed, "id", listed.html_url)
    _text(feed, "title", f"{site}: {listed.words[f'kind.{listed.kind.noun}']}")
    _text(feed, "updated", max(map(_updated, listed.items), default=_released(listed)))
    author = ET.SubElement(feed, f"{{{ATOM}}}author")
    _text(author, "name", site)
    _text(feed, "rights", f"{meeting.licence} {licence_url(meeting.licence)}")
    for relation, address, media_type in (
        ("self", listed.url, LIST_FORMATS["atom"]),
        ("alternate", listed.html_url, "text/html"),
        ("previous", listed.previous_url, LIST_FORMATS["atom"]),
        ("next", listed.next_url, LIST_FORMATS["atom"]),
    ):
        if address:
            _link(feed, relation, address, media_type)
    for item in listed.items:
        feed.append(_entry(item))
    return _written(feed)


def _written(feed: ET.Element) -> bytes:
    ET.register_namespace("", ATOM)
    ET.indent(feed)
    body: bytes = ET.tostring(feed, encoding="utf-8", xml_declaration=True)
    return body + b"\n"


def changes(meeting: Meeting, addresses: Addresses) -> bytes:
    """What each version of the data changed, as an Atom feed, the latest first."""
    feed = ET.Element(f"{{{ATOM}}}feed", {f"{{{_XML}}}lang": tag_of(PRIMARY)})
    site = choose(meeting.short_title.root, PRIMARY).text
    page = addresses.absolute(page_path(DATA))
    _text(feed, "id", addresses.absolute(FEED))
    _text(feed, "title", site)
    _text(feed, "updated", first_instant(meeting.released_on))
    author = ET.SubElement(feed, f"{{{ATOM}}}author")
    _text(author, "name", site)
    _link(feed, "self", addresses.absolute(FEED), LIST_FORMATS["atom"])
    _link(feed, "alternate", page, "text/html")
    for change in reversed(meeting.changes):
        entry = ET.SubElement(feed, f"{{{ATOM}}}entry")
        _text(entry, "id", f"{page}#version-{change.version}")
        _text(entry, "title", f"{site} {change.version}")
        _text(entry, "updated", first_instant(change.released_on))
        _link(entry, "alternate", page, "text/html")
        _text(entry, "summary", choose(change.text.root, PRIMARY).text)
    return _written(feed)


def _entry(item: Described) -> ET.Element:
    record = item.record
    entry = ET.Element(f"{{{ATOM}}}entry")
    _text(entry, "id", item.short_url)
    title = choose(item.title, PRIMARY)
    _text(entry, "title", title.text, title.lang)
    _text(entry, "updated", _updated(item))
    if item.speaker:
        author = ET.SubElement(entry, f"{{{ATOM}}}author")
        _text(author, "name", choose(item.speaker.name.wordings, PRIMARY).text)
    _link(entry, "alternate", item.url, "text/html")
    for term, label in _categories(item):
        ET.SubElement(entry, f"{{{ATOM}}}category", {"term": term, "label": label})
    if isinstance(record, Agreement):
        summary = choose(record.summary.root, PRIMARY)
        _text(entry, "summary", summary.text, summary.lang)
    else:
        lang = tag_of(record.language)
        _text(entry, "summary", record.text, None if lang == tag_of(PRIMARY) else lang)
    return entry


def _categories(item: Described) -> list[tuple[str, str]]:
    """What an entry is told apart by: an agreement's part and kind; and the sectors of any."""
    found = []
    if isinstance(item.record, Agreement):
        part = "undertakings" if item.record.is_undertaking else "documents"
        found.append((part, item.words[f"part.{part}"]))
        found.append((item.record.kind.value, item.words[f"agreement.{item.record.kind}"]))
    return found + [(slug, item.name_of("sectors", slug)) for slug in item.record.sectors]


def _updated(item: Described) -> str:
    return first_instant(item.updated_on)


def _released(listed: Listed) -> str:
    return first_instant(listed.meeting.released_on)


def _text(parent: ET.Element, name: str, text: str, lang: str | None = None) -> None:
    attributes = {f"{{{_XML}}}lang": lang} if lang else {}
    ET.SubElement(parent, f"{{{ATOM}}}{name}", attributes).text = text


def _link(parent: ET.Element, relation: str, address: str, media_type: str) -> None:
    attributes = {"rel": relation, "type": media_type, "href": address}
    ET.SubElement(parent, f"{{{ATOM}}}link", attributes)
