"""How bytes reach a visitor: validators, codings, headers, on every kind of answer."""

import asyncio
import gzip
from collections import Counter

import brotli
import pytest
from conftest import Site
from load import in_a_loop
from servers import wait_until
from starlette.testclient import TestClient

from app.assets import STYLE
from app.config import Settings
from app.delivery import (
    AT_ONCE,
    LONG_AT_ONCE,
    MOST_QUERIED_UNDER_WAY,
    MOST_UNDER_WAY,
    QUERIED_AT_ONCE,
    SECURITY_HEADERS,
    Delivery,
    Receive,
    Scope,
    Send,
    request_for,
)
from app.export import Answer, answer
from app.main import create_app
from app.seed import read
from app.store import Kept, Message

PATHS = (
    "/",
    "/agreements",
    "/timeline",
    "/search?q=a",
    "/sitemap.xml",
    "/robots.txt",
    "/favicon.ico",
)


def style_path(site: Site) -> str:
    page = site.client.get("/").text
    return page.split('<link rel="stylesheet" href="')[1].split('"')[0]


@pytest.mark.parametrize("path", PATHS)
def test_a_page_unchanged_is_not_sent_again(site: Site, path: str) -> None:
    first = site.client.get(path)
    tag = first.headers["etag"]
    assert tag.startswith('"')
    for wanted in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = site.client.get(path, headers={"if-none-match": wanted})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == tag
        assert "content-type" not in again.headers
        assert again.headers["cache-control"] == first.headers["cache-control"]
    assert site.client.get(path, headers={"if-none-match": '"other"'}).status_code == 200


@pytest.mark.parametrize("path", [*PATHS, "/nothing"])
def test_head_is_get_without_the_body(site: Site, path: str) -> None:
    full, head = site.client.get(path), site.client.head(path)
    assert (head.status_code, head.content) == (full.status_code, b"")
    assert dict(head.headers) == dict(full.headers)


def test_each_coding_is_the_same_page_with_a_tag_of_its_own(site: Site) -> None:
    tags = set()
    plain = site.client.get("/", headers={"accept-encoding": "identity"})
    for coding, decoded in (("br", brotli.decompress), ("gzip", gzip.decompress)):
        with site.client.stream("GET", "/", headers={"accept-encoding": coding}) as response:
            raw = b"".join(response.iter_raw())
        assert response.headers["content-encoding"] == coding
        assert int(response.headers["content-length"]) == len(raw)
        assert decoded(raw) == plain.content
        assert response.headers["vary"] == "accept, accept-encoding"
        tags.add(response.headers["etag"])
    assert "content-encoding" not in plain.headers
    assert plain.headers["vary"] == "accept, accept-encoding"
    tags.add(plain.headers["etag"])
    assert len(tags) == 3


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("br, gzip", "br"),
        ("gzip;q=1, br;q=0", "gzip"),
        ("*", "br"),
        ("identity", None),
        ("br;q=nonsense", None),
        ("", None),
    ],
)
def test_the_best_allowed_coding_is_sent(site: Site, accepted: str, coding: str | None) -> None:
    with site.client.stream("GET", "/", headers={"accept-encoding": accepted}) as response:
        assert response.headers.get("content-encoding") == coding


def test_caches_before_the_site_are_told_how_long(site: Site) -> None:
    kept = "public, max-age=0, s-maxage=60, stale-while-revalidate=60"
    for path in (*PATHS, "/nothing", "/agreements/", "/agreements.json", "/card.png"):
        assert site.client.get(path).headers["cache-control"] == kept


def test_every_answer_carries_the_security_headers(site: Site) -> None:
    tag = site.client.get("/").headers["etag"]
    answers = [
        *(site.client.get(path) for path in PATHS),
        site.client.get("/nothing"),
        site.client.get("/agreements/"),
        site.client.get("/", headers={"if-none-match": tag}),
        site.client.post("/"),
        site.client.get(style_path(site)),
    ]
    assert {sent.status_code for sent in answers} == {200, 404, 308, 304, 405}
    for sent in answers:
        for name, value in SECURITY_HEADERS.items():
            assert sent.headers[name] == value, (sent.url, name)
        assert "max-age" in sent.headers["strict-transport-security"]
        assert "set-cookie" not in sent.headers


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_nothing_can_be_written(site: Site, method: str) -> None:
    for path in ("/", "/agreements", "/robots.txt"):
        response = site.client.request(method, path)
        assert (response.status_code, response.headers["allow"]) == (405, "GET, HEAD")


def test_static_files_are_kept_for_ever_under_their_digest_only(site: Site) -> None:
    path = style_path(site)
    assert "immutable" in site.client.get(path).headers["cache-control"]
    former = site.client.get(f"/static/0123456789abcdef/{STYLE}")
    assert (former.status_code, former.headers["location"]) == (307, path)
    assert "immutable" not in former.headers["cache-control"]
    for outside in (
        "/static/x/..%2f..%2fpyproject.toml",
        "/static/x/css",
        "/static/../app/main.py",
    ):
        assert site.client.get(outside).status_code == 404


