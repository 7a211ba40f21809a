"""The geometry of the figures: from plain values to marks, lines and labels, each in its place.

Lengths are CSS pixels at the reader's usual text size; the same input gives the same numbers.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal
from unicodedata import combining, east_asian_width

WIDE, NARROW = 968, 288
"""The widths that figures are drawn for: a page with side notes, and the narrowest screen."""

TEXT = 12
"""The size of a label's text."""

ROW = 24
"""From one label to the next: as far apart as WCAG 2.2, 2.5.8 asks of targets."""

LINE = 16
"""From one line of a label to the next."""

Anchor = Literal["start", "middle", "end"]

_ASCENT, _DESCENT = 0.95, 0.3
_BOLD = 1.15
_ADVANCES = (
    ("ijl'’‘|,.:;· ", 0.38),
    ("frtI()[]-/!", 0.47),
    ("ckszvxy", 0.61),
    ('“”"«»?', 0.64),
    ("mwMW%@—…&", 1.02),
    ("дмфыюшщж", 0.96),
    ("ЖМФЫЮШЩ", 1.12),
)
_REST = 0.6
"""How much of its room a text has at most for what tells it apart."""

_ADVANCE = {character: advance for characters, advance in _ADVANCES for character in characters}
_FULL, _CAPITAL, _USUAL, _OTHER = 1.0, 0.8, 0.66, 1.3
_LAST_MEASURED = "ӿ"


_DANGLING = re.compile(r"(?:(?<=\S) (?:[^\W\d_A-ZА-Я]{1,3}|from|that|with|между|через))+ ?$")
"""The prepositions, articles and conjunctions that no shortened text ends on; in the languages
with spaces nearly all are the short words that begin small."""


@dataclass(frozen=True)
class Label:
    """One line of text: `y` is its base line; `whole` is the text it was shortened from."""

    x: float
    y: float
    text: str
    whole: str
    anchor: Anchor = "start"
    is_bold: bool = False

    @property
    def is_shortened(self) -> bool:
        """Whether it says less than it was to say."""
        return self.text != self.whole

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of the room that the text takes at most."""
        width = text_width(self.text, is_bold=self.is_bold)
        left = self.x - {"start": 0.0, "middle": width / 2, "end": width}[self.anchor]
        return left, self.y - TEXT * _ASCENT, left + width, self.y + TEXT * _DESCENT


def text_width(text: str, *, is_bold: bool = False) -> float:
    """The most room that a text takes, in the widest of the usual sans serifs."""
    width = TEXT * sum(map(_advance, text)) * (_BOLD if is_bold else 1)
    return round(width, 1)


def _advance(character: str) -> float:
    if character in _ADVANCE:
        return _ADVANCE[character]
    if combining(character):
        return 0.0
    if east_asian_width(character) in {"W", "F"} and ord(character) < 0x10000:
        return _FULL
    if character > _LAST_MEASURED:
        return _OTHER
    return _CAPITAL if character.isupper() else _USUAL


def fitted(text: str, room: float, *, is_bold: bool = False) -> str:
    """A text, or as much of it as there is room for, with an ellipsis for the rest."""
    if text_width(text, is_bold=is_bold) <= room:
        return text
    kept = text
    while kept and text_width(f"{kept}…", is_bold=is_bold) > room:
        kept = kept[:-1]
    # Between words where that loses little; Chinese has no spaces to cut at.
    space = kept.rfind(" ")
    if space > len(kept) * 2 // 3 and not text[len(kept)].isspace():
        kept = kept[:space]
    return _DANGLING.sub("", kept.rstrip(" —–")).rstrip(" ,;:.，；：。、—–") + "…"


def told_apart(texts: Sequence[str], room: float, bold: str | None = None) -> list[str]:
    """Texts fitted to one room so that those that begin alike keep what differs.

    Such a text ends in the words by which it differs from the one that it shares most with, and
    gives up what stands before them. `bold` is the one that is set so.
    """

    def fit(text: str, room: float) -> str:
        return fitted(text, room, is_bold=text == bold)

    shown = [fitted(text, room) for text in texts]
    told: list[str] = []
    for text, short in zip(texts, shown, strict=True):
        alike = {
            other for other, its in zip(texts, shown, strict=True) if its == short and other != text
        }
        if not alike:
            told.append(fit(text, room))
            continue
        same = max(_beginning(text, other) for other in alike)
        rest = fit(text[text.rfind(" ", 0, same) + 1 :], room * _REST)
        left = room - text_width(f" {rest}", is_bold=text == bold)
        told.append(f"{fit(text, left)} {rest}")
    return told


def _beginning(one: str, other: str) -> int:
    """How many characters two texts begin with alike."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (its, others) in pairs if its != others), min(len(one), len(other)))


