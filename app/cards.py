"""Preview cards: what messengers show of a shared link, as a picture of 1200 by 630 pixels.

A face is laid out, its lines measured and placed; the drawing fills an SVG template, which resvg
draws in our own fonts. The same face makes the same bytes on every machine.

A card is a title page, centred, as some messengers show only the square in its middle.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import groupby

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from resvg_py import svg_to_bytes

from app.config import ROOT
from app.faces import SEPARATOR, CardFace
from app.glyphs import han_font, text_font, title_font
from app.typesetting import Style, balanced, clamped, drawable, is_chinese, style_for

WIDTH, HEIGHT = 1200, 630
MARGIN = 60
"""Nothing is drawn nearer to an edge."""

_MIDDLE = WIDTH // 2
_NARROW, _MEDIUM, _WIDE, _QUOTED = 600, 800, 1000, 920
"""Widths: within the middle square, a little beyond, over the card; of a quote, marks apart."""
_TITLES = (
    *((size, _MEDIUM, 1) for size in (76, 68)),
    *((size, _NARROW, 3) for size in (76, 68, 60)),
    *((size, _WIDE, 9) for size in (60, 54, 48, 43, 39, 36)),
)
_QUOTATIONS = tuple((size, _QUOTED, 9) for size in (60, 54, 48, 43, 39, 36, 33, 30))
"""Sizes, widths and most lines of titles and quotes, the best first."""

_KICKER_BASELINE, _TOP, _BOTTOM, _FOOT_RULE, _FOOT_BASELINE = 82, 120, 494, 518, 560
_BODY, _LABEL, _HAN_LABEL = 29, 23, 26
_COLUMN, _WIDE_COLUMN, _AXIS = 290, 450, 24
"""What stands for one side: how wide in the middle square and beyond, how far from the axis."""
_ACCENT = 74
"""The length of a side's rule."""
_GAP, _NEAR, _CLOSE = 36, 24, 8
_ASCENT, _DESCENT = 0.74, 0.24
"""What stands above and below the base line, in parts of the size."""


@dataclass(frozen=True)
class Run:
    """A piece of a line in one font.

    Each is placed by itself, since resvg sets a whole text in the second font where it has all
    of it, and that would be of another width.
    """

    text: str
    family: str
    x: float
    anchor: str


@dataclass(frozen=True)
class Line:
    """One line of text at its place; `anchor` says which of its ends, or its middle, is at x."""

    text: str
    style: Style
    colour: str
    x: float
    y: float
    anchor: str = "middle"

    @property
    def span(self) -> tuple[float, float]:
        """From where to where it reaches."""
        width = self.style.width(self.text)
        left = self.x - {"start": 0, "middle": width / 2, "end": width}[self.anchor]
        return left, left + width

    @property
    def runs(self) -> list[Run]:
        """What is drawn in one font each; a line that needs one font is drawn as a whole."""
        parts = [(font, "".join(run)) for font, run in groupby(self.text, self.style.font_of)]
        if len(parts) == 1:
            return [Run(self.text, parts[0][0].family, self.x, self.anchor)]
        runs = []
        x = self.span[0]
        for font, text in parts:
            runs.append(Run(text, font.family, x, "start"))
            x += self.style.width(text)
        return runs


@dataclass(frozen=True)
class Rule:
    """One straight line, as the rectangle that it is."""

    x: float
    y: float
    width: float
    height: float
    colour: str


@dataclass(frozen=True)
class Drawing:
    """What is drawn, as high as `height` from its own upper edge."""

    lines: list[Line] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)
    height: float = 0

    def above(self, other: "Drawing", gap: float) -> "Drawing":
        """Both, the other below this, so far from it."""
        by = self.height + gap
        return Drawing(
            [*self.lines, *(replace(line, y=line.y + by) for line in other.lines)],
            [*self.rules, *(replace(rule, y=rule.y + by) for rule in other.rules)],
            by + other.height,
        )


def card(face: CardFace) -> bytes:
    """A face as PNG."""
    svg = _template().render(drawing=laid_out(face), colours=_colours(), width=WIDTH, height=HEIGHT)
    return svg_to_bytes(
        svg_string=svg,
        skip_system_fonts=True,
        font_files=[str(font.path) for font in (title_font(), text_font(), han_font())],
    )


def laid_out(face: CardFace) -> Drawing:
    """Where everything on a card stands."""
    below = _below(face)
    gap = _GAP if below.height else 0
    block = _title(face, _BOTTOM - _TOP - below.height - gap).above(below, gap)
    top = _TOP + (_BOTTOM - _TOP - block.height) / 2
    frame = Drawing(
        [
            _label(face.kicker.upper(), _KICKER_BASELINE, spacing=0.17),
            _label(face.foot, _FOOT_BASELINE, spacing=0.02),
        ],
        [Rule(MARGIN, _FOOT_RULE, WIDTH - 2 * MARGIN, 1, "hairline")],
    )
    return frame.above(block, top)


