"""python tests/benchmarks [NAME …]: measure, and write the table to build/bench.md.

Each line is a ratio of two things that were measured side by side in one run. Without names
every line is measured; with `--readme` the table goes into the README, too.
"""

import argparse
import compileall
import importlib
import os
import platform
import re
import sqlite3
import sys
import tempfile
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

from rows import ROWS, Outcome, Place, Row

from app import cli
from app.config import ROOT

PARTS = ("kept", "rendering", "exporting", "starting", "caching", "scale")
"""The modules that measure, in the order of the table."""

PACKAGES = ("fastapi", "sqlmodel", "jinja2", "uvicorn", "uvloop", "httptools", "brotli")
BLOCK = re.compile(r"(<!-- measured -->\n).*(<!-- end of measured -->\n)", re.DOTALL)


def main() -> int:
    """Measure; 1 where a figure is not reached."""
    for part in PARTS:
        importlib.import_module(part)
    parser = argparse.ArgumentParser(prog="python tests/benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(r.name for r in ROWS))
    parser.add_argument("--readme", action="store_true", help="put the table into the README")
    given = parser.parse_args()
    chosen = [row for row in ROWS if not given.names or row.name in given.names]
    outcomes: list[tuple[Row, Outcome]] = []
    with tempfile.TemporaryDirectory() as folder:
        place = Place(ROOT, Path(folder), Path(folder) / "site.db")
        # As an installation is: the modules and the templates compiled, as pip does for the peers.
        compileall.compile_dir(ROOT / "app", quiet=1)
        cli.main(["build", "--database", str(place.database)])
        for row in chosen:
            outcome = row.measured(place)
            outcomes.append((row, outcome))
            print(f"{row.name}: {outcome.ratio:.2f} ({row.goal}; {outcome.note})", flush=True)
    table = f"{_table(outcomes)}\n\n{_machine()}\n"
    target = ROOT / "build" / "bench.md"
    target.parent.mkdir(exist_ok=True)
    target.write_text(table, encoding="utf-8")
    if given.readme:
        readme = ROOT / "README.md"
        text = readme.read_text(encoding="utf-8")
        readme.write_text(BLOCK.sub(lambda m: f"{m[1]}{table}{m[2]}", text), encoding="utf-8")
    return 0 if all(row.is_reached_by(outcome) for row, outcome in outcomes) else 1


def _table(outcomes: Iterable[tuple[Row, Outcome]]) -> str:
    lines = ["| figure | to reach | measured | reached |", "|---|---|---|---|"]
    for row, outcome in outcomes:
        reached = "yes" if row.is_reached_by(outcome) else "no"
        measured = f"{outcome.ratio:.2f}" + (f" ({outcome.note})" if outcome.note else "")
        lines.append(f"| {row.figure} | {row.goal} | {measured} | {reached} |")
    return "\n".join(lines)


def _machine() -> str:
    """What it was measured on, and how busy that was."""
    processor = re.search(r"model name\s*:\s*(.*)", Path("/proc/cpuinfo").read_text())
    versions = [f"{name} {version(name)}" for name in PACKAGES]
    return (
        f"{os.cpu_count()} cores ({processor[1] if processor else platform.machine()}), "
        f"load {os.getloadavg()[2]:.1f} over the last quarter of an hour, this included; "
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, "
        f"{', '.join(versions)}."
    )


sys.exit(main())
