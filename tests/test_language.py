"""The languages of the site, and how a text is chosen for a reader."""

import pytest

from app.language import (
    LANGUAGES,
    PUBLISHED,
    Chosen,
    Language,
    choose,
    is_named,
    name_of,
    tag_of,
    when,
)
from app.values import PRIMARY

ALL = {"en": "Light", "ru": "Свет", "zh": "灯"}


@pytest.mark.parametrize(
    ("wordings", "language", "expected"),
    [
        (ALL, "en", Chosen("Light")),
        (ALL, "ru", Chosen("Свет")),
        (ALL, "zh", Chosen("灯")),
        ({"en": "Light", "zh": "灯"}, "ru", Chosen("Light", "en")),
        ({"zh": "灯", "en": "Light"}, "ru", Chosen("Light", "en")),
        ({"zh": "灯", "ru": "Свет"}, "en", Chosen("灯", "zh-Hans")),
        ({"zh-Hant": "燈"}, "en", Chosen("燈", "zh-Hant")),
        ({"zh-Hant": "燈"}, "zh", Chosen("燈", "zh-Hant")),
        ({"ar": "ضوء"}, "ru", Chosen("ضوء", "ar")),
        ({"en": ""}, "en", Chosen("")),
    ],
)
def test_wording_is_the_readers_or_says_whose_it_is(
    wordings: dict[str, str], language: str, expected: Chosen
) -> None:
    assert choose(wordings, language) == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [("en", "en"), ("ru", "ru"), ("zh", "zh-Hans"), ("zh-Hant", "zh-Hant"), ("ar", "ar")],
)
def test_tag_says_the_script_where_pages_have_one(code: str, expected: str) -> None:
    assert tag_of(code) == expected


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2016-11-07", {"en": "7 November 2016", "ru": "7 ноября 2016 г.", "zh": "2016年11月7日"}),
        ("2016-11", {"en": "November 2016", "ru": "ноябрь 2016 г.", "zh": "2016年11月"}),
        ("2016", {"en": "2016", "ru": "2016", "zh": "2016年"}),
    ],
)
def test_a_partial_date_is_as_its_language_writes_it(day: str, expected: dict[str, str]) -> None:
    said = {code: when(day, LANGUAGES[code].locale) for code in LANGUAGES}
    assert {code: text.replace("\u202f", " ") for code, text in said.items()} == expected


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("en", "English"),
        ("ru", "Russian"),
        ("ar", "Arabic"),
        ("mn", "Mongolian"),
        ("zh-Hans", "Simplified Chinese"),
        ("zh-Hant", "Traditional Chinese"),
    ],
)
def test_language_has_a_name(tag: str, expected: str) -> None:
    assert is_named(tag)
    assert name_of(tag, "en") == expected


@pytest.mark.parametrize("tag", ["qzx", "xx"])
def test_unheard_of_language_has_no_name(tag: str) -> None:
    assert not is_named(tag)


def test_primary_language_is_published_first() -> None:
    assert PUBLISHED[0] == PRIMARY
    assert set(PUBLISHED) <= set(LANGUAGES)


@pytest.mark.parametrize("code", LANGUAGES)
def test_language_is_one_that_babel_knows(code: str) -> None:
    language = LANGUAGES[code]
    assert language.code == code
    assert language.locale.language == code
    assert language.own_name.casefold() == language.locale.languages[code].casefold()


def test_a_language_is_named_with_its_territory() -> None:
    named = {code: language.in_territory for code, language in LANGUAGES.items()}
    assert named == {"en": "en_GB", "ru": "ru_RU", "zh": "zh_CN"}
    traditional = Language("zh", "zh-Hant", "", "zh_Hant")
    assert traditional.in_territory == "zh_TW"
