"""Ten thousand pages as files: against Hugo, which makes as many of the same text."""

import os
import shutil
import subprocess
import time
from html.parser import HTMLParser
from pathlib import Path

from generator import write
from rows import Outcome, Place, at_most

from app import urls
from app.build import build
from app.config import Settings
from app.export import export
from app.site import open_site

PAGES = 10_000
ROUNDS = 3
LAYOUT = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{{ .Title }}</title></head>
<body><main>{{ .Content }}</main></body></html>
"""


class _Words(HTMLParser):
    """The paragraphs of a page's main part."""

    def __init__(self) -> None:
        super().__init__()
        self.depth = 0
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.depth += tag == "main"

    def handle_endtag(self, tag: str) -> None:
        self.depth -= tag == "main"

    def handle_data(self, data: str) -> None:
        if self.depth and data.strip():
            self.found.append(" ".join(data.split()))


@at_most(1.0, "export of 10,000 record pages against Hugo making 10,000 pages of the same text")
def exporting(place: Place) -> Outcome:
    """One language, pages only, from a built database, in as many processes as there are cores."""
    write(place.folder / "seed", PAGES)
    settings = Settings(place.folder / "seed", place.folder / "large.db", "https://example.org")
    build(settings.seed, settings.database)
    records = open_site(settings).everything().records
    paths = [urls.record_path(noun, slug) for noun, slug, _ in records if noun == "agreements"]
    assert len(paths) == PAGES
    pairs: list[tuple[float, float]] = []
    for _ in range(ROUNDS):
        folder = place.folder / "exported"
        began = time.perf_counter()
        files = export(settings, folder, paths=paths, workers=os.cpu_count() or 1)
        ours = time.perf_counter() - began
        assert len(files) == PAGES
        pairs.append((ours, _hugo(place.folder / "hugo", folder, paths)))
        shutil.rmtree(folder)
    least = [min(pair[which] for pair in pairs) for which in (0, 1)]
    return Outcome(
        [ours / hugo for ours, hugo in pairs], f"at best {least[0]:.1f} against {least[1]:.1f} s"
    )


def _hugo(folder: Path, pages: Path, paths: list[str]) -> float:
    """How long Hugo takes for the text of pages."""
    if not folder.exists():
        (folder / "layouts" / "_default").mkdir(parents=True)
        (folder / "layouts" / "_default" / "single.html").write_text(LAYOUT)
        (folder / "config.toml").write_text(
            'baseURL = "https://example.org/"\n'
            'disableKinds = ["taxonomy", "term", "home", "section", "RSS", "sitemap", "404"]\n'
        )
        (folder / "content" / "agreements").mkdir(parents=True)
        for path in paths:
            words = _Words()
            words.feed((pages / urls.file_of(path)).read_text(encoding="utf-8"))
            text = "\n\n".join(words.found)
            title = path.rpartition("/")[2]
            (folder / "content" / f"{path[1:]}.md").write_text(
                f'+++\ntitle = "{title}"\n+++\n{text}\n', encoding="utf-8"
            )
    shutil.rmtree(folder / "public", ignore_errors=True)
    began = time.perf_counter()
    subprocess.run(["hugo", "--quiet", "--source", str(folder)], check=True)
    took = time.perf_counter() - began
    assert sum(1 for _ in (folder / "public").rglob("*.html")) == len(paths)
    return took