def test_the_host_header_changes_no_byte(site: Site) -> None:
    usual = site.client.get("/agreements")
    other = site.client.get(
        "/agreements", headers={"host": "evil.example", "x-forwarded-host": "e"}
    )
    assert other.content == usual.content
    assert b"evil" not in other.content


def counting(site: Site) -> tuple[Delivery, list[str]]:
    """A site's application, and the paths of what it makes from now on."""
    asked: list[str] = []
    app = create_app(Settings(site.seed, site.database, "https://meeting.example"))
    application = app.app

    async def counted(scope: Scope, receive: Receive, send: Send) -> None:
        asked.append(scope["path"])
        await application(scope, receive, send)

    app.app = counted
    return app, asked


def test_a_page_is_made_once_and_then_kept(our_site: Site) -> None:
    app, asked = counting(our_site)
    client = TestClient(app)
    for coding in ("br", "br", "gzip", "identity", "*"):
        client.get("/about", headers={"accept-encoding": coding})
        client.head("/about", headers={"accept-encoding": coding})
    assert asked == ["/about"]


def test_what_is_asked_at_the_same_moment_is_made_once(our_site: Site) -> None:
    app, asked = counting(our_site)

    async def crowd() -> list[Answer]:
        return await asyncio.gather(*(answer(app, "/ru", b"br") for _ in range(40)))

    answers = in_a_loop(crowd())
    assert asked == ["/ru"]
    assert len({one.body for one in answers}) == 1


def test_strangers_queries_take_no_room_from_pages(our_site: Site) -> None:
    app = create_app(Settings(our_site.seed, our_site.database, "https://meeting.example"))
    app.queried.most = 2**18
    client = TestClient(app)
    client.get("/about")
    for number in range(80):
        client.get(f"/search?q=x{number}")
        client.get(f"/about?q=x{number}")
        assert app.queried.size <= app.queried.most
    assert 0 < len(app.queried) < 60
    assert ("/about", "") in app.pages
    before = len(app.pages)
    client.get("/never-there")
    assert len(app.pages) == before == 1


