"""The server as strangers meet it: bounds, clear refusals, an orderly end, no end by accident."""

import asyncio
import contextlib
import errno
import gc
import io
import json
import os
import re
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from conftest import WORLD, Site
from load import crowd, latencies, resident, spent, visits
from miniature import changed
from servers import (
    NOTHING_FORESEEN,
    PATIENCE,
    Answer,
    Served,
    ask,
    asked,
    connected,
    is_running,
    read_answer,
    server,
    size,
    wait_until,
)
from starlette.testclient import TestClient

from app import __version__, edition, journal, protocol
from app.config import Settings
from app.delivery import MOST_UNDER_WAY, SECURITY_HEADERS, App, Delivery, Receive, Scope, Send
from app.journal import Journal
from app.main import create_app
from app.protocol import MOST_HEADERS, MOST_URL, MOST_WAITING, Config
from app.store import Kept

HOST = b"Host: meeting.example\r\n"
HEAD = b"GET /about HTTP/1.1\r\n" + HOST


def is_guarded(answer: Answer) -> bool:
    """Whether an answer has every security header."""
    return SECURITY_HEADERS.items() <= answer.headers.items()


def drained(connection: socket.socket) -> int:
    """How many bytes still come until a connection ends."""
    received = 0
    while piece := connection.recv(65536):
        received += len(piece)
    return received


@contextmanager
def in_bounds(world_site: Site, app: App | None = None) -> Iterator[tuple[int, uvicorn.Server]]:
    """The miniature site in our protocol, with room for eight; its port, and the server.

    `app` is asked in its place for what is not at hand.
    """
    site = world_site.client.app
    assert isinstance(site, Delivery)
    config = Config(
        app or site,
        at_hand=site.at_hand,
        headers=site.headers,
        most_connections=8,
        grace_seconds=2,
        told=lambda *_: None,
        proxies="",
    )
    running = uvicorn.Server(config)
    with socket.socket() as listening:
        # What the system takes at once is nothing that a client has read.
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8192)
        listening.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=running.run, kwargs={"sockets": [listening]})
        thread.start()
        wait_until(lambda: running.started, "it does not start")
        try:
            yield listening.getsockname()[1], running
        finally:
            running.should_exit = True
            thread.join(PATIENCE)


@pytest.fixture
def bounded(world_site: Site) -> Iterator[int]:
    """Its port; it waits as long as it does for everybody."""
    with in_bounds(world_site) as (port, _):
        yield port


