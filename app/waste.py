"""The search for objects that only hold each other, put off where next to none are made."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_NEW_OBJECTS = 20_000
"""After how many new objects it is made. Usual are some hundreds: a page has thrice as many, and
takes a twentieth longer for it."""


@contextmanager
def seldom_searched() -> Iterator[None]:
    """Search seldom until the end of a `with` statement, for work that is done a thousand times."""
    usual = gc.get_threshold()
    gc.set_threshold(_NEW_OBJECTS, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)
