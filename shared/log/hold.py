"""The hold on a log: nothing new is said while it is not known what was said before."""

import asyncio

from shared.errors import LedgerdeskError


class CatchingUp(LedgerdeskError):
    """This service has just started and still looks for what it had said before: try again."""


class Hold:
    """Open from the beginning, unless it is put on."""

    def __init__(self) -> None:
        self._open = asyncio.Event()
        self._open.set()
        self._wait_seconds_max = 0.0

    @property
    def on(self) -> bool:
        """Whether nothing may be said now."""
        return not self._open.is_set()

    def put_on(self, wait_seconds_max: float) -> None:
        """From now on whoever wants to say something waits so long, and then may not."""
        self._wait_seconds_max = wait_seconds_max
        self._open.clear()

    def release(self) -> None:
        """Everybody may say what they have to say."""
        self._open.set()

    async def passed(self) -> None:
        """Return when something may be said. Raises `CatchingUp`."""
        if not self.on:
            return
        try:
            async with asyncio.timeout(self._wait_seconds_max):
                await self._open.wait()
        except TimeoutError:
            raise CatchingUp from None
