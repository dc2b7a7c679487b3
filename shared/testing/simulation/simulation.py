"""One seed: a few services, faults for a while, then peace, rest, and the checks."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import structlog

from shared.service import Reacts, Service
from shared.testing.simulation import checks
from shared.testing.simulation.clients import Clients
from shared.testing.simulation.clocks import virtual
from shared.testing.simulation.desk import SERVICES, assignment
from shared.testing.simulation.faults import CALM, Faults, draw
from shared.testing.simulation.instance import Instance
from shared.testing.simulation.kafka.broker import Broker
from shared.testing.simulation.nemesis import Nemesis
from shared.testing.simulation.postgres.server import Server
from shared.testing.simulation.postgres.statements import CAPACITY_BY_RESOURCE
from shared.testing.simulation.world import World

TOPICS = ("ledgerdesk.desk", "ledgerdesk.keys", "ledgerdesk.tickets")

WORK_SECONDS = 8.0
"""How long clients work and faults happen."""

SETTLE_SECONDS_MAX = 100.0
"""How long everything may take to come to rest: longer than a lease, an outage and a gap."""


@dataclass
class Result:
    """What came of a seed."""

    seed: int
    faults: Faults
    problems: list[str] = field(default_factory=list)
    digest: int = 0
    """Of everything that happened."""
    steps: int = 0
    events: int = 0
    """In all logs."""
    seconds: float = 0.0
    """Virtual ones, until everything was at rest."""


def simulate(seed: int, *, trace: bool = False, calm: bool = False) -> Result:
    """Play the seed and check what came of it; if `calm`, without any fault."""
    world = World(seed, trace)
    with virtual(world.loop, world.random), _logs_to(world):
        asyncio.set_event_loop(world.loop)
        try:
            return world.loop.run_until_complete(_Simulation(world).play(calm))
        except RuntimeError:
            if world.failure is not None:
                raise world.failure from None
            raise
        finally:
            _forget_tasks(world.loop)
            asyncio.set_event_loop(None)
            world.loop.close()


class _Simulation:
    def __init__(self, world: World) -> None:
        self._world = world
        random = world.random
        self._broker = Broker(world, TOPICS, partitions=random.randint(1, 3))
        self._servers: list[Server] = []
        self._instances: list[Instance] = []
        for service in SERVICES:
            server = Server(world.loop, random, service.projections)
            server.teach(assignment.LOADS, CAPACITY_BY_RESOURCE)
            self._servers.append(server)
            for number in range(random.choice([1, 2, 2])):
                self._instances.append(Instance(world, service, number, server, self._broker))
        self._nemesis = Nemesis(world, self._instances, self._servers, self._broker)
        self._clients = Clients(world, self._instances, tickets=random.choice([2, 4, 6]))

    async def play(self, calm: bool) -> Result:
        world = self._world
        for instance in self._instances:
            instance.start()
        while not all(instance.runtime for instance in self._instances):
            await asyncio.sleep(0.01)
        world.faults = faults = CALM if calm else draw(world.random)
        until = world.loop.now + WORK_SECONDS
        await asyncio.gather(self._nemesis.rage(until), self._clients.work(until))
        left = await self._settle()
        all_kept = self._kept()
        result = Result(world.seed, faults, [f"never at rest: {what}" for what in left])
        result.problems += checks.broken(all_kept, self._clients.journal)
        result.problems += await checks.unanswered(all_kept)
        for one in all_kept:
            ahead = self._nemesis.ahead_seconds(one.server)
            result.problems += checks.false_alarms(one, self._broker.ever, ahead)
        for instance in self._instances:
            result.problems += [f"{instance.name}: {why}" for why in instance.ended]
        result.digest, result.steps = world.digest, world.steps
        result.events = sum(len(one.log) for one in all_kept)
        result.seconds = world.loop.now
        return result

    async def _settle(self) -> list[str]:
        give_up_at = self._world.loop.now + SETTLE_SECONDS_MAX
        left: list[str] = ["not looked yet"]
        while self._world.loop.now < give_up_at:
            await asyncio.sleep(0.5)
            if self._broker.on_the_way:
                continue
            left = list(checks.unsettled(self._kept()))
            if not left:
                break
        return left

    def _kept(self) -> list[checks.Kept]:
        pairs = zip(SERVICES, self._servers, strict=True)
        return [checks.Kept(service, server, self._reactions(service)) for service, server in pairs]

    def _reactions(self, service: Service) -> Sequence[Reacts]:
        runtimes = (one.runtime for one in self._instances if one.service is service)
        alive = next(filter(None, runtimes), None)
        return [] if alive is None else service.reactions(alive)


@contextmanager
def _logs_to(world: World) -> Iterator[None]:
    """What the services log becomes part of the trace."""
    before = structlog.get_config()

    def note(_logger: object, _method: str, event: structlog.types.EventDict) -> str:
        what = event.pop("event")
        facts = " ".join(f"{key}={value}" for key, value in sorted(event.items()))
        world.note("  log", f"{what} {facts}")
        raise structlog.DropEvent

    structlog.configure(processors=[note], cache_logger_on_first_use=False)
    try:
        yield
    finally:
        structlog.configure(**before)


def _forget_tasks(loop: asyncio.AbstractEventLoop) -> None:
    """End what still runs, without letting it do anything more."""
    for task in asyncio.all_tasks(loop):
        task.cancel()
        task._log_destroy_pending = False  # type: ignore[attr-defined]  # noqa: SLF001
