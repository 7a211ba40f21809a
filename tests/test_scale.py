"""Seeds of any size: read, checked and built a record at a time, and every order by an index."""

import csv
import io
import sqlite3
import weakref
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from benchmarks.generator import COMMONEST, write
from conftest import Client, Site, site_of
from sqlmodel import Session

from app import pages, queries, seed, urls
from app.build import build
from app.config import Settings
from app.database import Question, open_database
from app.facets import MOST_OFFERED, Selection
from app.kinds import PAGED, SEED_ORDER, Kind
from app.main import create_app
from app.models import Agreement

SIZE = 200


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A generated seed as a site, of which so little is counted beforehand as of a large one."""
    folder = tmp_path_factory.mktemp("large")
    write(folder / "seed", SIZE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("app.build.MOST_TALLIED", 20)
        return site_of(folder / "seed", folder)


@pytest.fixture
def session(large: Site) -> Iterator[Session]:
    with open_database(large.database)[0] as opened:
        yield opened


def test_generated_seed_is_the_same_every_time(tmp_path: Path) -> None:
    for name in ("one", "other"):
        write(tmp_path / name, 20)
    names = sorted(path.name for path in (tmp_path / "one").iterdir())
    for name in names:
        one, other = ((tmp_path / folder / name).read_bytes() for folder in ("one", "other"))
        assert one == other


def test_records_beyond_memory_are_the_same_with_every_mistake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "seed", 20)
    agreements = tmp_path / "seed" / "agreements.yaml"
    text = agreements.read_text().replace("kind: plan", "kind: plam")
    agreements.write_text(text)
    lines = [number for number, line in enumerate(text.splitlines(), 1) if "plam" in line]
    in_memory = seed.read(tmp_path / "seed")
    monkeypatch.setattr("app.seed._Shelf._IN_MEMORY", 1)
    on_disk = seed.read(tmp_path / "seed")
    assert [mistake.line for mistake in on_disk.mistakes] == lines
    assert on_disk.mistakes == in_memory.mistakes
    assert [entry.written for entry in on_disk.entries()] == [
        entry.written for entry in in_memory.entries()
    ]


def plan_of(large: Site, statement: str) -> str:
    """How SQLite answers a statement."""
    with closing(sqlite3.connect(large.database)) as connection:
        rows = connection.execute(f"EXPLAIN QUERY PLAN {statement}").fetchall()
    return "\n".join(detail for *_, detail in rows)


@pytest.mark.parametrize("kind", PAGED, ids=lambda kind: kind.noun)
@pytest.mark.parametrize("choice", ["nothing", "what many have"])
def test_every_order_is_served_by_an_index(
    large: Site, session: Session, kind: Kind, choice: str
) -> None:
    facets = kind.facets if choice == "what many have" else (None,)
    for sort in (SEED_ORDER, *kind.sorts):
        for facet in facets:
            chosen = {facet.name: ("any",)} if facet else {}
            selection = Selection(chosen, sort=sort.name)
            statement = queries.ordering(kind, selection, "en", 10**6, 50)
            assert statement is not None
            written = statement.limit(50).compile(
                session.get_bind(), compile_kwargs={"literal_binds": True}
            )
            plan = plan_of(large, str(written))
            assert "TEMP B-TREE" not in plan, plan
            assert "ordering USING" in plan


@pytest.mark.parametrize("noun", ["agreements", "quotes"])
def test_what_was_counted_at_the_build_is_what_is_there(
    large: Site, noun: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = next(kind for kind in PAGED if kind.noun == noun)
    with open_database(large.database)[0] as session:
        bare = queries.facet_counts(session, kind, Selection({}), kind.facets[0].name)
        for value in list(bare)[:3]:
            selection = Selection({kind.facets[0].name: (value,)})
            for facet in kind.facets:
                monkeypatch.setattr(queries, "MOST_TALLIED", 10**6)
                live = queries.facet_counts(session, kind, selection, facet.name)
                monkeypatch.setattr(queries, "MOST_TALLIED", 20)
                assert queries.facet_counts(session, kind, selection, facet.name) == live


def test_only_the_most_frequent_values_are_offered(
    large: Site, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "MOST_OFFERED", 3)
    kind = next(kind for kind in PAGED if kind.noun == "quotes")
    page = pages.list_page(session, kind, Selection({}), "en")
    speakers = next(choices for choices in page.facets if choices.facet.name == "speaker")
    assert (len(speakers.offered), speakers.is_cut) == (3, True)
    assert MOST_OFFERED > 3


def test_what_is_tied_to_a_record_is_bounded_and_counted(session: Session) -> None:
    page = pages.record_page(session, queries.record(session, "organizations", "party-0"))
    groups = {group.heading: group for group in page.groups}
    documents = groups["part.documents"]
    assert len(documents.records) < documents.count
    assert documents.more == (("party", "party-0"),)
    listed = queries.part_counts(session, PAGED[0], Selection({"party": ("party-0",)}))
    (told,) = [
        count.number
        for count in queries.tie_counts(session, page.record)
        if (count.role, count.part) == ("party", "documents")
    ]
    assert listed["documents"] == told


def test_more_matches_than_are_counted_are_said_to_be_more(
    large: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "MOST_MATCHES", 20)
    for language, words in (("", "More than "), ("/ru", "более чем в "), ("/zh", "超过")):
        page = large.client.get(f"{language}/agreements?q={COMMONEST}").text.replace("\xa0", " ")
        assert words in page
        search = large.client.get(f"{language}/search?q={COMMONEST}").text.replace("\xa0", " ")
        assert words.lower() in search
    page = large.client.get(f"/agreements?q={COMMONEST}&page=2")
    assert page.status_code == 404


def test_sitemaps_beyond_the_bound_are_listed_and_tell_every_page(
    large: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = large.client.get("/sitemap.xml").text.split("<url>")[1:]
    monkeypatch.setattr(urls, "MOST_MAPPED", 500)
    monkeypatch.setattr(urls, "MAPPED_AT_ONCE", 400)
    large.client.app.pages.clear()  # type: ignore[attr-defined]
    listed = large.client.get("/sitemap.xml").text
    numbers = range(1, -(-len(whole) // 400) + 1)
    assert listed.count("<loc>") == len(numbers)
    parts = [large.client.get(urls.sitemap_path(number)).text for number in numbers]
    told = [page.partition("</url>")[0] for part in parts for page in part.split("<url>")[1:]]
    assert told == [page.partition("</url>")[0] for page in whole]
    assert large.client.get(urls.sitemap_path(len(numbers) + 1)).status_code == 404
    assert large.client.get(urls.sitemap_path("0")).status_code == 404


def test_connections_of_many_records_are_those_most_lead_to(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "MOST_CONNECTED", 30)
    page = pages.connections_page(session, "")
    assert page.is_cut
    assert len(page.by_id) <= 30
    focused = pages.connections_page(session, "sectors/sector-1")
    assert focused.focus is not None
    assert not focused.is_cut
    assert len(focused.by_id) <= 1 + 8 * queries.MOST_TIED


def test_home_shows_undertakings_however_many_documents_there_are(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "PAGE_SIZE", 10)
    home = pages.home_page(session)
    assert len(home.documents) == 10
    assert not any(item.is_undertaking for item in home.documents)
    assert len(home.sampled_undertakings) == 3
    assert all(item.is_undertaking for item in home.sampled_undertakings)
    ids = [item.id for item in home.sampled_undertakings]
    assert max(ids) - min(ids) >= home.undertakings // 2


def test_what_tells_of_every_record_has_few_of_them_in_memory(
    large: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once, made, in_memory = 5, list[weakref.ref[Any]](), list[int]()
    every_row = Question.rows

    def counted(self: Question[Any], session: Session, **asked: Any) -> Iterator[tuple[Any, Any]]:
        for item, others in every_row(self, session, **asked):
            if isinstance(item, Agreement):
                made.append(weakref.ref(item))
                in_memory.append(sum(one() is not None for one in made))
            yield item, others

    monkeypatch.setattr(Question, "rows", counted)
    monkeypatch.setattr(queries, "_READ_AT_ONCE", at_once)
    client = Client(create_app(Settings(large.seed, large.database)))
    for path, times, most in (
        # Some are read while the last of those before them is still told of.
        ("/agreements.csv", 1, at_once + 1),
        # One is read while the one before it is: for the table, and for the seed in JSON.
        ("/data/agreements.csv", 2, 2),
    ):
        made.clear()
        in_memory.clear()
        table = client.get(path).content.decode("utf-8-sig")
        assert len(list(csv.reader(io.StringIO(table, newline="")))) == SIZE + 1
        assert len(in_memory) == times * SIZE
        assert max(in_memory) <= most


def test_beside_a_common_value_the_most_frequent_are_counted(
    large: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of other facets; of its own all are, as they are added to it."""
    monkeypatch.setattr("app.build.MOST_TALLIED", 20)
    monkeypatch.setattr("app.build.MOST_OFFERED", 1)
    build(large.seed, tmp_path / "site.db")
    with closing(sqlite3.connect(tmp_path / "site.db")) as connection:
        held: dict[tuple[str, str, str], set[int]] = {}
        for kind, name, value, record in connection.execute("SELECT * FROM facet"):
            held.setdefault((kind, name, value), set()).add(record)
        stored: dict[tuple[str, ...], int] = {}
        for *key, number in connection.execute(
            "SELECT kind, name, value, other, other_value, sum(number) FROM tally"
            " WHERE name != '' GROUP BY 1, 2, 3, 4, 5"
        ):
            stored[*key] = number
    expected: dict[tuple[str, ...], int] = {}
    for (kind, name, value), records in held.items():
        if len(records) <= 20:
            continue
        for other in {facet for noun, facet, _ in held if noun == kind}:
            numbers = {
                another: len(records & others)
                for (noun, facet, another), others in held.items()
                if (noun, facet) == (kind, other) and records & others
            }
            ranked = sorted(numbers, key=lambda one: (-numbers[one], one))
            for another in ranked if other == name else ranked[:2]:
                expected[kind, name, value, other, another] = numbers[another]
    assert stored == expected
