"""As fast as the desk takes it: nobody new writes while a service falls behind."""

import asyncio
from dataclasses import dataclass, field
from typing import Any, Final

from cli.audit import Services, every_service
from deploy.local.services import SERVICES
from deploy.local.trouble import Trouble

LOOK_SECONDS: Final = 2.0
BEHIND_EVENTS: Final = 400
"""Events that a follower may lag, or an inbox keep waiting, before nobody new writes."""


@dataclass
class Pace:
    """Whether somebody new may write."""

    held: bool = False
    furthest: str = ""
    """Which service is behind, and how far."""
    _free: asyncio.Event = field(default_factory=asyncio.Event)

    async def turn(self) -> None:
        """Wait until somebody new may write."""
        await self._free.wait()

    async def run(self) -> None:
        """Look at every service, until cancelled."""
        try:
            with every_service() as services:
                while True:
                    self._take(*await asyncio.to_thread(_furthest, services))
                    await asyncio.sleep(LOOK_SECONDS)
        finally:
            self._free.set()

    def _take(self, behind: int, name: str) -> None:
        self.held = behind > BEHIND_EVENTS
        self.furthest = f"{name} is {behind} events behind" if self.held else ""
        if self.held:
            self._free.clear()
        else:
            self._free.set()


def lag_of(overview: dict[str, Any]) -> int:
    """How far the slowest follower of a service is behind its log."""
    return max((follower["lag"] for follower in overview["followers"]), default=0)


def _furthest(services: Services) -> tuple[int, str]:
    found = (0, "")
    for each in SERVICES:
        try:
            overview = services.get(each.name, "/v1/followers")
        except Trouble:
            continue
        found = max(found, (lag_of(overview) + overview["inbox"]["waiting"], each.name))
    return found
