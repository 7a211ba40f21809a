"""Builds and exports that are killed, one after the other, each a little later than the last.

Run as a program of its own, since it forks: `killed.py build|export FOLDER NUMBER`. In the folder
are `former.yaml` and `later.yaml`. Says nothing where every kill left the former or the later
whole, and exits with the number of those that did not.
"""

import os
import shutil
import signal
import sys
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path

from servers import size

from app import edition, urls
from app.build import build
from app.config import Settings
from app.export import export

OF_SO_MANY = size(24, 8)
"""Of so many files one is exported: the way it is done is the same."""


def begun(work: Callable[[], object]) -> int:
    """The number of a process that does some work and nothing else."""
    number = os.fork()
    if number == 0:
        os.nice(5)
        work()
        os._exit(0)
    return number


def files_in(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, with its bytes."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def build_killed(folder: Path, number: int) -> int:
    """How many kills of a build left anything but a whole database."""
    former, later = folder / "former.yaml", folder / "later.yaml"
    home = folder / "home"
    database = home / "site.db"
    build(former, database)
    before = files_in(home)
    begun_at = time.monotonic()
    os.waitpid(begun(lambda: build(later, database)), 0)
    duration = time.monotonic() - begun_at
    after = files_in(home)
    wrong = 0
    for at in range(number):
        for name, content in before.items():
            (home / name).write_bytes(content)
        process = begun(lambda: build(later, database))
        time.sleep(duration * at / number)
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        found = database.read_bytes()
        is_whole = found in (before["site.db"], after["site.db"])
        is_known = not edition.is_current(database, later) or found == after["site.db"]
        wrong += not (is_whole and is_known)
    build(later, database)
    return wrong + (files_in(home) != after)


def export_killed(folder: Path, number: int) -> int:
    """How many kills of an export left anything but a whole site, or one that the next finds."""
    former, later = folder / "former.yaml", folder / "later.yaml"
    site, keeping = folder / "site", folder / "kept"
    every_address = urls.every_address
    urls.every_address = lambda known: islice(every_address(known), 0, None, OF_SO_MANY)
    settings = [Settings(seed, folder / f"{seed.stem}.db") for seed in (former, later)]
    for one in settings:
        build(one.seed, one.database)
    export(settings[1], keeping)
    after = files_in(keeping)
    shutil.rmtree(keeping)
    export(settings[0], keeping)
    before = files_in(keeping)
    shutil.copytree(keeping, site)
    begun_at = time.monotonic()
    os.waitpid(begun(lambda: export(settings[1], site)), 0)
    duration = time.monotonic() - begun_at
    wrong = 0 if files_in(site) == after else 1
    for at in range(number):
        shutil.rmtree(site)
        shutil.copytree(keeping, site)
        process = begun(lambda: export(settings[1], site))
        time.sleep(duration * at / number)
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        wrong += files_in(site) not in (before, after)
    export(settings[1], site)
    left = {path.name for path in folder.iterdir() if path.name.startswith(".")}
    return wrong + (files_in(site) != after) + len(left)


if __name__ == "__main__":
    killed = {"build": build_killed, "export": export_killed}[sys.argv[1]]
    sys.exit(killed(Path(sys.argv[2]), int(sys.argv[3])))