@pytest.fixture
def impatient(
    world_site: Site, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[int, uvicorn.Server]]:
    """The same with little patience: only for who does not mean to be answered."""
    for name in ("REQUEST_SECONDS", "KEPT_SECONDS", "STALLED_SECONDS", "LINGER_SECONDS"):
        monkeypatch.setattr(protocol, name, 0.4)
    with in_bounds(world_site) as running:
        yield running


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The miniature site as a program of two processes, with a log."""
    folder = tmp_path_factory.mktemp("served")
    with server(WORLD, folder, "--workers", "2", "--log", "json") as running:
        yield running


BROKEN: dict[str, tuple[bytes, int]] = {
    "no request": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    "no version": (b"GET /\r\n\r\n", 400),
    "another version": (b"GET / HTTP/2.0\r\n" + HOST + b"\r\n", 400),
    "no host": (b"GET / HTTP/1.1\r\n\r\n", 400),
    "two hosts": (b"GET / HTTP/1.1\r\n" + 2 * HOST + b"\r\n", 400),
    "two hosts in one line": (b"GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400),
    "two hosts without a space": (b"GET / HTTP/1.1\r\nHost: a,b\r\n\r\n", 400),
    "no such host": (b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
    "no such port": (b"GET / HTTP/1.1\r\nHost: a:b\r\n\r\n", 400),
    "no path": (b"GET http://meeting.example HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "a tunnel": (b"CONNECT evil.example:443 HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "a byte that is no letter": ("GET /é HTTP/1.1\r\n".encode() + HOST + b"\r\n", 400),
    "an unheard-of method": (b"FETCH / HTTP/1.1\r\n" + HOST + b"\r\n", 405),
    "a long address": (b"GET /?%s HTTP/1.1\r\n" % (b"a" * MOST_URL) + HOST + b"\r\n", 414),
    "an endless address": (b"GET /?" + b"a" * 900_000, 414),
    "a large header": (HEAD + b"X: %s\r\n\r\n" % (b"a" * 70_000), 431),
    "an endless header": (HEAD + b"X: " + b"a" * 900_000, 431),
    "many headers": (HEAD + b"X: a\r\n" * MOST_HEADERS + b"\r\n", 431),
    "headers without an end": (HEAD + b"X:\r\n" * 10_000, 431),
    "a large body": (b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 100000\r\n\r\n", 413),
    "two lengths": (HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400),
    "a length and pieces": (
        HEAD + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    "an unheard-of coding": (HEAD + b"Transfer-Encoding: strange\r\n\r\n", 400),
    "a folded header": (HEAD + b"X: a\r\n b\r\n\r\n", 400),
    "a space before a colon": (HEAD + b"X : a\r\n\r\n", 400),
    "a header without a colon": (HEAD + b"X\r\n\r\n", 400),
}


@pytest.mark.parametrize("what", BROKEN)
def test_what_is_no_request_is_refused_clearly(bounded: int, what: str) -> None:
    sent, status = BROKEN[what]
    answer = ask(bounded, sent)
    assert answer.status == status
    assert is_guarded(answer)
    assert answer.headers["connection"] == "close"
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.body.count(b"\n") == 1


def test_the_longest_address_is_answered(bounded: int) -> None:
    path = b"/about?".ljust(MOST_URL, b"a")
    assert ask(bounded, b"GET %s HTTP/1.1\r\n" % path + HOST + b"\r\n").status == 200


@pytest.mark.parametrize(
    "host", ["", "a", "a_b.example:", "192.0.2.7:80", "[::1]:8000", "xn--p1ai"]
)
def test_any_host_is_answered(bounded: int, host: str) -> None:
    assert ask(bounded, f"GET /about HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()).status == 200


def test_a_request_after_a_broken_one_is_not_answered(bounded: int) -> None:
    """What comes before is; the refusal has its turn, and then nothing more is read."""
    with connected(bounded) as (connection, stream):
        connection.sendall(asked("/about") * 2 + b"BROKEN\r\n\r\n" + asked("/timeline"))
        assert [read_answer(stream).status for _ in range(4)] == [200, 200, 400, 0]


@pytest.mark.parametrize(
    "sent",
    [
        b"POST /about HTTP/1.1\r\n" + HOST + b"Expect: 100-continue\r\nContent-Length: 9\r\n\r\n",
        b"POST /about HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\nno length\r\n",
        b"POST /about HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"
        b"ffff\r\n" + b"a" * 0xFFFF + b"\r\nffff\r\n" + b"a" * 0xFFFF,
        b"POST /about HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"
        b"0\r\n" + b"X: a\r\n" * 150_000,
    ],
    ids=["not sent", "without an end", "too long", "endless headers after it"],
)
def test_a_body_that_does_not_come_is_not_taken_for_the_next_request(
    bounded: int, sent: bytes
) -> None:
    with connected(bounded) as (connection, stream):
        connection.sendall(sent + asked("/timeline"))
        assert [read_answer(stream).status for _ in range(2)] == [405, 0]


def test_an_upgrade_is_not_made(bounded: int) -> None:
    with connected(bounded) as (connection, stream):
        connection.sendall(asked("/about", "Connection: Upgrade", "Upgrade: websocket"))
        answer = read_answer(stream)
        assert (answer.status, answer.headers["connection"]) == (200, "close")
        assert read_answer(stream).status == 0


def test_a_client_that_has_sent_all_is_answered(bounded: int) -> None:
    with connected(bounded) as (connection, stream):
        connection.sendall(asked("/about"))
        connection.shutdown(socket.SHUT_WR)
        assert read_answer(stream).status == 200


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"", 0),
        (b"\r\n", 0),
        (asked("/about"), 200),
        (asked("/about") + b"\r\n", 200),
        (b"GET", 408),
        (HEAD, 408),
        (HEAD + b"X: a", 408),
        (b"POST /about HTTP/1.1\r\n" + HOST + b"Content-Length: 9\r\n\r\n123", 405),
    ],
)
def test_nobody_is_waited_for_long(
    impatient: tuple[int, uvicorn.Server], sent: bytes, status: int
) -> None:
    """Were they waited for, this would end as a connection from which nothing comes does."""
    with connected(impatient[0]) as (connection, stream):
        connection.sendall(sent)
        answer = read_answer(stream)
        assert answer.status == status
        assert not status or is_guarded(answer)
        drained(connection)


def test_a_byte_now_and_then_is_no_request(impatient: tuple[int, uvicorn.Server]) -> None:
    def dawdle(connection: socket.socket) -> None:
        for byte in HEAD * 20:
            connection.send(bytes([byte]))
            time.sleep(0.02)

    with connected(impatient[0]) as (connection, _), pytest.raises(ConnectionError):
        dawdle(connection)


@contextmanager
def hardly_reading(port: int, sent: bytes) -> Iterator[socket.socket]:
    """A connection that has asked, and takes next to nothing before it is read."""
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(PATIENCE)
        connection.connect(("127.0.0.1", port))
        connection.sendall(sent)
        yield connection


def test_whoever_reads_nothing_is_left(
    world_site: Site, impatient: tuple[int, uvicorn.Server], caplog: pytest.LogCaptureFixture
) -> None:
    port, running = impatient
    whole = world_site.client.get("/data/meeting21.sqlite")
    with hardly_reading(port, asked("/data/meeting21.sqlite") * 4) as connection:
        wait_until(lambda: bool(running.server_state.connections), "it is not taken")
        wait_until(lambda: not running.server_state.connections, "it is not left")
        assert drained(connection) < 4 * len(whole.content)
    assert caplog.records == []


def test_whoever_reads_too_slowly_is_left(
    world_site: Site, impatient: tuple[int, uvicorn.Server]
) -> None:
    """Some bytes now and then hold no place."""
    whole = world_site.client.get("/data/meeting21.sqlite")
    received = 0
    with (
        hardly_reading(impatient[0], asked("/data/meeting21.sqlite")) as connection,
        contextlib.suppress(ConnectionResetError),
    ):
        while piece := connection.recv(1000):
            received += len(piece)
            time.sleep(0.1)
    assert received < len(whole.content)


@pytest.mark.parametrize("after", [b"", b"BROKEN\r\n\r\n"])
def test_whoever_reads_slowly_enough_gets_all(
    world_site: Site, monkeypatch: pytest.MonkeyPatch, after: bytes
) -> None:
    """For longer than anybody is waited for, and with a refusal behind it."""
    # So much of what has to be read in time that a reader who is held up is no slow one.
    patience = 1.5
    monkeypatch.setattr(protocol, "STALLED_SECONDS", patience)
    monkeypatch.setattr(protocol, "LINGER_SECONDS", patience)
    monkeypatch.setattr(protocol, "LEAST_READ", 1024)
    whole = len(world_site.client.get("/data/meeting21.sqlite").content)
    with (
        in_bounds(world_site) as (port, _),
        hardly_reading(port, asked("/data/meeting21.sqlite") * 2 + after) as connection,
    ):
        received, begun = 0, time.monotonic()
        while received < 2 * whole:
            piece = connection.recv(8192)
            assert piece
            received += len(piece)
            time.sleep(2 * patience * len(piece) / (2 * whole))
        assert time.monotonic() - begun > patience


def test_of_many_requests_at_once_some_are_answered(bounded: int) -> None:
    """The rest is not read, and the connection ends in order: what was answered arrives."""
    with connected(bounded) as (connection, stream):
        # What is not there is asked for each time.
        connection.sendall(asked("/nothing") * 200)
        answers = [read_answer(stream) for _ in range(MOST_WAITING + 2)]
    assert {answer.status for answer in answers[:-1]} == {404}
    assert len({answer.body for answer in answers[:-1]}) == 1
    assert answers[-1].status == 0


@contextmanager
def watched(world_site: Site) -> Iterator[tuple[int, list[str]]]:
    """The port of the miniature site, and the paths for which the application was asked."""
    site, paths = world_site.client.app, list[str]()
    assert isinstance(site, Delivery)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        paths.append(scope["path"])
        await site(scope, receive, send)

    with in_bounds(world_site, app) as (port, _):
        yield port, paths


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", ["/about", "/agreements?page=1", "/agreements.json"])
@pytest.mark.parametrize(
    "headers",
    [
        [],
        ["Accept-Encoding: br, gzip"],
        ["Accept: application/json", "Accept-Encoding: gzip"],
        ["If-None-Match: *"],
        ['If-None-Match: "other"'],
    ],
)
def test_what_is_at_hand_is_the_same_answer(
    world_site: Site, method: str, path: str, headers: list[str]
) -> None:
    """And nobody is asked for it."""
    sent = asked(path, *headers, "X-Never: seen").replace(b"GET", method.encode())
    with watched(world_site) as (port, paths), connected(port) as (connection, stream):
        answers = []
        for _ in range(3):
            connection.sendall(sent)
            answer = read_answer(stream, is_head=method == "HEAD")
            answers.append((answer.status, answer.headers | {"date": ""}, answer.body))
    assert answers[0][0] == (304 if "If-None-Match: *" in headers else 200)
    assert answers[1:] == answers[:1] * 2
    assert len(paths) <= 1


@pytest.mark.parametrize(
    ("sent", "status", "is_kept"),
    [
        (b"GET /about HTTP/1.0\r\n" + HOST + b"\r\n", 200, False),
        (asked("/about", "Connection: close"), 200, False),
        (asked("/about", "Connection: Upgrade", "Upgrade: websocket"), 200, False),
        (asked("/about", "Expect: 100-continue"), 200, False),
        (asked("/about", "Content-Length: 2") + b"ab", 200, True),
        (asked("/about", "Transfer-Encoding: chunked") + b"0\r\n\r\n", 200, True),
        (asked("/about", "Accept: text/html", "Accept: application/json"), 200, True),
        (asked("/about").replace(b"GET", b"POST"), 405, True),
    ],
)
def test_what_asks_for_more_than_bytes_is_asked_for(
    world_site: Site, sent: bytes, status: int, is_kept: bool
) -> None:
    """Though what it asks for is at hand."""
    with watched(world_site) as (port, paths):
        ask(port, asked("/about"))
        before = len(paths)
        with connected(port) as (connection, stream):
            connection.sendall(sent)
            answer = read_answer(stream)
            assert answer.status == status
            if is_kept:
                connection.sendall(asked("/about"))
            assert read_answer(stream).status == (200 if is_kept else 0)
        assert paths[before:] == ["/about"]


def test_what_is_at_hand_comes_in_its_turn(world_site: Site) -> None:
    """However many requests are sent at once, and whatever has to be made between them."""
    site = world_site.client
    with watched(world_site) as (port, paths):
        for path in ("/about", "/timeline"):
            ask(port, asked(path))
        paths.clear()
        with connected(port) as (connection, stream):
            connection.sendall(asked("/about") * 5 + asked("/nothing") + asked("/timeline") * 5)
            answers = [read_answer(stream) for _ in range(11)]
    assert [answer.status for answer in answers] == [200] * 5 + [404] + [200] * 5
    assert {answer.body for answer in answers[:5]} == {site.get("/about").content}
    assert {answer.body for answer in answers[6:]} == {site.get("/timeline").content}
    assert paths[0] == "/nothing"


def test_of_what_is_at_hand_no_more_comes_at_once(world_site: Site) -> None:
    """Others have their turn; what comes after that is treated as what has to be made."""
    with watched(world_site) as (port, paths):
        ask(port, asked("/robots.txt"))
        paths.clear()
        with connected(port) as (connection, stream):
            connection.sendall(asked("/robots.txt") * 200)
            answers = [read_answer(stream) for _ in range(2 * MOST_WAITING + 2)]
    assert {answer.status for answer in answers[:-1]} == {200}
    assert answers[-1].status == 0
    assert paths == ["/robots.txt"] * (MOST_WAITING + 1)


def test_whoever_was_answered_at_once_may_wait_for_what_is_made(
    world_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However short the time in which it would have to ask again."""
    monkeypatch.setattr(protocol, "KEPT_SECONDS", 0.2)
    site = world_site.client.app
    assert isinstance(site, Delivery)

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/nothing":
            await asyncio.sleep(1)
        await site(scope, receive, send)

    with in_bounds(world_site, slow) as (port, _), connected(port) as (connection, stream):
        ask(port, asked("/about"))
        connection.sendall(asked("/about") + asked("/nothing"))
        assert [read_answer(stream).status for _ in range(2)] == [200, 404]


