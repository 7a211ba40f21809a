"""Every address that the site has, and nothing but this module writes one."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlencode, urlsplit

from app.kinds import KINDS, PAGED
from app.language import PUBLISHED
from app.models import RecordRow
from app.values import PRIMARY

HOME = "home"
TIMELINE = "timeline"
SEARCH = "search"
CONNECTIONS = "connections"
PAGES = {
    HOME: "/",
    TIMELINE: "/timeline",
    CONNECTIONS: "/connections",
    SEARCH: "/search",
    "about": "/about",
    "accessibility": "/accessibility",
}
"""The pages that are not lists or records: their name, and their path."""

SUGGESTIONS = "suggest"
PARAMETERS = {SEARCH: ("q",), SUGGESTIONS: ("q",), CONNECTIONS: ("focus",)}
"""The query parameters that a page knows beside the lists; any other changes nothing."""

RECORD_FORMATS = {
    "json": "application/json",
    "jsonld": "application/ld+json",
    "bib": "application/x-bibtex",
    "ris": "application/x-research-info-systems",
    "csl.json": "application/vnd.citationstyles.csl+json",
    "txt": "text/plain",
}
"""The formats of a record: the suffix of the address, and the media type."""

LIST_FORMATS = {"json": "application/json", "csv": "text/csv", "atom": "application/atom+xml"}
"""The same of a list."""

WITH_FEED = ("agreements", "quotes")
"""The kinds whose list is a feed, too."""

STATIC = "/static"
SITEMAP = "/sitemap.xml"
ROBOTS = "/robots.txt"
FAVICON = "/favicon.ico"


@dataclass(frozen=True)
class Addresses:
    """Addresses under one base address.

    A path is the part that the site itself decides, as in a route; a link is what stands in
    `href`, with the base address's own path before it; an absolute address has all of it.
    """

    base_url: str

    @property
    def prefix(self) -> str:
        """The path of the base address, which every link begins with; empty without one."""
        return urlsplit(self.base_url).path

    def link(self, path: str) -> str:
        """What stands in `href` for a path."""
        return self.prefix + path

    def absolute(self, path: str) -> str:
        """A path's whole address."""
        return self.base_url + path


def asked(path: str, parameters: Sequence[tuple[str, str]]) -> str:
    """A path with query parameters; a slash in a value needs no escape (RFC 3986, section 3.4)."""
    return f"{path}?{urlencode(parameters, safe='/')}" if parameters else path


def page_path(
    name: str, language: str = PRIMARY, parameters: Sequence[tuple[str, str]] = ()
) -> str:
    """The path of a page that is neither list nor record."""
    return asked(_in_language(PAGES[name], language), parameters)


def list_path(
    noun: str, language: str = PRIMARY, parameters: Sequence[tuple[str, str]] = ()
) -> str:
    """The path of a kind's list, narrowed by query parameters."""
    return asked(_in_language(f"/{noun}", language), parameters)


def suggestions_path(language: str = PRIMARY) -> str:
    """The path of the suggestions for what is being typed."""
    return _in_language(f"/{SUGGESTIONS}", language)


def parameters_known(language: str = PRIMARY) -> dict[str, tuple[str, ...]]:
    """The query parameters that change an answer, by path."""
    return (
        {list_path(kind.noun, language): kind.parameters for kind in PAGED}
        | {page_path(SEARCH, language): PARAMETERS[SEARCH]}
        | {page_path(CONNECTIONS, language): PARAMETERS[CONNECTIONS]}
        | {suggestions_path(language): PARAMETERS[SUGGESTIONS]}
    )


def connections_path(focus: RecordRow | None = None, language: str = PRIMARY) -> str:
    """The path of the connections, of all records or of one."""
    parameters = (("focus", f"{focus.kind}/{focus.slug}"),) if focus else ()
    return page_path(CONNECTIONS, language, parameters)


def record_path(noun: str, slug: str, language: str = PRIMARY) -> str:
    """The path of a record; the meeting is the home page, an event a place on the timeline."""
    if KINDS[noun].has_pages:
        return _in_language(f"/{noun}/{slug}", language)
    if noun == "meeting":
        return page_path(HOME, language)
    return f"{page_path(TIMELINE, language)}#{slug}"


def record_formats(noun: str) -> tuple[str, ...]:
    """The suffixes that a record of a kind is served with; an event is only a place on a page."""
    return () if noun == "events" else tuple(RECORD_FORMATS)


def record_format_path(noun: str, slug: str, suffix: str) -> str:
    """The path of a record in a format; data is at the bare address, all languages inside."""
    return f"/meeting.{suffix}" if noun == "meeting" else f"/{noun}/{slug}.{suffix}"


def list_formats(noun: str) -> tuple[str, ...]:
    """The suffixes that a kind's list is served with."""
    return tuple(suffix for suffix in LIST_FORMATS if suffix != "atom" or noun in WITH_FEED)


def list_format_path(noun: str, suffix: str) -> str:
    """The path of a kind's list in a format."""
    return f"/{noun}.{suffix}"


def data_path(name: str) -> str:
    """The path of a file that holds the whole."""
    return f"/data/{name}"


def reference_path(reference: str) -> str:
    """The short path of a record, which survives renaming."""
    return f"/r/{reference}"


def static_path(name: str, digest: str) -> str:
    """The path of a static file, with the digest of its bytes."""
    return f"{STATIC}/{digest}/{quote(name)}"


def language_of(path: str) -> str:
    """The language of the pages that a path stands among."""
    bare = path.partition("?")[0]
    return next((code for code in PUBLISHED if f"{bare}/".startswith(f"/{code}/")), PRIMARY)


def in_language(path: str, language: str) -> str:
    """The path of the same page in another language."""
    here = language_of(path)
    bare = path if here == PRIMARY else path.removeprefix(f"/{here}")
    return _in_language(bare or "/", language)


def every_page(records: Iterable[tuple[str, str]]) -> Iterator[str]:
    """The path of every HTML page, given every record as kind and slug."""
    known = [(noun, slug) for noun, slug in records if KINDS[noun].has_pages]
    for language in PUBLISHED:
        yield from (page_path(name, language) for name in PAGES)
        yield from (list_path(kind.noun, language) for kind in PAGED)
        yield from (record_path(noun, slug, language) for noun, slug in known)


def every_path(records: Iterable[tuple[str, str]]) -> Iterator[str]:
    """The path of everything that the site serves, except static files."""
    yield from every_page(records)
    yield from (SITEMAP, ROBOTS, FAVICON)


def _in_language(path: str, language: str) -> str:
    if language == PRIMARY:
        return path
    return f"/{language}" if path == "/" else f"/{language}{path}"
