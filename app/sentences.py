"""What each field of a model is: the sentence under it in the source, found once it is asked for.

Pydantic (`use_attribute_docstrings`) would look for them whenever the program starts, though next
to nothing that it does tells what its data is; that took a twentieth of the start.
"""

import ast
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from itertools import pairwise
from pathlib import Path
from types import ModuleType

from pydantic import BaseModel

from app import models, values


def _source_of(module: ModuleType) -> str:
    """The source of a module; nothing where it is not there."""
    with suppress(OSError):
        return Path(str(module.__file__)).read_text(encoding="utf-8")
    return ""


# As they are now: by the time they are asked for, another program may have been put there.
_SOURCES = {module.__name__: _source_of(module) for module in (values, models)}


def sentences_of(model: type[BaseModel]) -> Mapping[str, str]:
    """The sentence under each field of a model that has one, by the field's name."""
    told: dict[str, str] = {}
    for one in reversed(model.__mro__):
        if one.__module__ in _SOURCES:
            told |= _written_in(one.__module__).get(one.__name__, {})
    return told


@cache
def _written_in(module: str) -> dict[str, dict[str, str]]:
    """The sentences in the source of a module, by class and field."""
    classes = (node for node in ast.parse(_SOURCES[module]).body if isinstance(node, ast.ClassDef))
    return {one.name: dict(_under_fields(one)) for one in classes}


def _under_fields(of_class: ast.ClassDef) -> list[tuple[str, str]]:
    return [
        (field.target.id, under.value.value)
        for field, under in pairwise(of_class.body)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(under, ast.Expr) and isinstance(under.value, ast.Constant)
        if isinstance(under.value.value, str)
    ]