def test_whoever_still_reads_does_not_wait(world_site: Site, bounded: int) -> None:
    """Its place is not given to others, though its answer is finished."""
    whole = world_site.client.get("/data/meeting21.sqlite").content
    with ExitStack() as stack:
        reader = stack.enter_context(hardly_reading(bounded, asked("/data/meeting21.sqlite")))
        head = reader.recv(1000)
        for _ in range(30):
            stack.enter_context(connected(bounded))[0].sendall(b"GET")
        reader.shutdown(socket.SHUT_WR)
        received = head + b"".join(iter(lambda: reader.recv(65536), b""))
    assert received.endswith(whole)


def test_those_who_do_not_read_keep_nobody_out(bounded: int) -> None:
    """However many they are."""
    with ExitStack() as stack:
        for _ in range(8):
            sent = asked("/data/meeting21.sqlite")
            stack.enter_context(hardly_reading(bounded, sent)).recv(1)
        for _ in range(3):
            assert ask(bounded, asked("/about")).status == 200


@pytest.mark.parametrize("is_kept", [True, False], ids=["kept", "too large to be kept"])
def test_those_who_do_not_read_wait_for_the_same_bytes(tmp_path: Path, *, is_kept: bool) -> None:
    """What the system takes at once is not in the memory of the process."""
    keeping = "gc.freeze()" if is_kept else "from app import delivery; delivery.MOST_KEPT = 2**16"
    prepared = (
        f"serving._WORKER = serving._WORKER.replace('gc.freeze()', '{keeping}')\n"
        "bound = serving.bound\n"
        "def small(*given):\n"
        "    listening = bound(*given)\n"
        f"    listening.setsockopt({socket.SOL_SOCKET}, {socket.SO_SNDBUF}, 8192)\n"
        "    return listening\n"
        "serving.bound = small\n"
    )
    sent = asked("/data/meeting21.sqlite")
    with server(WORLD, tmp_path, prepared=prepared) as running, ExitStack() as stack:
        length = len(ask(running.port, sent).body)
        (worker,) = running.workers()
        before, number = resident(worker), 200
        for _ in range(number):
            # One after the other: what is asked for at once is made once.
            stack.enter_context(hardly_reading(running.port, sent)).recv(1)
        assert ask(running.port, asked("/healthz")).status == 200
        assert (resident(worker) - before) * 1024 < number * length / 2


