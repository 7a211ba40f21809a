"""Lines fit, begin and end where they may, and hold only what can be drawn."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as some

from app.glyphs import title_font
from app.typesetting import (
    ELLIPSIS,
    SUBSTITUTE,
    Style,
    balanced,
    clamped,
    drawable,
    is_chinese,
    pieces_of,
    style_for,
    undrawable,
    wrapped,
)

WIDTH = 400
TITLE = "Intergovernmental Commission for the Harbours, the Lights — and the Herring"
CHINESE = (
    "“两国代表团（海峡两岸）就照明、捕鱼及第二十一次会议，于2016年11月7日达成一致，”报纸写道。"
)
RUSSIAN = "Протокол о создании и организационных основах встреч в портах"
HOSTILE = '</text><image href="file:///etc/passwd"/>&amp;'
TEXTS = some.one_of(
    some.text(max_size=300),
    some.text("abЖщ字，。（）“” -–—\u00a0·１一二年", max_size=200),
    some.lists(some.sampled_from([TITLE, CHINESE, RUSSIAN, HOSTILE, "x" * 90, "😀"])).map(" ".join),
)


def style_of(text: str) -> Style:
    return style_for(text, title_font(), 40)


@given(text=TEXTS)
def test_what_is_drawable_is_one_line_of_characters_with_glyphs(text: str) -> None:
    shown = drawable(text)
    assert undrawable(shown) == []
    assert not [sign for sign in shown if unicodedata.category(sign)[0] in {"C", "M"}]
    assert "  " not in shown
    assert shown == shown.strip(" ")
    assert drawable(shown) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("one\n\ntwo\tthree ", "one two three"),
        ("Cafe\u0301", "Café"),
        ("safe\u202eefas\u2066\u200b\u00ad", "safeefas"),
        ("lamp 💡 lit", f"lamp {SUBSTITUTE} lit"),
        ("❤\ufe0f", SUBSTITUTE),
        ("7\u202fноября", "7\u00a0ноября"),
        ("<b> & </b>", "<b> & </b>"),
        ("\x00\x1b[31m", "[31m"),
    ],
)
def test_what_cannot_be_drawn_is_left_out_or_seen_to_be_missing(text: str, shown: str) -> None:
    assert drawable(text) == shown


def test_what_is_lacking_is_named_once() -> None:
    assert undrawable("سسa💡\n") == ["س", "💡"]


@given(text=TEXTS.map(drawable))
def test_the_pieces_are_the_text(text: str) -> None:
    assert "".join(pieces_of(text)) == text


@given(text=TEXTS.map(drawable), count=some.integers(1, 4))
def test_no_line_is_wider_than_it_may_be(text: str, count: int) -> None:
    style = style_of(text)
    lines = clamped(text, style, WIDTH, count)
    assert len(lines) <= count
    assert max(map(style.width, lines)) <= WIDTH
    for whole in (wrapped(text, style, WIDTH), balanced(text, style, WIDTH)):
        assert whole is None or max(map(style.width, whole)) <= WIDTH


@given(text=TEXTS.map(drawable))
def test_balancing_takes_no_more_lines_and_loses_nothing(text: str) -> None:
    style = style_of(text)
    greedy, even = wrapped(text, style, WIDTH), balanced(text, style, WIDTH)
    assert (greedy is None) == (even is None)
    if greedy and even:
        assert len(even) == len(greedy)
        assert "".join(even).replace(" ", "") == text.replace(" ", "")
        assert max(map(style.width, even)) <= max(map(style.width, greedy))


@given(text=TEXTS.map(drawable), count=some.integers(1, 3))
def test_what_is_cut_ends_with_an_ellipsis_and_keeps_its_closing_mark(
    text: str, count: int
) -> None:
    lines = clamped(text, style_of(text), WIDTH, count, "”")
    assert lines[-1].endswith("”")
    if "".join(lines).replace(" ", "") != (text + "”").replace(" ", ""):
        shown = "".join(lines).replace(" ", "")
        assert shown.endswith(f"{ELLIPSIS}”")
        assert text.replace(" ", "").startswith(shown.removesuffix(f"{ELLIPSIS}”"))


@pytest.mark.parametrize("width", range(120, 900, 37))
def test_no_line_begins_or_ends_with_a_mark_that_may_not(width: int) -> None:
    lines = wrapped(CHINESE, style_of(CHINESE), width)
    if lines is not None:
        assert not [line for line in lines if line[0] in "，。、；：？！）》」』】”’"]
        assert not [line for line in lines if line[-1] in "（《「『【“‘"]
        assert "第二十一次" in "".join(f"{line}|" for line in lines)


def test_a_dash_ends_a_line_and_a_short_word_begins_one() -> None:
    assert pieces_of("Harbours — and a light") == ["Harbours — ", "and ", "a light"]
    assert pieces_of("встреч в портах") == ["встреч ", "в портах"]
    assert pieces_of("China-Russia 2017–2019") == ["China-", "Russia ", "2017–2019"]


def test_a_name_carried_over_breaks_between_its_parts() -> None:
    assert pieces_of("德米特里·阿纳托利耶维奇") == ["德米特里·", "阿纳托利耶维奇"]


def test_a_chinese_day_is_one_word() -> None:
    assert pieces_of("定于2016年11月7日举行") == ["定", "于", "2016年11月7日", "举", "行"]


def test_a_word_too_wide_for_a_line_is_told_and_broken_only_at_last() -> None:
    word = "Donaudampfschiffahrtsgesellschaft"
    assert wrapped(word, style_of(word), 200) is None
    assert "".join(clamped(word, style_of(word), 200, 9)) == word


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (TITLE, False),
        (RUSSIAN, False),
        (CHINESE, True),
        ("2016年11月7日", True),
        ("Beijing News new media (新京報)", False),
        ("2016", False),
    ],
)
def test_chinese_is_known_by_its_letters(text: str, expected: bool) -> None:
    assert is_chinese(text) is expected
