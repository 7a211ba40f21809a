"""The database: the same bytes from the same seed, whole or not at all, and true to the seed."""

import errno
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from conftest import ROOT, WORLD
from miniature import changed, in_files
from sqlmodel import Session

from app import edition, queries
from app.build import build
from app.database import open_database
from app.kinds import KINDS
from app.references import made_by
from app.seed import Seed, SeedError, read

TYPING_MISTAKE = ("reference: sec2", "reference: sec-2")
MISSING_RECORD = ("part_of: league-of-harbours", "part_of: league-of-harbors")


@pytest.fixture(scope="module")
def seed() -> Seed:
    """The miniature seed."""
    return read(WORLD)


@pytest.fixture
def connection(world: Path) -> Iterator[sqlite3.Connection]:
    """The miniature database as the standard library reads it."""
    with closing(sqlite3.connect(f"{world.as_uri()}?mode=ro", uri=True)) as connection:
        yield connection


def folder_of(path: Path) -> dict[str, bytes]:
    """Every file in a folder with its bytes."""
    return {file.name: file.read_bytes() for file in path.iterdir() if file.is_file()}


def test_two_builds_in_different_folders_are_the_same_bytes(tmp_path: Path, world: Path) -> None:
    other_seed = tmp_path / "elsewhere"
    shutil.copytree(WORLD, other_seed)
    for file in other_seed.iterdir():
        os.utime(file, (0, 0))
    other = tmp_path / "new" / "folder" / "other.db"
    build(other_seed, other)
    assert other.read_bytes() == world.read_bytes()
    assert edition.beside(other).read_bytes() == edition.beside(world).read_bytes()


def test_build_in_another_process_is_the_same_bytes(tmp_path: Path, world: Path) -> None:
    """Neither the hash seed nor the time zone nor the language enters what is built."""
    database = tmp_path / "site.db"
    subprocess.run(
        [sys.executable, "-m", "app", "build", "--seed", WORLD, "--database", database],
        cwd=ROOT,
        env=os.environ | {"PYTHONHASHSEED": "1", "TZ": "Asia/Shanghai", "LC_ALL": "C"},
        check=True,
        capture_output=True,
        timeout=60,
    )
    assert database.read_bytes() == world.read_bytes()


def test_one_file_and_several_are_the_same_database(tmp_path: Path, world: Path) -> None:
    database = tmp_path / "site.db"
    build(in_files(tmp_path / "several"), database)
    assert database.read_bytes() == world.read_bytes()


def test_what_is_usual_may_be_said_or_not(tmp_path: Path) -> None:
    heading = "- heading: {en: Weather}"
    usual = f"{heading}\n        certainty: attested"
    reason = "        certainty: inferred\n        certainty_reason: {en: Told by one witness.}\n"
    for name, said in (("bare", heading), ("explicit", usual)):
        folder = tmp_path / name
        folder.mkdir()
        build(changed(folder, (heading, said), (reason, "")), folder / "site.db")
    bare, explicit = (tmp_path / name / "site.db" for name in ("bare", "explicit"))
    assert bare.read_bytes() == explicit.read_bytes()


def test_building_again_leaves_the_same_bytes(tmp_path: Path) -> None:
    build(WORLD, tmp_path / "site.db")
    first = folder_of(tmp_path)
    build(WORLD, tmp_path / "site.db")
    assert folder_of(tmp_path) == first
    assert sorted(first) == ["site.db", "site.db.sha256"]


def test_another_seed_is_another_database(tmp_path: Path, world: Path) -> None:
    former = "text: {en: It rained on both days.}"
    build(changed(tmp_path, (former, former.replace("rained", "snowed"))), tmp_path / "site.db")
    assert (tmp_path / "site.db").read_bytes() != world.read_bytes()


def test_finished_database_is_whole_and_says_what_it_was_made_from(world: Path) -> None:
    assert edition.is_current(world, WORLD)
    lines = edition.beside(world).read_text().splitlines()
    assert dict(reversed(line.split("  ")) for line in lines) == {
        "database": edition.of_file(world),
        "seed": edition.of_seed(WORLD),
        "program": edition.of_program(),
    }


def test_nothing_can_write_to_the_finished_database(world: Path) -> None:
    with open_database(world)[0] as session, pytest.raises(Exception, match="readonly"):
        session.connection().exec_driver_sql("DELETE FROM link")


@pytest.mark.parametrize("mistake", [TYPING_MISTAKE, MISSING_RECORD], ids=["of form", "across"])
def test_broken_seed_leaves_the_former_database(tmp_path: Path, mistake: tuple[str, str]) -> None:
    folder = tmp_path / "build"
    build(WORLD, folder / "site.db")
    former = folder_of(folder)
    with pytest.raises(SeedError) as raised:
        build(changed(tmp_path, mistake), folder / "site.db")
    assert len(raised.value.mistakes) == 1
    assert folder_of(folder) == former


