"""Citations in prose, and in the files that reference managers read."""

import json
import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import html5lib
import pytest
import rispy
from conftest import ROOT, Site
from described_records import every, whole_of
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator
from markupsafe import escape
from miniature import changed
from pybtex.database import BibliographyData, parse_string

from app import catalogues
from app.build import build
from app.formats.bibliography import bibtex, csl_json, ris
from app.formats.citations import (
    Creator,
    Gettext,
    Work,
    citation_key,
    listed_name,
    meta,
    work_of,
    works_of,
)
from app.formats.prose import STYLES, cite, plainly
from app.language import LANGUAGES, Chosen

SCHEMA = json.loads((ROOT / "tests/expected/csl-json.schema.json").read_text())
EXAMPLE = Work(
    key="meeting3a1",
    title="Protocol",
    language="en",
    creators=(Creator("Ada Lind", "Lind"),),
    container="The Site",
    issued="2016-11-07",
    modified="2016-11-07",
    url="https://meeting.example/agreements/protocol",
)
HOSTILE = st.text(min_size=1).filter(str.strip) | st.sampled_from(
    [
        'a "quoted" <b>title</b> & more',
        "}{ \\ unbalanced { \\end{document} $x_1^2$ ~100% #1",
        "first line\nTY  - JOUR\r\nER  - \n",
        "=1+1",
        "\u202eright to left\u202c שלום مرحبا",
        "@online{other, title={x}}",
        "‘inner’ “and outer” «и» 「他」",
    ]
)


@cache
def texts_of(language: str) -> Gettext:
    """The interface texts of a language."""
    return catalogues.translations(LANGUAGES[language].region).gettext


def one_line(text: str) -> str:
    """What a format of one line keeps of a text: no control characters, single spaces."""
    kept = (c for c in text if c.isspace() or not (ord(c) < 32 or 127 <= ord(c) < 160))
    return " ".join("".join(kept).split())


def test_a_record_is_cited_as_the_manuals_say(world: Path) -> None:
    protocol = work_of(whole_of(world)["agreements"][0])
    address = "https://meeting.example/agreements/lighting-protocol"
    assert {style: cite(protocol, style, "en", str) for style in STYLES} == {
        "chicago": (
            "The Third Meeting. “Protocol on Lighting the Strait.” "
            f"Last modified April 1994. {address}."
        ),
        "apa": (
            "The Third Meeting. (1994, April). <cite>Protocol on Lighting the Strait</cite>. "
            f"{address}"
        ),
        "mla": (
            "“Protocol on Lighting the Strait.” <cite>The Third Meeting</cite>, Apr. 1994, "
            f"{address}."
        ),
    }


def test_a_quote_is_its_speakers_of_the_day_it_was_said(world: Path) -> None:
    quote = whole_of(world)["quotes"][0]
    words = "A dark strait is a closed strait, and we mean to open it."
    address = "https://meeting.example/quotes/lind-on-light"
    work = work_of(quote)
    assert {style: plainly(cite(work, style, "en", str)) for style in STYLES} == {
        "chicago": (
            f"Lind, Ada. “{words}” March 2, 1994. The Third Meeting. Last modified April 1994. "
            f"{address}."
        ),
        "apa": f"Lind, A. (1994, March 2). {words} [Quotation]. The Third Meeting. {address}",
        "mla": f"Lind, Ada. “{words}” 2 Mar. 1994. The Third Meeting, Apr. 1994, {address}.",
    }


def test_a_source_is_cited_itself(world: Path) -> None:
    """A copy by its description, and a page with a title of its own."""
    by_slug = {item.record.slug: item for item in whole_of(world)["sources"]}
    gazette, copy = by_slug["lakeport-gazette-1994"], by_slug["strait-courier-1994"]
    for item in (copy, gazette):
        assert [work.url for work in works_of(item)] == [item.record.url]
        assert ("citation_public_url", item.record.url) in meta(item)
    address = gazette.record.url
    assert cited(work_of(gazette)) == {
        "chicago": f"Quill, R. “The Councils Meet.” Lakeport Gazette, March 3, 1994. {address}.",
        "apa": f"Quill, R. (1994, March 3). The Councils Meet. Lakeport Gazette. {address}",
        "mla": f"Quill, R. “The Councils Meet.” Lakeport Gazette, 3 Mar. 1994, {address}.",
    }
    publisher, address = "courier.example", copy.record.url
    whose = "Copy of Strait Courier."
    assert cited(work_of(copy)) == {
        "chicago": f"Report on the meeting. {publisher}, March 1994. {whose} {address}.",
        "apa": f"{publisher}. (1994, March). [Report on the meeting]. {whose} {address}",
        "mla": f"Report on the meeting. {publisher}, Mar. 1994, {address}. {whose}",
    }
    undated = replace(work_of(copy), issued="")
    assert cited(undated) == {
        "chicago": f"Report on the meeting. {publisher}. {whose} {address}.",
        "apa": f"{publisher}. (n.d.). [Report on the meeting]. {whose} {address}",
        "mla": f"Report on the meeting. {publisher}, {address}. {whose}",
    }


