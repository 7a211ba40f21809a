"""What is kept in memory, and what has to go."""

import pytest

from app import store
from app.store import IDENTITY, Asked, Kept, Store, finished
from app.urls import LIST_FORMATS, RECORD_FORMATS

HTML = [(b"content-type", b"text/html")]


def kept(size: int = 1000) -> Kept:
    return finished(200, HTML, bytes(range(256)) * (size // 256), is_lasting=True)


def asked(path: str) -> Asked:
    return b"GET", path.encode(), None, b"br"


def sent(one: Kept) -> store.Sent:
    return one.messages(b"br", one.coded(b"br"), is_head=False, chosen=b"")


def test_what_was_used_stays_and_the_others_go() -> None:
    whole = Store(12 * 10_000)
    for number in range(40):
        whole.put(number, kept(5000))
        whole.get(0)
        assert whole.size <= whole.most
    assert 0 in whole
    assert 39 in whole
    assert 1 not in whole


@pytest.mark.parametrize(
    ("media_type", "is_text"),
    [
        *((one, True) for one in sorted({*RECORD_FORMATS.values(), *LIST_FORMATS.values()})),
        ("text/html; charset=utf-8", True),
        ("image/svg+xml", True),
        ("application/problem+json", True),
        ("application/opensearchdescription+xml", True),
        ("image/png", False),
        ("font/woff2", False),
        ("application/zip", False),
        ("application/vnd.sqlite3", False),
        ("application/jsonish", False),
    ],
)
def test_what_is_text_is_compressed(media_type: str, is_text: bool) -> None:
    headers = [(b"content-type", media_type.encode())]
    assert finished(200, headers, b"a" * 1000, is_lasting=True).is_compressible is is_text


def test_nothing_takes_the_room_of_many() -> None:
    whole = Store(100_000)
    whole.put("small", kept())
    whole.put("large", kept(50_000))
    assert "small" in whole
    assert "large" not in whole
    assert len(whole) == 1


def test_a_form_that_is_made_later_is_counted() -> None:
    whole, one = Store(10**6), kept(50_000)
    whole.put("page", one)
    before = whole.size
    one.messages(b"gzip", one.coded(b"gzip"), is_head=False, chosen=b"")
    whole.put("page", one)
    a_form = before + len(one.bodies[b"gzip"])
    assert a_form < whole.size <= a_form + 5000, "with the headers that it is sent with"
    sent(one)
    whole.put("page", one)
    assert IDENTITY not in one.bodies
    assert whole.size < before
    # A form without a body of its own takes room, too.
    before = whole.size
    one.messages(b"br", one.bodies[b"br"], is_head=True, chosen=b"")
    whole.put("page", one)
    assert before < whole.size <= before + 5000
    whole.clear()
    assert (whole.size, len(whole)) == (0, 0)


def test_every_form_can_be_had_again_from_the_one_that_is_left() -> None:
    one = kept(50_000)
    plain, zipped = one.coded(IDENTITY), one.coded(b"gzip")
    sent(one)
    assert list(one.bodies) == [b"br"]
    assert one.coded(IDENTITY) == plain
    assert one.coded(b"gzip") == zipped


def test_what_has_gone_is_sent_to_nobody() -> None:
    whole, one = Store(200_000), kept(9000)
    whole.put("page", one)
    whole.remember(asked("/page"), "page", one, sent(one))
    assert asked("/page") in whole.asked
    for number in range(40):
        whole.put(number, kept(9000))
    assert "page" not in whole
    assert whole.asked == {}
    whole.remember(asked("/page"), "page", one, sent(one))
    assert whole.asked == {}


def test_requests_are_remembered_in_bounds() -> None:
    whole, one = Store(100_000), kept()
    whole.put("page", one)
    for number in range(store.MOST_ASKED + 10):
        whole.remember(asked(f"/{number}"), "page", one, sent(one))
    assert len(whole.asked) == len(one.asked) == 10
    whole.remember(asked("/" + "x" * store.LONGEST_ASKED), "page", one, sent(one))
    assert len(whole.asked) == 10
