"""Virtual time and seeded chance in the place of the machine's: clocks and new ids.

`shared/clock.py` and `shared/ids.py` are the only modules that know a clock or draw lots,
so what they look at is all that is put in another's place.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from random import Random
from unittest.mock import patch

import shared.clock
import shared.ids
from shared.testing.simulation.loop import VirtualLoop

EPOCH = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
"""When every simulation begins."""

SKEW_SECONDS: ContextVar[list[float]] = ContextVar("SKEW_SECONDS")
"""How far the clock of the process that runs just now is ahead, in a list of one."""


def wall_clock(loop: VirtualLoop) -> datetime:
    """The time that the running process believes it is."""
    return EPOCH + timedelta(seconds=loop.now + SKEW_SECONDS.get([0.0])[0])


class _Time:
    """What `shared/clock.py` and `shared/ids.py` ask of the module `time`."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop

    def monotonic(self) -> float:
        return self._loop.now

    def time_ns(self) -> int:
        return int(wall_clock(self._loop).timestamp() * 1e9)


class _Secrets:
    """What `shared/ids.py` asks of the module `secrets`."""

    def __init__(self, random: Random) -> None:
        self.randbits = random.getrandbits
        self.token_bytes = random.randbytes


@contextmanager
def virtual(loop: VirtualLoop, random: Random) -> Iterator[None]:
    """Within, time is the loop's, and chance the seed's."""
    time = _Time(loop)
    with ExitStack() as stack:
        stack.enter_context(patch.object(shared.clock, "time", time))
        stack.enter_context(patch.object(shared.ids, "time", time))
        stack.enter_context(patch.object(shared.ids, "secrets", _Secrets(random)))
        yield