def in_lines(text: str, room: float, most: int) -> list[str]:
    """A text broken into lines that fit; the last of `most` lines is shortened if need be."""
    lines: list[str] = []
    rest = text
    while len(lines) < most - 1 and text_width(rest) > room:
        end = len(rest)
        while end > 1 and text_width(rest[:end].rstrip()) > room:
            end -= 1
        space = rest.rfind(" ", 0, end + 1)
        # Chinese has no spaces to break at.
        end = space if space > 0 else end
        lines.append(rest[:end].rstrip())
        rest = rest[end:].lstrip()
    return [*lines, fitted(rest, room)]


def spread(wanted: Sequence[float], gap: int, first: int, last: int | None = None) -> list[int]:
    """Places as near as can be to those wanted, in the same order, never nearer than a gap.

    The least change of all, by squares (isotonic regression: pool adjacent violators). None
    lies before `first`, and none after `last` where there is room for all.
    """
    pools: list[tuple[float, int]] = []
    for position, place in enumerate(wanted):
        total, number = place - position * gap, 1
        while pools and pools[-1][0] / pools[-1][1] >= total / number:
            earlier, others = pools.pop()
            total, number = total + earlier, number + others
        pools.append((total, number))
    free = [total / number for total, number in pools for _ in range(number)]
    if last is not None:
        free = [min(place, last - (len(free) - 1) * gap) for place in free]
    return [max(round(place), first) + position * gap for position, place in enumerate(free)]


# Bars


def bar(value: int, most: int, width: int) -> float:
    """How long a value's bar is, where the greatest value's is as long as the width."""
    return round(value * width / most, 1) if most else 0.0


# The web of connections


@dataclass(frozen=True)
class Item:
    """Something that is tied to others: `key` names it, `text` is what it is called."""

    key: int
    text: str


@dataclass(frozen=True)
class Block:
    """Items under one heading, in order."""

    heading: str
    items: Sequence[Item]


@dataclass(frozen=True)
class Node:
    """An item in its place; `radius` grows with its ties.

    `edge` is where curves to the right leave the middle column; those outside have none.
    """

    key: int
    x: int
    y: int
    radius: float
    label: Label
    edge: int | None


@dataclass(frozen=True)
class Strand:
    """The curves from one node to others, as the data of one path; direct ones touch the focus."""

    key: int
    ends: tuple[int, ...]
    path: str
    is_direct: bool


@dataclass(frozen=True)
class Web:
    """The whole: three columns of nodes, with curves between neighbouring ones.

    `leads` join a label of the middle, from `x` at `y`, with where its curves begin.
    """

    width: int
    height: int
    headings: tuple[Label, ...]
    nodes: tuple[Node, ...]
    leads: tuple[tuple[float, int, int], ...]
    strands: tuple[Strand, ...]


_LEFT_MOST, _RIGHT_MOST, _GAP = 160, 230, 68
_TO_LABEL = 10
_HEADING = ROW // 3
_FIRST = _HEADING + ROW


def web(
    outside: tuple[Block, Block],
    middle: Sequence[Block],
    ties: Iterable[tuple[int, int]],
    focus: int | None = None,
) -> Web:
    """Items in three columns, tied to items of a neighbouring or of their own column.

    The middle keeps its order; the others lie as near to what they are tied to as labels
    without overlap allow. A column without items leaves its room to the middle.
    """
    pairs = list(dict.fromkeys(ties))
    left, right = _room(outside[0], _LEFT_MOST), _room(outside[1], _RIGHT_MOST)
    rows = _stacked(middle)
    ys = {item.key: y for item, y in rows}
    bottom = max([_HEADING, *ys.values()])
    start = left + _GAP if left > _TO_LABEL else _GAP // 2
    stop = WIDE - (right + _GAP if right > _TO_LABEL else 0)
    inside = _Column(start, "start", stop - start - _TO_LABEL - ROW, stop)
    degrees = Counter(key for pair in pairs for key in pair)
    headings = [inside.heading(block.heading) for block in middle[:1]]
    nodes = inside.nodes(rows, degrees, focus)
    for block, column in (
        (outside[0], _Column(left, "end", left - _TO_LABEL)),
        (outside[1], _Column(WIDE - right, "start", right - _TO_LABEL)),
    ):
        if block.items:
            headings.append(column.heading(block.heading))
            nodes += column.nodes(_settled(block, pairs, ys, bottom), degrees, focus)
    height = max([bottom, *(node.y for node in nodes)]) + ROW // 2
    strands = _strands(nodes, pairs, focus)
    on_right = {item.key for item in outside[1].items}
    led = {key for pair in pairs if on_right.intersection(pair) for key in pair}
    leads = tuple(
        (round(node.label.box[2] + 4, 1), node.y, node.edge)
        for node in nodes
        if node.edge is not None and node.key in led
    )
    return Web(WIDE, height, tuple(headings), tuple(nodes), leads, tuple(strands))


