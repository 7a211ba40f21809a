"""What tests share: both sites built by the real build, served in process and over a socket."""

import asyncio
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, TreeBuilder

import html5lib
import httpx2
import pytest
import uvicorn
from _pytest.runner import runtestprotocol
from hypothesis import HealthCheck, settings
from lxml import etree
from playwright.sync_api import Browser, expect, sync_playwright
from playwright.sync_api import Error as PlaywrightError
from sqlmodel import Session
from xdist.scheduler import LoadScopeScheduling

from app.build import build
from app.config import Settings
from app.database import open_database
from app.delivery import request_for
from app.kinds import KINDS
from app.main import create_app
from app.seed import Seed, read
from app.store import Message

ROOT = Path(__file__).resolve().parent.parent
WORLD = ROOT / "tests" / "seed"
"""The miniature world: an invented meeting, two or three records a kind."""
SEED = ROOT / "seed"
# The same examples everywhere, however slowly they are made; others in the long form.
settings.register_profile(
    "any machine",
    deadline=None,
    derandomize="SOAK" not in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("any machine")
expect.set_options(timeout=60_000)
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


TOGETHER = {
    **dict.fromkeys(
        ("test_pages", "test_figures", "test_light_pages", "test_translations", "test_sharing"),
        "every page",
    ),
    "test_nginx": "test_export",
}
"""The files whose tests look at every page of our site: one process makes them all, once. The same
holds for those that look at every file of the miniature world."""
LONGEST = (
    "every page",
    "test_export",
    "test_sharing_browser",
    "test_explore_browser",
    "test_languages_browser",
    "test_browser",
    "test_serving",
    "test_faults",
    "test_api",
    "test_cli",
)
"""What is begun first, so that no process has much left to do when the others have ended."""


def group_of(name: str) -> str:
    """The tests that have their fixtures in common with those of a file, by its name."""
    return TOGETHER.get(Path(name).stem, Path(name).stem)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest."""

    def place(item: pytest.Item) -> int:
        group = group_of(item.path.name)
        return LONGEST.index(group) if group in LONGEST else len(LONGEST)

    items.sort(key=place)


class InGroups(LoadScopeScheduling):
    """Keeps the tests of a group in one process, where their fixtures are made once."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid.partition("::")[0])


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> InGroups:
    """How the tests are shared out among processes.

    Not by xdist's own groups: pytest 9.2 takes no name that a plugin gives a test afterwards.
    """
    return InGroups(config, log)


RUNNING: list[Browser] = []
"""The browser of this process, if it has one."""


def is_lost() -> bool:
    """Whether the browser does not answer any more; it says itself that it is connected."""
    try:
        for browser in RUNNING:
            browser.new_context().close()
    except PlaywrightError:
        return True
    return False


def end_everything(item: pytest.Item) -> None:
    """End what tests have in common, a lost browser and its pages too: it is made anew."""
    with suppress(Exception, BaseExceptionGroup):
        item.session._setupstate.teardown_exact(None)  # noqa: SLF001 - as pytest does it


def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """Run a test in the browser, and once more from the beginning where the browser was lost.

    The process that leads it ends by itself now and then, of which nobody knows why
    (https://github.com/microsoft/playwright/issues/42052): that tells nothing of what is tested,
    and every later test of the same process would fail with it.
    """
    if "browser" not in item.keywords:
        return None
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    reports = runtestprotocol(item, log=False, nextitem=nextitem)
    failures = [report.longreprtext for report in reports if report.failed]
    if failures and all("TargetClosedError" in failure for failure in failures) and is_lost():
        said = f"\nthe browser was lost in {item.nodeid}, which is run once more:"
        print(said, *failures, sep="\n", file=sys.__stderr__)
        end_everything(item)
        reports = runtestprotocol(item, log=False, nextitem=nextitem)
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    if item.session.shouldfail or item.session.shouldstop:
        end_everything(item)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


class Direct(httpx2.BaseTransport):
    """Asks an application itself, in one loop for all: a server has one, too."""

    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)

    def __init__(self, app: Any) -> None:
        self.app = app

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """The answer to a request, or what it failed by."""
        if not self.thread.is_alive():
            self.thread.start()
        return asyncio.run_coroutine_threadsafe(self._answer(request), self.loop).result()

    async def _answer(self, request: httpx2.Request) -> httpx2.Response:
        raw_path, _, query = request.url.raw_path.partition(b"?")
        scope = {
            **request_for(request.url.path),
            "method": request.method,
            "raw_path": raw_path,
            "query_string": query,
            "headers": [(name.lower(), value) for name, value in request.headers.raw],
        }
        told: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": request.read(), "more_body": False}

        async def send(message: Message) -> None:
            told.append(message)

        await self.app(scope, receive, send)
        start, *pieces = told
        body = b"".join(piece.get("body", b"") for piece in pieces)
        sent = httpx2.ByteStream(body)
        return httpx2.Response(start["status"], headers=start["headers"], stream=sent)


