"""The sentences under the fields of the models: each is found, and told of its own field."""

import pytest
from pydantic import BaseModel

from app.kinds import KINDS
from app.models import Agreement, Citation, Record
from app.sentences import sentences_of
from app.values import Part, Wording

PARTS = (part for part in Part.__subclasses__() if part.__module__.startswith("app."))
MODELS = (*(kind.model for kind in KINDS.values()), *PARTS)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_field_says_what_it_is(model: type[BaseModel]) -> None:
    """But the three standings of a wording, which the class itself tells of."""
    told = sentences_of(model)
    assert told.keys() == (set() if model is Wording else set(model.model_fields))
    assert all(sentence.endswith(".") for sentence in told.values())


def test_a_field_has_the_sentence_under_it() -> None:
    assert sentences_of(Citation) == {
        "source": "The source that is used.",
        "locator": "The place inside the source, only where the passage itself was seen.",
        "fields": (
            "The fields of the record that the source supports; none where it supports the whole."
        ),
    }


def test_what_every_record_has_is_told_of_each() -> None:
    assert sentences_of(Record).items() < sentences_of(Agreement).items()
