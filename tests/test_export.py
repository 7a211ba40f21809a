"""The site as files: the bytes of the application, whole or not at all, usable as they are."""

import gzip
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urldefrag, urljoin, urlsplit

import brotli
import pytest
from browsing import violations
from conftest import ROOT, WORLD, Client, Site, parsed
from exported import file_at, host, write
from miniature import changed
from playwright.sync_api import Browser, Page
from servers import PATIENCE, size, wait_until
from test_search_page import FIRST_HITS, said

from app import export, urls
from app.build import build
from app.config import Settings, UsageError
from app.edition import beside
from app.export import MANIFEST
from app.kinds import KINDS
from app.main import create_app
from app.site import open_site

BASE = "https://meeting.example/deep/path"
PREFIX = "/deep/path"
NEEDED = ("/search", "/static")
"""Where the addresses begin of what searching an export needs."""
COMMAND = [sys.executable, "-m", "app", "export"]


def settings_of(site: Site, base_url: str = BASE) -> Settings:
    return Settings(site.seed, site.database, base_url, is_export=True)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exports of this process have a few addresses only, where it is not about the others."""
    every = urls.every_address

    def some(everything: urls.Everything) -> Iterator[str]:
        paths = (path for path in every(everything) if not path.endswith(".png"))
        return (path for path in paths if path.startswith(("/agreements", "/people", "/robots")))

    monkeypatch.setattr(urls, "every_address", some)


def files_in(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by name."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def identities(folder: Path) -> dict[str, tuple[int, int]]:
    """Which file each name is, and when it was last written."""
    found = ((path, path.stat()) for path in folder.rglob("*") if path.is_file())
    return {
        path.relative_to(folder).as_posix(): (status.st_ino, status.st_mtime_ns)
        for path, status in found
    }


def is_sound(folder: Path) -> bool:
    """Whether a folder is what its manifest says, in order, and nothing else."""
    lines = (folder / MANIFEST).read_text().splitlines()
    digests = {name: digest for digest, name in (line.split("  ") for line in lines)}
    found = {
        name: hashlib.sha256(body).hexdigest()
        for name, body in files_in(folder).items()
        if name != MANIFEST
    }
    return list(digests) == sorted(digests) and digests == found


def test_files_are_what_the_application_answers(
    world_as_files: Settings, file_client: Client, exported: Path
) -> None:
    """However many processes made them."""
    paths = set(urls.every_address(open_site(world_as_files).everything()))
    files = files_in(exported)
    for path in paths:
        answer = file_client.get(path)
        expected = {404} if path.endswith(urls.missing_path()) else {200, 410}
        assert answer.status_code in expected, path
        assert files[urls.file_of(path)] == answer.content, path
    names = {urls.file_of(path) for path in paths}
    assert len(names) == len(paths)
    compressed = {name for name in files if name.endswith((".br", ".gz"))}
    assert set(files) == names | compressed | {MANIFEST}


def test_what_was_renamed_or_taken_back_is_there(exported: Path) -> None:
    leading = (exported / "agreements/strait-protocol.html").read_text()
    assert f'content="0; url={PREFIX}/agreements/lighting-protocol"' in leading
    assert f'<link rel="canonical" href="{BASE}/agreements/lighting-protocol">' in leading
    assert '<meta name="robots" content="noindex">' in leading
    parsed(leading)
    short = parsed((exported / "r/a1.html").read_text())
    (link,) = short.iter("a")
    assert link.get("href") == f"{PREFIX}/agreements/lighting-protocol"
    (link,) = parsed((exported / "ru/r/a1.html").read_text()).iter("a")
    assert link.get("href") == f"{PREFIX}/ru/agreements/lighting-protocol"
    moment = (exported / "r/e1.html").read_text()
    assert f"url={PREFIX}/timeline#" in moment


def test_the_manifest_is_checked_by_sha256sum(exported: Path) -> None:
    assert is_sound(exported)
    done = subprocess.run(["sha256sum", "--check", "--quiet", MANIFEST], cwd=exported, check=False)
    assert done.returncode == 0


def test_every_link_leads_to_a_file_under_the_base_address(exported: Path) -> None:
    pages = {
        name: parsed(body.decode())
        for name, body in files_in(exported).items()
        if name.endswith(".html")
    }
    for name, page in pages.items():
        here = "/" if name == "index.html" else f"/{name.removesuffix('.html')}"
        for element in page.iter():
            for attribute in ("href", "src", "action", "data-index", "data-href"):
                link = element.get(attribute)
                if link is None or not (link.startswith(("/", "#", BASE)) or "://" not in link):
                    continue
                if link.startswith("mailto:"):
                    continue
                target = urlsplit(urldefrag(urljoin(BASE + here, link)).url)
                assert target.path.startswith(PREFIX), (name, link)
                file = file_at(exported, target.path.removeprefix(PREFIX))
                assert file is not None, (name, link)
                if "rel" in element.attrib and "canonical" in element.get("rel", ""):
                    continue
                # What is asked with a query is a whole list, which a script narrows.
                is_list = file.relative_to(exported).stem in KINDS
                assert is_list or not target.query, (name, link)
                fragment = urldefrag(link).fragment
                if fragment and not fragment.startswith(":~:") and file.suffix == ".html":
                    there = pages[file.relative_to(exported).as_posix()]
                    assert fragment in {one.get("id") for one in there.iter()}, (name, link)


def test_nothing_leads_to_what_is_left_out(exported: Path) -> None:
    for name, body in files_in(exported).items():
        if name.endswith((".html", ".xml", ".txt", ".json", ".atom")):
            for left_out in (b"/oembed", b"/suggest", b'/api"', b"?focus="):
                assert left_out not in body, (name, left_out)
    about = (exported / "about.html").read_text()
    assert "Left out are what is answered to a question" in about
    assert "needs no script" not in about


def test_our_own_site_is_there_in_another_language(
    our_site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of it takes as long as its cards take to draw; some pages in one language are enough."""
    every = urls.every_address

    def pages(everything: urls.Everything) -> Iterator[str]:
        found = (path for path in every(everything) if urls.is_under(path, "/ru"))
        pages = [path for path in found if not path.startswith("/ru/embed") and "." not in path]
        few = [path for path in pages if path.count("/") < 3]
        return iter(dict.fromkeys([*few, *pages[:: size(8, 1)]]))

    monkeypatch.setattr(urls, "every_address", pages)
    folder = tmp_path / "site"
    written = write(settings_of(our_site), folder)
    assert is_sound(folder)
    assert {"ru.html", "ru/agreements.html", "ru/404.html"} <= {file.name for file in written}
    assert "/oembed" not in (folder / "ru/agreements.html").read_text()


