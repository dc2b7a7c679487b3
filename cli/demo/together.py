"""All tickets at once: as many as the desk has room for; one's trouble is told at the end."""

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field

from cli.demo.agents import Refused
from cli.demo.incident import Incident
from cli.demo.pace import Pace
from cli.demo.part import Part, Stage
from cli.demo.play import Play, come_back, sequel
from cli.demo.scenarios import Scenario, Touch
from deploy.local.trouble import Trouble


@dataclass
class Together:
    """Everybody's stories."""

    stage: Stage
    pace: Pace
    scenarios: Sequence[Scenario]
    at_once: int
    troubles: list[str] = field(default_factory=list)
    """What went wrong, a line each."""

    async def play(self) -> None:
        """Play every ticket to its end."""
        places_left = asyncio.Semaphore(self.at_once)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._incident([s for s in self.scenarios if s.incident]))
            for scenario in self.scenarios:
                if not scenario.incident:
                    group.create_task(self._one(scenario, places_left))

    async def _incident(self, scenarios: Sequence[Scenario]) -> None:
        await self.pace.turn()
        incident = Incident.of(self.stage, scenarios)
        await self._try(incident.incident, incident.play())

    async def _one(self, scenario: Scenario, places_left: asyncio.Semaphore) -> None:
        play = Play(self.stage, scenario)
        async with places_left, asyncio.TaskGroup() as both:
            await self.pace.turn()
            first = both.create_task(self._try(play, play.play()))
            if scenario.related:
                opened = both.create_task(play.opened.wait())
                await asyncio.wait({first, opened}, return_when=asyncio.FIRST_COMPLETED)
                play.opened.set()
                second = Play(self.stage, sequel(scenario, len(self.scenarios)))
                await self._try(second, second.play())
        if scenario.takes(Touch.LATE) and play.number in self.stage.finished:
            # Out of everybody's way: an archived ticket takes no agent's time.
            await self._try(play, self._again(play))

    async def _again(self, play: Play) -> None:
        another = await come_back(play, len(self.scenarios))
        await self._try(another, another.go_on())

    async def _try(self, part: Part, story: Awaitable[None]) -> None:
        try:
            await story
        except Trouble:
            raise
        except Exception as error:  # noqa: BLE001 - one ticket's trouble is told at the end
            what = error if isinstance(error, Refused) else f"{type(error).__name__}: {error}"
            self.troubles.append(f"{_named(part)}, at its {part.step}: {what}")


def _named(part: Part) -> str:
    scenario = part.scenario
    happens = sorted({*scenario.turns, *(touch.name.lower() for touch in scenario.touches)})
    told = ", ".join(map(str, happens)) or "no turns"
    return f"{part.number or scenario.customer.email} ({scenario.channel}, {told})"