def test_missing_seed_leaves_the_former_database(tmp_path: Path) -> None:
    folder = tmp_path / "build"
    build(WORLD, folder / "site.db")
    former = folder_of(folder)
    with pytest.raises(FileNotFoundError):
        build(tmp_path / "nowhere", folder / "site.db")
    assert folder_of(folder) == former


def test_broken_seed_makes_no_folder(tmp_path: Path) -> None:
    with pytest.raises(SeedError):
        build(changed(tmp_path, TYPING_MISTAKE), tmp_path / "build" / "site.db")
    assert not (tmp_path / "build").exists()


@pytest.mark.parametrize("path", ["file/site.db", "file/deeper/site.db"])
def test_database_that_can_not_be_written_is_an_error_of_the_system(
    tmp_path: Path, path: str
) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OSError, match="file"):
        build(WORLD, tmp_path / path)
    assert folder_of(tmp_path) == {"file": b"in the way"}


def test_digests_are_finished_before_the_database_is_replaced(
    tmp_path: Path, world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = tmp_path / "site.db"
    build(changed(tmp_path), database)
    former = folder_of(tmp_path)
    replace = Path.replace

    def full(path: Path, target: Path) -> Path:
        if target == database:
            assert edition.is_whole(path)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        build(WORLD, database)
    assert folder_of(tmp_path) == former
    monkeypatch.undo()
    build(WORLD, database)
    assert edition.beside(database).read_bytes() == edition.beside(world).read_bytes()


def test_folder_in_the_place_of_the_database_stays(tmp_path: Path) -> None:
    database = tmp_path / "site.db"
    database.mkdir()
    (database / "kept").write_text("kept")
    with pytest.raises(OSError, match=r"site\.db"):
        build(WORLD, database)
    assert [path.name for path in tmp_path.iterdir()] == ["site.db"]
    assert folder_of(database) == {"kept": b"kept"}


@pytest.mark.parametrize("name", ["a b", "свет", "a#b", "a?b", "a%20b", "a&mode=rw", "'\""])
def test_database_may_stand_under_any_name(tmp_path: Path, world: Path, name: str) -> None:
    database = tmp_path / name / f"{name}.db"
    build(WORLD, database)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert database.read_bytes() == world.read_bytes()
    with open_database(database)[0] as session:
        assert queries.meeting(session).slug == "lakeport-1994"


def test_relative_path_is_one_from_here(
    tmp_path: Path, world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    build(WORLD, Path("site.db"))
    assert (tmp_path / "site.db").read_bytes() == world.read_bytes()


def test_database_is_sound(connection: sqlite3.Connection) -> None:
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_database_keeps_no_room_for_what_was_taken_out(connection: sqlite3.Connection) -> None:
    assert connection.execute("PRAGMA freelist_count").fetchall() == [(0,)]


def test_every_link_leads_to_the_right_record(connection: sqlite3.Connection, seed: Seed) -> None:
    stored = connection.execute(
        "SELECT subject.kind, subject.slug, link.position, role, object.kind, object.slug, locator "
        "FROM link JOIN record AS subject ON subject.id = subject_id "
        "JOIN record AS object ON object.id = object_id ORDER BY subject_id, link.position"
    ).fetchall()
    expected = [
        (noun, slug, position, made.to.role, made.to.kind, made.slug, made.locator)
        for noun, records in seed.records.items()
        for slug, record in records.items()
        for position, made in enumerate(made_by(record))
    ]
    assert stored == expected
    assert connection.execute("SELECT count(*) FROM link").fetchall() == [(len(expected),)]


def test_every_record_has_its_row(connection: sqlite3.Connection, seed: Seed) -> None:
    stored = connection.execute(
        "SELECT kind, slug, reference, part FROM record ORDER BY id"
    ).fetchall()
    assert stored == [
        (noun, slug, record.reference, KINDS[noun].part(record))
        for noun, records in seed.records.items()
        for slug, record in records.items()
    ]


def test_every_record_comes_back_as_it_was_read(world_session: Session, seed: Seed) -> None:
    for noun, kind in KINDS.items():
        stored = [*queries.records(world_session, noun)]
        expected = list(seed.records[noun].values())
        assert all(isinstance(record, kind.model) for record in stored)
        assert [record.model_dump() for record in stored] == [
            record.model_dump() for record in expected
        ]


def test_every_record_is_indexed_once(world: Path, seed: Seed) -> None:
    with closing(sqlite3.connect(world.as_uri() + "?mode=ro", uri=True)) as connection:
        connection.execute(
            "CREATE VIRTUAL TABLE temp.word USING fts5vocab('main', 'search_index', 'instance')"
        )
        indexed = connection.execute("SELECT DISTINCT doc FROM temp.word ORDER BY doc").fetchall()
    assert indexed == [(record.id,) for record in seed.each()]


def test_every_title_finds_its_record(world_session: Session) -> None:
    for row in queries.every_record(world_session):
        for title in row.title.values():
            groups = queries.search(world_session, title)
            found = [other.id for group in groups for other in group.rows]
            assert row.id in found, title
