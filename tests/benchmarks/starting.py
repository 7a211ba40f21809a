"""What a process takes to begin, and to stay: against one that only imports the four packages."""

import subprocess
import sys
import time

from processes import (
    free_port,
    get,
    resident,
    running,
    serving,
    until_answered,
    until_idle,
    workers_of,
)
from rows import Outcome, Place, at_most

from app.config import Settings
from app.main import create_app

IMPORTS = "import fastapi, sqlmodel, jinja2, uvicorn"
ROUNDS = 9


@at_most(1.5, f"start to first 200 of the first page, database present, against `{IMPORTS}`")
def start(place: Place) -> Outcome:
    """From the command to the whole first page, as anybody would start it."""
    pairs: list[tuple[float, float]] = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", IMPORTS], check=True)
        imported = time.perf_counter() - began
        port = free_port()
        began = time.perf_counter()
        process = subprocess.Popen(
            serving(place.database, port), cwd=place.root, stderr=subprocess.DEVNULL
        )
        until_answered(process, port, "/", pause=0.003)
        pairs.append((time.perf_counter() - began, imported))
        process.terminate()
        process.wait(20)
    least = [min(pair[which] for pair in pairs) for which in (0, 1)]
    return Outcome(
        [ours / imports for ours, imports in pairs],
        f"at best {least[0]:.2f} against {least[1]:.2f} s",
    )


@at_most(2.0, "resident memory with all pages of our seed warm, against the same import")
def memory(place: Place) -> Outcome:
    """One worker that has every page in every language, and has sent each of them."""
    importing = subprocess.Popen(
        [sys.executable, "-c", f"{IMPORTS}; print(flush=True); input()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert importing.stdout
    importing.stdout.readline()
    imported = resident(importing.pid)
    importing.communicate(b"\n")
    pages = create_app(Settings(database=place.database)).foreseen()
    port = free_port()
    with running(serving(place.database, port), port, root=place.root) as server:
        until_idle(server.process)
        for path in pages:
            assert get(port, path, {"Accept-Encoding": "br"}).status == 200
        (worker,) = workers_of(server.process.pid)
        ours, keeper = resident(worker), resident(server.process.pid)
    note = f"{ours / 1024:.0f} against {imported / 1024:.0f} MB; its keeper {keeper / 1024:.0f} MB"
    return Outcome([ours / imported], note)
