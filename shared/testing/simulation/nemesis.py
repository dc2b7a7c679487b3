"""What befalls a whole process, server or topic, at random moments."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from shared.followers.follower import LEASE_SECONDS
from shared.testing.simulation.faults import CALM
from shared.testing.simulation.instance import Instance
from shared.testing.simulation.kafka.broker import Broker
from shared.testing.simulation.postgres.server import Server
from shared.testing.simulation.world import World

CLOCK_JUMP_SECONDS_MAX = 8.0
LEASE_JUMP_SECONDS = LEASE_SECONDS + 1.0
"""A Postgres's clock jumps so far that every lease is over: two lead at once."""
PARTITIONS_MAX = 5
PAUSE_SECONDS = (1.0, 6.0)
"""Long enough for timers to become due meanwhile, mostly too short to lose a lease."""


class Nemesis:
    """Does to a simulation what its seed's faults ask for."""

    def __init__(
        self, world: World, instances: Sequence[Instance], servers: Sequence[Server], broker: Broker
    ) -> None:
        self._world = world
        self._instances = instances
        self._servers = servers
        self._broker = broker
        self._processes_ahead: dict[Server, float] = {}
        self._server_ahead: dict[Server, float] = {}

    async def rage(self, until: float) -> None:
        """Do one thing after the other until then, and heal everything at the end."""
        faults, world = self._world.faults, self._world
        deeds: list[tuple[float, Callable[[], None]]] = [
            (faults.server_crashes, self._crash_a_server),
            (faults.broker_outages, self._take_the_broker_away),
            (faults.more_partitions, self._add_a_partition),
            (faults.new_topics, self._make_a_topic_anew),
            (faults.rebalances, self._rebalance),
            (faults.pauses, self._pause_a_process),
            (faults.clock_jumps, self._move_a_clock),
        ]
        per_minute = sum(rate for rate, _ in deeds)
        while per_minute:
            pause = world.random.expovariate(per_minute / 60)
            if world.loop.now + pause >= until:
                break
            await asyncio.sleep(pause)
            deed = world.random.choices([d for _, d in deeds], [rate for rate, _ in deeds])[0]
            deed()
        await asyncio.sleep(max(until - world.loop.now, 0.0))
        self._heal()

    def ahead_seconds(self, server: Server) -> float:
        """By how much both kinds of a service's clocks were ever ahead: its timers can't be better
        than that, and are no worse than the better clock."""
        return min(self._processes_ahead.get(server, 0.0), self._server_ahead.get(server, 0.0))

    def _heal(self) -> None:
        self._world.note("nemesis", "heals everything")
        self._world.faults = CALM
        for instance in self._instances:
            instance.skew_seconds[0] = 0.0
        for server in self._servers:
            server.skew_seconds = 0.0

    def _choose(self, among: Sequence[Any]) -> Any:
        return self._world.random.choice(among)

    def _crash_a_server(self) -> None:
        server = self._choose(self._servers)
        if not server.down:
            self._world.note("nemesis", "crashes a Postgres")
            server.crash()
            back_in = self._world.random.uniform(0.05, 2.0)
            self._world.loop.call_later(back_in, setattr, server, "down", False)

    def _take_the_broker_away(self) -> None:
        self._world.note("nemesis", "takes Kafka away")
        self._broker.down = True
        back_in = self._world.random.uniform(0.1, 4.0)
        self._world.loop.call_later(back_in, setattr, self._broker, "down", False)

    def _add_a_partition(self) -> None:
        topic = self._choose(sorted(self._broker.topics))
        if len(self._broker.topics[topic]) < PARTITIONS_MAX:
            self._broker.add_partition(topic)

    def _make_a_topic_anew(self) -> None:
        """And publish again what was said there, from the beginning of every log."""
        self._broker.make_anew(self._choose(["ledgerdesk.desk", "ledgerdesk.tickets"]))
        for instance in self._instances:
            if instance.process is not None:
                instance.process.crash("to publish everything again")
        for server in self._servers:
            for key, row in server.tables.cursors.items():
                if row["name"] == "relay":
                    server.tables.cursors[key] = row.but(position=0, leader=None)

    def _rebalance(self) -> None:
        groups = self._broker.groups
        if groups:
            groups[self._choose(sorted(groups))].rebalance(self._broker)

    def _pause_a_process(self) -> None:
        process = self._choose(self._instances).process
        if process is not None:
            seconds = self._world.random.uniform(*PAUSE_SECONDS)
            process.sleep_until(self._world.loop.now + seconds)

    def _move_a_clock(self) -> None:
        if self._world.chance(0.5):
            server = self._choose(self._servers)
            self._world.note("nemesis", "a Postgres's clock jumps: its leases are over")
            server.skew_seconds += LEASE_JUMP_SECONDS
            _rise(self._server_ahead, server, server.skew_seconds)
            return
        seconds = self._world.random.uniform(-CLOCK_JUMP_SECONDS_MAX, CLOCK_JUMP_SECONDS_MAX)
        instance = self._choose(self._instances)
        _rise(self._processes_ahead, instance.server, seconds)
        self._world.note("nemesis", f"{instance.name}'s clock is off by {seconds:+.3f} s")
        instance.skew_seconds[0] = seconds


def _rise(most: dict[Server, float], server: Server, seconds: float) -> None:
    most[server] = max(most.get(server, 0.0), seconds)