@dataclass(frozen=True)
class _Column:
    """Where a column's marks stand, and how its labels; `edge` as that of its nodes."""

    x: int
    anchor: Anchor
    room: int
    edge: int | None = None

    def heading(self, text: str) -> Label:
        """What stands over the column, at the height of all headings."""
        return self._label(text, fitted(text, self.room), _HEADING)

    def nodes(
        self, rows: Iterable[tuple[Item, int]], degrees: Mapping[int, int], focus: int | None
    ) -> list[Node]:
        """Items in their rows."""
        rows = list(rows)
        texts = [item.text for item, _ in rows]
        bold = next((item.text for item, _ in rows if item.key == focus), None)
        return [
            Node(
                item.key,
                self.x,
                y,
                round(1.5 + degrees[item.key] ** 0.5 * 0.8, 1) if self.edge is None else 3.0,
                self._label(item.text, shown, y, is_bold=item.key == focus),
                self.edge,
            )
            for (item, y), shown in zip(rows, told_apart(texts, self.room, bold), strict=True)
        ]

    def _label(self, text: str, shown: str, y: int, *, is_bold: bool = False) -> Label:
        x = self.x + (-_TO_LABEL if self.anchor == "end" else _TO_LABEL)
        return Label(x, y + TEXT // 3, shown, text, self.anchor, is_bold)


def _room(block: Block, most: int) -> int:
    """The room of a column on the outside: what its longest text takes, within bounds."""
    texts = [block.heading, *(item.text for item in block.items)] if block.items else []
    longest = max([text_width(text, is_bold=True) for text in texts], default=-1.0)
    return min(most, _TO_LABEL + int(longest) + 1)


def _stacked(blocks: Sequence[Block]) -> list[tuple[Item, int]]:
    """A row for each item under the column's heading, and some space between blocks."""
    rows: list[tuple[Item, int]] = []
    y = _FIRST
    for block in blocks:
        for item in block.items:
            rows.append((item, y))
            y += ROW
        y += ROW // 3
    return rows


def _settled(
    block: Block, pairs: Iterable[tuple[int, int]], ys: Mapping[int, int], bottom: int
) -> list[tuple[Item, int]]:
    """A block's items by where their ties lie, and the row of each."""
    tied: dict[int, list[int]] = defaultdict(list)
    for one, other in pairs:
        for here, there in ((one, other), (other, one)):
            if there in ys:
                tied[here].append(ys[there])
    mean = {key: sum(places) / len(places) for key, places in tied.items()}
    wanted = sorted((mean.get(item.key, bottom), at) for at, item in enumerate(block.items))
    places = spread([place for place, _ in wanted], ROW, _FIRST, bottom)
    return [(block.items[at], y) for (_, at), y in zip(wanted, places, strict=True)]


def _strands(
    nodes: Iterable[Node], pairs: Iterable[tuple[int, int]], focus: int | None
) -> Iterable[Strand]:
    """The curves of each node on the outside, and of each within the middle to others there."""
    by_key = {node.key: node for node in nodes}
    ends: dict[tuple[int, bool], list[int]] = defaultdict(list)
    for one, other in pairs:
        # The hub of a fan is on the outside; only the middle has an edge.
        hub, end = (one, other) if by_key[one].edge is None else (other, one)
        ends[hub, focus in {hub, end}].append(end)
    for (key, is_direct), others in ends.items():
        path = "".join(_curve(by_key[key], by_key[other]) for other in others)
        yield Strand(key, tuple(others), path, is_direct)


def _curve(hub: Node, end: Node) -> str:
    """From a hub to an end: between columns an S, within one a bow, the wider the further."""
    if hub.x == end.x:
        out = min(_GAP // 2, TEXT + abs(hub.y - end.y) // 10)
        bend = hub.x + (out if hub.label.anchor == "end" else -out)
        return f"M{hub.x} {hub.y}C{bend} {hub.y} {bend} {end.y} {end.x} {end.y}"
    x = end.x if hub.x < end.x or end.edge is None else end.edge
    half = (hub.x + x) // 2
    return f"M{hub.x} {hub.y}C{half} {hub.y} {half} {end.y} {x} {end.y}"


# The timeline


@dataclass(frozen=True)
class Moment:
    """One moment of a day; `time` is a word such as “morning”, or nothing."""

    key: Hashable
    text: str
    time: str


@dataclass(frozen=True)
class PlacedMoment:
    """A moment with the lines of its label."""

    key: Hashable
    x: int
    y: int
    time: Label | None
    lines: tuple[Label, ...]
    whole: str


@dataclass(frozen=True)
class Day:
    """A day's heading, with the line that joins its moments."""

    label: Label
    rule: tuple[int, int, int]
    spine: tuple[int, int, int]
    moments: tuple[PlacedMoment, ...]


@dataclass(frozen=True)
class Programme:
    """Days beside each other, moments below each other: an order, and no scale."""

    width: int
    height: int
    days: tuple[Day, ...]


_BETWEEN = 24
_MOMENT_LINES = 3


def programme(days: Sequence[tuple[str, Sequence[Moment]]], width: int, columns: int) -> Programme:
    """Days as columns, or below each other where there are more than columns."""
    columns = max(1, min(columns, len(days)))
    column = (width - _BETWEEN * (columns - 1)) // columns
    times = [text_width(moment.time) for _, moments in days for moment in moments]
    before = min(int(max([0.0, *times])) + 1, column // 3)
    placed: list[Day] = []
    top = 0
    for first in range(0, len(days), columns):
        row = [
            _day(day, moments, _Frame(place * (column + _BETWEEN), top, column, before))
            for place, (day, moments) in enumerate(days[first : first + columns])
        ]
        placed += row
        top = max(day.spine[2] for day in row) + ROW
    return Programme(width, max(0, top - ROW // 2), tuple(placed))


@dataclass(frozen=True)
class _Frame:
    """The room of one day: `before` is what its times take."""

    left: int
    top: int
    room: int
    before: int


def _day(name: str, moments: Sequence[Moment], frame: _Frame) -> Day:
    left, right = frame.left, frame.left + frame.room
    x = left + frame.before + _TO_LABEL
    under = frame.top + ROW
    y = under + ROW
    placed: list[PlacedMoment] = []
    for moment in moments:
        wordings = in_lines(moment.text, right - x - _TO_LABEL, _MOMENT_LINES)
        lines = tuple(
            Label(x + _TO_LABEL, y + TEXT // 3 + line * LINE, text, text)
            for line, text in enumerate(wordings)
        )
        time = fitted(moment.time, frame.before)
        at = Label(left + frame.before, y + TEXT // 3, time, moment.time, "end") if time else None
        placed.append(PlacedMoment(moment.key, x, y, at, lines, moment.text))
        y += ROW + 4 + (len(lines) - 1) * LINE
    label = Label(left, under - 8, fitted(name, frame.room), name)
    return Day(label, (left, right, under), (x, under, y - ROW), tuple(placed))


@dataclass(frozen=True)
class Meeting:
    """One of a series: `begin` and `end` are years and parts of years, as near as is known."""

    key: Hashable
    text: str
    place: str
    begin: float
    end: float
    is_this: bool = False


@dataclass(frozen=True)
class PlacedMeeting:
    """A meeting on the axis; `extent` is the time that it may have been held in."""

    key: Hashable
    x: float
    y: float
    extent: tuple[float, float]
    label: Label


@dataclass(frozen=True)
class Axis:
    """Meetings by time; `lanes` are hairlines with a label, `ticks` the years."""

    width: int
    height: int
    lanes: tuple[Label, ...]
    ticks: tuple[Label, ...]
    marks: tuple[PlacedMeeting, ...]
    edge: int


_LANE = 34
_STEPS = (1, 2, 5, 10, 20, 50, 100)


def lanes(meetings: Sequence[Meeting]) -> Axis:
    """Time from left to right, a lane for each place in order of its first meeting."""
    names = _lanes_of(meetings)
    order = list(dict.fromkeys(names))
    edge = min(int(max([0.0, *map(text_width, order)])) + ROW, WIDE // 4)
    scale = _Scale(meetings, edge + ROW * 3 // 4, WIDE - ROW * 3 // 4)
    marks: dict[Hashable, PlacedMeeting] = {}
    labels: list[Label] = []
    for row, lane in enumerate(order):
        y = _LANE * (row + 1) - TEXT // 2
        labels.append(Label(0, y + TEXT // 3, fitted(lane, edge - TEXT), lane))
        here = [meeting for meeting, name in zip(meetings, names, strict=True) if name == lane]
        wanted = [scale.at(meeting) for meeting in here]
        room = scale.stop - scale.start
        gap = min(ROW, int(room / max(1, len(here) - 1)))
        for meeting, x, true in zip(
            here, spread(wanted, gap, scale.start, scale.stop), wanted, strict=True
        ):
            label = Label(x, y - 8, meeting.text, meeting.text, "middle", meeting.is_this)
            marks[meeting.key] = PlacedMeeting(meeting.key, true, y, scale.extent(meeting), label)
    height = _LANE * len(order) + ROW
    ticks = tuple(
        Label(x, height - TEXT // 2, year, year, "middle") for year, x in scale.ticks(3 * ROW)
    )
    ordered = tuple(marks[meeting.key] for meeting in meetings)
    return Axis(WIDE, height, tuple(labels), ticks, ordered, edge)


def ladder(meetings: Sequence[Meeting]) -> Axis:
    """The same from top to bottom for a narrow page: a label beside each mark."""
    edge = 4 * TEXT
    years = max([1.0, *(later.end - meetings[0].begin for later in meetings)])
    length = max(int(years * (ROW + 2)), ROW * len(meetings))
    scale = _Scale(meetings, ROW // 2, ROW // 2 + length)
    wanted = [scale.at(meeting) for meeting in meetings]
    marks = tuple(
        PlacedMeeting(
            meeting.key, edge, true, scale.extent(meeting), _beside(meeting, place, edge, y)
        )
        for meeting, place, y, true in zip(
            meetings,
            _lanes_of(meetings),
            spread(wanted, ROW, scale.start, scale.stop),
            wanted,
            strict=True,
        )
    )
    ticks = tuple(Label(0, round(y + TEXT / 3, 1), year, year) for year, y in scale.ticks(2 * ROW))
    return Axis(NARROW, scale.stop + ROW // 2, (), ticks, marks, edge)


def _beside(meeting: Meeting, place: str, edge: int, y: int) -> Label:
    whole = f"{meeting.text} · {place}"
    text = fitted(whole, NARROW - edge - ROW, is_bold=meeting.is_this)
    return Label(edge + ROW, y + TEXT // 3, text, whole, "start", meeting.is_this)


def _lanes_of(meetings: Sequence[Meeting]) -> list[str]:
    """The lane of each meeting: a house in a town that has a lane belongs to the town."""
    towns = {meeting.place for meeting in meetings}
    return [
        next((town for town in sorted(towns) if meeting.place.endswith(f", {town}")), meeting.place)
        for meeting in meetings
    ]


def extent(day: str) -> tuple[float, float]:
    """The beginning and the end of a partial date, in years and parts of years."""
    year, *rest = (int(part) for part in day.split("-"))
    if not rest:
        return float(year), year + 1.0
    months = year + (rest[0] - 1) / 12
    if len(rest) == 1:
        return months, months + 1 / 12
    exact = months + (rest[1] - 0.5) / 372
    return exact, exact


class _Scale:
    """From years to lengths, between the first and the last year of some meetings."""

    def __init__(self, meetings: Sequence[Meeting], start: int, stop: int) -> None:
        self.start, self.stop = start, stop
        self.first = int(min((meeting.begin for meeting in meetings), default=0))
        self.last = int(max((meeting.end for meeting in meetings), default=0) + 0.999)
        self.last = max(self.last, self.first + 1)

    def place(self, year: float) -> float:
        """Where a year, or a part of it, lies."""
        share = (year - self.first) / (self.last - self.first)
        return round(self.start + share * (self.stop - self.start), 1)

    def at(self, meeting: Meeting) -> float:
        """Where a meeting lies: in the middle of the time it may have been held in."""
        return self.place((meeting.begin + meeting.end) / 2)

    def extent(self, meeting: Meeting) -> tuple[float, float]:
        """The time that a meeting may have been held in."""
        return self.place(meeting.begin), self.place(meeting.end)

    def ticks(self, least: int) -> Iterable[tuple[str, float]]:
        """Round years, and where they lie, not nearer than a least length."""
        years = self.last - self.first
        each = (self.stop - self.start) / years
        step = next((step for step in _STEPS if step * each >= least), years)
        begin = -(-self.first // step) * step
        return [(str(year), self.place(year)) for year in range(begin, self.last + 1, step)]
