"""The whole of the data as files, read back by readers that are not ours."""

import asyncio
import csv
import hashlib
import io
import json
import sqlite3
import zipfile
from contextlib import closing
from functools import cache, partial
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from conftest import ROOT, WORLD, Site
from described_records import ADDRESSES, whole_of
from jsonschema import Draft4Validator
from load import in_a_loop
from pyld import jsonld
from servers import PATIENCE
from test_formats import form_of, remade, rows_of

from app import queries, urls
from app.build import build
from app.checks import mistakes_of
from app.config import Settings
from app.database import open_database
from app.export import answer
from app.formats.dataset import CHECKSUMS, DESCRIPTOR, DataFile, data_files, linked_dataset
from app.formats.plain import field_order
from app.formats.tables import columns_of
from app.kinds import KINDS
from app.language import PUBLISHED
from app.main import create_app
from app.models import Record
from app.seed import read
from app.sentences import sentences_of


def against(profile: str, descriptor: Any) -> list[str]:
    """What a Frictionless profile has against a descriptor."""
    schema = json.loads((ROOT / f"tests/expected/{profile}.schema.json").read_text())
    return [error.message for error in Draft4Validator(schema).iter_errors(descriptor)]


@cache
def files_of(database: Path) -> dict[str, DataFile]:
    """The files of a site by name."""
    return {file.name: file for file in made_of(database)}


def made_of(database: Path) -> list[DataFile]:
    """The files of a site, made anew."""
    with open_database(database)[0] as session:
        records_of = partial(queries.records, session)
        meeting = queries.meeting(session)
        return data_files(meeting, records_of, ADDRESSES, database.read_bytes())


def dumped(records: dict[str, dict[str, Record]]) -> dict[str, list[tuple[str, Any]]]:
    """Every record of a seed as plain values, in its order."""
    return {
        noun: [(slug, record.model_dump()) for slug, record in held.items()]
        for noun, held in records.items()
    }


def test_the_files_are_those_promised(site: Site) -> None:
    assert list(files_of(site.database)) == list(urls.DATA_FILES)


def test_the_files_are_always_the_same(site: Site) -> None:
    again = made_of(site.database)
    assert again == list(files_of(site.database).values())


def test_the_json_is_the_seed(site: Site, tmp_path: Path) -> None:
    seed = tmp_path / "meeting21.json"
    seed.write_bytes(files_of(site.database)["meeting21.json"].body)
    again = read(seed)
    assert mistakes_of(again) == []
    assert dumped(again.records) == dumped(read(site.seed).records)


def test_the_json_builds_the_same_database(site: Site, tmp_path: Path) -> None:
    seed, database = tmp_path / "meeting21.json", tmp_path / "site.db"
    seed.write_bytes(files_of(site.database)["meeting21.json"].body)
    build(seed, database)
    assert database.read_bytes() == site.database.read_bytes()


def test_the_database_is_sound(site: Site, tmp_path: Path) -> None:
    copy = tmp_path / "meeting21.sqlite"
    copy.write_bytes(site.client.get(urls.data_path("meeting21.sqlite")).content)
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        for noun, items in whole_of(site.database).items():
            counted = connection.execute("SELECT count(*) FROM record WHERE kind = ?", [noun])
            assert counted.fetchall() == [(len(items),)]


def test_the_tables_are_the_records(site: Site) -> None:
    for noun, items in whole_of(site.database).items():
        rows = rows_of(files_of(site.database)[f"{noun}.csv"].body.decode())
        again = [remade(noun, row["slug"], form_of(noun, row)).model_dump() for row in rows]
        assert again == [item.record.model_dump() for item in items]


def test_the_archive_holds_the_tables_and_no_time(site: Site) -> None:
    files = files_of(site.database)
    with zipfile.ZipFile(io.BytesIO(files["meeting21.zip"].body)) as archive:
        assert archive.testzip() is None
        names = [f"{noun}.csv" for noun in KINDS]
        assert archive.namelist() == [DESCRIPTOR, *names]
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert [archive.read(name) for name in names] == [files[name].body for name in names]
        inner = json.loads(archive.read(DESCRIPTOR))
    assert [resource["path"] for resource in inner["resources"]] == names
    assert against("data-package", inner) == []