def test_lists_are_whole(our_site: Site) -> None:
    client = Client(create_app(settings_of(our_site)))
    page = parsed(client.get("/sources").text)
    items = [item for item in page.iter("li") if item.get("data-href")]
    whole = client.get("/sources.json").json()
    assert len(items) == len(whole["items"]) == sum(whole["counts"].values()) > 50
    assert whole["next"] is None
    assert page.find(".//nav[@class='pages']") is None


def test_compressed_forms_are_the_file(exported: Path) -> None:
    decoded = {".br": brotli.decompress, ".gz": gzip.decompress}
    found = [path for path in exported.rglob("*") if path.suffix in decoded]
    assert {path.suffix for path in found} == set(decoded)
    for path in found:
        assert decoded[path.suffix](path.read_bytes()) == path.with_suffix("").read_bytes()
    assert (exported / "agreements.html.br").exists()


@pytest.mark.usefixtures("few")
def test_an_export_again_touches_nothing(world_site: Site, tmp_path: Path) -> None:
    other = tmp_path / "other"
    write(settings_of(world_site), other, workers=1, is_compressed=True)
    before = identities(other)
    written = write(settings_of(world_site), other, workers=1, is_compressed=True)
    after = identities(other)
    assert all(file.is_kept for file in written)
    assert {name for name in before if before[name] != after[name]} <= {MANIFEST}
    assert [path.name for path in tmp_path.iterdir()] == ["other"]


