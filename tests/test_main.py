"""Routes by the first part of the path: the same ones as in one row."""

from dataclasses import replace

import pytest
from conftest import Site
from load import in_a_loop
from starlette.routing import Match, Route

from app.config import Settings
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


def test_an_export_makes_its_pages_where_they_are_asked_for(
    world_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refused(*_: object, **__: object) -> None:
        raise AssertionError("a thread was asked")

    settings = Settings(world_site.seed, world_site.database, "https://meeting.example")
    served, exported = create_app(settings), create_app(replace(settings, is_export=True))
    monkeypatch.setattr("starlette.concurrency.anyio.to_thread.run_sync", refused)
    assert in_a_loop(answer(exported, "/agreements")).status == 200
    assert in_a_loop(answer(served, "/agreements")).status == 500
