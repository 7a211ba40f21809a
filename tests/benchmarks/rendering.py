"""A page that is made for the first time: against its template alone, its data at hand."""

import asyncio
import time
from typing import Any

from rows import Outcome, Place, at_most

from app import pages, urls
from app.config import Settings
from app.export import answer
from app.formats.described import describe
from app.main import create_app
from app.queries import record
from app.site import open_site


@at_most(2.0, "first rendering of a record page against its template alone with data in memory")
def first_rendering(place: Place) -> Outcome:
    """The middle of every agreement's page, as the program answers it the first time."""
    return asyncio.run(_first_rendering(Settings(database=place.database)))


async def _first_rendering(settings: Settings) -> Outcome:
    """As in a process that serves, all of it in one loop: its threads are there already."""
    site, app = open_site(settings), create_app(settings)
    noun = "agreements"
    renderer = site.renderers["en"]
    ratios: list[float] = []
    times: list[tuple[float, float]] = []
    slugs = [slug for noun_of, slug, _ in site.everything().records if noun_of == noun]

    def data_of(slug: str) -> dict[str, Any]:
        with site.session() as session:
            found = record(session, noun, slug)
            (described,) = describe(session, [found], site.addresses, site.words)
            page = pages.record_page(session, found)
        return {"path": urls.record_path(noun, slug), "page": page, "described": described}

    for slug in (slugs[-1], *slugs):
        text = renderer.render(f"records/{noun}.html", **data_of(slug))
        # Read anew, as what data tell of themselves they keep for the next time.
        data = data_of(slug)
        began = time.process_time()
        renderer.render(f"records/{noun}.html", **data)
        alone = time.process_time() - began
        # Both are timed once they have done the same before, as in a process that is warm.
        for _ in range(2):
            app.pages.clear()
            began = time.process_time()
            got = await answer(app, data["path"])
            whole = time.process_time() - began
        assert got.body == text.encode()
        ratios.append(whole / alone)
        times.append((1000 * whole, 1000 * alone))
    # The first one compiled the templates.
    middle = sorted(times[1:])[len(times) // 2]
    return Outcome(ratios[1:], f"in the middle {middle[0]:.1f} against {middle[1]:.1f} ms")