@pytest.mark.usefixtures("few")
def test_only_what_changed_is_another_file(world_site: Site, tmp_path: Path) -> None:
    folder = tmp_path / "site"
    write(settings_of(world_site), folder)
    before = identities(folder)
    seed = changed(tmp_path, ("She opened the meeting.", "She opened it."))
    database = tmp_path / "site.db"
    build(seed, database)
    write(Settings(seed, database, BASE), folder)
    after = identities(folder)
    kept = {name for name in before if before[name] == after.get(name)}
    assert not {"people/ada-lind.html", "people.csv"} & kept
    assert {"agreements/herring-plan.bib", "robots.txt"} <= kept
    assert is_sound(folder)


@pytest.mark.usefixtures("few")
def test_a_folder_that_no_export_wrote_is_refused(world_site: Site, tmp_path: Path) -> None:
    settings = settings_of(world_site)
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "letter.txt").write_text("mine")
    with pytest.raises(UsageError, match="holds what no export wrote"):
        write(settings, foreign)
    file = tmp_path / "file"
    file.write_text("mine")
    with pytest.raises(UsageError, match="is a file"):
        write(settings, file)
    link = tmp_path / "link"
    link.symlink_to(foreign)
    with pytest.raises(UsageError, match="is a link"):
        write(settings, link)
    in_the_way = tmp_path / ".new.unfinished"
    in_the_way.mkdir()
    (in_the_way / "letter.txt").write_text("mine")
    with pytest.raises(UsageError, match="is in the way"):
        write(settings, tmp_path / "new")
    link.unlink()
    assert files_in(tmp_path) == {
        "foreign/letter.txt": b"mine",
        "file": b"mine",
        ".new.unfinished/letter.txt": b"mine",
    }


