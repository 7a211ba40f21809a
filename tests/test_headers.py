"""The headers of every kind of answer, held against what is published of good ones.

Mozilla's HTTP Observatory, scoring as documented for its version 2 (developer.mozilla.org,
"HTTP Observatory: tests and scoring"), and the checks of Google's CSP Evaluator.
"""

import pytest
from conftest import Site
from starlette.testclient import TestClient

from app.config import Settings
from app.main import create_app

KINDS_OF_ANSWERS = {
    "page": ("GET", "/", 200),
    "list": ("GET", "/agreements?sector=lights", 200),
    "search": ("GET", "/search?q=a", 200),
    "framed": ("GET", "/embed/quotes/lind-on-light", 200),
    "card": ("GET", "/quotes/lind-on-light/card.png", 200),
    "code": ("GET", "/quotes/lind-on-light/qr.svg", 200),
    "format": ("GET", "/quotes/lind-on-light.json", 200),
    "table": ("GET", "/agreements.csv", 200),
    "feed": ("GET", "/feed.atom", 200),
    "api": ("GET", "/api/agreements", 200),
    "data": ("GET", "/data/meeting21.sqlite", 200),
    "oembed": ("GET", "/oembed?url=https://meeting.example/quotes/lind-on-light", 200),
    "health": ("GET", "/healthz", 200),
    "script": ("GET", "site.js", 200),
    "style": ("GET", "site.css", 200),
    "options": ("OPTIONS", "/api/agreements", 204),
    "moved": ("GET", "/agreements/strait-protocol", 301),
    "short": ("GET", "/r/a1", 302),
    "unchanged": ("GET", "/", 304),
    "stale script": ("GET", "/static/0/site.js", 307),
    "near miss": ("GET", "/Agreements/", 308),
    "not there": ("GET", "/nothing", 404),
    "no format": ("GET", "/agreements/nothing.json", 404),
    "no method": ("POST", "/agreements", 405),
    "not acceptable": ("GET", "/api/agreements", 406),
    "gone": ("GET", "/agreements/ferry-contract", 410),
    "not understood": ("GET", "/api/agreements?colour=red", 422),
}
OPEN = {"framed", "card", "code", "format", "table", "feed", "api", "data", "oembed", "options"}
OPEN |= {"no format", "not acceptable", "not understood"}
"""What other sites may read: the rest is for visitors of this one."""


@pytest.fixture(scope="module")
def client(world_site: Site) -> TestClient:
    """The miniature site under an https address."""
    settings = Settings(world_site.seed, world_site.database, "https://meeting.example")
    return TestClient(create_app(settings), follow_redirects=False)


@pytest.fixture(params=KINDS_OF_ANSWERS)
def answered(request: pytest.FixtureRequest, client: TestClient) -> tuple[str, dict[str, str]]:
    """An answer of each kind: what it is, and its headers."""
    method, path, status = KINDS_OF_ANSWERS[request.param]
    headers = {}
    if not path.startswith("/"):
        page = client.get("/").text
        start = page.index("/static/")
        while not page[start:].partition('"')[0].endswith(path):
            start = page.index("/static/", start + 1)
        path = page[start:].partition('"')[0]
    if status == 304:
        headers["if-none-match"] = client.get(path).headers["etag"]
    if status == 406:
        headers["accept"] = "image/png"
    response = client.request(method, path, headers=headers)
    assert response.status_code == status
    return request.param, dict(response.headers)


def policy_of(headers: dict[str, str]) -> dict[str, list[str]]:
    """A content security policy by directive."""
    parts = (part.split() for part in headers["content-security-policy"].split(";"))
    return {name: values for name, *values in parts}


def test_the_observatory_gives_every_answer_its_full_score(
    answered: tuple[str, dict[str, str]],
) -> None:
    what, headers = answered
    policy = policy_of(headers)
    # csp-implemented-with-no-unsafe-default-src-none: +10
    assert policy["default-src"] == ["'none'"]
    assert not {"unsafe-inline", "unsafe-eval", "data:", "http:", "https:", "*"} & {
        value.strip("'")
        for name, values in policy.items()
        if name != "frame-ancestors"
        for value in values
    }
    # cookies-not-found: no bonus needed, no cookie to lose
    assert "set-cookie" not in headers
    # cross-origin-resource-sharing: only what is public data is open, and never with credentials
    assert headers.get("access-control-allow-origin") == ("*" if what in OPEN else None)
    assert "access-control-allow-credentials" not in headers
    # hsts-implemented-max-age-at-least-six-months
    age = headers["strict-transport-security"].removeprefix("max-age=").partition(";")[0]
    assert int(age) >= 15768000
    # referrer-policy-private: +5
    assert headers["referrer-policy"] == "strict-origin-when-cross-origin"
    # x-content-type-options-nosniff
    assert headers["x-content-type-options"] == "nosniff"
    # x-frame-options-implemented-via-csp: +5; what may be framed says so in both
    is_framed = what == "framed"
    assert policy["frame-ancestors"] == (["*"] if is_framed else ["'none'"])
    assert headers.get("x-frame-options") == (None if is_framed else "DENY")
    # cross-origin-resource-policy-implemented-with-same-origin (+10), or as openly as meant
    expected = "cross-origin" if what in OPEN else "same-origin"
    assert headers["cross-origin-resource-policy"] == expected
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert set(headers["permissions-policy"].replace(" ", "").split(",")) == {
        "camera=()",
        "geolocation=()",
        "microphone=()",
        "browsing-topics=()",
    }


