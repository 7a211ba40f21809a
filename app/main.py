"""The application, put together from its settings."""

from collections.abc import Sequence

from fastapi import FastAPI

from app import queries, urls
from app.api import api_routes, offered
from app.config import Settings
from app.delivery import Delivery
from app.errors import answer_errors
from app.files import file_routes
from app.language import PUBLISHED
from app.site import Health, Site, open_site
from app.views import page_routes

MOST_FORESEEN = 1000
"""Of how many records all pages are made before anybody asks for them: a minute's or two's work,
and some ten megabytes. A larger site makes them as they are asked for."""


def create_app(settings: Settings, health: Health | None = None) -> Delivery:
    """The site over a finished database: an ASGI application that writes nothing."""
    site = open_site(settings, health)
    # Files before pages: a record's address with a suffix is no slug.
    routers = [file_routes(site), api_routes(site)]
    routers += [page_routes(site, language) for language in PUBLISHED]
    app = FastAPI(
        # In one row: a router inside another would look through its own routes twice.
        routes=[route for router in routers for route in router.routes],
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
    )


def _foreseen(site: Site) -> Sequence[str]:
    """The pages to make in advance: all of them, where they are not too many."""
    with site.session() as session:
        if queries.number_of_records(session) > MOST_FORESEEN:
            return ()
        rows = queries.every_record(session)
        return list(urls.every_page((row.kind, row.slug) for row in rows))
