"""Every reference of the miniature records, found by hand and by the marks in the models."""

from collections.abc import Iterator
from typing import Any

import pytest
from conftest import WORLD

from app.kinds import KINDS
from app.models import Record
from app.references import Made, Path, made_by, written_in
from app.seed import Seed, read

LEADING = {
    "source": "sources",
    "founding_source": "sources",
    "person": "people",
    "people": "people",
    "head": "people",
    "speaker": "people",
    "undertaken_by": "people",
    "party": "organizations",
    "parties": "organizations",
    "government": "organizations",
    "organizations": "organizations",
    "speaking_organization": "organizations",
    "part_of": "organizations",
    "sectors": "sectors",
    "agreement": "agreements",
    "agreements": "agreements",
    "created_by": "agreements",
    "leading_quote": "quotes",
    "compare": "quotes",
    "event": "events",
    "commissions": "commissions",
}
"""Each key of the seed that names other records, and their kind, as the editors' guide has it."""

ROLES = {
    ("agreements", "agreement"),
    ("agreements", "created-by"),
    ("agreements", "within"),
    ("commissions", "commission"),
    ("events", "event"),
    ("organizations", "government"),
    ("organizations", "organization"),
    ("organizations", "part-of"),
    ("organizations", "party"),
    ("organizations", "signatory-for"),
    ("organizations", "speaker"),
    ("people", "co-chair"),
    ("people", "head"),
    ("people", "person"),
    ("people", "signatory"),
    ("people", "speaker"),
    ("people", "undertaken-by"),
    ("quotes", "compare"),
    ("quotes", "leading-quote"),
    ("sectors", "further-documents"),
    ("sectors", "sector"),
    ("sources", "citation"),
    ("sources", "founding-source"),
    ("sources", "text"),
    ("sources", "within"),
}

BY_HAND: dict[tuple[str, str], list[tuple[Path, str, str, str, str | None]]] = {
    ("agreements", "lamp-oil"): [
        (("citations", 0, "source"), "sources", "citation", "lakeport-gazette-1994", "paragraph 2"),
        (
            ("disagreements", 0, "accounts", 0, "citations", 0, "source"),
            "sources",
            "citation",
            "lakeport-gazette-1994",
            "paragraph 2",
        ),
        (
            ("disagreements", 0, "accounts", 1, "citations", 0, "source"),
            "sources",
            "citation",
            "strait-courier-1994",
            None,
        ),
        (("sectors", 0), "sectors", "sector", "lights", None),
        (("parties", 0), "organizations", "party", "council-of-norden", None),
        (("undertaken_by", 0), "people", "undertaken-by", "ada-lind", None),
        (("within", 0, "agreement"), "agreements", "within", "lighting-protocol", None),
        (("within", 1, "source"), "sources", "within", "lakeport-gazette-1994", "paragraph 2"),
    ],
    ("commissions", "lamp-commission"): [
        (
            ("citations", 0, "source"),
            "sources",
            "citation",
            "lakeport-gazette-1994",
            "paragraph 10",
        ),
        (("co_chairs", 0, "person"), "people", "co-chair", "ada-lind", None),
        (("co_chairs", 1, "person"), "people", "co-chair", "bo-marsh", None),
        (("sectors", 0), "sectors", "sector", "lights", None),
        (("created_by",), "agreements", "created-by", "lighting-protocol", None),
    ],
    ("sources", "strait-courier-1994"): [],
}


@pytest.fixture(scope="module")
def seed() -> Seed:
    """The miniature seed."""
    return read(WORLD)


def named_in(value: Any, path: Path = ()) -> Iterator[tuple[Path, str, str, str | None]]:
    """Every reference in plain data, known by the names of the keys alone."""
    if isinstance(value, list):
        for at, item in enumerate(value):
            yield from named_in(item, (*path, at))
    elif isinstance(value, dict):
        for key, item in value.items():
            here = (*path, key)
            if key not in LEADING or not isinstance(item, str | list):
                yield from named_in(item, here)
            elif isinstance(item, str):
                yield here, LEADING[key], item, value.get("locator")
            else:
                for at, slug in enumerate(item):
                    yield (*here, at), LEADING[key], slug, value.get("locator")


def plainly(made: Made) -> tuple[Path, str, str, str | None]:
    return made.path, made.to.kind, made.slug, made.locator


def sorted_by_path(found: Iterator[Any]) -> list[Any]:
    return sorted(found, key=lambda item: str(item[0]))


def every_record(seed: Seed) -> list[tuple[str, str, Record, dict[str, Any]]]:
    """Every record with its kind and slug, as understood and as written."""
    return [(entry.kind.noun, entry.slug, entry.record, entry.fields) for entry in seed.entries()]


def test_every_reference_of_every_record_is_found(seed: Seed) -> None:
    for noun, slug, record, fields in every_record(seed):
        found = sorted_by_path(map(plainly, made_by(record)))
        assert found == sorted_by_path(named_in(fields)), f"{noun}.{slug}"


def test_references_of_a_record_as_written_are_the_same(seed: Seed) -> None:
    for noun, slug, record, fields in every_record(seed):
        written = list(written_in(KINDS[noun].model, fields))
        assert written == list(made_by(record)), f"{noun}.{slug}"


@pytest.mark.parametrize(("noun", "slug"), BY_HAND)
def test_references_stand_in_the_order_of_the_fields(seed: Seed, noun: str, slug: str) -> None:
    found = [
        (made.path, made.to.kind, made.to.role, made.slug, made.locator)
        for made in made_by(seed.records[noun][slug])
    ]
    assert found == BY_HAND[noun, slug]


def test_miniature_seed_has_a_reference_of_every_role(seed: Seed) -> None:
    found = {(made.to.kind, made.to.role) for record in seed.each() for made in made_by(record)}
    assert found == ROLES


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"citations": "lakeport-gazette-1994"},
        {"citations": ["lakeport-gazette-1994"]},
        {"citations": {"source": "lakeport-gazette-1994"}},
        {"sectors": "lights"},
        {"sectors": [["lights"], {"slug": "lights"}]},
        {"signatories": [None, "ada-lind", []]},
        {"unheard_of": [{"source": "lakeport-gazette-1994"}]},
        "not a record",
        [],
    ],
    ids=str,
)
def test_what_has_the_wrong_form_makes_no_reference(fields: Any) -> None:
    assert list(written_in(KINDS["agreements"].model, fields)) == []


def test_reference_beside_a_mistake_is_found() -> None:
    fields = {"sectors": ["lights", 3], "citations": [{"sauce": "x"}, {"source": "nowhere"}]}
    found = [(made.path, made.slug) for made in written_in(KINDS["agreements"].model, fields)]
    assert found == [(("citations", 1, "source"), "nowhere"), (("sectors", 0), "lights")]
