"""What is not there, and what goes wrong: a page for people, problem details for programs."""

import re
from http import HTTPStatus
from typing import Any, cast

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlmodel import Session
from starlette.exceptions import HTTPException

from app import pages, queries, urls
from app.delivery import SECURITY_HEADERS, mark_of
from app.facets import BadParameterError
from app.formats.answers import PROBLEM_TYPE, problem_details
from app.formats.plain import json_bytes
from app.kinds import KINDS, opening
from app.models import RecordRow, Withdrawal
from app.site import Site
from app.store import NO_STORE
from app.values import PRIMARY

PAGE_HEADERS = {
    "cache-control": "public, max-age=0, s-maxage=60, stale-while-revalidate=60",
}
"""A browser asks about a page each time, at most a minute after it has shown it again: a 304
costs next to nothing. A cache before the site asks once a minute, and sends what it has meanwhile
(RFC 9111, section 5.2.2.10; RFC 5861, section 3). So a new seed is everywhere two minutes later."""

OPEN_HEADERS = PAGE_HEADERS | {
    "access-control-allow-origin": "*",
    "cross-origin-resource-policy": "cross-origin",
}
"""What any site may read and show: data, cards, codes."""

_DATA = urls.data_path("")

FRAMED_HEADERS = OPEN_HEADERS | {
    "content-security-policy": SECURITY_HEADERS["content-security-policy"].replace(
        "frame-ancestors 'none'", "frame-ancestors *"
    ),
    "x-frame-options": "",
}
"""A view that any site may frame."""


_MOST_REPEATED = 500
"""How many characters of a path an answer repeats: longer than any of ours, and pages repeat
theirs in several links."""


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
    suffixes = tuple(f".{suffix}" for suffix in (*urls.RECORD_FORMATS, *urls.LIST_FORMATS))
    is_below = urls.is_under(path, urls.API) or urls.is_under(path, urls.OEMBED)
    return is_below or path.startswith(_DATA) or path.endswith(suffixes)


def methods_of(path: str) -> str:
    """The methods that an address has, as the `Allow` header lists them."""
    is_open = urls.is_under(path, urls.API) or urls.is_under(path, urls.PAGES[urls.DATA])
    return "GET, HEAD, OPTIONS" if is_open else "GET, HEAD"


def problem(status: int, detail: str = "", **members: Any) -> Response:
    """Problem details as an answer: `detail` says what is wrong with this request."""
    body = json_bytes(problem_details(status, detail, **members))
    return Response(body, status_code=status, media_type=PROBLEM_TYPE, headers=OPEN_HEADERS)


def led(status: int, path: str, location: str) -> Response:
    """What leads from a path on to where it has moved for good."""
    if not is_for_programs(path):
        return RedirectResponse(location, status_code=status, headers=PAGE_HEADERS)
    response = problem(status, f"It is at {location} now.")
    response.headers["location"] = location
    return response


def leading_page(site: Site, record: RecordRow, path: str) -> Response:
    """A page that leads on to the path of a record, for a host that cannot."""
    text = site.renderers[urls.language_of(path)].render("redirect.html", path=path, record=record)
    is_framed = _is_embed(path, record.kind, record.slug)
    return HTMLResponse(text, headers=FRAMED_HEADERS if is_framed else PAGE_HEADERS)


def _is_embed(path: str, noun: str, slug: str) -> bool:
    """Whether a path is that of the view of a record that other sites may frame."""
    return path == urls.embed_path(noun, slug, urls.language_of(path))


def answer_errors(app: FastAPI, site: Site) -> None:
    """Make every error an answer, and lead from a near miss to the canonical address.

    In threads, as pages are made: who asks for what is not there keeps nobody else waiting.
    """

    def http_error(request: Request, error: Exception) -> Response:
        path = request.url.path
        status = cast("HTTPException", error).status_code
        if status == HTTPStatus.NOT_FOUND and request.method == "GET":
            meant = _canonical(site, path)
            if meant:
                location = site.addresses.link(meant)
                return led(HTTPStatus.PERMANENT_REDIRECT, path, location)
        others = _formats_of(site, path) if status == HTTPStatus.NOT_FOUND else []
        if is_for_programs(path):
            there = {"available": [site.addresses.absolute(other) for other in others]}
            response = problem(status, _sentence(path, status), **(there if others else {}))
        else:
            _, suffix = urls.before_suffix(path)
            fault = pages.Fault("suffix", suffix, (), others) if others else None
            response = _page(site, path, status, pages.ErrorPage(status, fault))
        if status == HTTPStatus.METHOD_NOT_ALLOWED:
            response.headers["allow"] = methods_of(path)
        return response

    def failed(request: Request, error: Exception) -> Response:
        path, status = request.url.path, HTTPStatus.INTERNAL_SERVER_ERROR
        mark = mark_of(error)
        if is_for_programs(path):
            response = problem(status, _sentence(path, status), error=mark)
        else:
            response = _page(site, path, status, pages.ErrorPage(status, mark=mark))
        # What went wrong here may go well the next time.
        response.headers["cache-control"] = NO_STORE
        return response

    def bad_parameter(request: Request, error: Exception) -> Response:
        path = request.url.path
        told = cast("BadParameterError", error)
        noun = path.rpartition("/")[2].partition(".")[0]
        with site.session() as session:
            fault = pages.fault(session, KINDS.get(noun), told)
        if is_for_programs(path):
            is_ours = urls.is_under(path, urls.API)
            status = HTTPStatus.UNPROCESSABLE_ENTITY if is_ours else HTTPStatus.NOT_FOUND
            return problem(status, str(told), **_members(told, fault))
        return _page(site, path, HTTPStatus.NOT_FOUND, pages.ErrorPage(404, fault))

    def moved(request: Request, error: Exception) -> Response:
        told = cast("MovedError", error)
        former, present = f"/{told.noun}/{told.former}", f"/{told.noun}/{told.present}"
        path = request.url.path
        present_path = path.replace(former, present, 1)
        if site.is_export:
            with site.session() as session:
                row = queries.rows_by_slug(session, told.noun, [told.present])[told.present]
            return leading_page(site, row, present_path)
        return led(HTTPStatus.MOVED_PERMANENTLY, path, site.addresses.link(present_path))

    def gone(request: Request, error: Exception) -> Response:
        return _gone(site, request.url.path, cast("GoneError", error).withdrawal)

    app.add_exception_handler(MovedError, moved)
    app.add_exception_handler(GoneError, gone)
    app.add_exception_handler(BadParameterError, bad_parameter)
    app.add_exception_handler(HTTPException, http_error)
    app.add_exception_handler(HTTPStatus.INTERNAL_SERVER_ERROR, failed)


