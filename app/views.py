"""The routes of pages: take what was asked, ask for the page, return it."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from sqlmodel import Session

from app import pages, queries, urls
from app.errors import FRAMED_HEADERS, PAGE_HEADERS, found
from app.facets import once, read_selection
from app.files import View, slug_of
from app.formats.described import describe
from app.formats.registry import list_links, record_links, search_links
from app.kinds import KINDS, PAGED, Kind
from app.openapi import document
from app.site import Site

MOST_SUGGESTIONS = 8
SUGGESTIONS_TYPE = "application/x-suggestions+json"
"""What OpenSearch calls suggestions: the query, then texts, descriptions and addresses
(OpenSearch Suggestions extension 1.1, Response format)."""

OF_A_RECORD = "record"
"""What the routes of the pages that tell of one record are called."""

PLAIN_PAGES: dict[str, Callable[[Session], Any]] = {
    urls.TIMELINE: pages.timeline_page,
    "about": pages.about_page,
    "accessibility": lambda _: None,
}
"""The pages that nothing is asked of: what each shows."""


_OWN: dict[str, tuple[str, Callable[[Session, Any], Any]]] = {
    "meeting": ("home.html", lambda session, _: pages.home_page(session))
}
"""The kinds whose records have a page unlike the others': its template, and what it shows."""


def page_routes(site: Site, language: str) -> APIRouter:
    """The pages of one language."""
    router = APIRouter()

    def add(path: str, view: View, name: str | None = None) -> None:
        router.add_route(path, view, methods=["GET"], name=name)

    plain = {name: _read(site, made) for name, made in PLAIN_PAGES.items()}
    plain |= {
        urls.DATA: lambda: pages.data_page(site.meeting, site.data_files),
        urls.API_PAGE: _read(
            site, lambda session: pages.api_page(document(session, site.addresses))
        ),
    }
    for name, made in plain.items():
        add(urls.page_path(name, language), _plain(site, language, name, made))
    search = _asked(
        site,
        language,
        urls.SEARCH,
        lambda session, query: (
            pages.search_in_browser()
            if site.is_export
            else pages.search_page(session, query, language)
        ),
        lambda _: urls.page_path(urls.SEARCH, language),
        links_of=lambda query: {"link": search_links(query, site.addresses)} if query else {},
    )
    add(urls.page_path(urls.SEARCH, language), search)
    connections = _asked(
        site,
        language,
        urls.CONNECTIONS,
        pages.connections_page,
        lambda page: urls.connections_path(page.at, language),
    )
    add(urls.page_path(urls.CONNECTIONS, language), connections)
    add(urls.suggestions_path(language), _suggestions(site, language))
    for kind in (KINDS["meeting"], *PAGED):
        place = (kind.noun, "{slug}", language)
        framed = _record(site, language, kind, "embed.html", pages.embedded, headers=FRAMED_HEADERS)
        template, made = _OWN.get(kind.noun, (f"records/{kind.noun}.html", pages.record_page))
        whole = _record(site, language, kind, template, made, headers=PAGE_HEADERS)
        add(urls.embed_path(*place), framed, OF_A_RECORD)
        add(urls.record_path(*place), whole, OF_A_RECORD)
    for kind in PAGED:
        add(urls.list_path(kind.noun, language), _list(site, language, kind))
    return router


def _shown(
    site: Site, language: str, template: str, headers: dict[str, str], **context: Any
) -> Response:
    """A template as a page; its context has the page's own path, and what it shows."""
    return HTMLResponse(site.renderers[language].render(template, **context), headers=headers)


def _read(site: Site, made: Callable[[Session], Any]) -> Callable[[], Any]:
    """What is made of the database, with a session of its own."""

    def read() -> Any:
        with site.session() as session:
            return made(session)

    return read


def _plain(site: Site, language: str, name: str, made: Callable[[], Any]) -> View:
    """A page that nothing is asked of."""
    path = urls.page_path(name, language)

    def view(_: Request) -> Response:
        return _shown(site, language, f"{name}.html", PAGE_HEADERS, path=path, page=made())

    return view


def _asked(
    site: Site,
    language: str,
    name: str,
    made: Callable[[Session, str], Any],
    path_of: Callable[[Any], str],
    *,
    links_of: Callable[[str], dict[str, str]] = lambda _: {},
) -> View:
    """A page that answers one query parameter; the header of its other forms goes with it."""
    (parameter,) = urls.PARAMETERS[name]

    def view(request: Request) -> Response:
        asked = once(parameter, request.query_params.getlist(parameter))
        with site.session() as session:
            page = made(session, asked)
        headers = PAGE_HEADERS | links_of(asked)
        path = path_of(page)
        return _shown(site, language, f"{name}.html", headers, path=path, page=page)

    return view


def _suggestions(site: Site, language: str) -> View:
    def view(request: Request) -> Response:
        query = once("q", request.query_params.getlist("q"))
        with site.session() as session:
            rows = queries.suggestions(session, query, MOST_SUGGESTIONS, language)
        text = site.renderers[language].render("feeds/suggestions.json", page=(query, rows))
        return Response(text, media_type=SUGGESTIONS_TYPE, headers=PAGE_HEADERS)

    return view


def _record(
    site: Site,
    language: str,
    kind: Kind,
    template: str,
    made: Callable[[Session, Any], Any],
    *,
    headers: dict[str, str],
) -> View:
    """A view of each record of a kind, or of the meeting; `made` gives what it shows beside it."""

    def view(request: Request) -> Response:
        with site.session() as session:
            record = found(session, kind.noun, slug_of(session, kind.noun, request))
            (described,) = describe(session, [record], site.addresses, site.words)
            page = made(session, record)
        return _shown(
            site,
            language,
            template,
            headers | {"link": record_links(described)},
            path=urls.record_path(kind.noun, record.slug, language),
            page=page,
            described=described,
        )

    return view


def _list(site: Site, language: str, kind: Kind) -> View:
    def view(request: Request) -> Response:
        selection = read_selection(kind, request.query_params.multi_items())
        with site.session() as session:
            page = pages.list_page(session, kind, selection, language, site.page_size)
            licence = queries.meeting(session).licence
        return _shown(
            site,
            language,
            "list.html",
            PAGE_HEADERS | {"link": list_links(kind, selection, site.addresses, licence)},
            path=urls.list_path(kind.noun, language, page.canonical),
            page=page,
        )

    return view
