"""Every address that the site has, and nothing but this module writes one."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import quote, unquote, urlencode, urlsplit

from app.kinds import KINDS, LISTED, PAGED
from app.language import PUBLISHED
from app.models import RecordRow
from app.values import PRIMARY, SLUG_PATTERN

HOME = "home"
TIMELINE = "timeline"
SEARCH = "search"
CONNECTIONS = "connections"
DATA = "data"
API_PAGE = "api"
PAGES = {
    HOME: "/",
    TIMELINE: "/timeline",
    CONNECTIONS: "/connections",
    SEARCH: "/search",
    DATA: "/data",
    API_PAGE: "/api",
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

DATA_FILES = (
    "meeting21.sqlite",
    "meeting21.zip",
    "meeting21.json",
    *(f"{noun}.csv" for noun in KINDS),
    "datapackage.json",
    "SHA256SUMS",
)
"""The files that hold the whole, and those that describe them."""

API = PAGES[API_PAGE]
API_SEARCH = f"{API}/search"
OPENAPI = f"{API}/openapi.json"
OEMBED = "/oembed"
OEMBED_PARAMETERS = ("url", "format", "maxwidth", "maxheight")

_MEETING = "/meeting"
"""What the meeting's formats are called by, since its page has no name."""

_SHORT = "r"

STATIC = "/static"
FEED = "/feed.atom"
OPENSEARCH = "/opensearch.xml"
SITEMAP = "/sitemap.xml"
MOST_MAPPED = 50_000
"""How many pages one sitemap may tell (sitemaps.org, Protocol: Using Sitemap index files)."""
MAPPED_AT_ONCE = 10_000
"""How many each of several tells, so that none is large."""
ROBOTS = "/robots.txt"
FAVICON = "/favicon.ico"
SECURITY = "/.well-known/security.txt"
HEALTH = "/healthz"
"""What is there is of the moment, so it is no file."""


@dataclass(frozen=True)
class Addresses:
    """Addresses under one base address.

    A path is the part that the site itself decides, as in a route; a link is what stands in
    `href`, with the base address's own path before it; an absolute address has all of it.
    In an export nothing leads to what is no file.
    """

    base_url: str
    is_export: bool = False

    @cached_property
    def prefix(self) -> str:
        """The path of the base address, which every link begins with; empty without one."""
        return urlsplit(self.base_url).path

    def link(self, path: str) -> str:
        """What stands in `href` for a path."""
        return self.prefix + path

    def absolute(self, path: str) -> str:
        """A path's whole address."""
        return self.base_url + path

    def answer_path(self, noun: str, slug: str | None = None) -> str:
        """The path of what programs are told of a record, or of a list: in the API, or a file."""
        if not self.is_export:
            return api_path(noun, slug or "")
        if slug is None:
            return list_format_path(noun, "json")
        return record_format_path(noun, slug, "json")


def asked(path: str, parameters: Sequence[tuple[str, str]]) -> str:
    """A path with query parameters; a slash in a value needs no escape (RFC 3986, section 3.4)."""
    return f"{path}?{urlencode(parameters, safe='/')}" if parameters else path


def page_path(
    name: str, language: str = PRIMARY, parameters: Sequence[tuple[str, str]] = ()
) -> str:
    """The path of a page that is neither list nor record."""
    return asked(_in_language(PAGES[name], language), parameters)


def is_under(path: str, top: str) -> bool:
    """Whether a path is another one or below it."""
    return f"{path}/".startswith(f"{top}/")


def list_path(
    noun: str, language: str = PRIMARY, parameters: Sequence[tuple[str, str]] = ()
) -> str:
    """The path of a kind's list, narrowed by query parameters; events are all on the timeline."""
    if not KINDS[noun].has_pages:
        return page_path(TIMELINE, language)
    return asked(_in_language(f"/{noun}", language), parameters)


def suggestions_path(language: str = PRIMARY) -> str:
    """The path of the suggestions for what is being typed."""
    return _in_language(f"/{SUGGESTIONS}", language)


def parameters_known() -> dict[str, tuple[str, ...]]:
    """The query parameters that change an answer, by path."""
    known: dict[str, tuple[str, ...]] = {OEMBED: OEMBED_PARAMETERS}
    for kind in PAGED:
        for suffix in list_formats(kind.noun):
            # A table is always the whole of what is asked for.
            known[list_format_path(kind.noun, suffix)] = tuple(
                name for name in kind.parameters if (suffix, name) != ("csv", "page")
            )
    for language in PUBLISHED:
        known |= {list_path(kind.noun, language): kind.parameters for kind in PAGED}
        known |= {
            page_path(name, language): PARAMETERS[name] for name in PAGES if name in PARAMETERS
        }
        known[suggestions_path(language)] = PARAMETERS[SUGGESTIONS]
    return known


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
    return f"{_MEETING}.{suffix}" if noun == "meeting" else f"/{noun}/{slug}.{suffix}"


def list_formats(noun: str) -> tuple[str, ...]:
    """The suffixes that a kind's list is served with, where it has an address of its own."""
    if not KINDS[noun].has_pages:
        return ()
    return tuple(suffix for suffix in LIST_FORMATS if suffix != "atom" or noun in WITH_FEED)


