"""Promises that the project makes about itself, held."""

import re
from pathlib import Path

import pytest
from conftest import ROOT, SEED, WORLD, InGroups, Site, our_seed
from jinja2 import Environment
from pydantic import BaseModel
from sqlmodel import SQLModel
from xdist.scheduler import LoadScopeScheduling

from app import models
from app.assets import STYLE_PARTS
from app.kinds import KINDS

FOLDER = ROOT / "templates"
TEMPLATES = sorted(FOLDER.rglob("*.*"))
STYLE = "".join((ROOT / "static" / "css" / part).read_text() for part in STYLE_PARTS)
SCRIPT = (ROOT / "static" / "site.js").read_text()
MARKUP = "".join(path.read_text() for path in TEMPLATES)
WRITER = (ROOT / "app" / "rendering.py").read_text()


def test_the_readme_names_every_module_and_no_other() -> None:
    tree = (ROOT / "README.md").read_text().split("app/   ")[1].split("templates/ ")[0]
    named = set(re.findall(r"(\w+\.py)", tree))
    assert named == {path.name for path in (ROOT / "app").rglob("*.py")} - {"__init__.py"}


def test_the_readme_names_only_targets_that_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:^|`)make ([a-z]+)", (ROOT / "README.md").read_text(), re.MULTILINE))
    assert {"run", "test"} <= named
    assert named <= targets


def test_the_seed_guide_names_every_field_and_no_other() -> None:
    parts = [part for part in vars(models).values() if isinstance(part, type)]
    fields: set[str] = set()
    for part in parts:
        is_row = issubclass(part, SQLModel) and not issubclass(part, models.Record)
        if issubclass(part, BaseModel) and not is_row:
            fields |= set(part.model_fields)
    guide = (SEED / "README.md").read_text()
    named = set(re.findall(r"`([a-z_]+)`", guide))
    assert fields - {"id", "slug", "root"} <= named
    words = {str(word) for part in parts if issubclass(part, str) for word in part}
    languages = {"en", "ru", "zh"}
    others = named - fields - words - languages - {"slug"}
    assert others == set()


def test_every_style_is_used_and_every_class_has_a_style() -> None:
    styled = set(
        re.findall(r"\.([a-z][a-z0-9_-]*)", re.sub(r"/\*.*?\*/", "", STYLE, flags=re.DOTALL))
    )
    styled -= {"5rem", "css"}
    used: set[str] = set()
    for value in re.findall(r'class(?:Name = |=)"([^"]*)"', MARKUP + SCRIPT + WRITER):
        named = re.sub(r"{{.*?}}", "{{}}", value)
        used |= set(re.sub(r"{%.*?%}", " ", named).split())
    computed = {name for name in used if "{" in name or "}" in name or name.endswith("--")}
    stems = {name.split("{{")[0] for name in computed if "{{" in name and name.split("{{")[0]}
    plain = {name for name in used - computed if re.fullmatch(r"[a-z][a-z0-9_-]*", name)}
    unused = {name for name in styled - plain if not any(name.startswith(stem) for stem in stems)}
    assert unused - {"page--home"} == set()
    hooks = {"record__body", "entry", "page--record", "page--list", "page--home"}
    assert plain - styled - hooks == set()


def test_every_token_is_declared_and_used() -> None:
    declared = set(re.findall(r"^\s+(--[a-z0-9-]+):", STYLE, re.MULTILINE))
    used = set(re.findall(r"var\((--[a-z0-9-]+)", STYLE))
    assert declared == used


def test_colours_and_fonts_are_declared_in_tokens_only() -> None:
    for part in STYLE_PARTS:
        if part not in {"tokens.css", "print.css"}:
            text = (ROOT / "static" / "css" / part).read_text()
            assert re.findall(r"#[0-9a-f]{3,6}\b|rgb\(|hsl\(", text) == []
            assert "!important" not in text


@pytest.mark.parametrize("name", [path.relative_to(FOLDER).as_posix() for path in TEMPLATES])
def test_every_template_compiles_and_is_reached(name: str) -> None:
    environment = Environment(extensions=["jinja2.ext.i18n"], autoescape=True)
    source = (FOLDER / name).read_text()
    environment.parse(source)
    program = "".join(module.read_text() for module in (ROOT / "app").rglob("*.py"))
    folder = name.rpartition("/")[0]
    named = f'"{name}"' in MARKUP + program
    by_kind = folder in {"records", "entries"} and Path(name).stem in KINDS
    by_page = f'"{name.removesuffix(".html")}"' in program
    assert named or by_kind or by_page


def test_every_word_is_used() -> None:
    words = set(
        re.findall(r'"([a-z-]+\.[A-Za-z_.-]+)":', (ROOT / "templates/words.html").read_text())
    )
    program = "".join(module.read_text() for module in (ROOT / "app").rglob("*.py"))
    fixed = {word for word in words if f'"{word}"' in MARKUP.replace(f'"{word}":', "") + program}
    stems = {*re.findall(r'words\["([a-z.-]+\.)" ~', MARKUP), "field."}
    assert [word for word in words - fixed if not word.startswith((*stems, "tie."))] == []


def test_the_seed_is_tidy() -> None:
    for folder in (SEED, WORLD):
        for path in folder.glob("*.yaml"):
            text = path.read_text()
            assert "\t" not in text
            assert text.endswith("\n")
            assert not text.endswith("\n\n")


def test_the_article_is_quoted_letter_for_letter() -> None:
    """The quotations stand in a file of their own, copied from the article alone."""
    expected = (ROOT / "tests/expected/article-quotations.txt").read_text().splitlines()
    quotes = our_seed().records["quotes"].values()
    held = [quote.text for quote in quotes if quote.prefix is not None]
    assert held == expected


def test_published_slugs_never_disappear() -> None:
    """The list only grows; a renamed record keeps its slug as an alias, one taken back as such."""
    published = (ROOT / "tests/expected/published-slugs.txt").read_text().split()
    records = our_seed().records
    known = {
        f"{noun}/{name}"
        for noun, held in records.items()
        for slug, record in held.items()
        for name in (slug, *record.aliases)
    }
    (meeting,) = records["meeting"].values()
    withdrawn = {f"{one.kind}/{one.slug}" for one in meeting.withdrawn}
    assert set(published) == known | withdrawn


def test_the_script_is_small_and_only_enhances() -> None:
    """It keeps nothing, asks no other host, runs no text as a program, writes no markup."""
    assert len(SCRIPT) < 6900
    for name in ("Storage", "cookie", "indexedDB", "caches", "eval", "Function(", "import"):
        assert name not in SCRIPT, name
    for name in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", ".style"):
        assert name not in SCRIPT, name
    assert not re.findall(r"https?:|[\"'`]//", SCRIPT)
    assert re.findall(r"\bfetch\(.*", SCRIPT) == [
        "fetch(`${form.dataset.suggestions}?q=${encodeURIComponent(asked)}`);"
    ]
    assert "XMLHttpRequest" not in SCRIPT
    assert "sendBeacon" not in SCRIPT


def test_no_colour_scheme_is_forgotten(our_site: Site) -> None:
    assert 'name="color-scheme" content="light dark"' in our_site.client.get("/").text


def test_tests_with_the_same_fixtures_are_run_in_one_process() -> None:
    """If xdist called this otherwise, nothing would fail, but everything be made twice."""
    assert "_split_scope" in vars(LoadScopeScheduling)
    told = ("test_nginx.py::test_a[b::c]", "test_export.py::test_b", "test_export.py::test_c")
    groups = {vars(InGroups)["_split_scope"](None, f"tests/{test}") for test in told}
    assert groups == {"test_export"}