def test_new_visitors_take_the_place_of_those_who_wait(bounded: int) -> None:
    with ExitStack() as stack:
        for _ in range(30):
            slow, _ = stack.enter_context(connected(bounded))
            slow.sendall(b"GET")
        assert ask(bounded, asked("/about")).status == 200


def test_too_much_to_make_is_said_and_what_is_kept_still_comes(world_site: Site) -> None:
    app = create_app(Settings(world_site.seed, world_site.database, "https://meeting.example"))
    client = TestClient(app)
    assert client.get("/about").status_code == 200
    app.under_way |= dict.fromkeys(((f"/{number}", ""), None) for number in range(MOST_UNDER_WAY))
    assert client.get("/about").status_code == 200
    busy = client.get("/timeline")
    assert (busy.status_code, busy.headers["retry-after"]) == (503, "2")
    assert busy.headers["cache-control"] == "no-store"
    assert "strict-transport-security" in busy.headers
    # Who is sent away leaves nothing behind, whatever was asked for.
    asked = ("/agreements", "/sectors", "/quotes", "/people")
    statuses = [
        client.get(path, headers={"accept": "application/json"}).status_code for path in asked
    ]
    assert statuses == [503] * len(asked)
    # Nor is anything else made for what is no page.
    assert client.post("/timeline").status_code == 503
    assert client.get("/api/people", headers={"accept": "image/png"}).status_code == 503
    gc.collect()
    assert [one for one in gc.get_objects() if isinstance(one, Kept) and one.status == 503] == []
    app.under_way.clear()
    assert client.get("/timeline").status_code == 200
    assert client.post("/timeline").status_code == 405