def test_a_redirection_stays_here(answered: tuple[str, dict[str, str]]) -> None:
    """Redirection test: on the same host, at the same scheme, whatever was asked for."""
    _, headers = answered
    location = headers.get("location", "/")
    assert location.startswith("/")
    assert not location.startswith("//")


def test_the_evaluator_finds_nothing(answered: tuple[str, dict[str, str]]) -> None:
    """The checks of csp-evaluator, each by its name there."""
    _, headers = answered
    policy = policy_of(headers)
    names = list(policy)
    raw = headers["content-security-policy"]
    assert len(names) == len(set(names)) == raw.count(";") + 1  # checkMissingSemicolon
    known = {"default-src", "style-src", "script-src", "connect-src", "img-src", "form-action"}
    assert set(names) == known | {"base-uri", "frame-ancestors"}  # checkUnknownDirective
    assert raw.isascii()  # checkNonAscii
    scripts = policy["script-src"]
    # checkScriptUnsafeInline, …UnsafeEval, checkPlainUrlSchemes, checkWildcards,
    # checkScriptAllowlistBypass ('self' serves no JSONP, no Angular, no uploads), checkIpSource,
    # checkSrcHttp, checkDeprecated, checkNonceLength: nothing but our own files
    assert scripts == ["'self'"]
    assert {"object-src", "default-src"} & set(names)  # checkMissingObjectSrcDirective
    assert policy["base-uri"] == ["'none'"]  # checkMissingBaseUriDirective
    assert policy["form-action"] == ["'self'"]
    assert "report-uri" not in policy  # checkHasConfiguredReporting: nobody listens
    assert all(
        value in {"'self'", "'none'"} or name == "frame-ancestors"
        for name, values in policy.items()
        for value in values
    )


def test_no_script_is_served_that_was_asked_for_in_the_address(client: TestClient) -> None:
    """'self' is safe as long as no answer of ours is a script of the asker's choice."""
    for path in ("/suggest?q=alert(1)", "/search?q=alert(1)", "/api/search?q=alert(1)"):
        for name in ("callback", "jsonp"):
            response = client.get(f"{path}&{name}=alert")
            assert "javascript" not in response.headers["content-type"]
            assert not response.text.startswith("alert")


def test_without_https_nothing_is_promised(world_site: Site) -> None:
    app = create_app(Settings(world_site.seed, world_site.database, "http://meeting.example"))
    assert "strict-transport-security" not in TestClient(app).get("/").headers


@pytest.mark.parametrize(
    "path",
    [
        "/static/../pyproject.toml",
        "/static/%2e%2e/pyproject.toml",
        "/static/0/..%2f..%2fpyproject.toml",
        "/static/0/../../../../etc/passwd",
        "/static/0/%2fetc%2fpasswd",
        "/static/0/css%2ftokens.css",
        "/static/0/fonts%2fREADME.md",
        "/static/0/site.js%00.png",
        "/data/..%2fsite.db",
        "/data/%2e%2e%2fsite.db.sha256",
        "/agreements/..%2f..%2fseed%2fmeeting.yaml",
    ],
)
def test_no_path_leads_out(world_site: Site, path: str) -> None:
    """Files are found by name among those that were read at the start, never on the disk."""
    assert world_site.client.get(path).status_code == 404


def test_no_header_of_a_request_changes_a_byte(world_site: Site) -> None:
    usual = world_site.client.get("/agreements/lighting-protocol")
    for headers in (
        {"host": "evil.example"},
        {"x-forwarded-host": "evil.example", "x-forwarded-proto": "https"},
        {"forwarded": "host=evil.example;proto=https"},
        {"x-original-url": "/nothing", "x-rewrite-url": "/nothing"},
        {"x-http-method-override": "DELETE"},
        {"origin": "https://evil.example", "referer": "https://evil.example"},
        {"cookie": "a=b", "authorization": "Basic YTpi"},
        {"accept-language": "ru", "user-agent": "<script>"},
        {"range": "bytes=0-9", "if-range": '"x"'},
    ):
        other = world_site.client.get("/agreements/lighting-protocol", headers=headers)
        assert (other.status_code, other.content, other.headers) == (
            usual.status_code,
            usual.content,
            usual.headers,
        )
