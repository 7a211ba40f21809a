"""The site behind a cache: against the same cache before an origin that has nothing to do."""

import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from kept import BROWSER, PATH, bare_function
from processes import free_port, get, load, running, serving, until_idle
from rows import Outcome, Place, at_least

ROUNDS = 10
"""As many with the one first as with the other: what a load leaves behind, the next one meets."""


@at_least(0.95, "through Varnish with two app processes against Varnish with a static origin")
def varnish(place: Place) -> Outcome:
    """By the configuration that the README gives, while the pages in the cache grow stale."""
    ours, static, ports = free_port(), free_port(), (free_port(), free_port())
    with ExitStack() as running_:
        for port in ports:
            server = running_.enter_context(
                running(serving(place.database, port), port, root=place.root)
            )
            until_idle(server.process)
        page = get(ports[0], PATH, BROWSER | {"Accept-Encoding": "gzip"})
        assert get(ports[1], PATH, BROWSER | {"Accept-Encoding": "gzip"}) == page
        origin = free_port()
        running_.enter_context(bare_function(place, page, origin))
        running_.enter_context(_cache(place, ours, ports))
        running_.enter_context(_cache(place, static, (origin, origin)))
        assert get(ours, PATH, BROWSER).body == get(static, PATH, BROWSER).body == page.body
        pairs = []
        for number in range(ROUNDS):
            ordered = (ours, static) if number % 2 else (static, ours)
            loads = {port: load(port, PATH, BROWSER) for port in ordered}
            pairs.append((loads[ours], loads[static]))
        assert get(ours, PATH, BROWSER).body == page.body
    fastest = [max(pair[which].per_second for pair in pairs) for which in (0, 1)]
    return Outcome(
        [one.per_second / other.per_second for one, other in pairs],
        f"at best {fastest[0]:,.0f} against {fastest[1]:,.0f} requests/s",
    )


@contextmanager
def _cache(place: Place, port: int, origins: Sequence[int]) -> Iterator[None]:
    """Varnish before two servers."""
    readme = (place.root / "README.md").read_text(encoding="utf-8")
    (given,) = re.findall(r"```vcl\n(.*?)```", readme, re.DOTALL)
    assert given.count('"8001"') == given.count('"8002"') == 1
    for name, origin in zip(("8001", "8002"), origins, strict=True):
        given = given.replace(f'"{name}"', f'"{origin}"')
    configuration = place.folder / f"{port}.vcl"
    configuration.write_text(given)
    program = shutil.which("varnishd", path="/usr/sbin:/usr/bin") or "varnishd"
    command = [
        *(program, "-F", "-a", f"127.0.0.1:{port}", "-f", str(configuration)),
        *("-n", str(place.folder / f"varnish-{port}"), "-s", "malloc,64m"),
    ]
    # It compiles its configuration as a user of its own.
    place.folder.chmod(0o755)
    with running(command, port, root=place.root):
        yield
