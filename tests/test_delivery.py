"""How bytes reach a visitor: validators, codings, headers, on every kind of answer."""

import gzip

import brotli
import pytest
from conftest import Site
from starlette.testclient import TestClient

from app.assets import STYLE
from app.config import Settings
from app.delivery import SECURITY_HEADERS
from app.main import create_app

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
    assert {answer.status_code for answer in answers} == {200, 404, 308, 304, 405}
    for answer in answers:
        for name, value in SECURITY_HEADERS.items():
            assert answer.headers[name] == value, (answer.url, name)
        assert "max-age" in answer.headers["strict-transport-security"]
        assert "set-cookie" not in answer.headers


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


def test_a_page_is_made_once_and_then_kept(site: Site) -> None:
    app = site.client.app
    app.pages.pop("/about", None)  # type: ignore[attr-defined]
    site.client.get("/about")
    kept = app.pages["/about"]  # type: ignore[attr-defined]
    site.client.get("/about")
    assert app.pages["/about"] is kept  # type: ignore[attr-defined]


def test_strangers_queries_cannot_fill_the_memory(site: Site) -> None:
    app = site.client.app
    for number in range(300):
        site.client.get(f"/search?q=x{number}")
    assert len(app.queried) <= 256  # type: ignore[attr-defined]
    before = len(app.pages)  # type: ignore[attr-defined]
    site.client.get("/never-there")
    assert len(app.pages) == before  # type: ignore[attr-defined]


def test_other_spellings_are_no_other_pages(site: Site) -> None:
    app = site.client.app
    usual = site.client.get("/agreements")
    before = len(app.pages)  # type: ignore[attr-defined]
    for path in (
        "/%61greements",
        "/agreements?fbclid=x",
        "/agreements?utm_source=a&q=",
        "/agreements?",
    ):
        other = site.client.get(path)
        assert (other.status_code, other.content) == (200, usual.content)
    assert len(app.pages) == before  # type: ignore[attr-defined]
    assert not [key for key in app.queried if "fbclid" in key]  # type: ignore[attr-defined]


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
    assert (
        response.headers["content-security-policy"] == SECURITY_HEADERS["content-security-policy"]
    )
    assert "broken on purpose" in caplog.text
