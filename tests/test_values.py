"""The small values: which are legal, and what is said of the others."""

import re
import sys
import unicodedata
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from pydantic import TypeAdapter, ValidationError

from app.values import (
    Contact,
    LanguageTag,
    Name,
    Part,
    PartialDate,
    Reference,
    Slug,
    Standing,
    Text,
    WebAddress,
    Wording,
    Written,
    texts_in,
)


def refused(annotation: Any, value: Any) -> str:
    """What is said of a value that is not legal."""
    with pytest.raises(ValidationError) as raised:
        TypeAdapter(annotation).validate_python(value)
    (details,) = raised.value.errors()
    return details["msg"].removeprefix("Value error, ")


KINDS: dict[str, Any] = {
    "PartialDate": PartialDate,
    "LanguageTag": LanguageTag,
    "WebAddress": WebAddress,
    "Contact": Contact,
    "Written": Written,
    "Slug": Slug,
    "Reference": Reference,
}


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("PartialDate", "2016"),
        ("PartialDate", "2016-11"),
        ("PartialDate", "2016-11-07"),
        ("PartialDate", "2016-02-29"),
        ("PartialDate", "0001"),
        ("PartialDate", "9999-12-31"),
        ("LanguageTag", "en"),
        ("LanguageTag", "zh-Hans"),
        ("LanguageTag", "zh-Hant-HK"),
        ("LanguageTag", "pt-BR"),
        ("LanguageTag", "tyv"),
        ("Contact", "faults@example.org"),
        ("Contact", "a.b+c@mail.example.org"),
        ("Contact", "https://example.org/faults?of=us#form"),
        ("WebAddress", "http://example.org"),
        ("WebAddress", "https://example.org/a?b=c&d=%20#e"),
        ("WebAddress", "https://пример.рф/текст"),
        ("WebAddress", "https://example.org:8443/"),
        ("Written", "a"),
        ("Written", "灯"),
        ("Slug", "a"),
        ("Slug", "meeting-21"),
        ("Slug", "2016"),
        ("Reference", "a1"),
        ("Reference", "org12"),
        ("Reference", "m0"),
    ],
)
def test_legal_value_is_kept_as_it_is_written(kind: str, value: str) -> None:
    assert TypeAdapter(KINDS[kind]).validate_python(value) == value


@pytest.mark.parametrize(
    "value",
    [
        "",
        "16",
        "201",
        "20161",
        "2016-1",
        "2016-11-7",
        "2016-11-007",
        "2016/11/07",
        "2016-11-",
        "2016-",
        "20161107",
        " 2016",
        "2016\n",
        "-2016",
        "2016-11-07T10:00",
        "7 November 2016",
        "２０１６",
        "٢٠١٦",
        "2016-1१",
    ],
)
def test_what_is_written_otherwise_is_no_date(value: str) -> None:
    expected = f'"{value}" is not a date; write 2016, 2016-11 or 2016-11-07'
    assert refused(PartialDate, value) == expected


@pytest.mark.parametrize(
    "value",
    ["2016-02-30", "2015-02-29", "2016-00", "2016-13", "2016-11-31", "2016-11-00", "0000"],
)
def test_day_outside_the_calendar_is_named(value: str) -> None:
    assert refused(PartialDate, value) == f'"{value}" is not a day in the calendar'


DAYS = some.dates(min_value=date(1, 1, 1))


@given(DAYS, DAYS)
def test_partial_dates_sort_as_text_in_time_order(one: date, other: date) -> None:
    for length in (4, 7, 10):
        first, second = one.isoformat()[:length], other.isoformat()[:length]
        assert TypeAdapter(PartialDate).validate_python(first) == first
        if one <= other:
            assert first <= second
        if first < second:
            assert one < other


def is_day(written: str) -> bool:
    """Whether the standard library finds the first day of a partial date in the calendar."""
    try:
        date.fromisoformat(written + "-01-01"[len(written) - 4 :])
    except ValueError:
        return False
    return True


@given(some.from_regex(r"\d{4}(-\d{2}(-\d{2})?)?", fullmatch=True))
def test_date_is_legal_where_it_begins_with_a_day_of_the_calendar(written: str) -> None:
    try:
        is_legal = TypeAdapter(PartialDate).validate_python(written) == written
    except ValidationError:
        is_legal = False
    assert is_legal == is_day(written)


@pytest.mark.parametrize(
    "value", ["", "EN", "e", "english", "zh-hans", "zh_Hans", "en-gb", "en-", "zh-HANS", "en\n"]
)
def test_malformed_language_tag_is_named(value: str) -> None:
    expected = f'"{value}" is not a language tag such as "en", "zh-Hans" (BCP 47)'
    assert refused(LanguageTag, value) == expected


@pytest.mark.parametrize(
    "value",
    ["", "us", "us@", "@example.org", "us@localhost", "a b@example.org", "http://a.example"],
)
def test_a_contact_nobody_can_be_reached_at_is_named(value: str) -> None:
    expected = f'"{value}" is neither an e-mail address nor one that begins with https://'
    assert refused(Contact, value) == expected


