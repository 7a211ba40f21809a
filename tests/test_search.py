"""Searching: the words that are kept, the words that are asked for, and what is found."""

import sqlite3
import unicodedata
from collections.abc import Iterator
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as some
from sqlmodel import Session

from app import queries
from app.search import edits, fold, index_words, is_form_of, match_expression
from app.values import LONGEST_QUERY

HAN = "灯光油先要有港口联盟𠀀"
MIXED = "aBéЁёйИиЎ" + HAN + " -_'\"*()^:+0９ﬁ´\u0308\u0301ßΣς"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Light", "light"),
        ("Ёлка", "елка"),
        ("Е\u0308лка", "елка"),
        ("йод", "йод"),
        ("и\u0306од", "йод"),
        ("ЙОД", "йод"),
        ("ў", "ў"),
        ("Élan", "elan"),
        ("E\u0301lan", "elan"),
        ("ă", "a"),
        ("Ångström", "angstrom"),
        ("Straße", "strasse"),
        ("ΣΊΣΥΦΟΣ", "σισυφοσ"),
        ("ﬁsh", "fish"),
        ("ＡＢＣ１２", "abc12"),
        ("℡", "tel"),
        ("灯光", "灯光"),
        ("豈", "岂"),
        ("\uf900", "岂"),
        ("圣彼得堡", "圣彼得堡"),
        ("聖彼得堡", "圣彼得堡"),
        ("薴", "苎"),
        ("", ""),
    ],
)
def test_folded_text_has_no_case_and_no_diacritics(text: str, expected: str) -> None:
    assert fold(text) == expected


@given(some.text())
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(some.text(alphabet=MIXED))
def test_folding_does_not_depend_on_how_a_character_is_composed(text: str) -> None:
    composed = unicodedata.normalize("NFC", text)
    assert fold(composed) == fold(unicodedata.normalize("NFD", text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("…!", ""),
        ("Lamp oil", "lamp oil"),
        ("lamp-oil, it's", "lamp oil it s"),
        ("a_b", "a b"),
        ("C919", "c919"),
        ("灯", "灯"),
        ("灯光", "灯光 光"),
        ("灯光油", "灯光 光油 油"),
        ("灯光，油！", "灯光 光 油"),
        ("A股", "a 股"),
        ("第21次", "第 21 次"),
        ("𠀀光", "𠀀光 光"),
        ("カナ", "カナ"),
    ],
)
def test_words_of_the_index(text: str, expected: str) -> None:
    assert index_words(text) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", None),
        ("   ", None),
        ("?!*\"'()", None),
        ("_", None),
        ("lamp", '"lamp"*'),
        ("lamp oil", '"lamp" AND "oil"*'),
        ("Lamp, OIL!", '"lamp" AND "oil"*'),
        ("灯", '"灯"*'),
        ("灯光", '"灯光"'),
        ("灯光油", '"灯光 光油"'),
        ("灯 lamp", '"灯"* AND "lamp"*'),
        ("lamp 灯光", '"lamp" AND "灯光"'),
        ("a AND b", '"a" AND "and" AND "b"*'),
        ('"a b"', '"a" AND "b"*'),
        ("title:a*", '"title" AND "a"*'),
        ("x" * 500, '"' + "x" * LONGEST_QUERY + '"*'),
    ],
)
def test_expression_of_a_query(query: str, expected: str | None) -> None:
    assert match_expression(query) == expected


@pytest.mark.parametrize(
    ("word", "other", "expected"),
    [
        ("lamp", "lamps", True),
        ("class", "classes", True),
        ("порт", "портов", True),
        ("лампа", "лампы", True),
        ("лампами", "лампах", True),
        ("путь", "пути", True),
        ("светлая", "светлого", True),
        ("китай", "китая", True),
        ("путь", "путин", False),
        ("лампа", "лампада", False),
        ("ли", "лия", False),
        ("a", "as", False),
        ("灯", "灯光", False),
    ],
)
def test_forms_of_a_word(word: str, other: str, expected: bool) -> None:
    assert is_form_of(word, other) is expected
    assert is_form_of(other, word) is expected


@pytest.mark.parametrize(
    ("word", "other", "expected"),
    [
        ("lamp", "lamp", 0),
        ("lamp", "lmap", 1),
        ("lamp", "lam", 1),
        ("lamp", "clamp", 1),
        ("lamp", "limp", 1),
        ("lamp", "lmapo", 2),
        ("lamp", "alpm", 2),
        ("лампа", "ламы", 2),
        ("lamp", "oil", 3),
        ("lamp", "lampoon", 3),
        ("", "oil", 3),
    ],
)
def test_edits_from_word_to_word(word: str, other: str, expected: int) -> None:
    """Beyond two it is only said to be more."""
    assert edits(word, other, 2) == edits(other, word, 2) == expected


