"""Plain text to lines of a measured width: what can be drawn, where it may break, how it is cut.

Chinese breaks between any two characters, but no line begins with a closing mark or ends with an
opening one (GB/T 15834-2011, section 5.1, and W3C's Requirements for Chinese Text Layout,
section 3.1.2); Latin and Cyrillic break at spaces, and within a word after its hyphen.
"""

import re
import unicodedata
from dataclasses import dataclass
from itertools import filterfalse

from app.glyphs import UNITS, Font, can_draw, han_font

ELLIPSIS = "…"
SUBSTITUTE = "□"
"""Stands for a character that no font of ours has, so that its lack is seen."""

_NOT_FIRST = frozenset("，。、；：？！）》〉」』】〕〗”’…·—–-％%,.;:?!)]}»")
_NOT_LAST = frozenset("（《〈「『【〔〖“‘([{«№")
_NUMERALS = frozenset("0123456789第一二三四五六七八九十百千万")
_COUNTED = _NUMERALS | frozenset("次届年月日个")
"""Chinese numbers and what follows them: 第二十一次, 2016年, 7日 stay together."""
_DOTTED_NAME = re.compile(r"[^\W\d]+(?:·[^\W\d]+)+")
"""A name carried over into Chinese breaks between its parts only."""
_NARROW = str.maketrans({"\u202f": "\u00a0", "\u2011": "-"})
_STRAY = " \u00a0,;:，；：、—–-"
"""What does not stand before an ellipsis."""


@dataclass(frozen=True)
class Style:
    """How a text is set: in which font, which other draws what that one lacks, how large."""

    fonts: tuple[Font, Font]
    size: float
    spacing: float = 0

    def font_of(self, character: str) -> Font:
        """Which of the fonts draws a character."""
        first, second = self.fonts
        return first if character in first.widths else second

    def width(self, text: str) -> float:
        """How wide a text is, kerning apart, which is slight."""
        units = sum(self.font_of(character).widths[character] for character in text)
        return units * self.size / UNITS + self.spacing * len(text)


def style_for(text: str, font: Font, size: float, spacing: float = 0) -> Style:
    """The style of a text that is Chinese as a whole, or else set in the font given."""
    han = han_font()
    return Style((han, font) if is_chinese(text) else (font, han), size, spacing)


def is_chinese(text: str) -> bool:
    """Whether most letters of a text are wide ones: Chinese, with them Japanese and Korean."""
    letters = [character for character in text if character.isalpha()]
    return 2 * sum(map(_is_wide, letters)) > len(letters)


def drawable(text: str) -> str:
    """A text in one line and in characters that have a glyph.

    Controls (those of direction among them), joiners and variation selectors are left out;
    a letter or sign without glyph becomes the substitute.
    """
    shown = "".join(
        " " if _is_space(character) else character if can_draw(character) else SUBSTITUTE
        for character in _composed(text)
        if _is_space(character) or unicodedata.category(character)[0] not in {"C", "M"}
    )
    return " ".join(part for part in shown.split(" ") if part)


def undrawable(text: str) -> list[str]:
    """The characters of a text that its drawing lacks, each once."""
    lacking = filterfalse(can_draw, dict.fromkeys(_composed(text)))
    return [character for character in lacking if not _is_space(character)]


def pieces_of(text: str) -> list[str]:
    """A text cut wherever a line may end; put together again, the pieces are the text."""
    if _DOTTED_NAME.fullmatch(text):
        return re.findall(r"[^·]+·?", text)
    pieces: list[str] = []
    start = 0
    for at in range(1, len(text)):
        if _may_break(text, at):
            pieces.append(text[start:at])
            start = at
    return [*pieces, text[start:]]


def wrapped(text: str, style: Style, width: float) -> list[str] | None:
    """The fewest lines that hold a text, or None where one of its words is too wide for any."""
    lines = [""]
    taken = 0.0
    for piece in pieces_of(text):
        bare = style.width(piece.rstrip(" "))
        if bare > width:
            return None
        if taken + bare > width:
            lines.append("")
            taken = 0
        lines[-1] += piece
        taken += style.width(piece)
    return [line.rstrip(" ") for line in lines]


def balanced(text: str, style: Style, width: float) -> list[str] | None:
    """The same number of lines, as even in length as their words allow."""
    lines = wrapped(text, style, width)
    if lines is None:
        return None
    low, high = 0, round(width)
    while low < high:
        middle = (low + high) // 2
        narrower = wrapped(text, style, middle)
        if narrower is not None and len(narrower) == len(lines):
            high = middle
        else:
            low = middle + 1
    return wrapped(text, style, high) or lines


def clamped(text: str, style: Style, width: float, count: int, end: str = "") -> list[str]:
    """At most so many lines: what is too much gives way to an ellipsis, and `end` is kept.

    A word that is wider than a line is broken.
    """
    whole = wrapped(text + end, style, width)
    if whole is not None and len(whole) <= count:
        return whole
    # The longest beginning that fits; a longer one never fits where a shorter does not.
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if len(_forced(_cut(text, middle) + end, style, width)) <= count:
            low = middle
        else:
            high = middle - 1
    return _forced(_cut(text, low) + end, style, width)


def _cut(text: str, length: int) -> str:
    """The beginning of a text, ended at the last place for it, with an ellipsis."""
    if length == len(text):
        return text
    ends = [at for at in range(max(1, length - 24), length + 1) if _may_break(text, at)]
    return text[: ends[-1] if ends else length].rstrip(_STRAY) + ELLIPSIS


def _forced(text: str, style: Style, width: float) -> list[str]:
    """Lines of a text, words that are too wide broken between any two characters."""
    lines = [""]
    for piece in pieces_of(text):
        if style.width((lines[-1] + piece).rstrip(" ")) <= width:
            lines[-1] += piece
            continue
        if lines[-1]:
            lines.append("")
        for character in piece:
            if lines[-1] and style.width((lines[-1] + character).rstrip(" ")) > width:
                lines.append("")
            lines[-1] += character
    return [line.rstrip(" ") for line in lines]


def _may_break(text: str, at: int) -> bool:
    """Whether a line may end before the character at a place."""
    before, after = text[at - 1], text[at]
    if after == " " or after in _NOT_FIRST or before in _NOT_LAST:
        return False
    if before in _NUMERALS and after in _COUNTED:
        return False
    if before in "年月" and after.isdigit():
        # A day is one word: 2016年11月7日.
        return False
    if before == " ":
        # A word of one letter stays with the next: a preposition in Russian, an article.
        alone = text[max(0, at - 3) : at - 1].lstrip(" \u00a0(«“")
        return not (len(alone) == 1 and alone.isalpha() and not _is_wide(alone))
    if before in "-–—/":
        return after.isalpha()
    return _is_wide(before) or _is_wide(after)


def _composed(text: str) -> str:
    """A text with its letters and their accents in one character, where there is one."""
    return unicodedata.normalize("NFC", text).translate(_NARROW)


def _is_space(character: str) -> bool:
    """Whether it is a space, a line's end or the like; one that does not break is a character."""
    return character.isspace() and character != "\u00a0"


def _is_wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in {"W", "F"}
