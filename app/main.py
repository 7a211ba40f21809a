"""The application, put together from its settings."""

from collections.abc import Iterable, Sequence
from typing import cast

from fastapi import FastAPI, Request, Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Receive, Scope, Send

from app import queries, urls
from app.api import api_routes, offered
from app.config import Settings
from app.delivery import Delivery
from app.errors import answer_errors
from app.files import file_routes
from app.language import PUBLISHED
from app.site import Health, Site, open_site
from app.views import OF_A_RECORD, page_routes

MOST_FORESEEN = 1000
"""How many records a small site has. All its pages are made before anybody asks for them, a
minute's or two's work and some ten megabytes; a larger one makes them as they are asked for."""


class Branches(BaseRoute):
    """Routes by the first part of the path, so that few are tried for any."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self.routes: dict[str, list[Route]] = {}
        for route in routes:
            self.routes.setdefault(_first_part(route.path), []).append(route)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """The first route that answers, or else the first one with the path but another method."""
        partial: tuple[Match, Scope] = Match.NONE, {}
        path = scope["path"]
        for route in self.routes.get(_first_part(path), ()):
            if not route.path_regex.match(path):
                continue
            match, found = route.matches(scope)
            if match == Match.FULL:
                return match, {**found, "branch": route}
            if match == Match.PARTIAL and partial[0] == Match.NONE:
                partial = match, {**found, "branch": route}
        return partial

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer by the route that was found."""
        await scope["branch"].handle(scope, receive, send)


def _first_part(path: str) -> str:
    return path[1:].partition("/")[0]


def _at_once(route: Route) -> Route:
    """A route whose view is run where it is asked for, and not in a thread."""

    async def view(request: Request) -> Response:
        response: Response = route.endpoint(request)
        return response

    return Route(route.path, view, methods=[*(route.methods or ())])


def create_app(settings: Settings, health: Health | None = None) -> Delivery:
    """The site over a finished database: an ASGI application that writes nothing."""
    site = open_site(settings, health)
    # Files before pages: a record's address with a suffix is no slug.
    routers = [file_routes(site), api_routes(site)]
    routers += [page_routes(site, language) for language in PUBLISHED]
    routes = [cast("Route", route) for router in routers for route in router.routes]
    # In an export nobody else waits. What tells of one record of a small site lies in memory, and
    # is made in less time than others may wait for a thread to give way.
    quick = {OF_A_RECORD} if _is_small(site) else set()
    routes = [
        _at_once(route) if site.is_export or route.name in quick else route for route in routes
    ]
    # What is numbered in its first part, such as a sitemap, has no branch.
    numbered = [route for route in routes if "{" in _first_part(route.path)]
    app = FastAPI(
        routes=[Branches(routes), *numbered],
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
    )
    answer_errors(app, site)
    return Delivery(
        app,
        parameters=urls.parameters_known(),
        other_forms=(lambda _: {}) if site.is_export else urls.other_forms,
        offered=offered,
        verbatim=f"{urls.API}/",
        prefix=site.addresses.prefix,
        is_https=settings.base_url.startswith("https:"),
        foreseen=lambda: _foreseen(site),
        takes_long=urls.is_of_all,
    )


def _is_small(site: Site) -> bool:
    with site.session() as session:
        return queries.number_of_records(session) <= MOST_FORESEEN


def _foreseen(site: Site) -> Sequence[str]:
    """The pages to make in advance: all of them, where they are not too many."""
    if not _is_small(site):
        return ()
    with site.session() as session:
        rows = queries.every_record(session)
        return list(urls.every_page((row.kind, row.slug) for row in rows))
