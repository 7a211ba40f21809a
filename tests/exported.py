"""The site as files, and a host that only sends them: what is at /x is the file x.html."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

from app import export
from app.config import Settings
from app.delivery import SECURITY_HEADERS

MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
}


def write(
    settings: Settings, folder: Path, *, workers: int = 1, is_compressed: bool = False
) -> list[export.Written]:
    """An export, in a thread of its own: the browser's driver keeps a loop running in this one."""
    with ThreadPoolExecutor(1) as executor:
        return executor.submit(
            export.export, settings, folder, workers=workers, is_compressed=is_compressed
        ).result()


def file_at(folder: Path, path: str) -> Path | None:
    """The file that such a host sends for a path, if any."""
    name = unquote(path).strip("/") or "index.html"
    found = (folder / f"{name}.html", folder / name)
    return next((file for file in found if file.is_file()), None)


@contextmanager
def host(folder: Path, prefix: str = "") -> Iterator[str]:
    """Such a host of a folder, under a path; its address without that path."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            file = file_at(folder, path.removeprefix(prefix)) if path.startswith(prefix) else None
            sent = file or folder / "404.html"
            body = sent.read_bytes()
            self.send_response(200 if file else 404)
            self.send_header("content-type", MEDIA_TYPES.get(sent.suffix, "text/plain"))
            self.send_header("content-length", str(len(body)))
            for name, value in SECURITY_HEADERS.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing: the tests say what went wrong."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join(10)