def _title(face: CardFace, height: float) -> Drawing:
    """The title in the largest size in which it fits, at last with an ellipsis."""
    text = drawable(face.title)
    before, after = map(drawable, face.marks or ("", ""))
    choices = _QUOTATIONS if face.marks else _TITLES
    for size, width, most in choices:
        style = style_for(text, title_font(), size)
        lines = balanced(text + after, style, width)
        if lines and len(lines) <= most and _height(len(lines), style) <= height:
            break
    else:
        count = 1
        while _height(count + 1, style) <= height:
            count += 1
        lines = clamped(text, style, width, count, after)
    if not face.marks:
        return _set(lines, style, "ink")
    left = _MIDDLE - max(map(style.width, lines)) / 2
    block = _set(lines, style, "ink", left, "start")
    hanging = Line(before, style, "ink", left, block.lines[0].y, "end")
    return replace(block, lines=[hanging, *block.lines])


def _below(face: CardFace) -> Drawing:
    """What stands under the title: a gloss, the two sides on their axis, the lines."""
    parts = []
    if face.gloss:
        parts.append(_passage(face.gloss, "ink-soft", 3))
    if face.sides:
        parts.append(_sides(*map(drawable, face.sides)))
    elif face.lines:
        rule = Rule(_MIDDLE - _ACCENT, 0, 2 * _ACCENT, 1, "ink-soft")
        parts.append(Drawing(rules=[rule], height=1))
    for at, line in enumerate(face.lines):
        passage = _passage(line, "ink-soft" if at or face.sides else "ink")
        parts[-1:] = [parts[-1].above(passage, _CLOSE if at else _NEAR)]
    drawing = Drawing()
    for part in parts:
        drawing = drawing.above(part, _NEAR) if drawing.height else part
    return drawing


def _passage(text: str, colour: str, count: int = 2) -> Drawing:
    """A text in the size of the body, in so many lines at most.

    What is joined in one line is kept in one a little beyond the square: two would part a name.
    """
    text = drawable(text)
    style = style_for(text, text_font(), _BODY)
    if SEPARATOR in text and style.width(text) <= _MEDIUM:
        return _set([text], style, colour)
    return _set(_within(text, style, (_NARROW, _WIDE), count), style, colour)


def _sides(first: str, second: str) -> Drawing:
    """The two sides, each in its colour, to the left and to the right of the axis."""
    columns: list[Drawing] = []
    for text, colour, x, anchor in (
        (first, "first-side", _MIDDLE - _AXIS, "end"),
        (second, "second-side", _MIDDLE + _AXIS, "start"),
    ):
        style = style_for(text, text_font(), _BODY)
        column = _within(text, style, (_COLUMN, _WIDE_COLUMN), 2)
        columns.append(_set(column, style, colour, x, anchor))
    rules = [
        Rule(_MIDDLE - _ACCENT, 0, _ACCENT, 3, "first-side"),
        Rule(_MIDDLE, 0, _ACCENT, 3, "second-side"),
    ]
    height = max(column.height for column in columns)
    axis = Rule(_MIDDLE, 0, 1, height, "hairline")
    lines = [line for column in columns for line in column.lines]
    return Drawing(rules=rules, height=3).above(Drawing(lines, [axis], height), _NEAR)


def _label(text: str, y: float, spacing: float) -> Line:
    """One small line, letterspaced by so much of its size."""
    text = drawable(text)
    size = _HAN_LABEL if is_chinese(text) else _LABEL
    style = style_for(text, text_font(), size, spacing * size)
    (line,) = clamped(text, style, _WIDE, 1)
    return Line(line, style, "ink-soft", _MIDDLE, y)


def _within(text: str, style: Style, widths: Iterable[int], count: int) -> list[str]:
    """A text in so many lines: in the first width that holds it, or else cut in the last."""
    width = 0
    for width in widths:
        lines = balanced(text, style, width)
        if lines and len(lines) <= count:
            return lines
    return clamped(text, style, width, count)


def _set(
    lines: Sequence[str], style: Style, colour: str, x: float = _MIDDLE, anchor: str = "middle"
) -> Drawing:
    """Lines under each other."""
    first = _ASCENT * style.size
    placed = [
        Line(text, style, colour, x, first + at * _leading(style), anchor)
        for at, text in enumerate(lines)
    ]
    return Drawing(placed, height=_height(len(lines), style))


def _height(count: int, style: Style) -> float:
    return (count - 1) * _leading(style) + (_ASCENT + _DESCENT) * style.size


def _leading(style: Style) -> float:
    """From base line to base line; Chinese fills its squares and wants more."""
    return style.size * (1.34 if style.fonts[0] is han_font() else 1.2)


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(ROOT / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    return environment.get_template("figures/card.svg")


@cache
def _colours() -> dict[str, str]:
    """The colours of the pages by day: the first that the tokens declare under each name."""
    tokens = (ROOT / "static" / "css" / "tokens.css").read_text(encoding="utf-8")
    colours: dict[str, str] = {}
    for name, colour in re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", tokens):
        colours.setdefault(name, colour)
    return colours
