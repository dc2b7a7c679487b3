"""Clients: give commands, and keep a journal of what they were answered."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from shared.decider import Context, Decider, Outcome
from shared.errors import Rejected
from shared.ids import derived_id, desk_id
from shared.testing.simulation.clocks import wall_clock
from shared.testing.simulation.desk import assignment, resolution
from shared.testing.simulation.desk.resolution import Act
from shared.testing.simulation.instance import Instance
from shared.testing.simulation.process import Process, outlived
from shared.testing.simulation.world import World

AGENTS = ("anna", "tessa")
CAPACITY_MAX = 4
PATIENCE_SECONDS = 5.0
"""How long a client waits for an answer before it asks again."""

BURST_ACTS_MAX = 4
"""How many commands may come for a ticket at once."""

ACTS = [Act.BEGIN, Act.NOTE, Act.REPLY, Act.REPLY, Act.HOLD, Act.RESUME, Act.CLOSE]


@dataclass
class Entry:
    """What a client knows of one command."""

    service: str
    key: str
    events: tuple[UUID, ...] = ()
    """Ids of what it was told is true; none if it already was so, or was refused."""
    answered: bool = False


class Clients:
    """Ask for things of a few tickets, each until it is answered."""

    def __init__(self, world: World, instances: Sequence[Instance], tickets: int) -> None:
        self._world = world
        self._by_service: dict[str, list[Instance]] = {}
        for instance in instances:
            self._by_service.setdefault(instance.service.name, []).append(instance)
        pairs = (derived_id("ticket", world.seed, n // 2) for n in range(tickets))
        self._tickets = [UUID(int=pair.int ^ (n % 2)) for n, pair in enumerate(pairs)]
        self.journal: list[Entry] = []

    async def work(self, until: float) -> None:
        """Give commands until then; return when each was answered."""
        random, loop = self._world.random, self._world.loop
        asked = [loop.create_task(self._define(agent)) for agent in AGENTS]
        while loop.now < until:
            ticket = random.choice(self._tickets)
            burst = random.choice([1, 1, BURST_ACTS_MAX])
            asked += [loop.create_task(self._act(ticket)) for _ in range(burst)]
            await asyncio.sleep(random.expovariate(1.5 * len(self._tickets)))
        await asyncio.gather(*asked)

    async def _define(self, agent: str) -> None:
        capacity = self._world.random.randint(1, CAPACITY_MAX)
        command = assignment.Define(agent, capacity)
        await self._ask("assignment", assignment.DECIDER, desk_id("agent", agent), command)

    async def _act(self, ticket: UUID) -> None:
        act = self._world.random.choice(ACTS)
        command = resolution.Do(act, wall_clock(self._world.loop))
        await self._ask("resolution", resolution.DECIDER, ticket, command)

    async def _ask(
        self, service: str, decider: Decider[Any, Any], subject: UUID, command: object
    ) -> None:
        key = f"client:{len(self.journal)}"
        entry = Entry(service, key)
        self.journal.append(entry)
        while not entry.answered:
            instance = self._world.random.choice(self._by_service[service])
            process = instance.process
            if process is None or instance.runtime is None:
                await asyncio.sleep(0.1)
                continue
            work = self._handle(instance, process, key, decider, subject, command)
            try:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    lived, result = await outlived(process.spawn(work, key))
            except TimeoutError:
                continue
            if lived and isinstance(result, Outcome):
                entry.events, entry.answered = result.event_ids, True
            elif isinstance(result, Rejected):
                entry.answered = True
            await asyncio.sleep(0.02)

    async def _handle(
        self,
        instance: Instance,
        process: Process,
        key: str,
        decider: Decider[Any, Any],
        subject: UUID,
        command: object,
    ) -> Outcome:
        await process.step(f"asked {key}: {command}")
        clock = partial(wall_clock, self._world.loop)
        context = Context(actor="client", now=clock(), derive_from=(key,))
        return await instance.handle(decider, (subject, command), context)