class Client(httpx2.Client):
    """Asks an application."""

    def __init__(self, app: Any, **options: Any) -> None:
        super().__init__(transport=Direct(app), base_url="http://testserver", **options)
        self.app = app


@dataclass(frozen=True)
class Site:
    """One seed as a served site."""

    seed: Path
    database: Path
    client: Client


def site_of(seed: Path, folder: Path, base_url: str = "https://meeting.example") -> Site:
    """The site that a seed makes."""
    database = folder / "site.db"
    build(seed, database)
    app = create_app(Settings(seed=seed, database=database, base_url=base_url))
    # Uncompressed: the best compression of a page costs more than the page.
    client = Client(app, headers={"accept-encoding": "identity"})
    return Site(seed, database, client)


def parsed(text: str) -> Element:
    """A page read by the strict parser of the HTML standard; any parse error raises."""
    parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
    return parser.parse(text)


class _Builder(TreeBuilder):
    """Builds elements of the standard library from what lxml reads."""

    def start(self, tag: str, attrs: Mapping[str, str]) -> Element:
        return super().start(tag, dict(attrs))


def quickly_parsed(text: str) -> Element:
    """A page read by a fast parser that forgives mistakes of form."""
    page: Element = etree.fromstring(text, etree.HTMLParser(target=_Builder()))
    return page


@cache
def our_seed() -> Seed:
    """Our own seed, read once."""
    return read(SEED)


def written_in(seed: Seed) -> dict[str, dict[str, Any]]:
    """Every record of a seed as it was written, by kind and slug."""
    return {noun: {entry.slug: entry.written for entry in seed.entries(noun)} for noun in KINDS}


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The miniature world's database."""
    database = tmp_path_factory.mktemp("world") / "site.db"
    build(WORLD, database)
    return database


@pytest.fixture(scope="session")
def world_session(world: Path) -> Iterator[Session]:
    """A session over the miniature world."""
    with open_database(world)[0] as session:
        yield session


@pytest.fixture(scope="session")
def world_site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """The miniature world as a site."""
    return site_of(WORLD, tmp_path_factory.mktemp("world-site"))


@pytest.fixture(scope="session")
def our_site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """Our own seed as a site."""
    return site_of(SEED, tmp_path_factory.mktemp("our-site"))


@pytest.fixture(scope="session", params=["our_site", "world_site"])
def site(request: pytest.FixtureRequest) -> Site:
    """Both sites, one after the other."""
    found: Site = request.getfixturevalue(request.param)
    return found


@pytest.fixture(scope="session")
def world_as_files(world_site: Site) -> Settings:
    """The miniature world for a host that only sends files, under an address with a path."""
    base_url = "https://meeting.example/deep/path"
    return Settings(world_site.seed, world_site.database, base_url, is_export=True)


@pytest.fixture(scope="session")
def file_client(world_as_files: Settings) -> Client:
    """What the program says that each of these files is."""
    return Client(create_app(world_as_files), headers={"accept-encoding": "identity"})


@pytest.fixture(scope="session")
def told_export(
    world_as_files: Settings, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """These files and their compressed forms, made by the command, and what that said."""
    folder = tmp_path_factory.mktemp("exported") / "site"
    place = ["--seed", world_as_files.seed, "--database", world_as_files.database]
    command = [sys.executable, "-m", "app", "export", folder, *place, "--workers", "2"]
    done = subprocess.run(
        [*command, "--base-url", world_as_files.base_url, "--compress"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return folder, done


@pytest.fixture(scope="session")
def exported(told_export: tuple[Path, subprocess.CompletedProcess[str]]) -> Path:
    """The folder with these files."""
    return told_export[0]


@pytest.fixture(scope="session")
def served(our_site: Site) -> Iterator[str]:
    """Our site over a real socket; its base address."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        base_url = "http://{}:{}".format(*listening.getsockname())
        app = create_app(Settings(our_site.seed, our_site.database, base_url))
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
        # Whoever comes before it has started waits.
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        yield base_url
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium from the system, or else the one that Playwright installed."""
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    quiet = ["--no-sandbox", "--disable-background-networking", "--disable-component-update"]
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=found, args=quiet)
        RUNNING[:] = [running]
        yield running
        running.close()
