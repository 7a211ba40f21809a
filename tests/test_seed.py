"""Reading the seed: what its files may look like, and what is said of every mistake of form."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import WORLD, written_in
from hypothesis import given
from hypothesis import strategies as some
from miniature import WORLD_TEXT, in_files

from app.kinds import KINDS
from app.seed import Mistake, Seed, SeedError, read, suggestion
from app.values import Text

SECTOR = """\
sectors:
  lights:
    reference: sec1
    name: {en: Lights}
    summary:
      en: Lamps along the shores.
    citations:
      - {source: gazette, locator: paragraph 1}
"""
"""A legal seed as far as form goes, for the mistakes below to be made in it."""

PLAN = """\
agreements:
  herring-plan:
    reference: a2
    title:
      en: {descriptive: Herring plan}
    kind: plan
    status: reported
    summary: {en: A plan.}
"""

EVENT = """\
events:
  opening:
    reference: e1
    title: {en: Opening}
    part: visit
    held_on: 1994-03-02
    summary: {en: The meeting was opened.}
"""

SOURCE = """\
sources:
  gazette:
    reference: s1
    publisher: Lakeport Gazette
    language: en
    url: https://example.org/
"""

COMMISSION = """\
commissions:
  lamps:
    reference: com1
    name: {en: {descriptive: Lamps}}
    ordinal: 1
    remit: {en: Lamps.}
    co_chairs:
      - {person: ada, side: norden}
