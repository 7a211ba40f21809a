"""The application, put together from its settings."""

from fastapi import FastAPI
from sqlmodel import Session

from app import pages
from app.assets import read_assets
from app.config import ROOT, Settings
from app.database import open_database
from app.delivery import Delivery
from app.language import PUBLISHED
from app.queries import meeting
from app.rendering import renderers
from app.urls import Addresses, parameters_known
from app.values import PRIMARY
from app.views import answer_errors, file_routes, page_routes, redirect_routes


def create_app(settings: Settings) -> Delivery:
    """The site over a finished database: an ASGI application that writes nothing."""
    engine = open_database(settings.database)
    addresses = Addresses(settings.base_url)
    assets = read_assets(ROOT / "static")
    with Session(engine) as session:
        in_languages = renderers(
            ROOT / "templates", addresses, assets, meeting(session), pages.meeting_names(session)
        )
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    for language in PUBLISHED:
        app.include_router(page_routes(engine, in_languages[language], addresses))
    app.include_router(file_routes(engine, in_languages[PRIMARY], addresses, assets))
    app.include_router(redirect_routes(engine, addresses))
    answer_errors(app, engine, in_languages, addresses)
    return Delivery(
        app,
        parameters={
            path: known
            for language in PUBLISHED
            for path, known in parameters_known(language).items()
        },
        prefix=addresses.prefix,
        is_https=settings.base_url.startswith("https:"),
    )