def cited(work: Work, language: str = "en") -> dict[str, str]:
    """A work in every style, as text."""
    texts = texts_of(language)
    return {style: plainly(cite(work, style, language, texts)) for style in STYLES}


def test_the_files_tell_of_the_same_day(world: Path) -> None:
    quote = whole_of(world)["quotes"][0]
    (item, *_) = json.loads(csl_json(works_of(quote)))
    assert item["issued"] == {"date-parts": [[1994, 3, 2]]}
    assert "  date = {1994-03-02},\n" in bibtex(works_of(quote)).decode()
    assert "DA  - 1994/03/02/\r\n" in ris(works_of(quote)).decode()


@pytest.mark.parametrize(
    ("language", "chicago", "apa", "mla"),
    [
        (
            "ru",
            "Линд, Ада. «Пролив». 2 марта 1994\u202fг. Сайт. Последнее изменение: 1994.",
            "Линд, А. (2 марта 1994\u202fг.). <cite>Пролив</cite> [Цитата]. Сайт.",
            "Линд, Ада. «Пролив». 2 марта 1994\u202fг. <cite>Сайт</cite>, 1994,",
        ),
        (
            "zh",
            "林艾达。“海峡”。1994年3月2日。本站。最后修改：1994年。",
            "林艾达（1994年3月2日）。<cite>海峡</cite>[引语]。本站。",
            "林艾达。“海峡”。1994年3月2日。<cite>本站</cite>，1994年，",
        ),
    ],
)
def test_a_citation_has_the_signs_of_its_language(
    language: str, chicago: str, apa: str, mla: str
) -> None:
    title, name, family, site = {
        "ru": ("Пролив", "Ада Линд", "Линд", "Сайт"),
        "zh": ("海峡", "林艾达", "林", "本站"),
    }[language]
    work = Work(
        key="q",
        title=title,
        language=LANGUAGES[language].tag,
        creators=(Creator(name, family),),
        container=site,
        issued="1994-03-02",
        url="https://x.example/q",
        modified="1994",
    )
    cited = {style: cite(work, style, language, texts_of(language)) for style in STYLES}
    address = f"{LANGUAGES[language].space}{work.url}"
    assert cited == {
        "chicago": f"{chicago}{address}.",
        "apa": f"{apa}{address}",
        "mla": f"{mla}{address}.",
    }


@pytest.mark.parametrize(
    ("name", "family", "listed", "initials"),
    [
        ("Dmitry Medvedev", "Medvedev", "Medvedev, Dmitry.", "Medvedev, D."),
        (
            "Дмитрий Анатольевич Медведев",
            "Медведев",
            "Медведев, Дмитрий Анатольевич.",
            "Медведев, Д. А.",
        ),
        ("Li Keqiang", "Li", "Li Keqiang.", "Li, K."),
        ("李克强", "李", "李克强.", "李克强."),
        ("普里霍季科", "普里霍季科", "普里霍季科.", "普里霍季科."),
        ("Rosatom", None, "Rosatom.", "Rosatom."),
        ("Ada J.", None, "Ada J.", "Ada J."),
    ],
)
def test_names_are_listed_by_family(
    name: str, family: str | None, listed: str, initials: str
) -> None:
    work = replace(EXAMPLE, creators=(Creator(name, family),))
    in_styles = cited(work)
    assert in_styles["chicago"].startswith(f"{listed} “")
    assert in_styles["mla"].startswith(f"{listed} “")
    assert in_styles["apa"].startswith(f"{initials} (")


def test_our_speakers_have_a_family(our_site: Site) -> None:
    speakers = {
        listed_name(creator)
        for quote in whole_of(our_site.database)["quotes"]
        for creator in work_of(quote).creators
    }
    assert speakers == {"Medvedev, Dmitry", "Li, Keqiang", "Prikhodko, Sergei", "Rosatom"}