"""

PARTIAL_DATE = "is not a date; write 2016, 2016-11 or 2016-11-07"
KIND_NAMES = (
    "meeting, agreements, sectors, quotes, organizations, people, commissions, events, sources"
)
AGREEMENT_KINDS = (
    "joint-communique, joint-statement, intergovernmental-protocol, interministerial-protocol, "
    "plan, contract, announcement, report, undertaking"
)

BROKEN: dict[str, tuple[str, str, str, list[str]]] = {
    "unknown key": (
        SECTOR,
        "    summary:",
        "    sumary: {}\n    summary:",
        ['5: sectors.lights.sumary: unknown key "sumary" (did you mean "summary"?)'],
    ),
    "unknown key like no other": (
        SECTOR,
        "    summary:",
        "    colour: red\n    summary:",
        ['5: sectors.lights.colour: unknown key "colour"'],
    ),
    "unknown key in a citation": (
        SECTOR,
        "locator: paragraph 1",
        "locater: paragraph 1",
        ['8: sectors.lights.citations.0.locater: unknown key "locater" (did you mean "locator"?)'],
    ),
    "unknown key in a name": (
        PLAN,
        "descriptive:",
        "discriptive:",
        [
            (
                '5: agreements.herring-plan.title.en.discriptive: unknown key "discriptive" '
                '(did you mean "descriptive"?)'
            )
        ],
    ),
    "unknown key in a list of parts": (
        COMMISSION,
        "side: norden",
        "sides: norden",
        [
            "8: commissions.lamps.co_chairs.0.side: required, but missing",
            '8: commissions.lamps.co_chairs.0.sides: unknown key "sides" (did you mean "side"?)',
        ],
    ),
    "key that is the program's own": (
        SECTOR,
        "    summary:",
        "    id: 7\n    summary:",
        ['5: sectors.lights.id: unknown key "id"'],
    ),
    "slug inside the record": (
        SECTOR,
        "    summary:",
        "    slug: lamps\n    summary:",
        ['5: sectors.lights.slug: unknown key "slug"'],
    ),
    "duplicate key": (
        SECTOR,
        "    summary:",
        "    name: {en: Lamps}\n    summary:",
        ["5: sectors.lights.name: written twice (first at FILE:4); keep one"],
    ),
    "duplicate key deep inside": (
        SECTOR,
        "name: {en: Lights}",
        "name: {en: Lights, ru: Свет, en: Lamps}",
        ["4: sectors.lights.name.en: written twice (first at FILE:4); keep one"],
    ),
    "duplicate slug": (
        SECTOR + "  fishing: {}\n",
        "  fishing: {}",
        "  lights: {}",
        ["9: sectors.lights: written twice (first at FILE:2); keep one"],
    ),
    "duplicate kind": (
        SECTOR,
        "sectors:",
        "sectors: {}\nsectors:",
        ["2: sectors: written twice (first at FILE:1); keep one"],
    ),
    "malformed slug": (
        SECTOR,
        "lights",
        "Harbour_Lights",
        [
            (
                '2: sectors.Harbour_Lights: "Harbour_Lights" is not a slug; '
                "write lower-case letters, digits, single hyphens"
            )
        ],
    ),
    "malformed slug of another record": (
        COMMISSION,
        "person: ada",
        "person: Ada",
        [
            (
                '8: commissions.lamps.co_chairs.0.person: "Ada" is not a slug; '
                "write lower-case letters, digits, single hyphens"
            )
        ],
    ),
    "malformed slug in a list": (
        SECTOR,
        "    summary:",
        "    aliases:\n      - lamps\n      - a--b\n    summary:",
        [
            (
                '7: sectors.lights.aliases.1: "a--b" is not a slug; '
                "write lower-case letters, digits, single hyphens"
            )
        ],
    ),
    "malformed reference": (
        SECTOR,
        "sec1",
        "sec-1",
        [
            (
                '3: sectors.lights.reference: "sec-1" is not a reference; '
                "write letters, then digits, such as a12"
            )
        ],
    ),
    "impossible day": (
        EVENT,
        "1994-03-02",
        "1994-02-30",
        ['6: events.opening.held_on: "1994-02-30" is not a day in the calendar'],
    ),
    "date in words": (
        EVENT,
        "1994-03-02",
        "2 March 1994",
        [f'6: events.opening.held_on: "2 March 1994" {PARTIAL_DATE}'],
    ),
    "empty date": (
        EVENT,
        "held_on: 1994-03-02",
        "held_on:",
        [f'6: events.opening.held_on: "" {PARTIAL_DATE}'],
    ),
    "empty text": (
        SECTOR,
        "Lamps along the shores.",
        '" "',
        ["6: sectors.lights.summary.en: the text is empty"],
    ),
    "forgotten text": (
        SECTOR,
        "Lamps along the shores.",
        "",
        ["6: sectors.lights.summary.en: the text is empty"],
    ),
    "empty name": (
        PLAN,
        "Herring plan",
        "",
        ["5: agreements.herring-plan.title.en.descriptive: the text is empty"],
    ),
    "no primary language": (
        SECTOR,
        "en: Lamps along the shores.",
        "ru: Огни на берегах.",
        ['5: sectors.lights.summary: "en" is required'],
    ),
    "malformed language": (
        SECTOR,
        "{en: Lights}",
        "{en: Lights, Zh: 灯}",
        ['4: sectors.lights.name.Zh: "Zh" is not a language tag such as "en", "zh-Hans" (BCP 47)'],
    ),
    "two standings of a name": (
        PLAN,
        "{descriptive: Herring plan}",
        "{descriptive: Herring plan, official: Herring Plan}",
        [
            (
                "5: agreements.herring-plan.title.en: "
                "give exactly one of official, descriptive, transliterated"
            )
        ],
    ),
    "wrong word": (
        PLAN,
        "kind: plan",
        "kind: plane",
        [
            (
                f'6: agreements.herring-plan.kind: "plane" is none of {AGREEMENT_KINDS} '
                '(did you mean "plan"?)'
            )
        ],
    ),
    "wrong word like no other": (
        PLAN,
        "status: reported",
        "status: x",
        [
            (
                '7: agreements.herring-plan.status: "x" is none of '
                "signed, adopted, announced, stated, reported"
            )
        ],
    ),
    "no number": (
        COMMISSION,
        "ordinal: 1",
        "ordinal: first",
        ['5: commissions.lamps.ordinal: "first" is not a whole number'],
    ),
    "no web address": (
        SOURCE,
        "https://example.org/",
        "www.example.org",
        [
            (
                '6: sources.gazette.url: "www.example.org" is not an address '
                "that begins with http:// or https://"
            )
        ],
    ),
    "unknown kind": (
        SECTOR,
        "sectors:",
        "sector:",
        ['1: sector: no kind "sector" (did you mean "sectors"?)'],
    ),
    "unknown kind like no other": (
        SECTOR,
        "sectors:",
        "treaties: {}\nsectors:",
        ['1: treaties: no kind "treaties"'],
    ),
    "list where text belongs": (
        SOURCE,
        "publisher: Lakeport Gazette",
        "publisher: Lakeport Gazette\n    author: [Mara, Lind]",
        ["5: sources.gazette.author: a text belongs here"],
    ),
    "named fields where text belongs": (
        SOURCE,
        "publisher: Lakeport Gazette",
        "publisher: Lakeport Gazette\n    author: {en: Mara Lind}",
        ["5: sources.gazette.author: a text belongs here"],
    ),
    "list where a publisher belongs": (
        SOURCE,
        "publisher: Lakeport Gazette",
        "publisher: [Lakeport, Gazette]",
        ["4: sources.gazette.publisher: write it by language, such as {en: …}"],
    ),
    "publisher without the first language": (
        SOURCE,
        "publisher: Lakeport Gazette",
        "publisher: {zh: 湖港公报}",
        ['4: sources.gazette.publisher: "en" is required'],
    ),
    "text where a list belongs": (
        PLAN,
        "    kind:",
        "    sectors: fishing\n    kind:",
        ["6: agreements.herring-plan.sectors: a list belongs here"],
    ),
    "text without its language": (
        SECTOR,
        "name: {en: Lights}",
        "name: Lights",
        ["4: sectors.lights.name: write it by language, such as {en: …}"],
    ),
    "name without its standing": (
        PLAN,
        "{descriptive: Herring plan}",
        "Herring plan",
        ["5: agreements.herring-plan.title.en: named fields belong here"],
    ),
    "text where a citation belongs": (
        SECTOR,
        "{source: gazette, locator: paragraph 1}",
        "gazette",
        ["8: sectors.lights.citations.0: named fields belong here"],
    ),
    "text where a record belongs": (
        "sectors:\n  lights: {}\n",
        "{}",
        "Lights",
        ["2: sectors.lights: named fields belong here"],
    ),
    "list where a record belongs": (
        "sectors:\n  lights: {}\n",
        "{}",
        "[Lights]",
        ["2: sectors.lights: named fields belong here"],
    ),
    "missing field": (
        SECTOR,
        "    reference: sec1\n",
        "",
        ["2: sectors.lights.reference: required, but missing"],
    ),
    "missing field deep inside": (
        SECTOR,
        "{source: gazette, locator: paragraph 1}",
        "{locator: paragraph 1}",
        ["8: sectors.lights.citations.0.source: required, but missing"],
    ),
    "nothing where a record belongs": (
        "sectors:\n  lights: {}\n",
        "{}",
        "",
        ["2: sectors.lights: named fields belong here"],
    ),
    "empty record": (
        "sectors:\n  lights: {}\n",
        "{}",
        "{ }",
        [
            "2: sectors.lights.name: required, but missing",
            "2: sectors.lights.reference: required, but missing",
            "2: sectors.lights.summary: required, but missing",
        ],
    ),
    "list where records belong": (
        "sectors: {}\n",
        "{}",
        "[lights]",
        ["1: sectors: the second keys are slugs, each with a record"],
    ),
    "list where kinds belong": (
        "sectors: {}\n",
        "sectors: {}",
        "- sectors",
        [f"1: the first keys are kinds: {KIND_NAMES}"],
    ),
    "text where kinds belong": (
        "sectors: {}\n",
        "sectors: {}",
        "sectors",
        [f"1: the first keys are kinds: {KIND_NAMES}"],
    ),
    "number that is too large": (
        COMMISSION,
        "ordinal: 1",
        "ordinal: 99999999999999999999999",
        [
            (
                '5: commissions.lamps.ordinal: "99999999999999999999999" is not a number '
                "from 1 to 2147483647"
            )
        ],
    ),
    "number that is too small": (
        EVENT,
        "    held_on:",
        "    number: -5\n    held_on:",
        ['6: events.opening.number: "-5" is not a number from 1 to 2147483647'],
    ),
    "open bracket": (
        SECTOR,
        "{en: Lights}",
        "{en: Lights",
        ["5: not YAML: did not find expected ',' or '}'"],
    ),
    "colon in a text": (
        SECTOR,
        "Lamps along the shores.",
        "Lamps: along the shores.",
        ["6: not YAML: mapping values are not allowed in this context"],
    ),
    "tabulator": (
        SECTOR,
        "    reference: sec1",
        "\treference: sec1",
        ["3: not YAML: found character that cannot start any token"],
    ),
    "alias": (
        SECTOR,
        "{en: Lights}",
        "*lights",
        ["4: not YAML: *lights stands for something else; write that out, or quote the *"],
    ),
    "two documents": (
        SECTOR,
        "sectors:",
        "meeting: {}\n---\nsectors:",
        ["2: not YAML: but found another document"],
    ),
}


def mistakes_in(seed: Path) -> list[str]:
    """What is said of a seed, sorted by place, with FILE for the name of its file."""
    return [str(mistake).replace(str(seed), "FILE") for mistake in sorted(read(seed).mistakes)]


def written_to(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def content_of(seed: Seed) -> dict[str, dict[str, dict[str, Any]]]:
    """Every record as plain data, without the numbers that the program gives."""
    return {
        noun: {slug: record.model_dump(mode="json") for slug, record in records.items()}
        for noun, records in seed.records.items()
    }


@pytest.mark.parametrize("text", [SECTOR, PLAN, EVENT, SOURCE, COMMISSION])
def test_what_the_mistakes_are_made_in_has_none(tmp_path: Path, text: str) -> None:
    assert mistakes_in(written_to(tmp_path / "seed.yaml", text)) == []


@pytest.mark.parametrize("name", BROKEN)
def test_mistake_of_form_is_named_with_its_place(tmp_path: Path, name: str) -> None:
    text, former, present, expected = BROKEN[name]
    assert text.count(former) == 1
    seed = written_to(tmp_path / "seed.yaml", text.replace(former, present))
    assert mistakes_in(seed) == [f"FILE:{mistake}" for mistake in expected]


def test_record_with_a_mistake_is_no_record_but_is_known_to_be_written(tmp_path: Path) -> None:
    text = SECTOR + "  fishing: {reference: sec2}\n"
    seed = read(written_to(tmp_path / "seed.yaml", text))
    assert list(seed.records["sectors"]) == ["lights"]
    assert list(written_in(seed)["sectors"]) == ["lights", "fishing"]


def test_slug_in_two_files_is_named_in_the_second(tmp_path: Path) -> None:
    first = written_to(tmp_path / "a.yaml", SECTOR)
    second = written_to(tmp_path / "b.yaml", SOURCE + SECTOR)
    expected = Mistake(
        str(second), 8, "sectors.lights", f"written twice (first at {first}:2); keep one"
    )
    assert read(tmp_path).mistakes == [expected]


def test_slug_of_two_kinds_is_no_mistake(tmp_path: Path) -> None:
    text = SECTOR + SOURCE.replace("gazette:", "lights:")
    assert mistakes_in(written_to(tmp_path / "seed.yaml", text)) == []


def test_kind_in_two_files_is_no_mistake(tmp_path: Path) -> None:
    written_to(tmp_path / "a.yaml", SECTOR)
    written_to(tmp_path / "b.yaml", SECTOR.replace("lights", "fishing").replace("sec1", "sec2"))
    seed = read(tmp_path)
    assert (seed.mistakes, list(seed.records["sectors"])) == ([], ["lights", "fishing"])


def test_every_file_with_a_mistake_is_named(tmp_path: Path) -> None:
    written_to(tmp_path / "a.yaml", SECTOR.replace("sec1", "1"))
    written_to(tmp_path / "b.yaml", "sectors: *all")
    written_to(tmp_path / "c.json", '{"sector": {}}')
    with pytest.raises(SeedError) as raised:
        raise SeedError(read(tmp_path).mistakes)
    assert [(Path(found.file).name, found.line) for found in raised.value.mistakes] == [
        ("a.yaml", 3),
        ("b.yaml", 1),
        ("c.json", 1),
    ]
    assert str(raised.value).splitlines() == [str(found) for found in raised.value.mistakes]


@pytest.mark.parametrize(
    ("content", "opening"),
    [
        (b"sectors: \xff\n", "FILE:1: not YAML in UTF-8: "),
        (SECTOR.encode("utf-16"), "FILE:1: not YAML in UTF-8: "),
        (b"sectors: \x00\n", "FILE:1: not YAML in UTF-8: "),
        (b"sectors: &all {lights: *all}\n", "FILE:1: "),
    ],
    ids=["not UTF-8", "UTF-16", "control character", "within itself"],
)
def test_file_that_can_not_be_read_is_one_mistake_in_one_line(
    tmp_path: Path, content: bytes, opening: str
) -> None:
    seed = tmp_path / "seed.yaml"
    seed.write_bytes(content)
    (mistake,) = mistakes_in(seed)
    assert mistake.startswith(opening)
    assert len(mistake.splitlines()) == 1


@pytest.mark.parametrize("text", ["", "# only a remark\n", "{}\n"])
def test_empty_file_is_an_empty_seed(tmp_path: Path, text: str) -> None:
    seed = read(written_to(tmp_path / "seed.yaml", text))
    assert (seed.mistakes, list(seed.each())) == ([], [])


def test_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    assert mistakes_in(written_to(tmp_path / "seed.yaml", "\ufeff" + SECTOR)) == []


def test_seed_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no seed at .*nowhere"):
        read(tmp_path / "nowhere")


def test_miniature_seed_is_read_whole() -> None:
    seed = read(WORLD)
    assert seed.mistakes == []
    written = yaml.load(WORLD_TEXT, Loader=yaml.BaseLoader)
    assert written_in(seed) == {noun: written.get(noun, {}) for noun in KINDS}
    assert [record.id for record in seed.each()] == list(range(1, 23))


def test_several_files_are_the_same_as_one(tmp_path: Path) -> None:
    one, several = read(WORLD), read(in_files(tmp_path / "several"))
    assert several.mistakes == []
    assert content_of(several) == content_of(one)
    assert [record.id for record in several.each()] == [record.id for record in one.each()]


@pytest.mark.parametrize("indent", [None, 2, "\t"], ids=["one line", "indented", "tabulators"])
@pytest.mark.parametrize("is_ascii", [False, True], ids=["as written", "escaped"])
def test_json_is_read_the_same_as_yaml(
    tmp_path: Path, indent: int | str | None, is_ascii: bool
) -> None:
    one = read(WORLD)
    text = json.dumps(written_in(one), ensure_ascii=is_ascii, indent=indent)
    read_again = read(written_to(tmp_path / "world.json", text))
    assert read_again.mistakes == []
    assert content_of(read_again) == content_of(one)


def test_json_may_escape_what_is_beyond_the_first_plane(tmp_path: Path) -> None:
    text = json.dumps({"sectors": {"lights": {"summary": {"en": "𠀀 / lamp"}}}})
    seed = read(written_to(tmp_path / "seed.json", text.replace("/", "\\/")))
    assert written_in(seed)["sectors"]["lights"]["summary"]["en"] == "𠀀 / lamp"


def test_absent_value_in_json_is_not_the_word_for_it(tmp_path: Path) -> None:
    source = {"reference": "s1", "publisher": "Gazette", "language": "en", "author": None}
    text = json.dumps({"sources": {"gazette": {**source, "url": "https://example.org/"}}})
    seed = read(written_to(tmp_path / "seed.json", text))
    assert [record.author for record in seed.records["sources"].values()] in ([], [None])


def test_records_as_json_are_a_seed(tmp_path: Path) -> None:
    """What the site hands out is read back as the same records."""
    one = read(WORLD)
    plain = {
        noun: {
            slug: record.model_dump(mode="json", exclude={"slug"}, exclude_unset=True)
            for slug, record in records.items()
        }
        for noun, records in one.records.items()
    }
    text = json.dumps(plain, ensure_ascii=False)
    read_again = read(written_to(tmp_path / "world.json", text))
    assert read_again.mistakes == []
    assert content_of(read_again) == content_of(one)


@pytest.mark.parametrize(
    "text",
    ["NO", "yes", "on", "null", "~", "0123", "0x1F", "12:30", "1994", "1994-03-02", "1e3", "1_000"],
)
@pytest.mark.parametrize("suffix", ["yaml", "json"])
def test_text_that_other_readers_take_for_something_else_stays_text(
    tmp_path: Path, text: str, suffix: str
) -> None:
    content = {
        "yaml": SOURCE.replace("Lakeport Gazette", text),
        "json": json.dumps(
            {"sources": {"gazette": {"publisher": text, "reference": "s1", "language": "en"}}}
        ),
    }
    seed = read(written_to(tmp_path / f"seed.{suffix}", content[suffix]))
    assert written_in(seed)["sources"]["gazette"]["publisher"] == text
    if suffix == "yaml":
        assert seed.records["sources"]["gazette"].publisher == Text({"en": text})


def test_models_do_the_typing(tmp_path: Path) -> None:
    seed = read(written_to(tmp_path / "seed.yaml", COMMISSION + EVENT))
    assert seed.records["commissions"]["lamps"].ordinal == 1
    assert seed.records["events"]["opening"].held_on == "1994-03-02"


@pytest.mark.parametrize("suffix", ["yaml", "yml", "json"])
def test_file_is_read_by_each_of_its_names(tmp_path: Path, suffix: str) -> None:
    written_to(tmp_path / f"a.{suffix}", '{"sectors": {"lights": {}}}')
    written_to(tmp_path / "README.md", "Not a seed.")
    assert list(written_in(read(tmp_path))["sectors"]) == ["lights"]


@pytest.mark.parametrize(
    ("word", "words", "expected"),
    [
        ("energie", ["energy", "trade"], ' (did you mean "energy"?)'),
        ("x", ["energy", "trade"], ""),
        ("energy", [], ""),
    ],
)
def test_nearest_word_is_suggested(word: str, words: list[str], expected: str) -> None:
    assert suggestion(word, words) == expected


def test_mistakes_are_sorted_by_place_and_said_once() -> None:
    later, earlier = Mistake("a.yaml", 10, "x", "wrong"), Mistake("a.yaml", 9, "y", "wrong")
    other = Mistake("b.yaml", 1, "", "not YAML")
    error = SeedError([other, later, earlier, later])
    assert str(error) == "a.yaml:9: y: wrong\na.yaml:10: x: wrong\nb.yaml:1: not YAML"


def test_a_few_lines_do_not_fill_the_memory(tmp_path: Path) -> None:
    lines = ["sectors:", "  lights:", f"    a: &a0 [{', '.join('x' * 10)}]"]
    lines += [f"    b{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    (mistake,) = mistakes_in(written_to(tmp_path / "seed.yaml", "\n".join(lines)))
    assert mistake.startswith("FILE:4: not YAML: *a0 stands for something else; ")


def test_a_mistake_is_one_line_whatever_the_seed_says(tmp_path: Path) -> None:
    key = json.dumps("x\n\x1b[31mseed/a.yaml:1: fake\u202e\u2028")
    seed = written_to(tmp_path / "seed.yaml", f"sectors: {{lights: {{{key}: '1'}}}}\n{key}: 1")
    mistakes = mistakes_in(seed)
    assert any(
        r"lights.x\n\x1b[31mseed/a.yaml:1: fake\u202e\u2028: unknown" in one for one in mistakes
    )
    for mistake in mistakes:
        assert mistake.startswith("FILE:")
        assert mistake.isprintable()
    long = SECTOR.replace("reference: sec1", f"reference: {'9' * 5000}")
    (mistake,) = mistakes_in(written_to(seed, long))
    assert len(mistake) < 400
    assert mistake.startswith('FILE:3: sectors.lights.reference: "999')
    assert mistake.endswith("write letters, then digits, such as a12")


@given(some.text(max_size=60))
def test_no_text_at_all_makes_the_reader_fail(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    seed = tmp_path_factory.getbasetemp() / "any.yaml"
    seed.write_bytes(text.encode())
    found = read(seed)
    assert all(mistake.line >= 1 and mistake.message for mistake in found.mistakes)