def list_format_path(noun: str, suffix: str) -> str:
    """The path of a kind's list in a format."""
    return f"/{noun}.{suffix}"


def named_by(path: str) -> tuple[str, str | None] | None:
    """The kind and the slug of the record whose page a path would be, or the kind of the list.

    None where it is no such path; of the meeting, which is not named, the slug is empty.
    """
    if path == PAGES[HOME]:
        return "meeting", ""
    noun, slash, slug = path.removeprefix("/").partition("/")
    if noun not in KINDS or not KINDS[noun].has_pages:
        return None
    if not slash:
        return noun, None
    return (noun, slug) if re.fullmatch(SLUG_PATTERN, slug) else None


def before_suffix(path: str) -> tuple[str, str]:
    """The path of the page that another path would be a format of, and the suffix, if any."""
    page, dot, suffix = path.rpartition(".")
    if not dot or "/" in suffix:
        return path, ""
    for language in PUBLISHED:
        if language != PRIMARY and page.startswith(f"/{language}/"):
            page = page.removeprefix(f"/{language}")
    return PAGES[HOME] if page == _MEETING else page, suffix


def api_path(noun: str, slug: str = "", parameters: Sequence[tuple[str, str]] = ()) -> str:
    """The path of a record in the API, or without a slug of a kind's list; the meeting has none."""
    is_one = slug and noun != "meeting"
    return asked(f"{API}/{noun}/{slug}" if is_one else f"{API}/{noun}", parameters)


def api_search_path(query: str) -> str:
    """The path of what the API finds."""
    return asked(API_SEARCH, (("q", query),))


def other_forms(path: str) -> Mapping[str, str]:
    """The formats of the page at a path, as media type and path; none where it has no others.

    Whether there is a record at the path is not asked.
    """
    if path == API:
        return {"application/json": OPENAPI}
    named = named_by(path)
    if named is None:
        return {}
    noun, slug = named
    if slug is None:
        return {
            LIST_FORMATS[suffix]: list_format_path(noun, suffix) for suffix in list_formats(noun)
        }
    return {
        RECORD_FORMATS[suffix]: record_format_path(noun, slug, suffix)
        for suffix in record_formats(noun)
    }


def card_path(noun: str, slug: str, language: str = PRIMARY) -> str:
    """The path of a record's preview card."""
    return f"{record_path(noun, slug, language).rstrip('/')}/card.png"


def qr_path(noun: str, slug: str, language: str = PRIMARY) -> str:
    """The path of the QR code that leads to a record's page."""
    return f"{record_path(noun, slug, language).rstrip('/')}/qr.svg"


def embed_path(noun: str, slug: str, language: str = PRIMARY) -> str:
    """The path of the view of a record that other sites may frame."""
    return _in_language(f"/embed{record_path(noun, slug).rstrip('/')}", language)


def oembed_path(address: str) -> str:
    """The path of what oEmbed says of an address."""
    return f"{OEMBED}?{urlencode({'url': address})}"


MOST_FRAGMENT = 200
"""How many characters of a passage a link to it repeats; a longer one is told by its ends."""
_FRAGMENT_WORDS = 5


def to_passage(address: str, passage: str) -> str:
    """An address that opens at a passage (URL Fragment Text Directives, section 3.1)."""

    def written(text: str) -> str:
        return quote(text, safe="").replace("-", "%2D")

    words = passage.split()
    if len(passage) <= MOST_FRAGMENT or len(words) <= 2 * _FRAGMENT_WORDS:
        directive = written(passage)
    else:
        ends = words[:_FRAGMENT_WORDS], words[-_FRAGMENT_WORDS:]
        directive = ",".join(written(" ".join(end)) for end in ends)
    return f"{address.partition('#')[0]}#:~:text={directive}"


def mail_address(subject: str, body: str, to: str = "") -> str:
    """The address that begins a letter (RFC 6068); lines of its body end as that asks."""
    told = {"subject": subject, "body": "\r\n".join(body.splitlines())}
    return f"{contact_address(to)}?{urlencode(told, safe='', quote_via=quote)}"


def report_address(contact: str, reference: str, title: str, address: str) -> str:
    """Where a mistake in a record is reported: a letter, or a page that is told the reference."""
    if "://" not in contact:
        return mail_address(f"{reference}: {title}", address, contact)
    page, mark, fragment = contact.partition("#")
    return f"{page}{'&' if '?' in page else '?'}reference={reference}{mark}{fragment}"


def contact_address(contact: str) -> str:
    """The address that stands for a contact, whichever it is."""
    return contact if "://" in contact else f"mailto:{quote(contact, safe='@')}"


def is_of_all(path: str) -> bool:
    """Whether what is at a path tells of every record at once: the data, and each table of it."""
    tables = (list_format_path(kind.noun, "csv") for kind in PAGED)
    return is_under(in_language(path, PRIMARY), PAGES[DATA]) or path in tables


def data_path(name: str) -> str:
    """The path of a file that holds the whole."""
    return f"/data/{name}"


