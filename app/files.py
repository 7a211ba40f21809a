"""The routes of what is no page: formats, cards, codes, data, feeds, static files."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import PlainTextResponse, RedirectResponse, Response
from sqlmodel import Session

from app import __version__, pages, queries, urls
from app.embedding import oembed
from app.errors import OPEN_HEADERS, PAGE_HEADERS, GoneError, found, leading_page, problem
from app.faces import Letterhead, face_of
from app.facets import Selection, once, read_selection
from app.formats.described import Listed, describe, first_instant
from app.formats.feeds import changes
from app.formats.plain import json_bytes
from app.formats.registry import FORMATS, LISTS, TABLE, list_links, record_links
from app.formats.tables import Table
from app.kinds import KINDS, PAGED, Kind
from app.language import LANGUAGES, PUBLISHED, choose, marks, when
from app.models import Meeting
from app.qr import qr_code
from app.searching import search_index
from app.site import Site
from app.store import NO_STORE
from app.values import PRIMARY

FOREVER_HEADERS = {"cache-control": "public, max-age=31536000, immutable"}

View = Callable[[Request], Response]


def file_routes(site: Site) -> APIRouter:
    """Every route that gives no page."""
    router = APIRouter()

    def add(path: str, view: View) -> None:
        router.add_route(path, view, methods=["GET"])

    # The longer suffix first: one may end in another.
    for suffix in sorted(FORMATS, key=len, reverse=True):
        for noun in KINDS:
            if suffix in urls.record_formats(noun):
                path = urls.record_format_path(noun, "{slug}", suffix)
                add(path, record_file(site, noun, suffix))
    for kind in PAGED:
        for suffix in urls.list_formats(kind.noun):
            is_table = suffix == TABLE.suffix
            view = table_file(site, kind) if is_table else list_file(site, kind, suffix)
            add(urls.list_format_path(kind.noun, suffix), view)
    for language in PUBLISHED:
        letterhead = cache(lambda code=language: _letterhead(site, code))
        for kind in (KINDS["meeting"], *PAGED):
            card, code = _card(site, kind, letterhead), _code(site, kind, language)
            add(urls.card_path(kind.noun, "{slug}", language), card)
            add(urls.qr_path(kind.noun, "{slug}", language), code)
        add(urls.reference_path("{reference}", language), _short_address(site, language))
    add(urls.data_path("{name}"), _data_file(site))
    add(urls.OEMBED, _oembed(site))
    add(f"{urls.STATIC}/{{digest}}/{{name}}", _static(site))
    if site.is_export:
        for language in PUBLISHED:
            add(urls.search_index_path(language), _search_index(site, language))
    add(urls.FEED, _changes(site))
    add(urls.SITEMAP, _sitemap(site))
    add(urls.sitemap_path("{number}"), _one_sitemap(site))
    add(urls.FAVICON, _favicon(site))
    add(urls.HEALTH, _health(site))
    for path, template, media_type in (
        (urls.ROBOTS, "feeds/robots.txt", "text/plain; charset=utf-8"),
        (urls.OPENSEARCH, "feeds/opensearch.xml", "application/opensearchdescription+xml"),
    ):
        add(path, _rendered(site, template, media_type))
    with site.session() as session:
        meeting = queries.meeting(session)
    if meeting.contact:
        add(urls.SECURITY, _security(site, meeting, meeting.contact))
    return router


def slug_of(session: Session, noun: str, request: Request) -> str:
    """The slug that a request names; the meeting, of which there is one, is not named."""
    if noun == "meeting":
        return queries.meeting(session).slug
    return str(request.path_params["slug"])


def listed(site: Site, session: Session, kind: Kind, selection: Selection, suffix: str) -> Listed:
    """A page of a list for its formats.

    As JSON it is the API's, which leads on from page to page at addresses of its own.
    Raises BadParameterError where a value of a facet is none, or the list has no such page.
    """
    page, last = pages.listing(session, kind, selection, PRIMARY, site.page_size)
    is_json = suffix == "json"
    path = (
        site.addresses.answer_path(kind.noun)
        if is_json
        else urls.list_format_path(kind.noun, suffix)
    )

    def url(number: int) -> str | None:
        if not 1 <= number <= last:
            return None
        return site.addresses.absolute(urls.asked(path, replace(selection, page=number).parameters))

    return Listed(
        kind=kind,
        items=describe(session, [*page.records], site.addresses, site.words),
        counts=page.counts,
        meeting=queries.meeting(session),
        addresses=site.addresses,
        html_url=site.addresses.absolute(
            urls.list_path(kind.noun, parameters=selection.parameters)
        ),
        url=url(selection.page) or site.addresses.absolute(path),
        words=site.words,
        previous_url=url(selection.page - 1),
        next_url=url(selection.page + 1),
    )


def record_file(site: Site, noun: str, suffix: str) -> View:
    """A view of each record of a kind in a format."""
    form = FORMATS[suffix]

    def view(request: Request) -> Response:
        with site.session() as session:
            record = found(session, noun, slug_of(session, noun, request))
            (described,) = describe(session, [record], site.addresses, site.words)
        headers = OPEN_HEADERS | {"link": record_links(described)}
        return Response(form.made(described), media_type=form.content_type, headers=headers)

    return view


def list_file(site: Site, kind: Kind, suffix: str) -> View:
    """A view of a kind's list in a format, a page at a time."""
    form = LISTS[suffix]

    def made(session: Session, selection: Selection) -> bytes:
        return form.made(listed(site, session, kind, selection, suffix))

    return _list_file(site, kind, form.content_type, made)


