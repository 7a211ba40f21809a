"""A fourth language is a catalogue and nothing else: one is added to a copy of the program."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from xml.etree.ElementTree import Element

import pytest
from babel import Locale
from babel.messages.catalog import Catalog
from babel.messages.pofile import write_po
from conftest import ROOT, WORLD, quickly_parsed

from app import catalogues

CODE = "eo"
OPENING, CLOSING = "⟦", "⟧"

WRITTEN_PAGES = f"""
import json, sys, tempfile
from pathlib import Path
from sqlmodel import Session
from starlette.testclient import TestClient
from app import queries, urls
from app.build import build
from app.config import Settings
from app.database import open_database
from app.main import create_app

seed = Path(sys.argv[1])
with tempfile.TemporaryDirectory() as folder:
    database = Path(folder) / "site.db"
    build(seed, database)
    client = TestClient(create_app(Settings(seed, database, "https://meeting.example")))
    with open_database(database)[0] as session:
        records = [(row.kind, row.slug) for row in queries.every_record(session)]
    paths = [path for path in urls.every_page(records) if urls.language_of(path) == "{CODE}"]
    paths += ["/{CODE}/nothing", "/{CODE}/search?q=lamp", "/{CODE}/agreements?sector=lights"]
    print(json.dumps({{path: client.get(path).text for path in paths}}))
"""
"""Prints every page of the language that was added, by path."""

PROPER = {
    *(
        "JSON",
        "JSON-LD",
        "BibTeX",
        "RIS",
        "CSL-JSON",
        "CSV",
        "Chicago",
        "APA",
        "MLA",
        "SHA",
        "kB",
        "MB",
    ),
    *(str(name).casefold() for name in Locale(CODE).languages.values()),
}
"""Names that no catalogue translates."""


def marked(text: str) -> str:
    """A text as the catalogue of the added language has it."""
    return f"{OPENING}{text}{CLOSING}"


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Element]:
    """Every page of the miniature world in the added language."""
    copy = tmp_path_factory.mktemp("another-language")
    for folder in ("app", "templates", "static"):
        shutil.copytree(ROOT / folder, copy / folder)
    catalog = Catalog(locale=CODE)
    for message in catalogues.catalogue("ru"):
        if message.id:
            ids = message.id if message.pluralizable else (message.id,)
            strings = tuple(map(marked, ids))
            catalog.add(message.id, strings if message.pluralizable else strings[0])
    path = copy / "app" / "locale" / CODE / "LC_MESSAGES" / "messages.po"
    path.parent.mkdir(parents=True)
    with path.open("wb") as stream:
        write_po(stream, catalog)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", WRITTEN_PAGES, WORLD],
        cwd=copy,
        env=os.environ | {"PYTHONPATH": str(copy)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return {path: quickly_parsed(text) for path, text in json.loads(done.stdout).items()}


def shown(element: Element) -> Iterator[str]:
    """The texts of an element in the page's own language, without dates, codes and drawings.

    A citation, and the labels of a drawing, do not say which language each of their parts is in.
    """
    is_code = {"address", "code"} & set(element.get("class", "").split())
    is_plain = {"data-copy", "download"} & set(element.keys())
    is_read = element.tag not in {"script", "svg", "textarea", "time"}
    if element.get("lang", CODE) == CODE and is_read and not is_code and not is_plain:
        for name in ("aria-label", "placeholder", "title", "alt"):
            yield element.get(name, "")
        yield element.text or ""
        for child in element:
            yield from shown(child)
            yield child.tail or ""


def outside(text: str) -> str:
    """What stands outside of every mark."""
    while (inner := re.sub(f"{OPENING}[^{OPENING}{CLOSING}]*{CLOSING}", " ", text)) != text:
        text = inner
    return text


def test_every_page_is_there_in_the_language(pages: dict[str, Element]) -> None:
    assert len(pages) > 30
    assert {page.get("lang") for page in pages.values()} == {CODE}
    for path, page in pages.items():
        names = [link.get("hreflang", "") for link in page.findall("./head/link[@rel='alternate']")]
        is_there = not path.endswith("/nothing")
        assert ({"en", CODE, "ru", "zh-Hans", "x-default"} <= set(names)) == is_there, path


def test_every_word_of_the_interface_comes_from_the_catalogue(pages: dict[str, Element]) -> None:
    for path, page in pages.items():
        body = page.find("./body")
        assert body is not None
        text = outside("\n".join(shown(body)))
        assert OPENING not in text, path
        text = re.sub(r"https?://\S+", "", text)
        words = {word for word in re.findall(r"[^\W\d_][\w-]*", text) if word not in PROPER}
        assert [word for word in words if word.casefold() not in " ".join(PROPER)] == [], path