def _page(site: Site, path: str, status: int, told: pages.ErrorPage) -> Response:
    """A page that says what is wrong.

    Where nothing is there is nothing in another language: it leads to the first page in that one,
    and never to what somebody wrote into an address, which may be that of another site.
    """
    language = urls.language_of(path)
    is_nowhere = told == pages.ErrorPage(HTTPStatus.NOT_FOUND)
    if is_nowhere or len(path) > _MOST_REPEATED:
        path = urls.page_path(urls.HOME, language)
    text = site.renderers[language].render("error.html", path=path, page=told)
    return HTMLResponse(text, status_code=status, headers=PAGE_HEADERS)


def _gone(site: Site, path: str, withdrawal: Withdrawal) -> Response:
    """What is said where a record was that was taken back."""
    if is_for_programs(path):
        reasons = dict(withdrawal.reason.root)
        return problem(
            HTTPStatus.GONE,
            reasons[PRIMARY],
            reasons=reasons,
            withdrawn_on=withdrawal.withdrawn_on,
        )
    # Wherever it was asked for, it is the record's own address that is there in each language.
    own = urls.record_path(withdrawal.kind, withdrawal.slug, urls.language_of(path))
    if _is_embed(path, withdrawal.kind, withdrawal.slug):
        return _framed_tombstone(site, withdrawal, own)
    return _page(site, own, HTTPStatus.GONE, pages.ErrorPage(410, withdrawal=withdrawal))


def _framed_tombstone(site: Site, withdrawal: Withdrawal, path: str) -> Response:
    """What other sites still frame of a record that was taken back."""
    renderer = site.renderers[urls.language_of(path)]
    text = renderer.render("embed-gone.html", path=path, withdrawal=withdrawal)
    return HTMLResponse(text, status_code=HTTPStatus.GONE, headers=FRAMED_HEADERS)


def _members(error: BadParameterError, fault: pages.Fault) -> dict[str, Any]:
    """Which parameter is wrong, what it was given, and what could stand in its place."""
    known = error.valid
    return {
        "parameter": error.name,
        **({} if error.value is None else {"value": error.value}),
        # The empty value is the usual order, which a program asks for by leaving it out.
        "valid": [one.value for one in fault.valid if one.value] if known is None else list(known),
    }


_MOST_WORDS = 8
"""How many words a path of ours has at most: /ru/embed/agreements/… has five, a file two more."""


def _canonical(site: Site, path: str) -> str | None:
    """The address that a misspelt one means, where there is something at it."""
    meant = "/" + path.strip("/").lower()
    if meant == path:
        return None
    with site.session() as session:
        words = re.split("[/.]", meant, maxsplit=_MOST_WORDS)
        known = queries.named(session, words[:_MOST_WORDS])
        has_contact = bool(queries.meeting(session).contact)
    pages_there = urls.every_page((noun, slug) for noun, slug, _ in known)
    files_there = urls.every_file(known, has_contact=has_contact)
    return next((path for path in (*pages_there, *files_there) if path.lower() == meant), None)


def _formats_of(site: Site, path: str) -> list[str]:
    """The addresses of what is there, where a path would be one more format of it."""
    if path.startswith(_DATA):
        return [urls.data_path(name) for name in urls.DATA_FILES]
    page, suffix = urls.before_suffix(path)
    named = urls.named_by(page)
    if not suffix or named is None:
        return []
    noun, slug = named
    with site.session() as session:
        if slug and not queries.record(session, noun, slug):
            return []
    return list(urls.other_forms(page).values())


def _sentence(path: str, status: int) -> str:
    """What is wrong, for a program's log."""
    if status == HTTPStatus.NOT_FOUND:
        return f"There is nothing at {opening(path, _MOST_REPEATED)}."
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        return f"This address can only be read: {methods_of(path)}."
    if status == HTTPStatus.NOT_ACCEPTABLE:
        return "What is here is application/json, which the Accept header does not admit."
    return ""
