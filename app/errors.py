"""What is not there, and what goes wrong: a page for people, problem details for programs."""

from http import HTTPStatus
from typing import Any, cast

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlmodel import Session
from starlette.exceptions import HTTPException

from app import pages, queries, urls
from app.facets import BadParameterError
from app.formats.plain import json_bytes
from app.kinds import KINDS
from app.language import PUBLISHED
from app.models import RecordRow, Withdrawal
from app.site import Site
from app.values import PRIMARY

PAGE_HEADERS = {"cache-control": "no-cache"}
"""A page may be kept, and is asked about each time: a 304 costs next to nothing."""

OPEN_HEADERS = PAGE_HEADERS | {
    "access-control-allow-origin": "*",
    "cross-origin-resource-policy": "cross-origin",
}
"""What any site may read and show: data, cards, codes."""

PROBLEM_TYPE = "application/problem+json"
"""Problem details (RFC 9457)."""


class MovedError(Exception):
    """A record is asked for by a former slug."""

    def __init__(self, noun: str, former: str, present: str) -> None:
        self.noun = noun
        self.former = former
        self.present = present
        super().__init__(f"{noun}/{former}")


class GoneError(Exception):
    """A record is asked for that was taken back."""

    def __init__(self, withdrawal: Withdrawal) -> None:
        self.withdrawal = withdrawal
        super().__init__(f"{withdrawal.kind}/{withdrawal.slug}")


def found(session: Session, noun: str, slug: str) -> Any:
    """The record of a kind that has a slug.

    Raises MovedError where it had the slug formerly, GoneError where it was taken back,
    HTTPException (404) where there was never one.
    """
    record = queries.record(session, noun, slug)
    if record is not None:
        return record
    present = queries.renamed(session, noun, slug)
    if present is not None:
        raise MovedError(noun, slug, present)
    for withdrawal in queries.meeting(session).withdrawn:
        if (withdrawal.kind, withdrawal.slug) == (noun, slug):
            raise GoneError(withdrawal)
    raise HTTPException(HTTPStatus.NOT_FOUND)


def is_for_programs(path: str) -> bool:
    """Whether what stands at a path, or would, is read by programs."""
    suffixes = (*urls.RECORD_FORMATS, *urls.LIST_FORMATS)
    return path.startswith((urls.API, urls.OEMBED, f"{urls.PAGES[urls.DATA]}/")) or path.endswith(
        tuple(f".{suffix}" for suffix in suffixes)
    )


def language_of(path: str) -> str:
    """The language of the pages that a path stands among."""
    return next((code for code in PUBLISHED if f"{path}/".startswith(f"/{code}/")), PRIMARY)


def problem(status: int, detail: str = "", **members: Any) -> Response:
    """Problem details (RFC 9457, section 3): `detail` says what is wrong with this request."""
    told = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        **({"detail": detail} if detail else {}),
        **members,
    }
    return Response(
        json_bytes(told), status_code=status, media_type=PROBLEM_TYPE, headers=OPEN_HEADERS
    )


def led_to(site: Site, record: RecordRow, path: str, *, status: int, query: str = "") -> Response:
    """The way on to the path of a record: a redirect, or a page that leads on in an export."""
    if site.is_export:
        renderer = site.renderers[language_of(path)]
        text = renderer.render("redirect.html", path=path, record=record)
        return HTMLResponse(text, headers=PAGE_HEADERS)
    location = site.addresses.link(path) + query
    return RedirectResponse(location, status_code=status, headers=PAGE_HEADERS)


def answer_errors(app: FastAPI, site: Site) -> None:
    """Make every error an answer, and lead from a near miss to the canonical address."""

    def page(path: str, status: int, told: pages.ErrorPage) -> Response:
        text = site.renderers[language_of(path)].render("error.html", path=path, page=told)
        return HTMLResponse(text, status_code=status, headers=PAGE_HEADERS)

    def canonical(path: str) -> str | None:
        """The address that a misspelt one means, where there is something at it."""
        meant = "/" + path.strip("/").lower()
        if meant == path:
            return None
        with site.session() as session:
            known = [(row.kind, row.slug, row.reference) for row in queries.every_record(session)]
        there = {*urls.every_page((noun, slug) for noun, slug, _ in known), *urls.every_file(known)}
        return meant if meant in there else None

    async def http_error(request: Request, error: Exception) -> Response:
        path = request.url.path
        status = error.status_code if isinstance(error, HTTPException) else 500
        if status == HTTPStatus.NOT_FOUND and request.method == "GET":
            meant = canonical(path)
            if meant:
                query = f"?{request.url.query}" if request.url.query else ""
                location = site.addresses.link(meant) + query
                return RedirectResponse(location, status_code=308, headers=PAGE_HEADERS)
        if is_for_programs(path):
            response = problem(status, _sentence(path, status))
        else:
            response = page(path, status, pages.ErrorPage(status, _bad_suffix(path)))
        if status == HTTPStatus.METHOD_NOT_ALLOWED:
            response.headers["allow"] = "GET, HEAD"
        return response

    async def bad_parameter(request: Request, error: Exception) -> Response:
        path = request.url.path
        told = cast("BadParameterError", error)
        noun = path.rpartition("/")[2].partition(".")[0]
        with site.session() as session:
            fault = pages.fault(session, KINDS.get(noun), told)
        if is_for_programs(path):
            is_ours = path.startswith(urls.API)
            status = HTTPStatus.UNPROCESSABLE_ENTITY if is_ours else HTTPStatus.NOT_FOUND
            return problem(
                status, str(told), parameter=told.name, valid=[one.value for one in fault.valid]
            )
        return page(path, HTTPStatus.NOT_FOUND, pages.ErrorPage(404, fault))

    async def moved(request: Request, error: Exception) -> Response:
        told = cast("MovedError", error)
        former, present = f"/{told.noun}/{told.former}", f"/{told.noun}/{told.present}"
        path = request.url.path.replace(former, present, 1)
        query = f"?{request.url.query}" if request.url.query else ""
        with site.session() as session:
            row = queries.rows_by_slug(session, told.noun, [told.present])[told.present]
        return led_to(site, row, path, status=301, query=query)

    async def gone(request: Request, error: Exception) -> Response:
        path = request.url.path
        withdrawal = cast("GoneError", error).withdrawal
        if is_for_programs(path):
            reasons = dict(withdrawal.reason.root)
            return problem(
                HTTPStatus.GONE,
                reasons[PRIMARY],
                reasons=reasons,
                withdrawn_on=withdrawal.withdrawn_on,
            )
        return page(path, HTTPStatus.GONE, pages.ErrorPage(410, withdrawal=withdrawal))

    app.add_exception_handler(MovedError, moved)
    app.add_exception_handler(GoneError, gone)
    app.add_exception_handler(BadParameterError, bad_parameter)
    app.add_exception_handler(HTTPException, http_error)
    app.add_exception_handler(HTTPStatus.INTERNAL_SERVER_ERROR, http_error)


def _bad_suffix(path: str) -> pages.Fault | None:
    """What is wrong with the address of a record in a format that there is not."""
    record, dot, suffix = path.rpartition(".")
    if not dot or "/" in suffix:
        return None
    others = urls.other_forms(record)
    return pages.Fault("suffix", suffix, (), tuple(others.values())) if others else None


def _sentence(path: str, status: int) -> str:
    """What is wrong, for a program's log."""
    if status == HTTPStatus.NOT_FOUND:
        return f"There is nothing at {path}."
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        return "This address can only be read."
    return ""