def test_health_is_told_and_never_kept(served: Served) -> None:
    answer = ask(served.port, asked("/healthz"))
    assert is_guarded(answer)
    assert answer.headers["cache-control"] == "no-store"
    assert json.loads(answer.body) == {
        "live": True,
        "ready": True,
        "version": __version__,
        "seed": edition.of_seed(WORLD),
        "refused": None,
    }


def test_the_log_tells_what_is_at_hand_as_what_is_made(served: Served) -> None:
    """Nobody else here asks for this page."""
    sent = asked("/accessibility")
    lines = ("HEAD", 200, 0), ("GET", 200, len(ask(served.port, sent).body))
    for _ in range(6):
        ask(served.port, sent)
        ask(served.port, sent.replace(b"GET", b"HEAD"))

    def told() -> list[tuple[str, int, int]]:
        entries = [json.loads(line) for line in served.told()]
        return sorted(
            (entry["method"], entry["status"], entry["bytes"])
            for entry in entries
            if entry["target"] == "/accessibility"
        )

    expected = sorted([*lines * 6, lines[1]])
    wait_until(lambda: told() == expected, "they are not told")


def test_the_log_tells_every_answer_in_a_line_that_no_request_can_break(served: Served) -> None:
    ask(served.port, asked('/about?"%0d%0aevil%1b[31m\\'))
    ask(served.port, b"GET /<b> HTTP/1.1\r\n\r\n")
    expected = {('/about?"%0d%0aevil%1b[31m\\', 200), ("/<b>", 400)}

    def told() -> set[tuple[str, int]]:
        entries = [json.loads(line) for line in served.told()]
        assert {entry["client"] for entry in entries} <= {"127.0.0.1"}
        return {(entry["target"], entry["status"]) for entry in entries}

    wait_until(lambda: told() >= expected, "they are not told")
    assert all(line.isascii() and line.isprintable() for line in served.told())


