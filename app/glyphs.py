"""What a font can draw: which characters, and how wide each is.

Of a font file only three tables are read, as the OpenType specification lays them out: `cmap`
(characters to glyphs), `hhea` (how many widths there are) and `hmtx` (the widths). A library that
reads whole fonts would take more memory and time than drawing does.
"""

import struct
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from app.config import ROOT

FOLDER = ROOT / "static" / "fonts"
UNITS = 1000
"""How many units of a font's widths make its size; the same in all of ours."""


@dataclass(frozen=True)
class Font:
    """One font: the family name it is asked for by, and the width of each character."""

    family: str
    path: Path
    widths: dict[str, int]


@cache
def title_font() -> Font:
    """Latin and Cyrillic at display size."""
    return _read("Meeting21 Title", "title.ttf")


@cache
def text_font() -> Font:
    """The same at text size."""
    return _read("Meeting21 Text", "text.ttf")


@cache
def han_font() -> Font:
    """Chinese, with the Latin and Cyrillic that go with it."""
    return _read("Meeting21 Han", "han.otf")


@cache
def can_draw(character: str) -> bool:
    """Whether a title's character has a glyph, in the font of its script or the other."""
    return character in title_font().widths or character in han_font().widths


def _read(family: str, name: str) -> Font:
    path = FOLDER / name
    content = path.read_bytes()
    (count,) = struct.unpack_from(">H", content, 4)
    entries = struct.iter_unpack(">4s4xLL", content[12 : 12 + 16 * count])
    tables = {tag: content[start : start + length] for tag, start, length in entries}
    # `hhea` ends with how many glyphs have a width of their own; the rest repeat the last.
    (own,) = struct.unpack_from(">H", tables[b"hhea"], 34)
    advances = [width for width, _ in struct.iter_unpack(">Hh", tables[b"hmtx"][: 4 * own])]
    return Font(
        family,
        path,
        {
            chr(code): advances[min(glyph, own - 1)]
            for code, glyph in _glyphs(tables[b"cmap"]).items()
        },
    )


def _glyphs(table: bytes) -> dict[int, int]:
    """The glyph of each code point, from the one subtable that our fonts have, in format 12."""
    (start,) = struct.unpack_from(">L", table, 8)
    (groups,) = struct.unpack_from(">L", table, start + 12)
    body = table[start + 16 : start + 16 + 12 * groups]
    return {
        code: first_glyph + code - first
        for first, last, first_glyph in struct.iter_unpack(">LLL", body)
        for code in range(first, last + 1)
    }