def table_file(site: Site, kind: Kind) -> View:
    """A view of the whole of a kind's list, narrowed or not, as a table."""

    def made(session: Session, selection: Selection) -> bytes:
        whole, _ = pages.listing(session, kind, selection, PRIMARY, None)
        return TABLE.made(Table(kind, whole.records, site.addresses))

    return _list_file(site, kind, TABLE.content_type, made)


def _list_file(
    site: Site, kind: Kind, content_type: str, made: Callable[[Session, Selection], bytes]
) -> View:
    def view(request: Request) -> Response:
        selection = read_selection(kind, request.query_params.multi_items())
        with site.session() as session:
            body = made(session, selection)
        links = list_links(kind, selection, site.addresses, site.meeting.licence)
        return Response(body, media_type=content_type, headers=OPEN_HEADERS | {"link": links})

    return view


def _letterhead(site: Site, language: str) -> Letterhead:
    with site.session() as session:
        sides = {
            (noun, slug): side
            for noun in ("organizations", "people")
            for slug, side in queries.sides(session, noun)
        }
        meeting = queries.meeting(session)
    return Letterhead(
        meeting=meeting,
        side_of=sides,
        language=language,
        words=site.renderers[language].words,
        dated=lambda day: when(day, LANGUAGES[language].locale),
        marks=marks,
    )


def _card(site: Site, kind: Kind, letterhead: Callable[[], Letterhead]) -> View:
    def view(request: Request) -> Response:
        # Drawing takes memory that a process without cards does not need.
        from app.cards import card

        head = letterhead()
        with site.session() as session:
            record = found(session, kind.noun, slug_of(session, kind.noun, request))
            face = face_of(record, pages.names_of(session, [record]), head)
        return Response(card(face), media_type="image/png", headers=OPEN_HEADERS)

    return view


def _code(site: Site, kind: Kind, language: str) -> View:
    def view(request: Request) -> Response:
        with site.session() as session:
            record = found(session, kind.noun, slug_of(session, kind.noun, request))
        address = site.addresses.absolute(urls.record_path(kind.noun, record.slug, language))
        title = choose(kind.titled(record), language).text
        code = qr_code(address, title)
        return Response(code, media_type="image/svg+xml", headers=OPEN_HEADERS)

    return view


def _data_file(site: Site) -> View:
    def view(request: Request) -> Response:
        name = request.path_params["name"]
        file = next((file for file in site.data_files if file.name == name), None)
        if file is None:
            raise HTTPException(404)
        return Response(file.body, media_type=file.media_type, headers=OPEN_HEADERS)

    return view


def _oembed(site: Site) -> View:
    def view(request: Request) -> Response:
        given = {
            name: once(name, request.query_params.getlist(name)) for name in urls.OEMBED_PARAMETERS
        }
        if given["format"] not in ("", "json"):
            return problem(
                501, "oEmbed is answered as JSON only: leave format out, or format=json."
            )
        with site.session() as session:
            answer = oembed(session, site.addresses, given)
        if answer is None:
            return problem(
                404,
                "The parameter url must be the whole address of a record of this site.",
                parameter="url",
            )
        return Response(json_bytes(answer), media_type="application/json", headers=OPEN_HEADERS)

    return view


