"""The exported site behind nginx, by the configuration that the README gives."""

import os
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest
from conftest import ROOT, Client
from servers import PATIENCE, held_port, wait_until

from app import urls
from app.config import Settings
from app.site import open_site

NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
BROTLI = Path("/usr/lib/nginx/modules/ngx_http_brotli_static_module.so")

IN_ANSWER = {"etag", "last-modified", "content-length", "link", "vary", "location"}
"""The headers that a host of files has of its own, or cannot have."""


@pytest.fixture(scope="module")
def nginx(exported: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx2.Client]:
    """Nginx over the miniature world as files."""
    folder = tmp_path_factory.mktemp("nginx")
    with held_port() as port, running_nginx(exported, folder, port):
        wait_until(lambda: is_there(port), "nginx did not start")
        base_url = f"http://127.0.0.1:{port}"
        with httpx2.Client(base_url=base_url, timeout=PATIENCE) as client:
            yield client


def is_there(port: int) -> bool:
    """Whether anybody listens at a port."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=PATIENCE).close()
    except ConnectionRefusedError:
        return False
    return True


@contextmanager
def running_nginx(site: Path, folder: Path, port: int) -> Iterator[None]:
    """Nginx over a site as the README has it, with a folder for what it writes."""
    assert NGINX, "there is no nginx here: install the packages that tests/nginx.sh names"
    part = (ROOT / "README.md").read_text().split("## The site as files")[1].split("\n## ")[0]
    (given,) = re.findall(r"```nginx\n(.*?)```", part, re.DOTALL)
    changed = given.replace("listen 80;", f"listen 127.0.0.1:{port};")
    changed = changed.replace("root /srv/meeting21;", f"root {site};")
    assert changed.count(str(site)) == changed.count(str(port)) == 1
    if not BROTLI.exists():
        changed = changed.replace("brotli_static on;", "")
    places = "".join(
        f"{name}_temp_path {folder}/{name};\n"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    configuration = folder / "nginx.conf"
    configuration.write_text(
        (f"load_module {BROTLI};\n" if BROTLI.exists() else "")
        + f"daemon off;\nmaster_process off;\npid {folder}/pid;\nerror_log stderr;\n"
        + f"events {{}}\nhttp {{\naccess_log off;\n{places}{changed}}}\n"
    )
    with subprocess.Popen([str(NGINX), "-c", configuration, "-p", folder]) as running:
        try:
            yield
        finally:
            running.terminate()


def told(headers: httpx2.Headers) -> dict[str, str]:
    """The headers that both have to agree on."""
    own = {"server", "date", "connection", "accept-ranges", "content-encoding", *IN_ANSWER}
    return {name: value for name, value in headers.items() if name not in own}


def test_nginx_answers_as_the_program_does(
    nginx: httpx2.Client, world_as_files: Settings, file_client: Client
) -> None:
    for path in sorted(set(urls.every_address(open_site(world_as_files).everything()))):
        expected = file_client.get(path)
        sent = nginx.get(path, headers={"accept-encoding": "identity"})
        # What was taken back is there as a page, and no host of files knows that it was.
        status = 200 if expected.status_code == 410 else expected.status_code
        assert (sent.status_code, sent.content) == (status, expected.content), path
        if expected.status_code == 200:
            assert told(sent.headers) == told(expected.headers), path


def test_nginx_sends_the_compressed_forms(nginx: httpx2.Client, file_client: Client) -> None:
    expected = file_client.get("/agreements")
    for coding in ("br", "gzip") if BROTLI.exists() else ("gzip",):
        wanted = {"accept-encoding": coding}
        sent = nginx.get("/agreements", headers=wanted)
        assert sent.headers["content-encoding"] == coding
        assert sent.headers["vary"] == "Accept-Encoding"
        assert sent.headers["content-type"] == expected.headers["content-type"]
        assert sent.content == expected.content


def test_nginx_knows_no_second_address(nginx: httpx2.Client) -> None:
    for path in ("/agreements.html", "/index.html", "/manifest.txt", "/nothing", "/data/nothing"):
        answer = nginx.get(path)
        assert answer.status_code == 404, path
        assert "<h1>" in answer.text
        assert answer.headers["x-frame-options"] == "DENY"
    assert 'lang="ru"' in nginx.get("/ru/nothing").text
    slash = nginx.get("/agreements/?q=a")
    assert (slash.status_code, slash.headers["location"]) == (308, "/agreements?q=a")
    kept = nginx.get("/agreements")
    again = nginx.get("/agreements", headers={"if-none-match": kept.headers["etag"]})
    assert again.status_code == 304
    assert nginx.post("/agreements").status_code == 405