@pytest.mark.usefixtures("few")
def test_what_somebody_added_to_an_export_is_not_lost(
    world_site: Site, exported: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "site"
    write(settings_of(world_site), folder)
    before = files_in(folder)
    (folder / "agreements" / "note.txt").write_text("mine")
    with pytest.raises(UsageError, match=r"agreements/note\.txt was written by no export"):
        write(settings_of(world_site), folder)
    (folder / "agreements" / "note.txt").unlink()
    (folder / "people" / "mine").mkdir()
    with pytest.raises(UsageError, match=r"people/mine was written by no export"):
        write(settings_of(world_site), folder)
    (folder / "people" / "mine").rmdir()
    (folder / "robots.txt").unlink()
    (folder / "robots.txt").symlink_to(exported / "robots.txt")
    with pytest.raises(UsageError, match=r"robots\.txt was written by no export"):
        write(settings_of(world_site), folder)
    assert files_in(folder) == before


def test_a_manifest_of_somebody_else_is_not_taken_for_ours(
    world_site: Site, tmp_path: Path
) -> None:
    (tmp_path / MANIFEST).write_text("mine\n")
    with pytest.raises(UsageError, match="holds what no export wrote"):
        write(settings_of(world_site), tmp_path)
    assert (tmp_path / MANIFEST).read_text() == "mine\n"


@pytest.mark.usefixtures("few")
def test_an_interrupted_replacement_is_ended(world_site: Site, tmp_path: Path) -> None:
    """Where it takes several renames there is, between them, only the former folder, or both."""
    folder, former = tmp_path / "site", tmp_path / ".site.former"
    write(settings_of(world_site), folder)
    before = identities(folder)
    folder.rename(former)
    write(settings_of(world_site), folder)
    assert {name for name in before if before[name] != identities(folder)[name]} <= {MANIFEST}
    assert not former.exists()
    former.mkdir()
    (former / MANIFEST).touch()
    write(settings_of(world_site), folder)
    assert [path.name for path in tmp_path.iterdir()] == ["site"]


@pytest.mark.usefixtures("few")
def test_another_export_waits_until_the_former_one_is_gone(
    world_site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the first would take away with it what the second has begun."""
    folder, remove, refused = tmp_path / "site", vars(export)["_remove"], list[str]()

    def meanwhile(former: Path) -> None:
        monkeypatch.setattr(export, "_remove", remove)
        with pytest.raises(UsageError) as error:
            write(settings_of(world_site), folder)
        refused.append(str(error.value))
        remove(former)

    write(settings_of(world_site), folder)
    monkeypatch.setattr(export, "_remove", meanwhile)
    write(settings_of(world_site, "https://two.example"), folder)
    assert refused == [f"another export into {folder} is under way"]
    assert is_sound(folder)
    assert [path.name for path in tmp_path.iterdir()] == ["site"]


@pytest.mark.parametrize("workers", [1, 2])
def test_no_export_is_of_two_seeds(
    world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    """Where the database is built anew while it is under way, the former export stays."""
    database = tmp_path / "site.db"
    for path in (world, beside(world)):
        shutil.copy(path, tmp_path)
    (tmp_path / world.name).replace(database)
    every = urls.every_address

    def meanwhile(everything: urls.Everything) -> Iterator[str]:
        shutil.copy(database, tmp_path / "new.db")
        (tmp_path / "new.db").replace(database)
        return every(everything)

    monkeypatch.setattr(urls, "every_address", meanwhile)
    with pytest.raises(UsageError, match="was built anew meanwhile; export again"):
        write(Settings(WORLD, database, BASE), tmp_path / "site", workers=workers)
    assert not (tmp_path / "site").exists()


@pytest.mark.parametrize("is_in_one_step", [True, False])
def test_an_interrupted_removal_is_ended(
    world_site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_in_one_step: bool
) -> None:
    """Wherever a kill stops the removal of the former folder, the next export ends it."""
    if not is_in_one_step:
        monkeypatch.setattr(export, "_exchanged", lambda *_: False)
    monkeypatch.setattr(urls, "every_address", lambda _: ["/robots.txt", "/ru/about"])
    folder, aside = tmp_path / "site", tmp_path / ".site.unfinished"
    write(settings_of(world_site), folder)
    before = files_in(folder)
    steps = 0

    class KilledError(BaseException):
        """Nothing more is done."""

    def until_killed(step: Callable[..., None]) -> Callable[..., None]:
        def done(path: str | Path, **options: int) -> None:
            nonlocal steps
            if steps == 0:
                raise KilledError
            steps -= 1
            step(path, **options)

        return done

    is_killed, at = True, 0
    while is_killed:
        steps, is_killed = at, False
        with monkeypatch.context() as patched:
            for name in ("unlink", "rmdir"):
                patched.setattr(os, name, until_killed(getattr(os, name)))
            try:
                write(settings_of(world_site), folder)
            except KilledError:
                is_killed = True
        assert aside.exists() == is_killed
        assert files_in(folder) == before
        at += 1
    assert at > 3
    assert [path.name for path in tmp_path.iterdir()] == ["site"]


@pytest.mark.usefixtures("few")
def test_killed_in_the_middle_the_former_export_stays(
    world: Path, world_site: Site, exported: Path, tmp_path: Path
) -> None:
    folder, unfinished = tmp_path / "site", tmp_path / ".site.unfinished"
    place = ["--seed", str(WORLD), "--database", str(world), "--workers", "2"]
    command = [*COMMAND, str(folder), *place]
    shutil.copytree(exported, folder)
    before = files_in(folder)
    other = [*command, "--base-url", "https://two.example"]
    running = subprocess.Popen(other, cwd=ROOT, stderr=subprocess.PIPE)
    wait_until(lambda: sum(1 for _ in unfinished.rglob("*")) > 20, "it does not begin")
    refused = subprocess.run(other, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (refused.returncode, "is under way" in refused.stderr) == (2, True)
    os.kill(running.pid, signal.SIGKILL)
    running.wait(PATIENCE)
    # The processes that it started end with it: the pipe that they share is closed.
    assert running.stderr is not None
    running.stderr.read()
    running.stderr.close()
    assert files_in(folder) == before
    assert is_sound(folder)
    write(replace(settings_of(world_site), base_url="https://two.example"), folder)
    assert is_sound(folder)
    assert b"https://two.example" in files_in(folder)["robots.txt"]
    assert [path.name for path in tmp_path.iterdir()] == ["site"]


def test_the_command_says_what_it_does(
    world: Path, told_export: tuple[Path, subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    folder, done = told_export
    assert (done.returncode, done.stdout) == (0, "")
    last = done.stderr.splitlines()[-1]
    assert re.search(rf"/site: \d+ files, \d+ new or changed, for {BASE}$", last)
    place = ["--seed", str(WORLD), "--database", str(world)]
    # Those of two processes are what the application answers, as is tested above.
    for workers in size((), ("1", "3")):
        command = [*COMMAND, str(tmp_path / workers), *place, "--workers", workers]
        subprocess.run([*command, "--base-url", BASE, "--compress"], cwd=ROOT, check=True)
        assert files_in(tmp_path / workers) == files_in(folder)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").touch()
    refused = subprocess.run(
        [*COMMAND, str(tmp_path / "full"), *place],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)


def program_of(site: Site) -> Client:
    """The program itself, under the same address as the files."""
    settings = Settings(site.seed, site.database, BASE)
    return Client(create_app(settings), headers={"accept-encoding": "identity"})


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page that fails the test on any error of a script."""
    context = browser.new_context()
    opened = context.new_page()
    opened.on("pageerror", lambda error: pytest.fail(str(error)))
    yield opened
    context.close()


SHOWN = """(all) => all.filter((one) => {
  const { width, height } = one.getBoundingClientRect();
  return width && height && one.checkVisibility({ visibilityProperty: true });
}).map((one) => one.innerText)"""


def shown(page: Page, selector: str) -> list[str]:
    """The texts of the visible elements that a selector finds."""
    texts = page.eval_on_selector_all(selector, SHOWN)
    return [" ".join(text.split()) for text in texts]


ENTRIES = "li[data-href] > .entry__title"


@pytest.mark.browser
def test_a_list_is_narrowed_as_the_program_narrows_it(
    page: Page, world_site: Site, exported: Path
) -> None:
    """Every list with each of its parameters: the same records, counts and ways on."""
    client = program_of(world_site)
    asked = (
        "/agreements?sector=lights",
        "/agreements?kind=plan&kind=undertaking",
        "/agreements?kind=undertaking&sector=lights",
        "/agreements?party=council-of-norden&q=lamp&sort=title",
        "/agreements?sort=date",
        "/agreements?sector=fishing&kind=undertaking",
        "/quotes?speaker=bo-marsh",
        "/quotes?language=zh-Hant&sort=date",
        "/organizations?sort=title&q=council",
        "/sources?language=en",
    )
    with host(exported, PREFIX) as address:
        program = page.context.new_page()
        program.route("**/*", lambda route: route.fulfill(**answered(client, route.request.url)))
        for path in asked:
            for one in (page, program):
                # Only words are looked up in a file that has to come first.
                one.goto(
                    f"{address}{PREFIX}{path}", wait_until="networkidle" if "q=" in path else "load"
                )
                one.evaluate("document.querySelectorAll('details').forEach((at) => at.open = true)")
            for selector in (".entry__title", ".chosen li", ".facet li", ".orders", ".count", "h2"):
                assert shown(page, selector) == shown(program, selector), (path, selector)
            for selector in (".chosen a", ".facet a", ".orders a"):
                assert links(page, selector) == links(program, selector), (path, selector)
            assert page.title() == program.title()
            assert violations(page) == [], path
            # Only the whole list is in files.
            is_narrowed = bool(set(parse_qs(urlsplit(path).query)) - {"sort"})
            assert page.locator("[data-formats]").is_visible() != is_narrowed, path


def answered(client: Client, address: str) -> dict[str, Any]:
    """What the program answers, for a browser."""
    there = urlsplit(address)
    answer = client.get(there.path.removeprefix(PREFIX), params=there.query)
    kind = answer.headers["content-type"]
    return {"status": answer.status_code, "body": answer.content, "content_type": kind}


def links(page: Page, selector: str) -> list[str]:
    """Where the visible links that a selector finds lead."""
    addresses: list[str] = page.eval_on_selector_all(
        selector,
        "(all) => all.filter((a) => a.checkVisibility()).map((a) => a.getAttribute('href'))",
    )
    return addresses


@pytest.mark.browser
def test_searching_finds_what_the_program_finds(
    page: Page, world_site: Site, exported: Path
) -> None:
    client = program_of(world_site)
    queries = (
        "lamp",
        "LAMP oil",
        "Mídwàter",
        "midw",
        "встрёча",
        "ЛИГА",
        "лига порт",
        "порт лига",
        "灯",
        "灯光 有油",
        "港口聯盟",
        "灯油",
        "old marsh",
        "a1",
        "herring xylophone",
        "<b>lamp",
        "courier.example",
        "$& lamp",
        "lihgting",
        "marsh herrnig",
        "港口聯盟约",
    )
    with host(exported, PREFIX) as address:
        page.goto(f"{address}{PREFIX}/search")
        for query in queries:
            page.locator("#find").fill(query)
            page.locator("#find").press("Enter")
            page.wait_for_function(
                "(query) => document.querySelector('.lead').textContent.includes(query)", arg=query
            )
            expected = parsed(client.get("/search", params={"q": query}).text)
            titles = [a.get("href") for a in expected.iterfind(".//a[@class='entry__title']")]
            # Of what has the words in its texts only, the program puts first what has them often.
            assert sorted(links(page, ".entry__title")) == sorted(titles), query
            assert sorted(shown(page, "h2")) == sorted(map(said, expected.iter("h2"))), query
            ways = expected.findall(".//header[@class='page__head']//a")
            assert sorted(shown(page, ".page__head a")) == sorted(map(said, ways)), query
            listed = shown(page, "[data-contents] li")
            assert listed in ([], shown(page, "h2")), query
            lead = expected.find(".//p[@class='lead']")
            assert lead is not None
            assert shown(page, ".lead") == [said(lead)], query
        page.goto(f"{address}{PREFIX}/search?q=lamp", wait_until="networkidle")
        assert {mark.lower()[:4] for mark in shown(page, "mark")} == {"lamp"}
        assert violations(page) == []


ASKED = """async (queries) => {
  const found = [];
  for (const query of queries) found.push((await search(query)).hits.map((hit) => hit.href));
  return found;
}"""
OFTEN = ("петербург", "Li Keqiang Medvedev")
"""What is to find first what has the words in its texts most often: the script does not count."""


@pytest.mark.browser
def test_searching_finds_first_what_a_reader_means(
    page: Page, our_site: Site, tmp_path: Path
) -> None:
    settings = replace(settings_of(our_site), base_url="https://meeting.example")
    everything = open_site(settings).everything()
    paths = [path for path in urls.every_address(everything) if path.startswith(NEEDED)]
    with ThreadPoolExecutor(1) as executor:
        executor.submit(export.export, settings, tmp_path / "site", paths=paths).result()
    with host(tmp_path / "site") as address:
        page.goto(f"{address}/search")
        answers = page.evaluate(ASKED, [query for query, _ in FIRST_HITS])
    for (query, first), found in zip(FIRST_HITS, answers, strict=True):
        assert found[0] == first or (query in OFTEN and first in found), query


@pytest.mark.browser
def test_without_a_script_the_whole_shows(browser: Browser, exported: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    with host(exported, PREFIX) as address:
        page.goto(f"{address}{PREFIX}/agreements?sector=lights")
        assert len(shown(page, ENTRIES)) == len(page.locator(ENTRIES).all()) == 3
        page.goto(f"{address}{PREFIX}/search?q=lamp")
        assert "Searching needs a script here. The lists show everything:" in shown(
            page, "noscript p"
        )
        page.goto(f"{address}{PREFIX}/r/a1")
        page.wait_for_url("**/agreements/lighting-protocol")
        response = page.goto(f"{address}{PREFIX}/nothing")
        assert response is not None
        assert response.status == 404
        assert shown(page, "h1") == ["There is nothing at this address"]
    context.close()
