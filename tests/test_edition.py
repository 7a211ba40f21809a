"""Digests of the seed, the program and the database: what changes them, and what does not."""

import hashlib
import shutil
from pathlib import Path

import pytest
from conftest import WORLD

from app.edition import beside, files_of, is_current, of_file, of_program, of_seed, told


def folder_with(path: Path, files: dict[str, str]) -> Path:
    """A folder with some files."""
    path.mkdir()
    for name, content in files.items():
        (path / name).write_text(content, encoding="utf-8")
    return path


def test_files_of_a_folder_are_its_seed_files_in_order_of_name(tmp_path: Path) -> None:
    names = ["b.yaml", "a.json", "c.yml", "README.md", "a.yaml~", "a.yaml.swp", "yaml"]
    seed = folder_with(tmp_path / "seed", dict.fromkeys(names, ""))
    assert files_of(seed) == [seed / "a.json", seed / "b.yaml", seed / "c.yml"]


def test_folder_in_a_seed_is_no_file_of_it(tmp_path: Path) -> None:
    seed = folder_with(tmp_path / "seed", {"a.yaml": ""})
    (seed / "old.yaml").mkdir()
    assert files_of(seed) == [seed / "a.yaml"]


def test_file_by_itself_is_a_seed_whatever_its_name(tmp_path: Path) -> None:
    (tmp_path / "seed.txt").write_text("")
    assert files_of(tmp_path / "seed.txt") == [tmp_path / "seed.txt"]


@pytest.mark.parametrize("name", ["nowhere", "empty"])
def test_where_there_is_no_seed_the_place_is_named(tmp_path: Path, name: str) -> None:
    folder_with(tmp_path / "empty", {"README.md": ""})
    seed = tmp_path / name
    with pytest.raises(FileNotFoundError) as raised:
        files_of(seed)
    expected = f"no seed at {seed}: give a folder with .yaml or .json files, or one such file"
    assert str(raised.value) == expected


def test_digest_of_a_seed_does_not_depend_on_its_folder(tmp_path: Path) -> None:
    shutil.copytree(WORLD, tmp_path / "copy")
    assert of_seed(tmp_path / "copy") == of_seed(WORLD)
    assert of_seed(tmp_path / "copy" / "world.yaml") == of_seed(WORLD)


def test_different_seeds_have_different_digests(tmp_path: Path) -> None:
    seeds: list[dict[str, str]] = [
        {"a.yaml": "x", "b.yaml": "y"},
        {"a.yaml": "xy", "b.yaml": ""},
        {"a.yaml": "", "b.yaml": "xy"},
        {"a.yaml": "xy"},
        {"a.yaml": "yx"},
        {"a.yaml": "xy\n"},
        {"b.yaml": "xy"},
        {"a.yaml": "xb.yaml\n1\ny"},
        {"a.yaml": "y", "b.yaml": "x"},
    ]
    digests = {
        of_seed(folder_with(tmp_path / str(number), files)) for number, files in enumerate(seeds)
    }
    assert len(digests) == len(seeds)


def test_what_is_no_seed_file_does_not_change_the_digest(tmp_path: Path) -> None:
    seed = folder_with(tmp_path / "seed", {"a.yaml": "x"})
    before = of_seed(seed)
    (seed / "README.md").write_text("A guide.")
    assert of_seed(seed) == before


def test_digest_of_the_program_is_stable() -> None:
    assert of_program() == of_program()
    assert len(bytes.fromhex(of_program())) == 32


@pytest.mark.parametrize("content", [b"", b"abc", bytes(range(256)) * 5000])
def test_digest_of_a_file_is_its_sha_256(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    assert of_file(tmp_path / "file") == hashlib.sha256(content).hexdigest()


def test_digest_stands_beside_the_database() -> None:
    assert beside(Path("build/site.db")) == Path("build/site.db.sha256")


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """What stands for a database made from the miniature seed, with its digests beside it."""
    database = tmp_path / "site.db"
    database.write_bytes(b"whole")
    beside(database).write_text(told(database, of_seed(WORLD)))
    return database


def test_what_stands_beside_is_a_line_a_digest(made: Path) -> None:
    lines = beside(made).read_text().splitlines()
    assert lines == [
        f"{hashlib.sha256(b'whole').hexdigest()}  database",
        f"{of_seed(WORLD)}  seed",
        f"{of_program()}  program",
    ]
    assert is_current(made, WORLD)


@pytest.mark.parametrize("line", range(3))
def test_another_digest_is_of_another_database(made: Path, line: int) -> None:
    lines = beside(made).read_text().splitlines(keepends=True)
    lines[line] = f"{hashlib.sha256(b'another').hexdigest()}{lines[line][64:]}"
    beside(made).write_text("".join(lines))
    assert not is_current(made, WORLD)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe"], ids=["empty", "damaged"])
def test_nothing_readable_beside_is_no_database_of_ours(made: Path, content: bytes) -> None:
    beside(made).write_bytes(content)
    assert not is_current(made, WORLD)


def test_database_is_not_current_where_a_file_is_missing(made: Path) -> None:
    kept = beside(made).read_text()
    beside(made).unlink()
    assert not is_current(made, WORLD)
    beside(made).write_text(kept)
    assert is_current(made, WORLD)
    made.unlink()
    assert not is_current(made, WORLD)


def test_folder_is_no_database(made: Path) -> None:
    made.unlink()
    made.mkdir()
    assert not is_current(made, WORLD)
