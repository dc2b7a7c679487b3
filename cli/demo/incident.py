"""The one incident: many customers write of the same outage, and one answer reaches them all."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from cli.demo import afterwards
from cli.demo.part import CLOSED, Part, Stage
from cli.demo.scenarios import Scenario

NOTE: Final = "The outage is over: payments go over the second line, and went through all day."


@dataclass
class Incident:
    """The incident's own ticket, and those that are part of it."""

    incident: Part
    parts: Sequence[Part]

    @classmethod
    def of(cls, stage: Stage, scenarios: Sequence[Scenario]) -> "Incident":
        """The first of them is the incident."""
        incident, *parts = (Part(stage, scenario) for scenario in scenarios)
        return cls(incident, parts)

    @property
    def all(self) -> Sequence[Part]:
        return [self.incident, *self.parts]

    async def play(self) -> None:
        """From the first call until everybody was asked how it was."""
        await _each(self.all, _take_in)
        await self.incident.do("start")
        for part in self.parts:
            await self._link(part)
        await self._solve()
        await self._close()
        await _each(self.all, _end)

    async def _link(self, part: Part) -> None:
        part.step = "linking it to the incident"
        await part.do("parent", parent_ticket_id=self.incident.ticket["id"])
        await part.until("part of the incident", lambda t: t["parent"] is not None)

    async def _solve(self) -> None:
        """Said once, on the incident; each of its parts is told and solved with it."""
        matter = self.incident.scenario.matter
        count = len(self.parts)
        await self.incident.until("the incident of all", lambda t: len(t["children"]) == count)
        await self.incident.do("progress", kind="finding", text=matter.finding)
        await self.incident.pause()
        await self.incident.do("resolve", kind="fix", cause=matter.cause, note=matter.solution)
        for part in self.all:
            part.step = "solution of the incident"
            await part.until("resolved", lambda t: t["status"] in {"Resolved", *CLOSED})

    async def _close(self) -> None:
        """One customer confirms for themselves; closing the incident closes the others."""
        for part in self.parts[:1]:
            await part.act("confirm", comment="Payments go through again.")
        await self.incident.do("close", note=NOTE)
        for part in self.all:
            part.step = "closing of the incident"
            await part.until("closed", lambda t: t["status"] in CLOSED)


async def _take_in(part: Part) -> None:
    await part.open()
    part.step = "assignment"
    await part.has_agent()


async def _end(part: Part) -> None:
    part.step = "follow-up"
    await afterwards.rate(part)
    part.stage.finished.add(part.number)


async def _each(parts: Sequence[Part], step: Callable[[Part], Awaitable[None]]) -> None:
    await asyncio.gather(*(step(part) for part in parts))