@pytest.mark.parametrize(
    ("day", "language", "chicago", "apa", "mla"),
    [
        ("2016-11-07", "en", "November 7, 2016", "2016, November 7", "7 Nov. 2016"),
        ("2016-05-01", "en", "May 1, 2016", "2016, May 1", "1 May 2016"),
        ("2016-09", "en", "September 2016", "2016, September", "Sept. 2016"),
        ("2016-07", "en", "July 2016", "2016, July", "July 2016"),
        ("2016", "en", "2016", "2016", "2016"),
        ("2016-11", "ru", "ноябрь 2016\u202fг", "ноябрь 2016\u202fг.", "ноябрь 2016\u202fг."),
    ],
)
def test_dates_are_as_exact_as_they_are_known(
    day: str, language: str, chicago: str, apa: str, mla: str
) -> None:
    work = replace(EXAMPLE, issued=day, modified=day)
    assert f" Last modified {chicago}. https" in cite(work, "chicago", language, str)
    assert f" ({apa}). " in cite(work, "apa", language, str)
    assert f"</cite>, {mla}, https" in cite(work, "mla", language, str)


@pytest.mark.parametrize(
    ("title", "language", "expected"),
    [
        ("Is it open?", "en", "“Is it open?” "),
        ("He said “yes”", "en", "“He said ‘yes’.” "),
        ("between our countries,", "en", "“between our countries.” "),
        ("Открыто «всё»", "ru", "«Открыто „всё“». "),
        ("Открыто…", "ru", "«Открыто…». "),
        ("Открыто.", "ru", "«Открыто». "),
        ("Открыто в 1994 г.", "ru", "«Открыто в 1994 г.». "),
        ("開。", "ru", "«開». "),
        ("海峡", "zh", "“海峡”。"),
    ],
)
def test_titles_stand_in_the_marks_of_the_page(title: str, language: str, expected: str) -> None:
    work = replace(EXAMPLE, title=title, language=LANGUAGES[language].tag)
    assert f"{expected}November" in cite(work, "chicago", language, texts_of(language)).replace(
        "7 ноября 2016", "November"
    ).replace("2016年", "November")


def test_words_of_a_citation_are_translated() -> None:
    said = {"Last modified %(date)s": "Изменено %(date)s"}
    assert "Изменено 7 ноября 2016\u202fг. https" in cite(
        EXAMPLE, "chicago", "ru", lambda text: said.get(text, text)
    )


def test_a_title_in_another_language_is_marked() -> None:
    work = replace(EXAMPLE, title="灯光", language="zh-Hant")
    assert '“<span lang="zh-Hant">灯光</span>.”' in cite(work, "chicago", "en", str)


def test_every_citation_is_markup_with_its_address(site: Site) -> None:
    for item in every(site.database):
        for language in LANGUAGES:
            work = work_of(item, language)
            for style in STYLES:
                text = cite(work, style, language, texts_of(language))
                html5lib.HTMLParser(strict=True).parseFragment(text)
                assert escape(work.url) in text
                is_ours = work.url.startswith("https://meeting.example")
                assert is_ours == (item.kind.noun != "sources")
                assert not re.search(r"(?<!\.)\.\.(?!\.)", text)
                assert "  " not in text


@given(HOSTILE)
def test_no_title_is_markup_in_a_citation(title: str) -> None:
    work = replace(EXAMPLE, title=title)
    for style in STYLES:
        text = cite(work, style, "en", str)
        assert set(html5lib_elements(text)) <= {"cite"}


def html5lib_elements(text: str) -> list[str]:
    """The elements of a piece of HTML."""
    fragment = html5lib.parseFragment(text, namespaceHTMLElements=False)
    return [element.tag for element in fragment.iter() if isinstance(element.tag, str)][1:]


def test_keys_are_unique_and_allowed_everywhere(site: Site) -> None:
    items = every(site.database)
    works = {work for item in items for work in works_of(item)}
    keys = [work.key for work in works]
    assert len(set(keys)) == len(keys)
    assert all(key.isascii() and key.isalnum() and len(key) <= 20 for key in keys)