@pytest.mark.parametrize(
    "value",
    [
        "",
        "example.org",
        "//example.org",
        "ftp://example.org",
        "javascript:alert(1)",
        "https://",
        "https:///path",
        "https://?query",
        "https://#part",
        "https://example.org/a b",
        "https://example.org/\n",
        'https://example.org/"',
        "https://example.org/<b>",
        " https://example.org",
        "HTTPS://example.org",
    ],
)
def test_what_is_no_web_address_is_named(value: str) -> None:
    expected = f'"{value}" is not an address that begins with http:// or https://'
    assert refused(WebAddress, value) == expected


@pytest.mark.parametrize(
    "value", ["", "A", "a--b", "-a", "a-", "a b", "a_b", "é", "a\n", "a.b", "a/b", "а"]
)
def test_malformed_slug_is_refused(value: str) -> None:
    assert "pattern" in refused(Slug, value)


@pytest.mark.parametrize("value", ["", "a", "1", "1a", "a-1", "A1", "a1b", "a1\n", "a²", "а1"])
def test_malformed_reference_is_refused(value: str) -> None:
    assert "pattern" in refused(Reference, value)


@pytest.mark.parametrize("value", ["", " ", "\n", "\t \n", "\u00a0", "\u3000"])
def test_text_of_blanks_is_empty(value: str) -> None:
    assert refused(Written, value) == "the text is empty"
    assert refused(Text, {"en": value}) == "the text is empty"
    assert refused(Wording, {"official": value}) == "the text is empty"


@pytest.mark.parametrize("value", [{}, {"ru": "Свет"}, {"en-GB": "Light"}])
def test_text_and_name_need_the_primary_language(value: dict[str, str]) -> None:
    assert refused(Text, value) == '"en" is required'
    name = {language: {"official": text} for language, text in value.items()}
    assert refused(Name, name) == '"en" is required'


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"official": "a", "descriptive": "b"},
        {"official": "a", "descriptive": "b", "transliterated": "c"},
    ],
)
def test_wording_has_exactly_one_standing(value: dict[str, str]) -> None:
    expected = "give exactly one of official, descriptive, transliterated"
    assert refused(Wording, value) == expected
    assert refused(Name, {"en": value}) == expected


@pytest.mark.parametrize("standing", list(Standing), ids=str)
def test_wording_knows_its_standing_and_its_text(standing: Standing) -> None:
    wording = Wording.model_validate({str(standing): "Strait"})
    assert (wording.standing, wording.text) == (standing, "Strait")


def test_the_wordings_of_a_name_are_of_every_language() -> None:
    name = Name.model_validate(
        {"en": {"official": "Ada Lind"}, "ru": {"transliterated": "Ада Линд"}}
    )
    assert name.wordings == {"en": "Ada Lind", "ru": "Ада Линд"}


class Inner(Part):
    """A part with a text and a name."""

    text: Text
    name: Name | None = None


class Outer(Part):
    """A part with parts inside it."""

    first: Inner
    several: list[Inner]
    word: str = "not a text by language"


def test_texts_are_found_inside_a_value_in_the_order_of_its_fields() -> None:
    value = Outer.model_validate(
        {
            "several": [{"text": {"en": "two"}}, {"text": {"en": "three", "zh": "三"}}],
            "first": {"text": {"en": "one"}, "name": {"en": {"descriptive": "uno"}}},
        }
    )
    expected = [("en", "one"), ("en", "uno"), ("en", "two"), ("en", "three"), ("zh", "三")]
    assert list(texts_in(value)) == expected
    assert list(texts_in([value.first, (value.several[0],)])) == expected[:3]
    assert list(texts_in("plain")) == list(texts_in(None)) == []


def test_part_can_not_be_changed() -> None:
    with pytest.raises(ValidationError, match=re.escape("frozen")):
        Inner(text=Text({"en": "one"})).text = Text({"en": "two"})


def is_unfit(sign: str) -> bool:
    """Whether a sign is one that XML cannot carry, or that turns the direction of a line."""
    point = ord(sign)
    is_no_character = point & 0xFFFE == 0xFFFE or 0xFDD0 <= point <= 0xFDEF
    is_control = unicodedata.category(sign) in {"Cc", "Cs"} and sign not in "\t\n"
    turns = unicodedata.bidirectional(sign) in {"LRE", "RLE", "PDF", "LRO", "RLO"}
    isolates = unicodedata.bidirectional(sign) in {"LRI", "RLI", "FSI", "PDI"}
    return is_no_character or is_control or turns or isolates


def test_of_all_signs_those_are_refused_that_no_text_has() -> None:
    written = TypeAdapter(Written)
    refused_signs = set()
    signs = [chr(point) for point in range(sys.maxunicode + 1)]
    for sign in signs:
        try:
            written.validate_python(f"a{sign}b")
        except ValidationError:
            refused_signs.add(sign)
    assert refused_signs == set(filter(is_unfit, signs))
