"""The table: what is measured against what, and what each ratio is to reach."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median


@dataclass(frozen=True)
class Place:
    """Where things are measured: the project, a folder for all that is made, our database."""

    root: Path
    folder: Path
    database: Path


@dataclass(frozen=True)
class Outcome:
    """The ratios that several rounds gave, and what they were made of in words."""

    ratios: Sequence[float]
    note: str = ""

    @property
    def ratio(self) -> float:
        """The middle one."""
        return median(self.ratios)


Measured = Callable[[Place], Outcome]


@dataclass(frozen=True)
class Row:
    """One line of the table: a figure, what it has to reach, and how it is measured."""

    name: str
    figure: str
    reach: float
    is_least: bool
    measured: Measured

    @property
    def goal(self) -> str:
        """What it has to reach, in words."""
        return f"{'≥' if self.is_least else '≤'} {self.reach:g}"

    def is_reached_by(self, outcome: Outcome) -> bool:
        """Whether an outcome is good enough."""
        if self.is_least:
            return outcome.ratio >= self.reach
        return outcome.ratio <= self.reach


ROWS: list[Row] = []
"""Every line, in the order of the table."""


def at_least(reach: float, figure: str) -> Callable[[Measured], Measured]:
    """Enter a measurement whose ratio is to be large; its function's name is the line's."""
    return _entered(reach, figure, is_least=True)


def at_most(reach: float, figure: str) -> Callable[[Measured], Measured]:
    """Enter one whose ratio is to be small."""
    return _entered(reach, figure, is_least=False)


def _entered(reach: float, figure: str, *, is_least: bool) -> Callable[[Measured], Measured]:
    def entered(measured: Measured) -> Measured:
        ROWS.append(Row(measured.__name__, figure, reach, is_least, measured))
        return measured

    return entered
