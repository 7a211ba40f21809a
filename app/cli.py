"""The command line: serve, check, build, export."""

import argparse
import contextlib
import errno
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Self
from urllib.parse import unquote, urlsplit

from app import INTERRUPTED, __version__, edition
from app.config import DEFAULT_HOST, DEFAULT_PORT, LOGS, NO_LOG, Settings, UsageError, settings_from

if TYPE_CHECKING:
    from app.seed import Seed

DONE, SEED_IS_WRONG, WRONG_USAGE = 0, 1, 2

_REMEDIES = {
    errno.ENOSPC: "make room there, or choose another place",
    errno.EDQUOT: "make room there, or choose another place",
    errno.EACCES: "give this user the right to it, or choose another place",
    errno.EPERM: "give this user the right to it, or choose another place",
    errno.EROFS: "let it be written, or choose another place",
    errno.EEXIST: "move it away, or choose another place",
    errno.ENOTDIR: "move it away, or choose another place",
    errno.EISDIR: "move it away, or choose another place",
    errno.EIO: "look after the disk, or choose another place",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 done, 1 the seed is wrong, 2 wrong usage."""
    given = argparse.Namespace(run=None, built=None)
    former = signal.getsignal(signal.SIGINT)
    if callable(former):
        # What is read from files at the start may take an interruption for a fault of its own.
        signal.signal(signal.SIGINT, lambda *_: os._exit(_stopped(given)))
    try:
        _parser().parse_args(arguments, given)
        return int(given.run(given))
    except UsageError as error:
        return _refused(str(error))
    except BrokenPipeError:
        # Whoever read has had enough; Python would complain once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except OSError as error:
        return _refused(_in_a_sentence(error, given))
    except KeyboardInterrupt:
        return _stopped(given)
    finally:
        signal.signal(signal.SIGINT, former)


def _stopped(given: argparse.Namespace) -> int:
    left = f"{given.built} is built" if given.built else "nothing was changed"
    # An export may have built the database by then.
    left = f"{given.folder} is as it was" if given.run is export else left
    print(f"stopped; {left}", file=sys.stderr, flush=True)
    return INTERRUPTED


def _in_a_sentence(error: OSError, given: argparse.Namespace) -> str:
    """What the system says, of which file, and what can be done about it."""
    if not error.errno:
        return str(error)
    written = getattr(given, "folder", None) or given.database or Settings.database
    remedy = _REMEDIES.get(error.errno, "choose another place")
    # Of what was to be renamed, what stands in the place is in the way.
    place = error.filename2 or error.filename or written
    return f"{place}: {os.strerror(error.errno)}; {remedy}"


def check(given: argparse.Namespace) -> int:
    """List every mistake of the seed."""
    from app.checks import mistakes_of
    from app.seed import SeedError, read

    settings = _settings(given)
    with _Progress() as progress:
        seed = read(settings.seed, progress.tell)
        mistakes = mistakes_of(seed, progress.tell)
    if mistakes:
        return _mistaken(SeedError(mistakes))
    print(f"{settings.seed}: {len(seed)} records, no mistakes")
    if given.translations:
        _tell_translations(seed)
    return DONE


def _tell_translations(seed: "Seed") -> None:
    """Print what is not translated, and apart what the sources give no name for."""
    from app.translations import translations_of

    found = translations_of(seed)
    for heading, lines in (
        ("not translated yet", [*found.texts, *found.messages]),
        ("official names not found in the sources", found.names),
    ):
        print(f"\n{heading}: {len(lines) or 'none'}")
        for line in lines:
            print(line)


def build(given: argparse.Namespace) -> int:
    """Build the database."""
    settings = _settings(given)
    return _built(given, settings)


def serve(given: argparse.Namespace) -> int:
    """Serve the site, building first where the database is not the seed's."""
    host = f"[{given.host}]" if ":" in given.host else given.host
    settings = _settings(given, default_base_url=f"http://{host}:{given.port}")
    from app.serving import bound, run

    # Before anything is built: that takes minutes of a large seed.
    with bound(given.host, given.port) as listening:
        if not edition.is_current(settings.database, settings.seed):
            outcome = _built(given, settings)
            if outcome != DONE:
                return outcome
        run(settings, listening, given.workers)
    return DONE


def export(given: argparse.Namespace) -> int:
    """Write the whole site as files, building first where the database is not the seed's."""
    settings = _settings(given)
    folder = Path(given.folder).absolute()
    if folder.name in {"", ".."}:
        raise UsageError(f"{given.folder} cannot be replaced; give a folder in it")
    if not edition.is_current(settings.database, settings.seed):
        outcome = _built(given, settings)
        if outcome != DONE:
            return outcome
    from app.export import LostError
    from app.export import export as export_site

    try:
        with _Progress() as progress:
            written = export_site(
                settings,
                Path(given.folder),
                workers=given.workers,
                is_compressed=given.compress,
                told=lambda done, total: progress.tell("addresses written", done, total),
            )
    except LostError:
        raise UsageError(
            "a process of the export was killed, perhaps for want of memory; "
            f"{given.folder} is as it was; try again with --workers 1"
        ) from None
    changed = sum(not file.is_kept for file in written)
    print(
        f"{given.folder}: {len(written)} files, {changed} new or changed, for {settings.base_url}",
        file=sys.stderr,
    )
    return DONE


class _Progress:
    """How far something is: a line that is renewed on a terminal, or one every few seconds.

    Whatever tells it can be interrupted, and then takes away what it has begun.
    """

    def __init__(self) -> None:
        self.is_renewed = sys.stderr.isatty()
        self.pause = 0.1 if self.is_renewed else 5.0
        self.told_at = time.monotonic()
        self.is_open = False

    def __enter__(self) -> Self:
        """From now on an interruption is an exception."""
        self.former = signal.getsignal(signal.SIGINT)
        if callable(self.former):
            signal.signal(signal.SIGINT, signal.default_int_handler)
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the line that was renewed."""
        signal.signal(signal.SIGINT, self.former)
        if self.is_open:
            print(file=sys.stderr)

    def tell(self, what: str, done: int, total: int | None) -> None:
        """Say how much is done, where it is time to."""
        if time.monotonic() - self.told_at < self.pause:
            return
        self.told_at = time.monotonic()
        self.is_open = self.is_renewed
        line = f"{what}: {done}" + (f" of {total}" if total else "")
        print(
            f"\r{line}\033[K" if self.is_renewed else line,
            end="" if self.is_renewed else "\n",
            file=sys.stderr,
            flush=True,
        )


def _built(given: argparse.Namespace, settings: Settings) -> int:
    _keep_near(settings.database)
    from app.build import build as build_database
    from app.rendering import compile_templates
    from app.seed import SeedError
    from app.site import open_site
    from app.values import PRIMARY

    print(f"building {settings.database} from {settings.seed}", file=sys.stderr)
    compiled = edition.templates_beside(settings.database)
    try:
        with _Progress() as progress:
            total = build_database(settings.seed, settings.database, progress.tell)
            given.built = settings.database
            # All are compiled anew: those of a former build are not taken over. Where there is no
            # room for them, serving only starts a little later.
            with contextlib.suppress(OSError):
                compiled.unlink(missing_ok=True)
                compile_templates(open_site(settings).renderers[PRIMARY], compiled)
    except SeedError as error:
        return _mistaken(error)
    print(f"built {settings.database}: {total} records", file=sys.stderr)
    return DONE


def _keep_near(database: Path) -> None:
    """Have SQLite sort beside a database what it builds: elsewhere may be no room, or no right.

    It looks for the place when it is loaded (https://www.sqlite.org/tempfiles.html, section 5).
    """
    place = next(folder for folder in database.absolute().parents if folder.is_dir())
    os.environ.setdefault("SQLITE_TMPDIR", str(place))


def _mistaken(error: Exception) -> int:
    print(error, file=sys.stderr)
    number = str(error).count("\n") + 1
    print(f"{number} mistake{'s' if number > 1 else ''}; nothing was changed", file=sys.stderr)
    return SEED_IS_WRONG


def _refused(sentence: str) -> int:
    print(f"meeting21: {sentence}", file=sys.stderr)
    return WRONG_USAGE


def _settings(given: argparse.Namespace, default_base_url: str = Settings.base_url) -> Settings:
    settings = settings_from(
        seed=given.seed,
        database=given.database,
        base_url=getattr(given, "base_url", None),
        default_base_url=default_base_url,
        log=getattr(given, "log", None),
        proxies=getattr(given, "proxies", None),
    )
    path = unquote(urlsplit(settings.base_url).path)
    if path:
        # Its addresses are known only where it has a path: few start with one.
        from app.urls import is_taken

        if is_taken(path):
            raise UsageError(
                f"{settings.base_url} begins as an address of the site itself; give it another path"
            )
    return settings


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="meeting21", description="A read-only site about one meeting, made from its seed."
    )
    parser.add_argument("--version", action="version", version=f"meeting21 {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for run, summary in (
        (serve, "serve the site, building first where needed"),
        (check, "list every mistake of the seed"),
        (build, "build the database"),
        (export, "write the whole site as files, building first where needed"),
    ):
        command = commands.add_parser(run.__name__, help=summary, description=summary.capitalize())
        command.set_defaults(run=run)
        command.add_argument("--seed", metavar="PATH", help="a file or a folder (default: seed)")
        command.add_argument("--database", metavar="PATH", help="default: build/site.db")
        if run is check:
            command.add_argument(
                "--translations",
                action="store_true",
                help="list also what is not in every language yet",
            )
        if run is serve:
            command.add_argument("--host", default=DEFAULT_HOST, help="default: %(default)s")
            command.add_argument(
                "--port", type=_port, default=DEFAULT_PORT, help="default: %(default)s"
            )
            command.add_argument(
                "--workers", type=_workers, default=1, metavar="N", help="processes (default: 1)"
            )
            command.add_argument(
                "--base-url", metavar="URL", help="the address visitors use, where it is another"
            )
            command.add_argument(
                "--log",
                metavar="FORM",
                help=f"tell requests on standard output: {', '.join(LOGS)} (default: {NO_LOG})",
            )
            command.add_argument(
                "--proxies",
                metavar="ADDRESSES",
                help="proxies whose X-Forwarded-For says whom the log names (default: none)",
            )
        if run is export:
            command.add_argument(
                "folder", metavar="DIR", help="a new folder, or one with a former export"
            )
            command.add_argument(
                "--base-url",
                metavar="URL",
                help=f"the address visitors will use (default: {Settings.base_url})",
            )
            command.add_argument(
                "--compress", action="store_true", help="keep .br and .gz beside the files"
            )
            command.add_argument(
                "--workers",
                type=_workers,
                default=os.cpu_count() or 1,
                metavar="N",
                help="processes (default: as many as there are cores)",
            )
    return parser


def _workers(value: str) -> int:
    if not (value.isascii() and value.isdigit()) or int(value) < 1:
        message = f'"{value}" is no number of processes; give 1 or more'
        raise argparse.ArgumentTypeError(message)
    return int(value)


def _port(value: str) -> int:
    if not (value.isascii() and value.isdigit()) or not 0 < int(value) < 65536:
        message = f'"{value}" is not a port; give a number from 1 to 65535'
        raise argparse.ArgumentTypeError(message)
    return int(value)