def test_a_renamed_record_keeps_its_key(world: Path, tmp_path: Path) -> None:
    seed = changed(
        tmp_path,
        ("  marsh-on-oil:\n", "  marsh-on-lamps:\n"),
        ("[marsh-on-oil]", "[marsh-on-lamps]"),
    )
    build(seed, tmp_path / "site.db")
    before, after = (work_of(whole_of(path)["quotes"][1]) for path in (world, tmp_path / "site.db"))
    assert before.url != after.url
    assert before.key == after.key == citation_key(whole_of(world)["quotes"][1].meeting, "q2")


def test_bibtex_is_read_by_another_program(site: Site) -> None:
    for item in every(site.database):
        works = works_of(item)
        read: BibliographyData = parse_string(bibtex(works).decode(), "bibtex")
        assert list(read.entries) == [work.key for work in works]
        for work, entry in zip(works, read.entries.values(), strict=True):
            assert entry.type == "online"
            assert unescaped(entry.fields["title"]) == one_line(work.title)
            assert entry.fields["url"] == work.url
            assert entry.fields.get("date", "") == work.issued
            assert len(entry.persons.get("author", [])) == len(work.creators)
            assert entry.fields["langid"].isalpha()


@given(HOSTILE)
def test_bibtex_keeps_every_character(title: str) -> None:
    works = [replace(EXAMPLE, title=title, note=title), replace(EXAMPLE, key="next")]
    read = parse_string(bibtex(works).decode(), "bibtex").entries
    assert list(read) == [work.key for work in works]
    assert unescaped(read[EXAMPLE.key].fields["title"]) == one_line(title)


def unescaped(field: str) -> str:
    """What LaTeX prints of a field, its protecting braces taken off."""
    text = field[1:-1]
    named = {
        "\\textbackslash{}": "\\",
        "\\textbraceleft{}": "{",
        "\\textbraceright{}": "}",
        "\\textasciitilde{}": "~",
        "\\textasciicircum{}": "^",
        **{f"\\{character}": character for character in "#$%&_"},
    }
    out, at = [], 0
    while at < len(text):
        found = next((escape for escape in named if text.startswith(escape, at)), None)
        out.append(named[found] if found else text[at])
        at += len(found) if found else 1
    return "".join(out)


def test_ris_is_read_by_another_program(site: Site) -> None:
    for item in every(site.database):
        works = works_of(item)
        text = ris(works).decode()
        assert text.count("\r\n") == text.count("\n")
        for work, entry in zip(works, rispy.loads(text), strict=True):
            assert entry["type_of_reference"] == "ELEC"
            assert entry["id"] == work.key
            assert entry["title"] == one_line(work.title)
            assert entry["urls"] == [work.url]
            assert entry.get("authors", []) == [listed_name(one) for one in work.creators]
            assert entry.get("year", "") == work.issued[:4]


@given(HOSTILE)
def test_no_text_ends_a_ris_record(title: str) -> None:
    (entry,) = rispy.loads(ris([replace(EXAMPLE, title=f"t{title}", note=title)]).decode())
    assert entry["title"] == one_line(f"t{title}")


def test_csl_json_is_as_its_schema_says(site: Site) -> None:
    validator = Draft7Validator(SCHEMA)
    for item in every(site.database):
        works = works_of(item)
        items = json.loads(csl_json(works))
        validator.validate(items)
        assert [one["title"] for one in items] == [work.title for work in works]
        assert [one["id"] for one in items] == [work.key for work in works]


def test_a_copy_and_a_description_say_so(world: Path) -> None:
    protocol = whole_of(world)["agreements"][0]
    _, gazette, courier = works_of(protocol)
    assert (gazette.title, gazette.note) == ("The Councils Meet", None)
    assert courier.title == "Report on the meeting"
    assert courier.note == (
        "A copy. Original publisher: Strait Courier. The title was not seen; this is a description."
    )
    assert courier.original_publisher == Chosen("Strait Courier")


def test_reference_managers_see_the_page(world: Path) -> None:
    found = meta(whole_of(world)["quotes"][0])
    assert found[:6] == [
        ("citation_title", "A dark strait is a closed strait, and we mean to open it."),
        ("citation_author", "Lind, Ada"),
        ("citation_publication_date", "1994/03/02"),
        ("citation_language", "en"),
        ("citation_public_url", "https://meeting.example/quotes/lind-on-light"),
        ("citation_publisher", "The Third Meeting"),
    ]
    assert ("DC.type", "webpage") in found
    assert ("DC.identifier", "https://meeting.example/r/q1") in found


def test_every_meta_has_content(site: Site) -> None:
    for item in every(site.database):
        for language in LANGUAGES:
            assert all(name and content for name, content in meta(item, language))
