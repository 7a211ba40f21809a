"""What goes wrong around the program: it recovers, or says in one sentence what to do."""

import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from conftest import ROOT, SEED, WORLD
from miniature import changed
from servers import ENVIRONMENT, PATIENCE, children_of, held_port, size, told_of, wait_until
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from app.build import build
from app.database import open_database
from app.edition import beside, is_current, is_whole

BUILD = [sys.executable, "-m", "app", "build", "--seed", str(WORLD), "--database"]
EXPORT = [sys.executable, "-m", "app", "export"]

# The right of root to write where nobody may: whoever runs the tests, they run without it.
WITHOUT_RIGHTS = (
    ["setpriv", "--bounding-set", "-dac_override,-dac_read_search,-fowner"]
    if os.geteuid() == 0
    else []
)
IN_ITS_OWN_MOUNTS = ["unshare", *([] if os.geteuid() == 0 else ["--map-root-user"]), "--mount"]


def run(command: list[str], **variables: str) -> subprocess.CompletedProcess[str]:
    """A command to its end."""
    return subprocess.run(
        command,
        cwd=ROOT,
        env=ENVIRONMENT | variables,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def said_at_the_end(said: str) -> list[str]:
    """What a command has said, but for what it is at and how far, of which a slow one says more."""
    is_progress = re.compile(
        r"building |built |(read|checked|checked and written|addresses written): \d"
    )
    return [line for line in said.splitlines() if not is_progress.match(line)]


def is_one_sentence(done: subprocess.CompletedProcess[str]) -> bool:
    """Whether a command said what is wrong and what to do in its last line, and nothing else."""
    lines = said_at_the_end(done.stderr)
    return (
        done.returncode == 2
        and len(lines) == 1
        and lines[0].startswith("meeting21: ")
        and "; " in lines[0]
    )


@pytest.fixture
def home(tmp_path: Path, world: Path) -> Path:
    """A folder with the miniature database and its digests."""
    folder = tmp_path / "home"
    folder.mkdir()
    for path in (world, beside(world)):
        shutil.copy(path, folder)
    return folder


def files_in(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize(("command", "number"), [("build", size(8, 140)), ("export", size(3, 60))])
def test_a_kill_at_any_moment_leaves_a_whole_site(
    tmp_path: Path, command: str, number: int
) -> None:
    later = changed(tmp_path, ("It rained on both days.", "It rained on one day."))
    later.rename(tmp_path / "later.yaml")
    changed(tmp_path).rename(tmp_path / "former.yaml")
    script = [sys.executable, str(ROOT / "tests" / "killed.py"), command, str(tmp_path)]
    done = subprocess.run(
        [*script, str(number)],
        cwd=ROOT,
        env=ENVIRONMENT | {"PYTHONPATH": str(ROOT)},
        timeout=1800,
        check=False,
    )
    assert done.returncode == 0


def working_for(number: int) -> list[int]:
    """The processes that write for an export, oldest first."""
    return [child for child in children_of(number) if "spawn_main" in told_of(child, "cmdline")]


def test_an_export_that_loses_a_process_says_so(home: Path) -> None:
    command = [*EXPORT, str(home / "site"), "--database", str(home / "site.db"), "--workers", "2"]
    process = subprocess.Popen(
        [*command, "--seed", str(WORLD)],
        cwd=ROOT,
        env=ENVIRONMENT,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_until(lambda: bool(working_for(process.pid)), "no process has begun")
    os.kill(working_for(process.pid)[0], signal.SIGKILL)
    _, said = process.communicate(timeout=PATIENCE)
    done = subprocess.CompletedProcess(command, process.returncode, "", said)
    assert is_one_sentence(done), said
    assert "try again with --workers 1" in said
    assert not (home / "site").exists()


def test_a_folder_that_can_not_be_written_is_said(home: Path) -> None:
    former = files_in(home)
    (home / "site.db.sha256").write_text("of something else")
    home.chmod(0o500)
    try:
        for command in (
            [*BUILD, str(home / "site.db")],
            [sys.executable, "-m", "app", "serve", "--database", str(home / "site.db")],
            [*EXPORT, str(home / "site"), "--database", str(home / "site.db")],
        ):
            done = run([*WITHOUT_RIGHTS, *command])
            assert is_one_sentence(done), done.stderr
            assert "Permission denied; give this user the right to it" in done.stderr
    finally:
        home.chmod(0o700)
    assert (home / "site.db").read_bytes() == former["site.db"]


def test_a_database_and_a_seed_that_can_not_be_read_are_said(tmp_path: Path) -> None:
    seed = changed(tmp_path)
    database = tmp_path / "site.db"
    build(seed, database)
    database.chmod(0)
    command = [sys.executable, "-m", "app", "build", "--seed", seed, "--database", database]
    done = run([*WITHOUT_RIGHTS, *map(str, command)])
    assert done.returncode == 0, "it is put in the place of the former one"
    seed.chmod(0)
    done = run([*WITHOUT_RIGHTS, *map(str, command)])
    assert is_one_sentence(done), done.stderr
    assert str(seed) in done.stderr


@pytest.mark.parametrize("name", ["site.db", "site.db.sha256"])
def test_a_folder_in_the_place_of_a_file_is_said(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    done = run([*BUILD, str(tmp_path / "site.db")])
    assert is_one_sentence(done), done.stderr
    assert f"{tmp_path / name}: Is a directory; move it away" in done.stderr


@pytest.mark.parametrize("kilobytes", [8, 128] if not size(0, 1) else [3 * n for n in range(1, 40)])
def test_a_full_disk_is_said_and_leaves_what_was_there(home: Path, kilobytes: int) -> None:
    """The former database and its digests, and room for so much more."""
    former = files_in(home)
    room = sum(map(len, former.values())) // 1024 + 12 + kilobytes
    script = (
        f"mount -t tmpfs -o size={room}k none {home}/disk && cp {home}/site.* {home}/disk && "
        'status=0; "$@" || status=$?; cmp {0}/site.db {0}/disk/site.db && '
        "test $(ls {0}/disk | wc -l) = 2 && exit $status; exit 99"
    ).format(home)
    (home / "disk").mkdir()
    seed = changed(home.parent, ("It rained on both days.", "It rained on one day."))
    command = [sys.executable, "-m", "app", "build", "--seed", seed]
    command += ["--database", str(home / "disk" / "site.db")]
    done = run([*IN_ITS_OWN_MOUNTS, "sh", "-c", script, "sh", *map(str, command)])
    assert is_one_sentence(done), (done.returncode, done.stderr)
    assert "No space left on device; make room there" in done.stderr


def test_nothing_is_written_but_beside_the_database(tmp_path: Path) -> None:
    """Not even what a seed as large as ours has SQLite sort in files."""
    script = """
        mount --bind "$1" "$1"
        for place in / /tmp /var/tmp /usr/tmp; do
            if mountpoint -q $place; then mount -o remount,bind,ro $place; fi
        done
        ! touch /tmp/written || exit 99
        cd / && shift && exec "$@"
    """
    home = tmp_path / "home"
    home.mkdir()
    command = [sys.executable, "-m", "app", "build", "--database", str(home / "site.db")]
    command = ["sh", "-ec", script, "sh", str(home), *command]
    done = run([*IN_ITS_OWN_MOUNTS, *command], PYTHONPATH=str(ROOT))
    assert done.returncode == 0, done.stderr
    assert is_current(home / "site.db", SEED)


def regions(length: int, number: int) -> list[int]:
    """Places spread over so many bytes, the first and the last among them."""
    return sorted({round(at * (length - 1) / (number - 1)) for at in range(number)})


@pytest.mark.parametrize("name", ["site.db", "site.db.sha256"])
def test_a_damaged_byte_anywhere_is_seen(home: Path, name: str) -> None:
    whole = (home / name).read_bytes()
    for at in regions(len(whole), size(64, 4096)):
        for content in (
            whole[:at] + bytes([whole[at] ^ 1 << at % 8]) + whole[at + 1 :],
            whole[:at],
        ):
            (home / name).write_bytes(content)
            assert not is_current(home / "site.db", WORLD), at
    (home / name).write_bytes(whole)
    assert is_current(home / "site.db", WORLD)


def another_table(database: Path) -> None:
    database.unlink()
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("CREATE TABLE record (name)")


@pytest.mark.parametrize(
    "change",
    [
        another_table,
        lambda database: database.write_bytes(b""),
        lambda database: database.write_text("no database at all"),
        lambda database: beside(database).unlink(),
        lambda database: beside(database).write_bytes(b"\xff\x00"),
        lambda database: beside(database).write_text(
            beside(database).read_text().replace("seed", "other")
        ),
    ],
    ids=["another version", "empty", "text", "no digests", "bytes for digests", "another seed"],
)
def test_what_is_no_database_of_ours_is_built_anew(
    home: Path, change: Callable[[Path], object]
) -> None:
    former = files_in(home)
    change(home / "site.db")
    assert not is_current(home / "site.db", WORLD)
    build(WORLD, home / "site.db")
    assert files_in(home) == former


def test_builds_at_once_end_one_after_the_other(home: Path) -> None:
    former = files_in(home)
    (home / f"site.db.{2**22 + 1}.unfinished").write_text("left by one that was killed")
    (home / f"site.db.{2**22 + 1}.unfinished-journal").write_text("")
    with ThreadPoolExecutor() as threads:
        command = [*BUILD, str(home / "site.db")]
        done = list(threads.map(run, [command] * size(3, 12)))
    assert {one.returncode for one in done} == {0}
    left = files_in(home)
    assert left.pop("site.db.templates")
    assert left == former


def test_a_wrong_clock_changes_nothing(
    home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    former = files_in(home)
    seed = changed(tmp_path)
    for moment in (0, 4102444800):
        monkeypatch.setattr(time, "time", lambda moment=moment: float(moment))
        os.utime(home / "site.db", (moment, moment))
        os.utime(seed, (moment, moment))
        assert is_current(home / "site.db", WORLD)
        build(seed, tmp_path / "other" / "site.db")
        assert (tmp_path / "other" / "site.db").read_bytes() == former["site.db"]


def test_too_few_files_to_serve_with_are_said(tmp_path: Path) -> None:
    serve = [*BUILD[:3], "serve", "--seed", str(WORLD), "--database", str(tmp_path / "site.db")]
    with held_port() as port:
        done = run(["prlimit", "--nofile=64:64", *serve, "--port", str(port)])
    assert done.returncode == 2
    assert "meeting21: too few files may be open; allow 80 or more (ulimit -n)" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["build", "serve"])
def test_an_interruption_is_said_in_a_line(home: Path, command: str) -> None:
    beside(home / "site.db").unlink()
    former = (home / "site.db").read_bytes()
    process = subprocess.Popen(
        [sys.executable, "-m", "app", command, "--database", str(home / "site.db")],
        cwd=ROOT,
        env=ENVIRONMENT,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr
    assert process.stderr.readline().startswith("building ")
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert said_at_the_end(said) == ["stopped; nothing was changed"]
    assert (home / "site.db").read_bytes() == former


MOMENTS: dict[str, Callable[[int, Path], bool]] = {
    "its first modules are read": lambda number, _: "_hashlib" in told_of(number, "maps"),
    "most of it is read": lambda number, _: "pydantic_core" in told_of(number, "maps"),
    "something is beside it": lambda number, _: bool(children_of(number)),
    "a process has begun": lambda number, _: bool(working_for(number)),
    "all have begun": lambda number, _: len(working_for(number)) == 3,
    "files are written": lambda _, folder: sum(1 for _ in folder.rglob("*.*")) > 20,
}


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("pause", size((0.0,), tuple(at / 50 for at in range(20))))
def test_an_interrupted_export_says_so_in_a_line(home: Path, moment: str, pause: float) -> None:
    """As at a terminal: all of its processes are interrupted at once."""
    site = home / "site"
    place = ["--database", str(home / "site.db"), "--seed", str(WORLD), "--workers", "3"]
    process = subprocess.Popen(
        [*EXPORT, str(site), *place],
        cwd=ROOT,
        env=ENVIRONMENT,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    unfinished = home / ".site.unfinished"
    wait_until(lambda: MOMENTS[moment](process.pid, unfinished), f"never: {moment}")
    time.sleep(pause)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=PATIENCE)
    expected = [[f"stopped; {site} is as it was"]]
    if moment == "its first modules are read":
        # It is not known yet what is to be done, or not even how to say anything.
        expected += [["stopped; nothing was changed"], []]
    assert said_at_the_end(said) in expected, said
    assert process.returncode == 130
    assert sorted(files_in(home)) == ["site.db", "site.db.sha256"]


def test_nothing_can_write_to_the_database(home: Path) -> None:
    """Not even a bug: the file is opened to be read, and every connection refuses as well."""
    for statement in (
        "DELETE FROM record",
        "CREATE TABLE more (name)",
        "DROP TABLE link",
        "PRAGMA user_version = 7",
        "INSERT INTO search_index(search_index) VALUES ('rebuild')",
    ):
        with (
            open_database(home / "site.db")[0] as session,
            pytest.raises(OperationalError, match="readonly"),
        ):
            session.connection().execute(text(statement))
    with open_database(home / "site.db")[0] as session:
        session.connection().execute(text("PRAGMA query_only = OFF"))
        with pytest.raises(OperationalError, match="readonly"):
            session.connection().execute(text("DELETE FROM record"))
    assert is_whole(home / "site.db")
    assert sorted(files_in(home)) == ["site.db", "site.db.sha256"]


STUB = """#!/bin/sh
case "$*" in
  "-m venv --clear .venv") mkdir -p .venv/bin; cp "$0" .venv/bin/python; test -f go-on;;
  "-m pip install"*) test -f "go-on" && echo installed >> told;;
  "-m app serve"*) echo served >> told;;
esac
"""


def test_an_interrupted_run_is_taken_up_again(tmp_path: Path) -> None:
    """`make run` with a Python that is cut off once while it makes the environment."""
    for name in ("Makefile", "pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / name, tmp_path)
    stub = tmp_path / "stub"
    stub.write_text(STUB)
    stub.chmod(0o755)
    command = ["make", "run", f"PYTHON={stub}"]

    def made() -> int:
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
        return done.returncode

    assert made() != 0
    (tmp_path / "go-on").touch()
    for expected in (["installed", "installed", "served"], ["served"]):
        (tmp_path / "told").unlink(missing_ok=True)
        assert made() == 0
        assert (tmp_path / "told").read_text().split() == expected
