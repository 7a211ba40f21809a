"""What a question finds: the records themselves, as SQLAlchemy would give them."""

import pytest
from conftest import Site
from sqlmodel import select

from app import queries
from app.database import open_database
from app.kinds import KINDS, kind_of


@pytest.mark.parametrize("noun", KINDS)
def test_a_found_record_is_the_one_that_is_kept(world_site: Site, noun: str) -> None:
    with open_database(world_site.database)[0] as session:
        for kept in session.exec(select(KINDS[noun].model)):
            found = queries.record(session, noun, kept.slug)
            assert isinstance(found, KINDS[noun].model)
            assert kind_of(found) is kind_of(kept) is KINDS[noun]
            assert found.model_dump() == kept.model_dump()
            assert {name: getattr(found, name) for name in type(kept).model_fields} == {
                name: getattr(kept, name) for name in type(kept).model_fields
            }
            assert not hasattr(found, "unheard_of")
