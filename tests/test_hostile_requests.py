"""Requests that no program would make, over a bare socket: each is answered, none is dwelt on."""

import random
import socket
import time
from collections.abc import Iterator

import pytest
from conftest import WORLD, Site
from load import resident
from servers import Answer, Served, asked, connected, read_answer, server, size
from test_serving import is_guarded

BASE = "https://meeting.example"
NUMBER = size(2_000, 50_000)
METHODS = ["GET"] * 12 + ["HEAD", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"]
METHODS += ["CONNECT", "PROPFIND", "BREW", "get", "G E T", "", "GET\x00", "M" * 200]
PIECES = ["agreements", "quotes", "lighting-protocol", "lind-on-light", "card.png", "embed", "ru"]
PIECES += ["zh", "api", "search", "data", "meeting21.sqlite", "static", "r", "a1", "oembed", ".."]
PIECES += [".", "", "%00", "%2e%2e", "%2F", "%c0%ae", "%ff", "%u0041", "%", "%0d%0aX:1", "A" * 300]
PIECES += ["<script>", "'--", "{{7*7}}", "${x}", "é", "\u202e", "a.json", "a.jsonld", "a.b.c", "~"]
PIECES += [".well-known", "healthz", "connections", "timeline", ";v=1", "a b", "\\", "|", "^"]
QUERIES = ["", "", "?q=a", "?q=%F0%9F%92%A9", "?q=" + "a" * 5000, "?page=0", "?page=" + "9" * 50]
QUERIES += ["?sector=lights&sector=fishing", "?q=a&q=b", "?sort=title", "?kind='", "?q=%00", "?%"]
QUERIES += ["?" + "&".join(f"a{n}=b" for n in range(500)), "?url=//evil.example", "?focus=../.."]
QUERIES += ["?q=NEAR(a b)&x", '?q="', "?q=*", "?q=a AND OR NOT", "?q=%ED%A0%80", "??", "?#", "#"]
VERSIONS = ["HTTP/1.1"] * 12 + ["HTTP/1.0", "HTTP/0.9", "HTTP/2.0", "HTTP/9.9", "http/1.1", ""]
HEADERS = [
    "Accept: application/json",
    "Accept: */*;q=nan, text/html;q=inf",
    "Accept: ,;q=,,=;" + "x" * 500,
    "Accept: application/ld+json;q=1e400",
    "Accept-Encoding: br;q=-1, gzip;q=2, *;q=x",
    "Accept-Encoding: " + ", ".join(f"x{n}" for n in range(200)),
    "Accept-Language: ru\x0b",
    "Range: bytes=0-0,1-1,2-2,-",
    "Range: bytes=18446744073709551615-",
    "If-None-Match: *",
    'If-None-Match: "' + "a" * 3000 + '"',
    "If-None-Match: W/\xff,",
    "If-Modified-Since: yesterday",
    "If-Match: x",
    "Content-Length: 0",
    "Content-Length: 5",
    "Content-Length: -1",
    "Content-Length: 5, 5",
    "Content-Length: 0x5",
    "Content-Length: 99999999999999999999",
    "Transfer-Encoding: chunked",
    "Transfer-Encoding: identity, chunked",
    "Transfer-Encoding : chunked",
    "Transfer-Encoding:\tchunked",
    "Transfer-Encoding: xchunked",
    "Connection: close",
    "Connection: keep-alive, Upgrade, HTTP2-Settings",
    "Upgrade: h2c",
    "Upgrade: websocket",
    "Expect: 100-continue",
    "Expect: nonsense",
    "Host: evil.example",
    "Host:",
    "X-Forwarded-For: ' OR 1=1",
    "X: \x00",
    "X: \x7f\x80\xff",
    ": no name",
    "no colon",
    " folded",
    "X\rY: a",
    "Cookie: " + "a" * 4000,
    "X: " + "a" * 70_000,
]
BODIES = [
    b"",
    b"",
    b"",
    b"hello",
    b"5\r\nhello\r\n0\r\n\r\n",
    b"0\r\n\r\nGET /smuggled HTTP/1.1\r\n",
]
BODIES += [
    b"5;x=\r\nhello\r\n0\r\nTrailer: x\r\n\r\n",
    b"ffffffffffffffff\r\n",
    b"\x00" * 100,
    b"\n",
]


def generated(chance: random.Random) -> bytes:
    """One request, or something like it."""
    path = "".join(f"/{chance.choice(PIECES)}" for _ in range(chance.randrange(1, 5)))
    if chance.random() < 0.02:
        path = chance.choice(
            ["*", "http://evil.example/", "//evil.example", "about", "?", "/" * 900]
        )
    parts = [chance.choice(METHODS), path + chance.choice(QUERIES), chance.choice(VERSIONS)]
    hosts = ["Host: meeting.example"] if chance.random() < 0.97 else []
    headers = hosts + chance.sample(HEADERS, chance.choice([0, 0, 0, 1, 1, 2, 3]))
    end = "\r\n" if chance.random() < 0.97 else chance.choice(["\n", "\r", "\r\n\r\n", ""])
    head = end.join([" ".join(parts), *headers, "", ""])
    raw = head.encode("latin-1", "replace") if chance.random() < 0.5 else head.encode()
    if chance.random() < 0.03:
        at = chance.randrange(len(raw))
        raw = raw[:at] + chance.randbytes(chance.randrange(1, 9)) + raw[at + 1 :]
    return raw + chance.choice(BODIES)


def answers(port: int, sent: bytes, *, is_head: bool) -> Iterator[Answer]:
    """Everything that comes back to some bytes, after which nothing more is sent."""
    with connected(port) as (connection, stream):
        try:
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
        except OSError:
            # It was refused before all of it was sent, and may have said so.
            pass
        try:
            while (answer := read_answer(stream, is_head=is_head)).status:
                yield answer
                is_head = False
        except ConnectionResetError:
            return


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with server(WORLD, tmp_path_factory.mktemp("hostile"), "--base-url", BASE) as running:
        yield running


def test_every_request_is_answered_and_none_is_dwelt_on(served: Served) -> None:
    chance = random.Random(21)
    (worker,) = served.workers()
    answered, slowest, early = 0, 0.0, 0
    for number in range(NUMBER):
        sent = generated(chance)
        # Whatever else the machine does, it does not do it beside the same request every time.
        for attempt in range(3):
            begun = time.monotonic()
            for answer in answers(served.port, sent, is_head=sent.startswith(b"HEAD ")):
                answered += not attempt
                assert 200 <= answer.status < 500, (answer.status, sent[:300])
                assert is_guarded(answer) or _is_open(answer), (answer, sent[:300])
            taken = time.monotonic() - begun
            if taken < 8:
                break
        slowest = max(slowest, taken)
        assert slowest < 8, sent[:300]
        if number == NUMBER // 4:
            early = resident(worker)
    growth = resident(worker) - early
    print(f"{answered} answers to {NUMBER}, slowest {slowest:.2f} s, {growth} kB more")
    assert answered > NUMBER * 0.8
    assert growth < 24 * 1024
    assert served.workers() == [worker]
    assert served.said().count("\n") <= 3, served.said()


def _is_open(answer: Answer) -> bool:
    """Whether an answer that any site may read has every header."""
    own = answer.headers | {
        "cross-origin-resource-policy": "same-origin",
        "content-security-policy": answer.headers["content-security-policy"].replace("*", "'none'"),
        "x-frame-options": "DENY",
    }
    return answer.headers["cross-origin-resource-policy"] == "cross-origin" and is_guarded(
        Answer(answer.status, own, answer.body)
    )


SMUGGLED = b"GET /r/a1 HTTP/1.1\r\nHost: meeting.example\r\n\r\n"
POSTED = b"POST /about HTTP/1.1\r\nHost: meeting.example\r\n"


@pytest.mark.parametrize(
    "sent",
    [
        POSTED + b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
        POSTED + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + SMUGGLED,
        POSTED + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n" + SMUGGLED,
        POSTED + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
        POSTED + b"Transfer-Encoding\r\n : chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
        POSTED + b"Content-Length: 0\r\nContent-Length: %d\r\n\r\n" % len(SMUGGLED) + SMUGGLED,
        POSTED + b"Content-Length: +0\r\n\r\n" + SMUGGLED,
        POSTED + b"Content-Length: 0 0\r\n\r\n" + SMUGGLED,
        POSTED + b"X: a\rContent-Length: 0\r\n\r\n" + SMUGGLED,
        POSTED + b"Transfer-Encoding: chunked\r\n\r\n0\n\r\n" + SMUGGLED,
        POSTED + b"Transfer-Encoding: chunked\r\n\r\n1;\n\r\na\r\n0\r\n\r\n" + SMUGGLED,
    ],
)
def test_nothing_is_smuggled(served: Served, sent: bytes) -> None:
    """What a proxy might take for a body is never answered as a request: the connection ends."""
    statuses = [answer.status for answer in answers(served.port, sent, is_head=False)]
    assert statuses in ([400], [405])


def test_pieces_of_any_size_make_the_same_request(served: Served) -> None:
    whole = asked("/agreements/lighting-protocol", "Connection: close")
    (expected,) = answers(served.port, whole, is_head=False)
    for length in (1, 2, 7, 50):
        with connected(served.port) as (connection, stream):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for at in range(0, len(whole), length):
                connection.sendall(whole[at : at + length])
            assert read_answer(stream).body == expected.body


def test_the_site_is_unmoved(served: Served, world_site: Site) -> None:
    """After all of it the pages are what they were."""
    for path in ("/about", "/agreements", "/ru/quotes/lind-on-light"):
        (answer,) = answers(served.port, asked(path), is_head=False)
        assert answer.body == world_site.client.get(path).content