def reference_path(reference: str, language: str = PRIMARY) -> str:
    """The short path of a record, which survives renaming and leads to a page of its language."""
    return _in_language(f"/{_SHORT}/{reference}", language)


def sitemap_path(number: str | int) -> str:
    """The path of one of several sitemaps."""
    return f"/sitemap-{number}.xml"


def sitemaps(pages: int) -> range:
    """The numbers of the sitemaps that so many pages need beside the one that lists them."""
    return range(1, 1 - (-pages // MAPPED_AT_ONCE) if pages > MOST_MAPPED else 1)


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
    return _pages(records, PAGES)


def mapped_pages(records: Iterable[tuple[str, str]]) -> Iterator[str]:
    """The path of every page that others are to find; of what a reader asks there is no end."""
    return _pages(records, [name for name in PAGES if name != SEARCH])


def _pages(records: Iterable[tuple[str, str]], names: Collection[str]) -> Iterator[str]:
    """The path of some pages by name, of every list, and of every record that has a page."""
    known = [(noun, slug) for noun, slug in records if KINDS[noun].has_pages]
    for language in PUBLISHED:
        yield from (page_path(name, language) for name in names)
        yield from (list_path(kind.noun, language) for kind in PAGED)
        yield from (record_path(noun, slug, language) for noun, slug in known)


def every_file(
    records: Iterable[tuple[str, str, str]], *, has_contact: bool = False
) -> Iterator[str]:
    """The path of every file but static ones, given every record as kind, slug and reference.

    One of them is there only if there is somebody to write to.
    """
    known = list(records)
    yield OPENAPI
    yield from (api_path(kind.noun) for kind in LISTED)
    for noun, slug, _ in known:
        yield api_path(noun, slug)
        yield from (record_format_path(noun, slug, suffix) for suffix in record_formats(noun))
        if noun != "events":
            for language in PUBLISHED:
                yield card_path(noun, slug, language)
                yield qr_path(noun, slug, language)
                yield embed_path(noun, slug, language)
    for kind in PAGED:
        yield from (list_format_path(kind.noun, suffix) for suffix in list_formats(kind.noun))
    for language in PUBLISHED:
        yield from (reference_path(reference, language) for _, _, reference in known)
    yield from map(data_path, DATA_FILES)
    yield from (SITEMAP, ROBOTS, FAVICON, FEED, OPENSEARCH)
    pages = sum(1 for _ in mapped_pages((noun, slug) for noun, slug, _ in known))
    yield from map(sitemap_path, sitemaps(pages))
    if has_contact:
        yield SECURITY


@dataclass(frozen=True)
class Everything:
    """All that the site holds, as far as addresses tell it.

    `records` are kind, slug and reference; `former` kind and slug of what was renamed or taken
    back, `former_references` the references of the latter; `static_files` names and digests.
    """

    records: Sequence[tuple[str, str, str]]
    former: Sequence[tuple[str, str]]
    former_references: Sequence[str]
    has_contact: bool
    static_files: Sequence[tuple[str, str]]


def every_address(everything: Everything) -> Iterator[str]:
    """The path of all that can be sent as a file: every address without a query.

    What is answered to a question, the API and oEmbed, is not among them.
    """
    known = everything.records
    yield from filter(is_file, every_page((noun, slug) for noun, slug, _ in known))
    yield from filter(is_file, every_file(known, has_contact=everything.has_contact))
    for language in PUBLISHED:
        for noun, slug in everything.former:
            if KINDS[noun].has_pages:
                yield record_path(noun, slug, language)
                yield embed_path(noun, slug, language)
        for reference in everything.former_references:
            yield reference_path(reference, language)
        yield search_index_path(language)
        yield missing_path(language)
    yield from (static_path(name, digest) for name, digest in everything.static_files)


def is_taken(path: str) -> bool:
    """Whether a path begins as an address of the site does, whatever records it has."""
    record = [("meeting", "a", "a1")]
    ours = (*every_page(()), *every_file(record, has_contact=True), STATIC, OEMBED, HEALTH)
    first = path.split("/")[1:2]
    return any(one.split("/")[1:2] == first for one in (*ours, suggestions_path()))


def is_file(path: str) -> bool:
    """Whether what is at one of the site's addresses can be sent as a file: the API cannot."""
    return not is_under(in_language(path, PRIMARY), API)


def search_index_path(language: str = PRIMARY) -> str:
    """The path of what an exported site searches in."""
    return _in_language("/search-index.json", language)


def missing_path(language: str = PRIMARY) -> str:
    """A path that there is nothing at: what a host of files sends there."""
    return _in_language("/404", language)


def file_of(path: str) -> str:
    """The name of the file that holds what is at a path: a page has the ending that it lacks."""
    if path == PAGES[HOME]:
        return "index.html"
    name = unquote(path).removeprefix("/")
    is_page = "." not in name.rpartition("/")[2] and not path.startswith(data_path(""))
    return f"{name}.html" if is_page else name


def _in_language(path: str, language: str) -> str:
    if language == PRIMARY:
        return path
    return f"/{language}" if path == "/" else f"/{language}{path}"