@pytest.fixture(scope="module")
def index() -> Iterator[sqlite3.Connection]:
    """An index of one text, as the build makes it, for any text to be put in."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(
            "CREATE VIRTUAL TABLE one USING "
            "fts5(text, tokenize='unicode61 remove_diacritics 0', prefix='2 3')"
        )
        yield connection


def is_found(index: sqlite3.Connection, text: str, query: str) -> bool:
    """Whether a query finds a text."""
    index.execute("DELETE FROM one")
    index.execute("INSERT INTO one VALUES (?)", [index_words(text)])
    found = index.execute("SELECT * FROM one WHERE one MATCH ?", [match_expression(query)])
    return found.fetchone() is not None


@given(text=some.text(alphabet=MIXED))
def test_every_text_finds_itself(index: sqlite3.Connection, text: str) -> None:
    if match_expression(text):
        assert is_found(index, text, text)


@given(text=some.text(alphabet=MIXED), data=some.data())
def test_every_text_is_found_by_its_beginning(
    index: sqlite3.Connection, text: str, data: some.DataObject
) -> None:
    beginning = text[: data.draw(some.integers(0, len(text)))]
    following = text[len(beginning) :]
    # Cut within a letter and its accent, the beginning ends in another letter.
    if match_expression(beginning) and not unicodedata.combining((following or " ")[0]):
        assert is_found(index, text, beginning)


@given(
    text=some.text(alphabet=HAN, max_size=12), part=some.text(alphabet=HAN, min_size=1, max_size=4)
)
def test_chinese_text_is_found_by_its_parts_and_nothing_else(
    index: sqlite3.Connection, text: str, part: str
) -> None:
    assert is_found(index, text, part) == (part in text)


def found_by(session: Session, query: str) -> list[str]:
    return [
        f"{row.kind}/{row.slug}" for group in queries.search(session, query) for row in group.rows
    ]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("灯", "quotes/marsh-on-oil"),
        ("油", "quotes/marsh-on-oil"),
        ("灯光", "quotes/marsh-on-oil"),
        ("要有油", "quotes/marsh-on-oil"),
        ("灯光，先要有油！", "quotes/marsh-on-oil"),
        ("灯光 有油", "quotes/marsh-on-oil"),
        ("照", "agreements/lighting-protocol"),
        ("照明", "agreements/lighting-protocol"),
        ("峡照明", "agreements/lighting-protocol"),
        ("盟", "organizations/league-of-harbours"),
        ("联盟", "organizations/league-of-harbours"),
        ("港口联盟", "organizations/league-of-harbours"),
        ("港口聯盟", "organizations/league-of-harbours"),
        ("Лига портов", "organizations/league-of-harbours"),
        ("ЛИГА", "organizations/league-of-harbours"),
        ("лп", "organizations/league-of-harbours"),
        ("порт лига", "organizations/league-of-harbours"),
        ("лига порт", "organizations/league-of-harbours"),
        ("Ада", "people/ada-lind"),
        ("встрёча", "meeting/lakeport-1994"),
        ("встре\u0301ча", "meeting/lakeport-1994"),
        ("Mídwàter", "organizations/league-of-harbours"),
        ("midw", "organizations/league-of-harbours"),
        ("old marsh", "people/bo-marsh"),
        ("courier.example", "sources/strait-courier-1994"),
        ("灯油", ""),
        ("光先", ""),
        ("灯光油", ""),
        ("midw league", ""),
        ("lamp herring xylophone", ""),
    ],
)
def test_query_finds(world_session: Session, query: str, expected: str) -> None:
    assert found_by(world_session, query) == ([expected] if expected else [])


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("fishing", "sectors/fishing"),
        ("herring", "agreements/herring-plan"),
        ("lamp commission", "commissions/lamp-commission"),
        ("ada lind", "people/ada-lind"),
        ("lamp-oil", "agreements/lamp-oil"),
    ],
)
def test_title_outweighs_the_text(world_session: Session, query: str, first: str) -> None:
    assert found_by(world_session, query)[0] == first


@pytest.mark.parametrize(
    ("query", "plainly"),
    [
        ('"lamp oil"', "lamp oil"),
        ("lamp*", "lamp"),
        ("^lamp", "lamp"),
        ("lamp -oil", "lamp oil"),
        ("lamp + oil", "lamp oil"),
        ("(lamp", "lamp"),
        ("lamp'); DROP TABLE link; --", "lamp drop table link"),
        ("title:lamp", "title lamp"),
        ("{title text}: lamp", "title text lamp"),
        ("lamp OR oil", "lamp or oil"),
        ("NOT lamp", "not lamp"),
        ("NEAR(lamp oil, 2)", "near lamp oil 2"),
        ("LAMP", "lamp"),
        ("lamp\0oil", "lamp oil"),
        ("lamp\\oil", "lamp oil"),
    ],
)
def test_nothing_typed_is_an_operator(world_session: Session, query: str, plainly: str) -> None:
    assert match_expression(query) == match_expression(plainly)
    assert found_by(world_session, query) == found_by(world_session, plainly)


@pytest.mark.parametrize("query", ["", " ", "\0", "?", '"', '""', "。，", "*", "\u0301", "🙂"])
def test_query_without_a_word_finds_nothing(world_session: Session, query: str) -> None:
    assert found_by(world_session, query) == []


@given(query=some.text(max_size=LONGEST_QUERY * 2))
def test_any_text_is_a_query(world_session: Session, query: str) -> None:
    found = found_by(world_session, query)
    assert len(set(found)) == len(found)


@given(
    words=some.lists(some.sampled_from(["lamp", "OR", "NEAR(", '"', "*", "AND", "灯", "-", ":"]))
)
def test_any_mixture_of_words_and_operators_is_a_query(
    world_session: Session, words: list[str]
) -> None:
    assert found_by(world_session, " ".join(words)) == found_by(world_session, " ".join(words))