def test_the_common_form_is_the_usual_one(tmp_path: Path) -> None:
    known = {"MEETING21_LOG": "common", "MEETING21_PROXIES": "127.0.0.1"}
    base = "https://meeting.example/path"
    arguments = "--base-url", base
    with server(WORLD, tmp_path, *arguments, prepared=NOTHING_FORESEEN, **known) as running:
        ask(running.port, asked('/about?"\\', 'X-Forwarded-For: 192.0.2.7" \u202e'))
        for _ in range(3):
            ask(running.port, asked("/about", "X-Forwarded-For: 192.0.2.7"))
        wait_until(lambda: len(running.told()) == 4, "nothing is told")
        hostile, *usual = running.told()
        line = running.said().splitlines()[-1]
    assert line == f"serving {base} at http://127.0.0.1:{running.port} (stop with Ctrl+C)"
    assert hostile.isascii()
    assert hostile.isprintable()
    assert '"GET /about?\\x22\\x5c HTTP/1.1" 200 ' in hostile
    day = r"\[\d\d/\w{3}/\d{4}:[\d:]{8} \+0000\]"
    pattern = rf'192\.0\.2\.7 - - {day} "GET /about HTTP/1\.1" 200 \d+'
    assert all(re.fullmatch(pattern, line) for line in usual)


def test_a_log_without_room_stops_nobody(world_site: Site) -> None:
    class Full(io.RawIOBase):
        def write(self, _: object) -> int:
            raise OSError(errno.ENOSPC, "")

    app = world_site.client.app
    assert isinstance(app, Delivery)
    log = Journal(app, "common", Full())
    assert TestClient(log).get("/about").status_code == 200
    log.close()
    assert not log.writing.is_alive()


