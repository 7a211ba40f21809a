"""The routes of the API: strict with what is asked, and open to every other site.

A record and a list are the bytes that stand at their `.json` addresses. What a page passes over,
an unknown or an empty parameter, is refused here: a program that misspells a filter
must not take the whole list for the narrowed one.
"""

from collections.abc import Collection
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

from app import openapi, pages, queries, urls
from app.errors import OPEN_HEADERS, methods_of
from app.facets import BadParameterError, once, refuse_unclear
from app.files import View, list_file, record_file
from app.formats.answers import PROBLEM_TYPE, licence
from app.formats.plain import json_bytes
from app.kinds import KINDS, LISTED, kind_of
from app.pages import Hit, HitGroup, SearchPage
from app.site import Site
from app.values import LONGEST_QUERY, PRIMARY

DAY = 86400
"""How many seconds a browser may remember that it may ask."""


def api_routes(site: Site) -> APIRouter:
    """Every route of the API, and the answer to OPTIONS wherever data is read."""
    router = APIRouter()

    def add(path: str, known: Collection[str], view: View) -> None:
        router.add_route(path, _strict(known, view), methods=["GET"])
        router.add_route(path, _preflight, methods=["OPTIONS"])

    add(urls.OPENAPI, (), _description(site))
    add(urls.API_SEARCH, urls.PARAMETERS[urls.SEARCH], _search(site))
    add(urls.api_path("meeting"), (), record_file(site, "meeting", "json"))
    for kind in LISTED:
        add(urls.api_path(kind.noun), kind.parameters, list_file(site, kind, "json"))
        add(urls.api_path(kind.noun, "{slug}"), (), record_file(site, kind.noun, "json"))
    for path in (urls.API, urls.PAGES[urls.DATA], urls.data_path("{name}")):
        router.add_route(path, _preflight, methods=["OPTIONS"])
    return router


def offered(path: str) -> tuple[str, ...]:
    """The media types of the answers at a path, where there is no other to send in their place."""
    return ("application/json", PROBLEM_TYPE) if path.startswith(f"{urls.API}/") else ()


def _strict(known: Collection[str], view: View) -> View:
    """A view that refuses what it does not know, and what its answer is not acceptable to."""

    def answer(request: Request) -> Response:
        if request.scope.get("refused"):
            raise HTTPException(406)
        given = request.query_params.multi_items()
        refuse_unclear(known, given)
        for name, value in given:
            if name == "q" and len(value) > LONGEST_QUERY:
                reason = f'The parameter "q" is longer than {LONGEST_QUERY} characters.'
                raise BadParameterError(name, value, reason=reason)
        return view(request)

    return answer


def _preflight(request: Request) -> Response:
    """What a browser asks before it reads for another site (Fetch Standard, section 3.2.2)."""
    methods = methods_of(request.url.path)
    headers = OPEN_HEADERS | {
        "allow": methods,
        "access-control-allow-methods": methods,
        "access-control-allow-headers": "*",
        "access-control-max-age": str(DAY),
    }
    return Response(status_code=204, headers=headers)


def _description(site: Site) -> View:
    def view(_: Request) -> Response:
        with site.session() as session:
            described = openapi.document(session, site.addresses)
        body = json_bytes(described)
        return Response(body, media_type="application/json", headers=OPEN_HEADERS)

    return view


def _search(site: Site) -> View:
    def view(request: Request) -> Response:
        query = once("q", request.query_params.getlist("q"))
        if not query:
            raise BadParameterError("q", reason='The parameter "q" is required.')
        with site.session() as session:
            page = pages.search_page(session, query, PRIMARY)
            told = _found(site, query, page) | {"licence": licence(queries.meeting(session))}
        return Response(json_bytes(told), media_type="application/json", headers=OPEN_HEADERS)

    return view


def _found(site: Site, query: str, page: SearchPage) -> dict[str, Any]:
    """What a search found; counts of different parts are never added up."""
    asked = (("q", query),)
    absolute = site.addresses.absolute
    return {
        "query": query,
        "html_url": absolute(urls.page_path(urls.SEARCH, PRIMARY, asked)),
        "url": absolute(urls.api_search_path(query)),
        "is_bounded": page.is_bounded,
        **({"did_you_mean": page.otherwise} if page.otherwise else {}),
        "groups": [_group(site, group, query) for group in page.groups],
    }


def _group(site: Site, group: HitGroup, query: str) -> dict[str, Any]:
    path = urls.api_path(group.noun, parameters=(("q", query),))
    return {
        "kind": group.noun,
        "part": KINDS[group.noun].part(group.hits[0].record),
        "count": group.count,
        **({"list_url": site.addresses.absolute(path)} if group.noun != "meeting" else {}),
        "items": [_hit(site, hit) for hit in group.hits],
    }


def _hit(site: Site, hit: Hit) -> dict[str, Any]:
    kind, slug = kind_of(hit.record), hit.record.slug
    told: dict[str, Any] = {
        "kind": kind.noun,
        "slug": slug,
        "title": kind.titled(hit.record),
        "html_url": site.addresses.absolute(urls.record_path(kind.noun, slug)),
        "url": site.addresses.absolute(urls.api_path(kind.noun, slug)),
    }
    if hit.excerpt is None:
        return told
    pieces = [{"text": one.text, "is_match": one.is_marked} for one in hit.excerpt.pieces]
    return told | {"excerpt": {"language": hit.excerpt.language, "pieces": pieces}}
