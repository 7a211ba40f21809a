"""The routes: take what was asked, ask for the page, return it."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, cast

from fastapi import APIRouter, FastAPI, HTTPException, Request
from fastapi.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from sqlalchemy import Engine
from sqlmodel import Session
from starlette.exceptions import HTTPException as StarletteHTTPException

from app import pages, queries, urls
from app.assets import Asset
from app.facets import BadParameterError, once, read_selection
from app.kinds import KINDS, PAGED, Kind
from app.rendering import Renderer
from app.urls import Addresses

PAGE_HEADERS = {"cache-control": "no-cache"}
"""A page may be kept, and is asked about each time: a 304 costs next to nothing."""
FOREVER_HEADERS = {"cache-control": "public, max-age=31536000, immutable"}

MOST_SUGGESTIONS = 8
SUGGESTIONS_TYPE = "application/x-suggestions+json"
"""What OpenSearch calls suggestions: the query, then texts, descriptions and addresses
(OpenSearch Suggestions extension 1.1, Response format)."""

PLAIN_PAGES: dict[str, Callable[[Session], Any]] = {
    urls.HOME: pages.home_page,
    urls.TIMELINE: pages.timeline_page,
    "about": pages.about_page,
    "accessibility": lambda _: None,
}
"""The pages that nothing is asked of: what each shows."""


def page_routes(engine: Engine, renderer: Renderer, addresses: Addresses) -> APIRouter:
    """The pages of one language."""
    router = APIRouter(default_response_class=HTMLResponse)
    language = renderer.language

    def shown(template: str, path: str, page: Any = None) -> HTMLResponse:
        text = renderer.render(template, path=path, page=page)
        return HTMLResponse(text, headers=PAGE_HEADERS)

    def add(path: str, view: Callable[..., Response]) -> None:
        router.add_api_route(path, view, methods=["GET"])

    def add_kind(kind: Kind) -> None:
        here = urls.list_path(kind.noun, language)

        def list_view(request: Request) -> Response:
            selection = read_selection(kind, request.query_params.multi_items())
            with Session(engine) as session:
                page = pages.list_page(session, kind, selection, language)
                path = urls.list_path(kind.noun, language, page.canonical)
                return shown("list.html", path, page)

        def record_view(slug: str) -> Response:
            with Session(engine) as session:
                page = pages.record_page(session, kind, slug)
                if page is None:
                    renamed = queries.renamed(session, kind.noun, slug)
                    if renamed is None:
                        raise HTTPException(404)
                    path = urls.record_path(kind.noun, renamed, language)
                    return RedirectResponse(addresses.link(path), status_code=301)
                path = urls.record_path(kind.noun, slug, language)
                return shown(f"records/{kind.noun}.html", path, page)

        add(here, list_view)
        add(f"{here}/{{slug}}", record_view)

    def add_page(name: str, made: Callable[[Session], Any]) -> None:
        path = urls.page_path(name, language)

        def view() -> Response:
            with Session(engine) as session:
                return shown(f"{name}.html", path, made(session))

        add(path, view)

    def add_asked(
        name: str, made: Callable[[Session, str], Any], path_of: Callable[[Any], str]
    ) -> None:
        """A page that answers one query parameter."""
        (parameter,) = urls.PARAMETERS[name]

        def view(request: Request) -> Response:
            asked = once(parameter, request.query_params.getlist(parameter))
            with Session(engine) as session:
                page = made(session, asked)
                return shown(f"{name}.html", path_of(page), page)

        add(urls.page_path(name, language), view)

    def suggestions_view(request: Request) -> Response:
        query = once("q", request.query_params.getlist("q"))
        with Session(engine) as session:
            rows = queries.suggestions(session, query, MOST_SUGGESTIONS, language)
            text = renderer.render("feeds/suggestions.json", path="", page=(query, rows))
        return Response(text, media_type=SUGGESTIONS_TYPE, headers=PAGE_HEADERS)

    for name, made in PLAIN_PAGES.items():
        add_page(name, made)
    add_asked(
        urls.SEARCH,
        lambda session, query: pages.search_page(session, query, language),
        lambda _: urls.page_path(urls.SEARCH, language),
    )
    add_asked(
        urls.CONNECTIONS,
        pages.connections_page,
        lambda page: urls.connections_path(page.at, language),
    )
    add(urls.suggestions_path(language), suggestions_view)
    for kind in PAGED:
        add_kind(kind)
    return router


def file_routes(
    engine: Engine, renderer: Renderer, addresses: Addresses, assets: dict[str, Asset]
) -> APIRouter:
    """What is not a page: static files and what search engines read."""
    router = APIRouter()

    def asset_view(digest: str, name: str) -> Response:
        asset = assets.get(name)
        if asset is None:
            raise HTTPException(404)
        if digest != asset.digest:
            # A page from before a change asks by the former digest: it is led to today's file.
            path = urls.static_path(name, asset.digest)
            return RedirectResponse(addresses.link(path), status_code=307, headers=PAGE_HEADERS)
        return Response(asset.body, media_type=asset.media_type, headers=FOREVER_HEADERS)

    def sitemap_view() -> Response:
        with Session(engine) as session:
            text = renderer.render("feeds/sitemap.xml", pages=pages.site_map(session))
        return Response(text, media_type="application/xml", headers=PAGE_HEADERS)

    def robots_view() -> Response:
        text = renderer.render("feeds/robots.txt", sitemap=addresses.absolute(urls.SITEMAP))
        return PlainTextResponse(text, headers=PAGE_HEADERS)

    def favicon_view() -> Response:
        asset = assets["favicon.svg"]
        return Response(asset.body, media_type=asset.media_type, headers=PAGE_HEADERS)

    for path, view in (
        (f"{urls.STATIC}/{{digest}}/{{name}}", asset_view),
        (urls.SITEMAP, sitemap_view),
        (urls.ROBOTS, robots_view),
        (urls.FAVICON, favicon_view),
    ):
        router.add_api_route(path, view, methods=["GET"])
    return router


def redirect_routes(engine: Engine, addresses: Addresses) -> APIRouter:
    """The short addresses, which survive renaming."""
    router = APIRouter()

    def reference_view(reference: str) -> Response:
        with Session(engine) as session:
            row = queries.by_reference(session, reference)
        if row is None:
            raise HTTPException(404)
        path = urls.record_path(row.kind, row.slug)
        return RedirectResponse(addresses.link(path), status_code=302, headers=PAGE_HEADERS)

    router.add_api_route(urls.reference_path("{reference}"), reference_view, methods=["GET"])
    return router


def answer_errors(
    app: FastAPI, engine: Engine, renderers: dict[str, Renderer], addresses: Addresses
) -> None:
    """Make every error a page, and lead a visitor from a near miss to the canonical address."""

    def canonical(path: str) -> str | None:
        """The address that a misspelt one means, where there is something at it."""
        meant = "/" + path.strip("/").lower()
        if meant == path:
            return None
        with Session(engine) as session:
            known = [(row.kind, row.slug) for row in queries.every_record(session)]
        return meant if meant in urls.every_path(known) else None

    def page(path: str, status: int, fault: pages.Fault | None = None) -> Response:
        language = urls.language_of(path)
        text = renderers[language].render(
            "error.html", path=path, page=pages.ErrorPage(status, fault)
        )
        return HTMLResponse(text, status_code=status, headers=PAGE_HEADERS)

    async def http_error(request: Request, error: Exception) -> Response:
        path = request.url.path
        status = error.status_code if isinstance(error, StarletteHTTPException) else 500
        response = page(path, status)
        if status == HTTPStatus.METHOD_NOT_ALLOWED:
            response.headers["allow"] = "GET, HEAD"
        if status == HTTPStatus.NOT_FOUND and request.method == "GET":
            meant = canonical(path)
            if meant:
                query = f"?{request.url.query}" if request.url.query else ""
                return RedirectResponse(addresses.link(meant) + query, status_code=308)
        return response

    async def bad_parameter(request: Request, error: Exception) -> Response:
        path = request.url.path
        kind = KINDS.get(path.rpartition("/")[2])
        with Session(engine) as session:
            fault = pages.fault(session, kind, cast("BadParameterError", error))
        return page(path, HTTPStatus.NOT_FOUND, fault)

    app.add_exception_handler(BadParameterError, bad_parameter)
    app.add_exception_handler(StarletteHTTPException, http_error)
    app.add_exception_handler(HTTPStatus.INTERNAL_SERVER_ERROR, http_error)
