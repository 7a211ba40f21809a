"""python tests/benchmarks/rolling.py: a new seed behind each cache of the README, nothing failing.

Two processes stand behind Varnish, then behind nginx, by the configurations that the README gives.
While readers ask without a pause, the seed is replaced and the processes are started anew, one
after the other. Both must answer alike before and after, and every request must be answered.
"""

import re
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from processes import free_port, get, running

from app.config import ROOT

FORMER, PRESENT = "It rained on both days.", "It snowed on both days."
PATHS = (
    "/",
    "/ru",
    "/agreements",
    "/agreements/lighting-protocol",
    "/agreements?sector=lights",
    "/search?q=lamp",
    "/sectors/lights.json",
    "/robots.txt",
)
READERS = 4

Cache = Callable[[Path, int, Sequence[int]], list[str]]


def varnish(folder: Path, port: int, origins: Sequence[int]) -> list[str]:
    """The command that runs Varnish before some processes."""
    configuration = folder / "cache.vcl"
    configuration.write_text(_given("vcl", "backend first", origins))
    program = shutil.which("varnishd", path="/usr/sbin:/usr/bin") or "varnishd"
    return [
        *(program, "-F", "-a", f"127.0.0.1:{port}", "-f", str(configuration)),
        *("-n", str(folder / "varnish"), "-s", "malloc,64m"),
    ]


def nginx(folder: Path, port: int, origins: Sequence[int]) -> list[str]:
    """The same of nginx."""
    given = _given("nginx", "upstream processes", origins)
    given = given.replace("listen 80;", f"listen 127.0.0.1:{port};")
    given = given.replace("/var/cache/nginx/meeting21", str(folder / "kept"))
    rooms = "".join(
        f"{name}_temp_path {folder / name}; "
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    configuration = folder / "nginx.conf"
    configuration.write_text(
        f"daemon off; pid {folder / 'pid'}; error_log {folder / 'log'};\n"
        f"events {{}}\nhttp {{ access_log off; {rooms}\n{given}\n}}\n"
    )
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin") or "nginx"
    return [program, "-c", str(configuration), "-e", str(folder / "log")]


def _given(language: str, mark: str, origins: Sequence[int]) -> str:
    """The configuration in the README that has a mark, for other ports."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(rf"```{language}\n(.*?)```", readme, re.DOTALL)
    (found,) = (block for block in blocks if mark in block)
    for written, origin in zip(("8001", "8002"), origins, strict=True):
        assert found.count(written) == 1
        found = found.replace(written, str(origin))
    return str(found)


def serving(folder: Path, port: int) -> list[str]:
    """The command that serves the folder's seed."""
    return [
        *(sys.executable, "-m", "app", "serve", "--port", str(port)),
        *("--seed", str(folder / "seed"), "--database", str(folder / "site.db")),
        *("--base-url", "https://example.org"),
    ]


def roll(cache: Cache) -> int:
    """Go over to a new seed behind a cache; returns how many requests were answered meanwhile."""
    port, origins = free_port(), (free_port(), free_port())
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        # Varnish compiles its configuration as a user of its own.
        folder.chmod(0o755)
        shutil.copytree(ROOT / "tests" / "seed", folder / "seed")
        processes = []
        for origin in origins:
            processes.append(ExitStack())
            stack.push(processes[-1])
            processes[-1].enter_context(running(serving(folder, origin), origin, root=ROOT))
        stack.enter_context(running(cache(folder, port, origins), port, root=ROOT))
        _are_alike(origins, FORMER)
        with _readers(port) as answered:
            seed = folder / "seed" / "world.yaml"
            text = seed.read_text(encoding="utf-8")
            assert text.count(FORMER) == 1
            seed.write_text(text.replace(FORMER, PRESENT), encoding="utf-8")
            for process, origin in zip(processes, origins, strict=True):
                process.close()
                process.enter_context(running(serving(folder, origin), origin, root=ROOT))
        _are_alike(origins, PRESENT)
        # An address that nobody has asked for is not kept.
        assert PRESENT in get(port, "/?new").body.decode()
        return len(answered)


def _are_alike(origins: Sequence[int], said: str) -> None:
    """Hold that the processes answer with the same bytes and headers, entity tags among them."""
    for path in PATHS:
        one, other = (get(origin, path) for origin in origins)
        assert one == other, path
        assert one.status == 200
        assert any(name == "etag" for name, _ in one.headers), path
    assert said in get(origins[0], "/").body.decode()


@contextmanager
def _readers(port: int) -> Iterator[list[str]]:
    """Some readers who ask without a pause; raises where a request was not answered with 200."""
    answered: list[str] = []
    failed: list[str] = []
    is_over = threading.Event()

    def read(number: int) -> None:
        at = number
        while not is_over.is_set():
            # Every other address is new to the cache.
            path = PATHS[at // 2 % len(PATHS)]
            asked = f"{path}{'&' if '?' in path else '?'}reader={number}-{at}" if at % 2 else path
            try:
                status = get(port, asked).status
            except OSError as error:
                failed.append(f"{asked}: {error}")
            else:
                (answered if status == 200 else failed).append(f"{asked}: {status}")
            at += 1

    threads = [threading.Thread(target=read, args=(number,)) for number in range(READERS)]
    for thread in threads:
        thread.start()
    try:
        yield answered
    finally:
        is_over.set()
        for thread in threads:
            thread.join()
    assert not failed, failed[:5]


if __name__ == "__main__":
    for engine in (varnish, nginx):
        print(f"{engine.__name__}: {roll(engine)} requests while rolling, none failed", flush=True)
