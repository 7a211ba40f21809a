"""Routes by the first part of the path: the same ones as in one row."""

import gc
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path

import pytest
from conftest import Site
from load import in_a_loop
from starlette.routing import Match, Route

from app import main
from app.config import Settings
from app.database import MOST_AT_ONCE
from app.export import answer
from app.main import Branches, create_app


def _view(_: object) -> None: ...


ROUTES = [
    Route("/", _view),
    Route("/laws/{slug}.json", _view),
    Route("/laws/{slug}", _view, methods=["POST"]),
    Route("/laws/{slug}", _view),
    Route("/laws", _view),
    Route("/ru/laws/{slug}", _view),
    Route("/ru", _view),
]
PATHS = ["/", "", "*", "/laws", "/laws/", "/laws/a", "/laws/a.json", "/laws/a/b", "/ru", "/zh"]


@pytest.mark.parametrize("path", sorted({*PATHS, *(f"/ru{path}" for path in PATHS)}))
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT"])
def test_the_route_of_a_path_is_the_one_of_all_routes(path: str, method: str) -> None:
    scope = {"type": "http", "path": path, "root_path": "", "method": method}
    matches = [(route.matches(scope)[0], route) for route in ROUTES]
    found = [
        (match, route)
        for wanted in (Match.FULL, Match.PARTIAL)
        for match, route in matches
        if match == wanted
    ]
    expected = found[0] if found else (Match.NONE, None)
    match, chosen = Branches(ROUTES).matches(scope)
    assert (match, chosen.get("branch")) == expected


def test_quick_pages_are_made_where_they_are_asked_for(
    world_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of an export, and those of a record of a small site."""

    async def refused(*_: object, **__: object) -> None:
        raise AssertionError("a thread was asked")

    settings = Settings(world_site.seed, world_site.database, "https://meeting.example")
    small, exported = create_app(settings), create_app(replace(settings, is_export=True))
    monkeypatch.setattr(main, "MOST_FORESEEN", 3)
    large = create_app(settings)
    monkeypatch.setattr("starlette.concurrency.anyio.to_thread.run_sync", refused)
    record = "/agreements/herring-plan"
    for app, path, status in (
        (exported, "/agreements", 200),
        (exported, record, 200),
        (small, "/agreements", 500),
        (small, record, 200),
        (small, f"/ru/embed{record}", 200),
        (large, record, 500),
    ):
        assert in_a_loop(answer(app, path)).status == status, path


def test_a_site_that_is_no_more_leaves_no_file_open(world_site: Site) -> None:
    def opened() -> int:
        files = [path.resolve() for path in Path("/proc/self/fd").iterdir()]
        return files.count(world_site.database.resolve())

    def served() -> None:
        app = create_app(Settings(database=world_site.database))
        assert in_a_loop(answer(app, "/")).status == HTTPStatus.OK
        assert opened() == before + MOST_AT_ONCE

    gc.collect()
    before = opened()
    served()
    # Once: what goes then waits for nobody.
    gc.collect()
    assert opened() == before
