"""A part of the desk that can die and be started again: a server or a process."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Part:
    """One part, as the supervisor sees it."""

    name: str
    log: Path
    running: Callable[[], bool]
    launch: Callable[[], None]
    """Start it, and do not wait; raises `Trouble` when it can't be started."""
    last_words: Callable[[], str]
