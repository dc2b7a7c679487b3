"""An event loop in virtual time: it never waits, it moves its clock to what is next."""

import asyncio
from typing import Any


class Stalled(RuntimeError):
    """Nothing is scheduled any more: whatever is awaited will never happen."""


class VirtualLoop(asyncio.BaseEventLoop):
    """Runs what is ready in the order in which it became so; `time` stands still meanwhile.

    asyncio asks a selector to wait until the next timer. This one's selector moves the
    clock on instead.
    """

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self._selector: Any = _Waiting(self)
        self._clock_resolution = 1e-9

    def time(self) -> float:
        """Seconds since the simulation began."""
        return self.now

    def _process_events(self, _events: object) -> None:
        """There are no sockets."""

    def _write_to_self(self) -> None:
        """There are no other threads."""


class _Waiting:
    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop

    def select(self, timeout: float | None) -> list[object]:
        if timeout is None:
            raise Stalled
        self._loop.now += max(timeout, 0.0)
        return []