def test_a_log_that_nobody_reads_stops_nobody(
    world_site: Site, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What there is no room for is counted, and the number told once somebody reads again."""
    monkeypatch.setattr(journal, "LAST_SECONDS", 0.1)
    app = world_site.client.app
    assert isinstance(app, Delivery)
    read, written = os.pipe()
    with os.fdopen(read, "rb") as reader, io.FileIO(written, "w") as stream:
        log = Journal(app, "json", stream)
        number = 4 * journal.MOST_WAITING
        for _ in range(number):
            log.tell(client=None, method="GET", target=b"/about", status=200, size=1)
        log.close()
        assert log.writing.is_alive()
        assert 0 < log.left_out < number
        lines = [reader.readline() for _ in range(number - log.left_out)]
        log.writing.join(PATIENCE)
        assert not log.writing.is_alive()
        assert all(json.loads(line)["status"] == 200 for line in lines)
    assert f"{log.left_out} answers are not in the log" in caplog.text


def test_a_fault_is_called_the_same_on_its_page_and_in_the_log(
    world_site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise ValueError("a\nsecret")

    app = create_app(Settings(world_site.seed, world_site.database))
    monkeypatch.setattr("app.queries.meeting", broken)
    client = TestClient(app, raise_server_exceptions=False)
    page, program = client.get("/"), client.get("/meeting.json")
    for answer in (page, program):
        assert answer.status_code == 500
        assert "secret" not in answer.text
        assert SECURITY_HEADERS.keys() <= dict(answer.headers).keys()
    mark = program.json()["error"]
    assert f"“{mark}”" in page.text
    told = [record.getMessage() for record in caplog.records]
    assert told == [f"error {mark} while answering '{path}'" for path in ("/", "/meeting.json")]


def test_a_dead_process_is_replaced_and_nobody_is_turned_away(served: Served) -> None:
    for number in (signal.SIGKILL, signal.SIGTERM):
        before = served.workers()
        assert len(before) == 2
        os.kill(before[0], number)
        wait_until(
            lambda former=before: len(served.workers()) == 2 and served.workers() != former,
            "it is not replaced",
        )
        assert {ask(served.port, asked("/about")).status for _ in range(20)} == {200}
    assert served.said().count("has ended; another takes its place") == 2


LITTLE_PATIENCE = f"""{NOTHING_FORESEEN}
serving._ASKED_EVERY_SECONDS, serving._SILENT_SECONDS = 0.2, 4
"""


def test_a_process_that_stands_still_is_replaced(tmp_path: Path) -> None:
    """And keeps nobody from taking up a seed."""
    with server(WORLD, tmp_path, "--workers", "2", prepared=LITTLE_PATIENCE) as running:
        former = running.workers()[0]
        os.kill(former, signal.SIGSTOP)
        # By then it is asked whether it is alive; else the seed waits for it a little longer.
        time.sleep(1)
        running.hang_up()
        wait_until(
            lambda: len(running.workers()) == 2 and former not in running.workers(),
            "it is not replaced",
        )
        assert {ask(running.port, asked("/about")).status for _ in range(20)} == {200}
        assert re.search(rf"process {former} says nothing for \d+ seconds, and is", running.said())


NOT_STARTED_ONCE = f"""{NOTHING_FORESEEN}
started, attempts = serving._Keeper._started, iter([False, True, False])
async def fails_once(self):
    if next(attempts):
        raise OSError(24, "Too many open files")
    return await started(self)
serving._Keeper._started = fails_once
"""


def test_what_is_lost_is_built_anew_and_what_is_refused_is_tried_again(tmp_path: Path) -> None:
    """Where the system gives no process, and where the database went while it was served."""
    with server(WORLD, tmp_path, prepared=NOT_STARTED_ONCE) as running:
        (former,) = running.workers()
        running.kill(former)
        wait_until(lambda: running.workers() not in ([], [former]), "it is not tried again")
        assert "no process can be started: Too many open files; " in running.said()
        assert ask(running.port, asked("/about")).status == 200
        wait_until(lambda: health_of(running)["refused"] is None, "it tells what nobody refused")
    with server(WORLD, tmp_path, prepared=NOTHING_FORESEEN) as running:
        edition.beside(tmp_path / "site.db").unlink()
        running.kill(running.workers()[0])
        assert ask(running.port, asked("/about")).status == 200
        assert edition.is_current(tmp_path / "site.db", WORLD)


def test_processes_end_with_the_one_that_keeps_them(tmp_path: Path) -> None:
    with server(WORLD, tmp_path, prepared=NOTHING_FORESEEN) as running:
        workers = running.workers()
        running.process.kill()
        wait_until(lambda: not any(map(is_running, workers)), "they go on")


def test_what_has_begun_is_ended_before_the_end(tmp_path: Path) -> None:
    with (
        server(WORLD, tmp_path, prepared=NOTHING_FORESEEN) as running,
        hardly_reading(running.port, asked("/data/meeting21.sqlite")) as connection,
    ):

        def is_refused() -> bool:
            try:
                socket.create_connection(("127.0.0.1", running.port), timeout=PATIENCE).close()
            except ConnectionRefusedError:
                return True
            return False

        first = connection.recv(1000)
        running.process.send_signal(signal.SIGTERM)
        wait_until(is_refused, "it takes others")
        received = len(first) + drained(connection)
        assert received > (tmp_path / "site.db").stat().st_size
        assert running.process.wait(PATIENCE) == 0


WRONG = "the seed has mistakes; the log says which"


def health_of(running: Served) -> dict[str, Any]:
    """What a server says of its health."""
    told: dict[str, Any] = json.loads(ask(running.port, asked("/healthz")).body)
    return told


FORMER, LATER = "Joint light over the strait", "Another light over the strait"


def seed_called(title: str, folder: Path) -> Path:
    """The miniature seed under another title, which stands on every page."""
    return changed(
        folder, ("short_title: {en: The Third Meeting}", f"short_title: {{en: {title}}}")
    )


def test_a_new_seed_is_taken_up_and_a_wrong_one_is_not(tmp_path: Path) -> None:
    """Under traffic: no request fails, and no page is of two seeds."""
    seed = seed_called(FORMER, tmp_path)
    good, title = seed.read_text(), FORMER
    failures: list[str] = []
    is_over = threading.Event()
    paths = ("/", "/about", "/agreements", "/agreements.json", "/ru/sectors/fishing", "/search?q=a")

    def visit() -> None:
        number = 0
        with ExitStack() as stack:
            connection = None
            while not is_over.is_set():
                number += 1
                try:
                    # A kept connection for a while, then another.
                    if connection is None or number % 50 == 0:
                        stack.close()
                        connection, stream = stack.enter_context(connected(running.port))
                    connection.sendall(asked(f"{paths[number % len(paths)]}"))
                    answer = read_answer(stream)
                except OSError as error:
                    failures.append(repr(error))
                    return
                text = answer.body.decode()
                if answer.status != 200 or (FORMER in text and LATER in text):
                    failures.append(f"{answer.status} {text[:200]}")
                # Traffic enough, and what is tested has a machine to do it on.
                time.sleep(0.005)

    with server(seed, tmp_path, "--workers", "2") as running, ExitStack() as ended:
        visitors = [threading.Thread(target=visit) for _ in range(4)]
        for visitor in visitors:
            visitor.start()
            ended.callback(visitor.join)
        ended.callback(is_over.set)
        for _ in range(size(1, 100)):
            seed.write_text(good.replace("reference: sec2", "reference: sec-2"))
            running.hang_up()
            wait_until(lambda: health_of(running)["refused"] == WRONG, "it is not told")
            assert title in ask(running.port, asked("/about")).body.decode()
            other = LATER if title == FORMER else FORMER
            good = good.replace(title, other)
            title = other
            seed.write_text(good)
            running.hang_up()
            for _ in range(6):
                assert title in ask(running.port, asked("/about")).body.decode()
            health = health_of(running)
            assert (health["refused"], health["seed"]) == (None, edition.of_seed(seed))
        assert "sectors.fishing.reference: " in running.said()
    assert failures == []


def test_a_process_that_comes_later_knows_that_the_seed_is_wrong(tmp_path: Path) -> None:
    seed = changed(tmp_path)
    with server(seed, tmp_path, prepared=NOTHING_FORESEEN) as running:
        seed.write_text("agreements: [")
        running.hang_up()
        (worker,) = running.workers()
        running.kill(worker)
        wait_until(lambda: health_of(running)["refused"] == WRONG, "it does not know")
        seed.unlink()
        running.hang_up()
        why = "the database could not be built; the log says why"
        wait_until(lambda: health_of(running)["refused"] == why, "it is not told")


def test_a_database_that_is_replaced_is_not_half_taken_up(world_site: Site, tmp_path: Path) -> None:
    """Whatever is built under its name meanwhile, a site is of the database it was opened on."""
    from app.build import build

    seed, database = changed(tmp_path), tmp_path / "site.db"
    build(seed, database)
    app = create_app(Settings(seed, database, "https://meeting.example"))
    build(seed_called(LATER, tmp_path), database)
    former = database.read_bytes()
    # One loop for all, as a server has it.
    with TestClient(app) as client:
        whole = client.get("/data/meeting21.sqlite").content
        assert whole == world_site.client.get("/data/meeting21.sqlite").content
        assert whole != former
        found: list[str] = []
        threads = [
            threading.Thread(target=lambda n=n: found.append(client.get(f"/search?q=a{n}").text))
            for n in range(20)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not any(LATER in text for text in found)


def test_memory_stays_what_it_is(served: Served) -> None:
    """However long it is asked: for pages, for ever new searches, for what is not there."""
    workers = served.workers()
    settling, seconds = size((1, 2), (120, 600))
    first = visits(served.port, visitors=8, first=0, seconds=settling)
    settled = sum(map(resident, workers))
    last = visits(served.port, visitors=8, first=first, seconds=seconds)
    grown = sum(map(resident, workers)) - settled
    print(f"{first} requests: {settled} kB; {last - first} more in {seconds} s: {grown} kB more")
    # What is kept of searches has its bound, which a short run does not reach.
    assert grown < size(60, 20) * 1024
    assert served.workers() == workers


def test_a_flood_of_requests_slows_nobody_else(tmp_path: Path) -> None:
    """Connections over which one page is asked for ever, whose answers nobody reads."""
    prepared = NOTHING_FORESEEN
    with server(WORLD, tmp_path, prepared=prepared) as running, ExitStack() as stack:
        ask(running.port, asked("/about"))
        (worker,) = running.workers()
        before, most = resident(worker), 0.0
        flooding = []
        for _ in range(25):
            flooding.append(stack.enter_context(connected(running.port))[0])
            flooding[-1].settimeout(0)
        for _ in range(4):
            for connection in flooding:
                with contextlib.suppress(OSError):
                    connection.send(asked("/about") * 4000)
            begun = spent(worker)
            assert ask(running.port, asked("/healthz")).status == 200
            most = max(most, spent(worker) - begun)
        grown = resident(worker) - before
        print(f"health told after {most * 1000:.0f} ms of work at most, {grown} kB more")
        assert most < 2
        assert grown < 64 * 1024


def test_a_slow_crowd_slows_nobody_else(served: Served) -> None:
    """Connections that send a byte now and then beside 32 that ask as fast as they can."""
    requests = size(40, 400)
    # Whatever else the machine does meanwhile, it does not do it beside the crowd every time.
    for _ in range(5):
        alone = latencies(served.port, visitors=32, requests=requests)
        with crowd(served.port, size(200, 1000)):
            beside = latencies(served.port, visitors=32, requests=requests)
        print(f"p99 alone {alone * 1000:.1f} ms, beside the crowd {beside * 1000:.1f} ms")
        if beside <= 3 * alone + 0.01:
            return
    pytest.fail("the crowd slows everybody")
