"""The command line as a program of its own: what it prints, what it returns, when it builds."""

import http.client
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from conftest import ROOT, WORLD
from miniature import changed, line_of
from servers import ENVIRONMENT, PATIENCE, held_port, size, wait_until

from app import cli, rendering
from app.build import build
from app.edition import beside, is_current, of_program

MISTAKE = ("reference: sec2", "reference: sec-2")


def run(*arguments: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """One command, to its end."""
    return subprocess.run(
        [sys.executable, "-m", "app", *arguments],
        cwd=ROOT,
        env=ENVIRONMENT | variables,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def folder_of(path: Path) -> dict[str, bytes]:
    """Every file in a folder with its bytes."""
    return {file.name: file.read_bytes() for file in path.iterdir()}


@pytest.mark.parametrize(
    ("command", "options"),
    [
        ([], ["serve", "check", "build", "export"]),
        (["check"], ["--seed PATH", "--database PATH", "--translations"]),
        (["build"], ["--seed PATH", "--database PATH"]),
        (
            ["serve"],
            ["--seed PATH", "--database PATH", "--host", "--port", "--workers", "--base-url"],
        ),
        (
            ["export"],
            ["DIR", "--seed PATH", "--database PATH", "--base-url", "--compress", "--workers"],
        ),
    ],
    ids=["the program", "check", "build", "serve", "export"],
)
def test_help_names_every_option(command: list[str], options: list[str]) -> None:
    done = run(*command, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("usage: meeting21")
    assert [option for option in options if option not in done.stdout] == []


NO_PORT = "is not a port; give a number from 1 to 65535"
NO_WORKERS = "is no number of processes; give 1 or more"


@pytest.mark.parametrize(
    ("arguments", "ending"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["check", "--unheard-of"], "unrecognized arguments: --unheard-of"),
        (["check", "--port", "8000"], "unrecognized arguments: --port 8000"),
        (["serve", "--port", "0"], f'"0" {NO_PORT}'),
        (["serve", "--port", "65536"], f'"65536" {NO_PORT}'),
        (["serve", "--port", "²"], f'"²" {NO_PORT}'),
        (["serve", "--workers", "many"], f'"many" {NO_WORKERS}'),
        (["serve", "--workers", "0"], f'"0" {NO_WORKERS}'),
        (["export"], "the following arguments are required: DIR"),
        (["export", "site", "--workers", "0"], f'"0" {NO_WORKERS}'),
        (["serve", "--workers", "²"], f'"²" {NO_WORKERS}'),
        (
            ["build", "--database", "/"],
            "/ is a folder; give the path of a file, such as build/site.db",
        ),
        (
            ["serve", "--database", ".."],
            ".. is a folder; give the path of a file, such as build/site.db",
        ),
        (["export", "/"], "/ cannot be replaced; give a folder in it"),
        (["export", "a/.."], "a/.. cannot be replaced; give a folder in it"),
        *(
            (
                [*command, "--base-url", f"https://example.org/{path}"],
                f"{path} begins as an address of the site itself; give it another path",
            )
            for command, path in (
                (["serve"], "people"),
                (["serve"], "r"),
                (["export", "site"], "ru/meeting"),
                (["export", "site"], "%70eople"),
            )
        ),
        (
            ["serve", "--base-url", "example.org"],
            (
                '"example.org" is not a base address; '
                "give one such as https://example.org or https://example.org/path"
            ),
        ),
    ],
)
def test_wrong_usage_is_said_and_returns_2(
    arguments: list[str], ending: str, tmp_path: Path
) -> None:
    done = run(*arguments, MEETING21_DATABASE=str(tmp_path / "site.db"))
    assert (done.returncode, done.stdout) == (2, "")
    last = done.stderr.splitlines()[-1]
    assert last.startswith("meeting21")
    assert last.endswith(ending)
    assert list(tmp_path.iterdir()) == []


def test_check_of_a_good_seed_says_how_many_records_there_are() -> None:
    done = run("check", MEETING21_SEED=str(WORLD))
    expected = f"{WORLD}: 22 records, no mistakes\n"
    assert (done.returncode, done.stdout, done.stderr) == (0, expected, "")


@pytest.mark.parametrize("command", ["check", "serve"])
def test_broken_seed_is_listed_and_returns_1(tmp_path: Path, command: str) -> None:
    seed = changed(tmp_path, MISTAKE)
    folder = tmp_path / "build"
    build(WORLD, folder / "site.db")
    former = folder_of(folder)
    done = run(command, "--seed", seed, "--database", folder / "site.db")
    assert (done.returncode, done.stdout) == (1, "")
    mistake = '"sec-2" is not a reference; write letters, then digits, such as a12'
    line = line_of(seed, "reference: sec-2")
    assert done.stderr.splitlines()[-2:] == [
        f"{seed}:{line}: sectors.fishing.reference: {mistake}",
        "1 mistake; nothing was changed",
    ]
    assert folder_of(folder) == former


@pytest.mark.parametrize("command", ["check", "serve"])
def test_missing_seed_is_said_and_returns_2(tmp_path: Path, command: str) -> None:
    seed = tmp_path / "nowhere"
    folder = tmp_path / "build"
    build(WORLD, folder / "site.db")
    former = folder_of(folder)
    done = run(command, "--seed", seed, "--database", folder / "site.db")
    assert (done.returncode, done.stdout) == (2, "")
    expected = f"no seed at {seed}: give a folder with .yaml or .json files, or one such file"
    assert done.stderr.splitlines()[-1] == f"meeting21: {expected}"
    assert folder_of(folder) == former


def test_build_says_what_it_does_and_leaves_a_whole_database(tmp_path: Path) -> None:
    database = tmp_path / "new" / "site.db"
    done = run("build", "--seed", WORLD, "--database", database)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.splitlines() == [
        f"building {database} from {WORLD}",
        f"built {database}: 22 records",
    ]
    assert is_current(database, WORLD)
    assert sorted(folder_of(database.parent)) == [
        "site.db",
        "site.db.sha256",
        "site.db.templates",
    ]


def test_database_that_can_not_be_written_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    done = run("build", "--seed", WORLD, "--database", tmp_path / "file" / "site.db")
    assert (done.returncode, done.stdout) == (2, "")
    expected = f"meeting21: {tmp_path / 'file'}: File exists; move it away, or choose another place"
    assert done.stderr.splitlines()[1:] == [expected]


def status_of(port: int) -> int | None:
    """The status of the home page, or None where nobody answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request("GET", "/")
        response = connection.getresponse()
        response.read()
    except ConnectionError:
        return None
    else:
        return response.status
    finally:
        connection.close()


@contextmanager
def serving(seed: Path, database: Path, *arguments: str) -> Iterator[tuple[int, Path]]:
    """A server that answers, with its port and what it says; ended as with Ctrl+C."""
    said = database.with_name("said")
    place: list[str | Path] = ["--seed", seed, "--database", database]
    with (
        held_port() as port,
        said.open("w") as stream,
        subprocess.Popen(
            [sys.executable, "-m", "app", "serve", *place, "--port", str(port), *arguments],
            cwd=ROOT,
            env=ENVIRONMENT,
            stderr=stream,
        ) as process,
    ):
        try:
            wait_until(
                lambda: status_of(port) is not None or process.poll() is not None, "nobody answers"
            )
            assert process.poll() is None, said.read_text()
            assert status_of(port) == 200
            yield port, said
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(PATIENCE)
    assert process.returncode == 0
    assert "Traceback" not in said.read_text()


def copied(folder: Path) -> tuple[Path, Path]:
    """A copy of the miniature seed, and its database."""
    seed, database = changed(folder), folder / "build" / "site.db"
    build(seed, database)
    return seed, database


def take_away(seed: Path, database: Path) -> None:
    database.unlink()


def touch_a_byte(seed: Path, database: Path) -> None:
    content = bytearray(database.read_bytes())
    content[len(content) // 2] ^= 1
    database.write_bytes(content)


def change_the_seed(seed: Path, database: Path) -> None:
    with seed.open("a") as stream:
        stream.write("# a remark\n")


def build_with_another_program(seed: Path, database: Path) -> None:
    beside(database).write_text(beside(database).read_text().replace(of_program(), "another"))


CHANGES = [take_away, touch_a_byte, change_the_seed, build_with_another_program]


@pytest.mark.parametrize("change", CHANGES)
def test_a_database_that_is_not_the_seeds_is_known(
    tmp_path: Path, change: Callable[[Path, Path], None]
) -> None:
    seed, database = copied(tmp_path)
    assert is_current(database, seed)
    change(seed, database)
    assert not is_current(database, seed)


@pytest.mark.parametrize("change", size(CHANGES[1:2], CHANGES))
def test_server_builds_where_the_database_is_not_the_seeds(
    tmp_path: Path, change: Callable[[Path, Path], None]
) -> None:
    seed, database = copied(tmp_path)
    former = database.read_bytes()
    change(seed, database)
    with serving(seed, database) as (port, said):
        lines = said.read_text().splitlines()
    assert lines == [
        f"building {database} from {seed}",
        f"built {database}: 22 records",
        f"serving http://127.0.0.1:{port} (stop with Ctrl+C)",
    ]
    assert is_current(database, seed)
    assert database.read_bytes() == former


def test_what_lies_where_it_is_started_is_not_run(tmp_path: Path) -> None:
    """Neither by the program itself nor by what it starts to serve and to build."""
    for name in ("app/__init__.py", "http.py", "multiprocessing.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("raise SystemExit('another program is run')")
    script = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from app.__main__ import run; run()"
    said = tmp_path / "said"
    with held_port() as port, said.open("w") as stream:
        running = subprocess.Popen(
            [sys.executable, "-P", "-c", script, "serve", "--port", str(port), "--seed", WORLD],
            cwd=tmp_path,
            env=ENVIRONMENT | {"MEETING21_DATABASE": str(tmp_path / "site.db")},
            stderr=stream,
        )
        try:
            for sign, line in (0, "serving http"), (signal.SIGHUP, "\nthe site is new"):
                (tmp_path / "site.db").unlink(missing_ok=True)
                running.send_signal(sign)
                wait_until(lambda line=line: line in said.read_text() or ended(running), line)
                assert line in said.read_text(), said.read_text()
        finally:
            running.terminate()
            running.wait(PATIENCE)
    assert "another program is run" not in said.read_text()


def ended(process: subprocess.Popen[bytes]) -> bool:
    """Whether a process goes on no more."""
    return process.poll() is not None


def test_an_interruption_after_the_build_says_what_is_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(rendering, "compile_templates", interrupted)
    monkeypatch.setenv("SQLITE_TMPDIR", "")
    database = tmp_path / "site.db"
    assert cli.main(["build", "--seed", str(WORLD), "--database", str(database)]) == 130
    assert capsys.readouterr().err.splitlines()[-1] == f"stopped; {database} is built"
    assert is_current(database, WORLD)


def test_several_workers_start_at_once_and_change_nothing(tmp_path: Path) -> None:
    seed, database = copied(tmp_path)
    former = folder_of(database.parent)
    with serving(seed, database, "--workers", "2") as (port, said):
        assert [status_of(port) for _ in range(8)] == [200] * 8
    assert said.read_text() == f"serving http://127.0.0.1:{port} (stop with Ctrl+C)\n"
    said.unlink()
    assert folder_of(database.parent) == former


BOUND_TWICE = """
import sys
from app import cli, serving
bound = serving.bound
def twice(host, port):
    global other
    listening, other = bound(host, port), bound(host, port)
    other.listen()
    return listening
serving.bound = twice
sys.exit(cli.main())
"""


def test_a_port_that_was_taken_meanwhile_is_said(tmp_path: Path) -> None:
    """Two may be bound to a port as long as nobody listens, as while both build."""
    with held_port() as port:
        place = ["--seed", str(WORLD), "--database", str(tmp_path / "site.db")]
        command = [sys.executable, "-c", BOUND_TWICE, "serve", *place, "--port", str(port)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    reason = "Address already in use; choose another"
    said = done.stderr.splitlines()[-1]
    assert said == f"meeting21: cannot serve at 127.0.0.1 port {port}: {reason}"


def test_taken_port_is_wrong_usage(tmp_path: Path) -> None:
    """And said before anything is built."""
    seed, database = copied(tmp_path)
    database.unlink()
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        done = run("serve", "--seed", seed, "--database", database, "--port", port)
    assert (done.returncode, done.stdout) == (2, "")
    reason = "Address already in use; choose another"
    assert done.stderr == f"meeting21: cannot serve at 127.0.0.1 port {port}: {reason}\n"
    assert not database.exists()


def test_check_tells_what_is_not_translated_yet() -> None:
    """Our own seed is whole; the miniature one is nearly all in one language."""
    ours, world = run("check", "--translations"), run("check", "--translations", "--seed", WORLD)
    assert (ours.returncode, world.returncode) == (0, 0)
    assert "\nnot translated yet: none\n" in ours.stdout
    texts, _, names = world.stdout.partition("official names not found in the sources")
    line = line_of(WORLD / "world.yaml", "short_title:")
    assert f"world.yaml:{line}: meeting.lakeport-1994.short_title.ru: missing\n" in texts
    assert 'agreements.herring-plan.title.en: "Herring plan" is descriptive\n' in names
    assert "organizations.league-of-harbours.abbreviation.zh: missing\n" in names
    assert "lamp-oil.title.en" not in names


def test_a_reader_may_stop_reading() -> None:
    command = [sys.executable, "-m", "app", "check", "--translations"]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        # Long before it has said anything.
        running.stdout.close()
        assert running.stderr.read() == b""
    assert running.returncode == 0