def test_nothing_is_compressed_to_say_that_it_is_unchanged(
    our_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(our_site.seed, our_site.database, "https://meeting.example")

    def ask(**headers: str) -> tuple[int, dict[str, str]]:
        client = TestClient(create_app(settings), follow_redirects=False)
        response = client.get("/agreements", headers={"accept-encoding": "br", **headers})
        return response.status_code, dict(response.headers)

    status, told = ask()
    assert status == 200
    monkeypatch.setattr(Kept, "coded", None)
    status, again = ask(**{"if-none-match": told["etag"]})
    assert status == 304
    assert again == {
        name: value
        for name, value in told.items()
        if name not in {"content-type", "content-length", "content-encoding"}
    }


def test_what_is_made_at_once_is_bounded_each_by_itself(our_site: Site) -> None:
    """Pages, answers to queries, and of both what takes long."""
    under_way, most = Counter[tuple[bool, bool]](), Counter[tuple[bool, bool]]()
    app = create_app(Settings(our_site.seed, our_site.database, "https://meeting.example"))
    application = app.app

    async def watched(scope: Scope, receive: Receive, send: Send) -> None:
        sort = bool(scope["query_string"]), app.takes_long(scope["path"])
        under_way[sort] += 1
        most[sort] = max(most[sort], under_way[sort])
        await application(scope, receive, send)
        under_way[sort] -= 1

    app.app = watched
    slugs = list(read(our_site.seed).records["sectors"])[:8]
    asked = [("/search", f"q=y{number}") for number in range(12)]
    asked += [("/people.csv", f"q=y{number}") for number in range(4)]
    asked += [(f"/sectors/{slug}.json", "") for slug in slugs]
    asked += [(path, "") for path in ("/data", "/ru/data", "/data/people.csv", "/agreements.csv")]

    async def crowd() -> None:
        scopes = [{**request_for(path), "query_string": query.encode()} for path, query in asked]
        assert set(await asyncio.gather(*(status_of(app, scope) for scope in scopes))) == {200}

    in_a_loop(crowd())
    assert most == {
        (False, False): AT_ONCE,
        (True, False): QUERIED_AT_ONCE,
        (False, True): LONG_AT_ONCE,
        (True, True): LONG_AT_ONCE,
    }


@pytest.mark.parametrize(
    ("asked", "most"),
    [
        ([("/search", f"q=y{number}") for number in range(300)], MOST_QUERIED_UNDER_WAY),
        ([(f"/nothing-{number}", "") for number in range(300)], MOST_UNDER_WAY),
    ],
    ids=["searches", "what is not there"],
)
def test_no_page_is_refused_for_what_strangers_ask_without_end(
    our_site: Site, asked: list[tuple[str, str]], most: int
) -> None:
    slugs = list(read(our_site.seed).records["sectors"])[:8]
    pages = [f"/sectors/{slug}" for slug in slugs]
    settings = Settings(our_site.seed, our_site.database, "https://meeting.example")
    app = Delivery(create_app(settings).app, parameters={"/search": {"q"}})
    app.expected = frozenset(pages)
    whole = app.app
    is_open = asyncio.Event()

    async def held(scope: Scope, receive: Receive, send: Send) -> None:
        await is_open.wait()
        if scope["path"] in pages:
            await whole(scope, receive, send)
        else:
            await send({"type": "http.response.start", "status": 404, "headers": []})
            await send({"type": "http.response.body", "body": b""})

    app.app = held

    async def crowd() -> tuple[list[int], list[int]]:
        scopes = [
            {**request_for(path), "query_string": query.encode()}
            for path, query in [*asked, *asked]
        ]
        strangers = asyncio.gather(*(status_of(app, scope) for scope in scopes))
        await asyncio.sleep(0)
        readers = asyncio.gather(*(status_of(app, request_for(path)) for path in pages))
        await asyncio.sleep(0)
        is_open.set()
        return await strangers, await readers

    strangers, readers = in_a_loop(crowd())
    assert set(readers) == {200}
    # Who asks for what is being made already waits for it with the others.
    assert (strangers.count(404), strangers.count(503)) == (2 * most, 2 * (300 - most))


async def status_of(app: Delivery, scope: Scope) -> int:
    found: list[int] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            found.append(message["status"])

    await app(scope, receive, send)
    return found[0]


def test_other_spellings_are_no_other_pages(site: Site) -> None:
    app = site.client.app
    usual = site.client.get("/agreements")
    before = len(app.pages), len(app.queried)  # type: ignore[attr-defined]
    for path in (
        "/%61greements",
        "/agreements?fbclid=x",
        "/agreements?utm_source=a&q=",
        "/agreements?",
    ):
        other = site.client.get(path)
        assert (other.status_code, other.content) == (200, usual.content)
    assert (len(app.pages), len(app.queried)) == before  # type: ignore[attr-defined]


def test_a_header_on_two_lines_is_one_list(site: Site) -> None:
    site.client.get("/", headers={"accept-encoding": "gzip"})
    two = [("accept-encoding", "br"), ("accept-encoding", "gzip")]
    assert site.client.get("/", headers=two).headers["content-encoding"] == "br"
    tag = site.client.get("/", headers={"accept-encoding": "br"}).headers["etag"]
    tags = [("accept-encoding", "br"), ("if-none-match", tag), ("if-none-match", '"x"')]
    assert site.client.get("/", headers=tags).status_code == 304


def test_errors_are_compressed_quickly(site: Site) -> None:
    with site.client.stream("GET", "/nothing", headers={"accept-encoding": "br"}) as response:
        raw = b"".join(response.iter_raw())
    assert response.headers["content-encoding"] == "br"
    assert raw == brotli.compress(brotli.decompress(raw), quality=5)


def test_pages_are_made_in_advance_while_nobody_asks(our_site: Site) -> None:
    app = create_app(Settings(our_site.seed, our_site.database, "https://meeting.example"))
    assert {"/", "/zh/agreements/nuclear-statement", "/about"} <= set(app.foreseen())
    app.foreseen = lambda: ["/about", "/nothing", "/ru/about"]
    with TestClient(app) as client:
        assert client.portal is not None
        client.portal.start_task_soon(app.foresee)
        wait_until(lambda: ("/ru/about", "") in app.pages, "it is not made")
        assert len(app.pages) == 2
        assert app.expected == {"/about", "/nothing", "/ru/about"}
        assert client.get("/ru/about").status_code == 200


def test_a_base_address_with_a_path_may_stay_in_front(our_site: Site) -> None:
    settings = Settings(our_site.seed, our_site.database, "https://meeting.example/deep/path")
    client = TestClient(create_app(settings), follow_redirects=False)
    behind, before = client.get("/agreements"), client.get("/deep/path/agreements")
    assert behind.content == before.content
    assert b'href="/deep/path/agreements/nuclear-statement"' in behind.content
    assert b'href="https://meeting.example/deep/path/agreements"' in behind.content
    assert b'href="/agreements' not in behind.content
    assert client.get("/deep/path").content == client.get("/").content
    assert client.get("/deep/pathology").status_code == 404


def test_a_path_before_addresses_may_have_escapes(our_site: Site) -> None:
    settings = Settings(our_site.seed, our_site.database, "https://meeting.example/caf%C3%A9")
    client = TestClient(create_app(settings), follow_redirects=False)
    behind, before = client.get("/agreements"), client.get("/caf%C3%A9/agreements")
    assert b'href="/caf%C3%A9/people"' in behind.content
    assert (before.status_code, before.content) == (200, behind.content)


def test_a_fault_is_a_page_with_its_headers(
    our_site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    app = create_app(Settings(our_site.seed, our_site.database, "https://meeting.example"))

    def broken() -> None:
        raise RuntimeError("broken on purpose")

    app.app.add_api_route("/broken", broken, methods=["GET"])  # type: ignore[attr-defined]
    response = TestClient(app).get("/broken")
    assert response.status_code == 500
    assert "Something went wrong here" in response.text
    assert response.headers["cache-control"] == "no-store"
    assert (
        response.headers["content-security-policy"] == SECURITY_HEADERS["content-security-policy"]
    )
    assert "broken on purpose" in caplog.text
