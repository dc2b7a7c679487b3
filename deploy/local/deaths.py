"""What is known of the deaths of a desk's parts, and how soon each is tried again."""

import contextlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

STEADY_SECONDS: Final = 30.0
"""Whoever ran for so long is well; its next death is the first again."""

DELAY_SECONDS: Final = 0.5
DELAY_SECONDS_MAX: Final = 15.0
LOOP_DEATHS: Final = 5
"""So many deaths, none of them after a steady life, are a crash loop."""


@dataclass
class Record:
    """What is known of one part's deaths since the desk was started."""

    deaths: int = 0
    in_a_row: int = 0
    """Deaths, or starts that failed, none of them after a steady life."""
    died_at: str = ""
    why: str = ""
    looping: bool = False
    _started_seconds: float = field(default=0.0, repr=False)
    _next_try_seconds: float = field(default=0.0, repr=False)

    def died(self, now_seconds: float, at: str, why: str) -> None:
        """It ran, and is gone."""
        self.deaths += 1
        self.died_at = at
        steady = now_seconds - self._started_seconds >= STEADY_SECONDS
        self._failed(now_seconds, why, 1 if steady else self.in_a_row + 1)

    def refused(self, now_seconds: float, why: str) -> None:
        """It could not even be started."""
        self._failed(now_seconds, why, self.in_a_row + 1)

    def started(self, now_seconds: float) -> None:
        self._started_seconds = now_seconds

    def due(self, now_seconds: float) -> bool:
        return now_seconds >= self._next_try_seconds

    def steady(self, now_seconds: float) -> bool:
        """It runs: whether for so long that a loop is over; True only when one was."""
        over = self.looping and now_seconds - self._started_seconds >= STEADY_SECONDS
        if over:
            self.looping, self.in_a_row = False, 0
        return over

    def _failed(self, now_seconds: float, why: str, in_a_row: int) -> None:
        self.in_a_row, self.why = in_a_row, why
        self.looping = in_a_row >= LOOP_DEATHS
        self._next_try_seconds = now_seconds + delay_seconds(in_a_row)

    def told(self) -> dict[str, object]:
        """What `status` shows of it."""
        return {name: value for name, value in asdict(self).items() if name[0] != "_"}


def delay_seconds(in_a_row: int) -> float:
    """How long to wait after so many deaths in a row: the first is made good at once."""
    if in_a_row <= 1:
        return 0.0
    return min(DELAY_SECONDS * 2.0 ** min(in_a_row - 2, 30), DELAY_SECONDS_MAX)


def state_file(run: Path) -> Path:
    return run / "supervisor.json"


def told(run: Path) -> Mapping[str, Mapping[str, object]]:
    """What the supervisor knows of each part that has died."""
    try:
        known: dict[str, dict[str, object]] = json.loads(state_file(run).read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return known


def keep(run: Path, records: Mapping[str, Record]) -> None:
    """Write down who has died, for `status`."""
    known = {name: record.told() for name, record in records.items() if record.in_a_row}
    draft = state_file(run).with_suffix(".draft")
    with contextlib.suppress(OSError):  # a full disk must not end the supervisor
        draft.write_text(json.dumps(known, indent=1))
        draft.replace(state_file(run))