def _short_address(site: Site, language: str) -> View:
    def view(request: Request) -> Response:
        reference = request.path_params["reference"]
        with site.session() as session:
            row = queries.by_reference(session, reference)
            if row is None:
                for withdrawal in queries.meeting(session).withdrawn:
                    if withdrawal.reference == reference:
                        raise GoneError(withdrawal)
                raise HTTPException(404)
        path = urls.record_path(row.kind, row.slug, language)
        if site.is_export:
            return leading_page(site, row, path)
        return RedirectResponse(site.addresses.link(path), status_code=302, headers=PAGE_HEADERS)

    return view


def _static(site: Site) -> View:
    def view(request: Request) -> Response:
        name, digest = request.path_params["name"], request.path_params["digest"]
        asset = site.assets.get(name)
        if asset is None:
            raise HTTPException(404)
        if digest != asset.digest:
            # A page from before a change asks by the former digest: it is led to today's file.
            path = urls.static_path(name, asset.digest)
            location = site.addresses.link(path)
            return RedirectResponse(location, status_code=307, headers=PAGE_HEADERS)
        return Response(asset.body, media_type=asset.media_type, headers=FOREVER_HEADERS)

    return view


def _changes(site: Site) -> View:
    def view(_: Request) -> Response:
        with site.session() as session:
            body = changes(queries.meeting(session), site.addresses)
        media_type = urls.LIST_FORMATS["atom"]
        return Response(body, media_type=media_type, headers=OPEN_HEADERS)

    return view


def _sitemap(site: Site) -> View:
    """Every page that others are to find, or the sitemaps that tell them."""

    def view(request: Request) -> Response:
        paths = _mapped(site)
        numbers = urls.sitemaps(len(paths))
        if numbers:
            parts = [urls.sitemap_path(number) for number in numbers]
            return _rendered(site, "feeds/sitemaps.xml", "application/xml", parts=parts)(request)
        return _part_of_map(site, paths)(request)

    return view


def _one_sitemap(site: Site) -> View:
    """One of several sitemaps."""

    def view(request: Request) -> Response:
        paths, number = _mapped(site), request.path_params["number"]
        if number not in map(str, urls.sitemaps(len(paths))):
            raise HTTPException(404)
        end = int(number) * urls.MAPPED_AT_ONCE
        return _part_of_map(site, paths[end - urls.MAPPED_AT_ONCE : end])(request)

    return view


def _mapped(site: Site) -> list[str]:
    with site.session() as session:
        named = queries.every_slug(session)
    paths = urls.mapped_pages((noun, slug) for noun, slug, _ in named)
    return [path for path in paths if not site.is_export or urls.is_file(path)]


def _part_of_map(site: Site, paths: Sequence[str]) -> View:
    with site.session() as session:
        mapped = pages.site_map(session, paths)
    return _rendered(site, "feeds/sitemap.xml", "application/xml", pages=mapped)


def _search_index(site: Site, language: str) -> View:
    def view(_: Request) -> Response:
        with site.session() as session:
            body = search_index(session, site.addresses, language)
        return Response(body, media_type="application/json", headers=OPEN_HEADERS)

    return view


def _favicon(site: Site) -> View:
    def view(_: Request) -> Response:
        asset = site.assets["favicon.svg"]
        return Response(asset.body, media_type=asset.media_type, headers=PAGE_HEADERS)

    return view


def _health(site: Site) -> View:
    """Whether the process lives and is ready, and with what: it answers, so it is both."""

    def view(_: Request) -> Response:
        told = {
            "live": True,
            "ready": True,
            "version": __version__,
            "seed": site.seed_digest,
            "refused": site.health.refusal,
        }
        headers = {"cache-control": NO_STORE}
        return Response(json_bytes(told), media_type="application/json", headers=headers)

    return view


def _security(site: Site, meeting: Meeting, contact: str) -> View:
    """Whom to tell of a weakness (RFC 9116); its word is good for a year from the release."""
    released = meeting.released_on
    year_after = f"{int(released[:4]) + 1}{released[4:].replace('-02-29', '-02-28')}"
    return _rendered(
        site,
        "feeds/security.txt",
        "text/plain; charset=utf-8",
        contact=urls.contact_address(contact),
        expires=first_instant(year_after),
        languages=PUBLISHED,
    )


def _rendered(site: Site, template: str, media_type: str, **context: Any) -> View:
    """A file that is a template, in the primary language."""

    def view(_: Request) -> Response:
        text = site.renderers[next(iter(LANGUAGES))].render(template, **context)
        return PlainTextResponse(text, media_type=media_type, headers=PAGE_HEADERS)

    return view
