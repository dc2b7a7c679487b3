"""What a row of the bench is: ours beside its floor, in turns, as often as `RUNS`."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from statistics import median

RUNS = 5

Measure = Callable[[], Awaitable[float]]
"""Does it once; how many a second."""


@dataclass(frozen=True)
class Row:
    """One thing to measure, and what it can at most be."""

    what: str
    floor: str
    """What the floor does."""
    measure: Measure
    measure_floor: Measure
    at_least: float
    """Ours shall be at least so many times the floor."""
    runs: int = RUNS


@dataclass(frozen=True)
class Measured:
    """Medians per second."""

    row: Row
    ours: float
    floor: float

    @property
    def ratio(self) -> float:
        """How many times the floor ours is."""
        return self.ours / self.floor


async def measured(row: Row) -> Measured:
    """Run ours and the floor in turns."""
    runs = [(await row.measure(), await row.measure_floor()) for _ in range(row.runs)]
    return Measured(row, median(a for a, _ in runs), median(b for _, b in runs))
