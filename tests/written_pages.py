"""Writes every page of our site, and one that is not there, into a folder: for readers of HTML."""

import sys
from pathlib import Path

from conftest import SEED, site_of

from app import queries, urls
from app.database import open_database


def write(folder: Path) -> int:
    """Write the pages; return how many."""
    site = site_of(SEED, folder)
    with open_database(site.database)[0] as session:
        records = [(row.kind, row.slug) for row in queries.every_record(session)]
    paths = [
        *urls.every_page(records),
        "/search?q=nuclear",
        "/connections?focus=people/li-keqiang",
        "/connections?focus=nothing",
        "/search?q=nothing+like+it",
        "/not-there",
    ]
    for number, path in enumerate(paths):
        name = path.strip("/").replace("/", "_").replace("?", "_") or "home"
        (folder / f"{number:04}-{name}.html").write_bytes(site.client.get(path).content)
    return len(paths)


if __name__ == "__main__":
    print(f"{write(Path(sys.argv[1]))} pages", file=sys.stderr)