def test_the_description_is_a_data_package(site: Site) -> None:
    files = files_of(site.database)
    package = json.loads(files[DESCRIPTOR].body)
    assert against("data-package", package) == []
    assert package["resources"][0]["profile"] == "tabular-data-resource"
    for resource in package["resources"]:
        if "schema" in resource:
            assert against("tabular-data-resource", resource) == []
    assert {resource["path"] for resource in package["resources"]} == set(files) - {
        DESCRIPTOR,
        CHECKSUMS,
    }
    for resource in package["resources"]:
        body = files[resource["path"]].body
        assert resource["bytes"] == len(body)
        assert resource["hash"] == f"sha256:{hashlib.sha256(body).hexdigest()}"
    assert len({resource["name"] for resource in package["resources"]}) == len(files) - 2


def test_the_profiles_refuse_what_is_none(world: Path) -> None:
    package = json.loads(files_of(world)[DESCRIPTOR].body)
    table = package["resources"][0]
    del table["name"]
    table["schema"]["fields"][0]["type"] = "words"
    assert against("data-package", package)
    assert against("tabular-data-resource", table | {"name": "meeting"})


def test_the_description_names_every_column(site: Site) -> None:
    files = files_of(site.database)
    package = json.loads(files[DESCRIPTOR].body)
    tables = [resource for resource in package["resources"] if "schema" in resource]
    assert [table["name"] for table in tables] == list(KINDS)
    for table in tables:
        header, *rows = csv.reader(io.StringIO(files[table["path"]].body.decode(), newline=""))
        fields = table["schema"]["fields"]
        assert header == [field["name"] for field in fields]
        assert all(field["description"].endswith(".") for field in fields)
        for row in rows:
            for field, cell in zip(fields, row, strict=True):
                if cell and field["type"] in {"array", "object", "integer"}:
                    read_as = {"array": list, "object": dict, "integer": int}[field["type"]]
                    assert isinstance(json.loads(cell), read_as)


@pytest.mark.parametrize("noun", KINDS)
def test_every_field_has_a_column_and_a_sentence(noun: str) -> None:
    model = KINDS[noun].model
    assert set(field_order(model)) == set(model.model_fields) - {"id", "slug"}
    assert {column.field for column in columns_of(KINDS[noun])} == set(model.model_fields) - {
        "id"
    } | {"html_url"}
    assert sentences_of(model).keys() >= set(model.model_fields) - {"id"}


def test_the_checksums_are_those_of_the_files(site: Site) -> None:
    files = files_of(site.database)
    lines = files[CHECKSUMS].body.decode().splitlines()
    assert [line.split("  ") for line in lines] == [
        [hashlib.sha256(file.body).hexdigest(), name]
        for name, file in files.items()
        if name != CHECKSUMS
    ]


def test_the_whole_is_a_dataset(world: Path) -> None:
    files = files_of(world).values()
    meeting = whole_of(world)["meeting"][0].meeting
    document = linked_dataset(meeting, ADDRESSES, files) | {
        "@context": {"@vocab": "http://schema.org/"}
    }
    (node,) = jsonld.expand(document)
    assert node["@type"] == ["http://schema.org/Dataset"]
    downloads = node["http://schema.org/distribution"]
    assert [one["http://schema.org/contentUrl"][0]["@value"] for one in downloads] == [
        ADDRESSES.absolute(urls.data_path(file.name)) for file in files
    ]


def test_the_files_are_made_once_however_many_ask(
    world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And keep no page waiting meanwhile."""
    made: list[int] = []
    are_asked_for, is_seen = Event(), Event()

    def counted(*given: Any) -> list[DataFile]:
        made.append(len(made))
        are_asked_for.set()
        assert is_seen.wait(PATIENCE)
        return data_files(*given)

    async def crowd() -> list[int]:
        of_all = [*map(urls.data_path, urls.DATA_FILES), "/agreements.csv", "/people.csv"]
        of_all += [urls.page_path(urls.DATA, language) for language in PUBLISHED]
        asking = [asyncio.create_task(answer(app, path)) for path in of_all]
        await asyncio.to_thread(are_asked_for.wait, PATIENCE)
        pages = ("/agreements", "/ru/sectors", "/about", "/people", "/zh/quotes")
        statuses = [(await answer(app, path)).status for path in pages]
        is_seen.set()
        return [*statuses, *[(await task).status for task in asking]]

    monkeypatch.setattr("app.site.data_files", counted)
    app = create_app(Settings(WORLD, world))
    assert set(in_a_loop(crowd())) == {200}
    assert made == [0]
