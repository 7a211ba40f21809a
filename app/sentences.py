"""What each field of a model is: the sentence under it in the source, read once it is asked for.

Pydantic (`use_attribute_docstrings`) reads the source of every model whenever the program starts,
though next to nothing that it does tells what its data is; that takes a fifteenth of the start.
"""

import ast
import inspect
import sys
from collections.abc import Mapping
from functools import cache
from itertools import pairwise

from pydantic import BaseModel


def sentences_of(model: type[BaseModel]) -> Mapping[str, str]:
    """The sentence under each field of a model that has one, by the field's name."""
    told: dict[str, str] = {}
    for one in reversed(model.__mro__):
        if one.__module__.partition(".")[0] == __name__.partition(".")[0]:
            told |= _written_in(one.__module__).get(one.__name__, {})
    return told


@cache
def _written_in(module: str) -> dict[str, dict[str, str]]:
    """The sentences in the source of a module, by class and field."""
    source = ast.parse(inspect.getsource(sys.modules[module]))
    classes = (node for node in source.body if isinstance(node, ast.ClassDef))
    return {one.name: dict(_under_fields(one)) for one in classes}


def _under_fields(of_class: ast.ClassDef) -> list[tuple[str, str]]:
    return [
        (field.target.id, inspect.cleandoc(under.value.value))
        for field, under in pairwise(of_class.body)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(under, ast.Expr) and isinstance(under.value, ast.Constant)
        if isinstance(under.value.value, str)
    ]
