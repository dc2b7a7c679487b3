"""An instance of a service: one process after the other, each put together as the real one.

What runs in it is what ships: `shared/running.py` has the same list, with HTTP besides.
"""

from base64 import b64encode
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any, cast

import asyncpg
from aiokafka.errors import KafkaError

from shared.decider import Context, Decider, Outcome, handle
from shared.events import KEYS
from shared.followers.relay import Relay
from shared.hearing import LOOK_SECONDS, LOOK_SECONDS_WITH_TIMERS
from shared.inbox import Inbox, sweep_regularly
from shared.kafka import topic_name
from shared.log import Log
from shared.outages import OUTAGES
from shared.postgres import Pool
from shared.privacy.keyring import Keyring
from shared.privacy.master import MasterKeys
from shared.reading import Reading
from shared.running import make_followers, persistently
from shared.service import Runtime, Service
from shared.settings import ServiceSettings
from shared.testing.simulation.clocks import wall_clock
from shared.testing.simulation.kafka.broker import Broker
from shared.testing.simulation.kafka.consumer import SimulatedConsumer
from shared.testing.simulation.kafka.producer import SimulatedProducer
from shared.testing.simulation.postgres.pool import SimulatedPool
from shared.testing.simulation.postgres.server import Server
from shared.testing.simulation.process import Crashed, Process
from shared.testing.simulation.world import World

MASTER_KEY = "sim:" + b64encode(bytes(32)).decode()

RESTART_SECONDS_MAX = (0.2, 3.0)
"""At once, mostly, or after others have taken its place."""
EXPIRE_SECONDS_MAX = 5.0


class Instance:
    """One replica of `service`, on `server`'s database and with `broker`."""

    def __init__(
        self, world: World, service: Service, number: int, server: Server, broker: Broker
    ) -> None:
        self.service = service
        self.name = f"{service.name}-{number}"
        self.world = world
        self.server = server
        self.process: Process | None = None
        self.runtime: Runtime | None = None
        self.skew_seconds = [0.0]
        self.ended: list[str] = []
        """Tasks that ended by themselves, which the real process would not outlive."""
        self._broker = broker
        self._settings = ServiceSettings(
            database_url="",
            port=0,
            instance=str(number),
            identity_secret="i" * 32,
            link_secret="l" * 32,
        )

    def start(self) -> None:
        """Begin a process, unless there is one."""
        if self.process is not None:
            return
        self.world.note(self.name, "starts")
        process = Process(self.world, self.name, self.skew_seconds)
        self.process = process
        self.runtime = None
        process.died = partial(self._died, None)
        process.spawn(self._live(process), "live").add_done_callback(self._lived)

    async def handle(
        self, decider: Decider[Any, Any], command: tuple[Any, Any], context: Context
    ) -> Outcome:
        """Decide a command here, as a request to this process would."""
        assert self.runtime is not None
        return await handle(self.runtime.log, decider, *command, context)

    def _died(self, consumer: SimulatedConsumer | None) -> None:
        self.process, self.runtime = None, None
        random = self.world.random
        if consumer is not None:
            consumer.expire_soon(random.uniform(0.5, EXPIRE_SECONDS_MAX))
        self.world.loop.call_later(
            random.uniform(0.02, random.choice(RESTART_SECONDS_MAX)), self.start
        )

    async def _live(self, process: Process) -> None:
        pool = cast(Pool, SimulatedPool(process, self.server))
        keys = Keyring(pool, self.service.name, MasterKeys(MASTER_KEY, None))
        event_log = Log(pool, self.service.name, keys)
        clock = partial(wall_clock, self.world.loop)
        runtime = Runtime(self.service, self._settings, pool, event_log, clock)
        relay = Relay(event_log, self._settings, keys, self._make_producer(process))
        try:
            runtime.followers = await make_followers(self.service, runtime, relay)
        except OUTAGES as outage:
            process.crash(f"can't start: {type(outage).__name__}")
            return
        inbox = Inbox(event_log, [cls.__name__ for cls in self.service.hears], keys)
        consumer, reading = self._reading(process, event_log, inbox)
        process.died = partial(self._died, consumer)
        timers = self.service.timers is not None
        look_seconds = LOOK_SECONDS_WITH_TIMERS if timers else LOOK_SECONDS
        work: list[tuple[str, Callable[[], Awaitable[None]]]] = [
            (f"follow:{follower.name}", follower.run) for follower in runtime.followers
        ]
        work.append(("watch", lambda: persistently(event_log.watch)))
        work.append(("sweep", lambda: persistently(lambda: sweep_regularly(inbox))))
        work.append(("keys", lambda: persistently(keys.watch)))
        work.append(("look", lambda: reading.look_regularly(look_seconds)))
        work.append(("rebalance", lambda: consumer.keep_rebalancing(reading)))
        work.append(("hear", lambda: _hear(consumer, reading)))
        for name, run in work:
            task = process.spawn(cast(Coroutine[Any, Any, None], run()), name)
            task.add_done_callback(partial(self._ended, process))
        self.runtime = runtime

    def _lived(self, start: Any) -> None:
        """A process that can't even be put together is a fault of the simulation."""
        error = None if start.cancelled() else start.exception()
        if error is not None and not isinstance(error, Crashed):
            self.world.fail(error)

    def _ended(self, process: Process, task: Any) -> None:
        if process.alive and not task.cancelled():
            why = f"{task.get_name()} ended: {task.exception()!r}"
            self.ended.append(why)
            process.crash(why)

    def _make_producer(self, process: Process) -> Any:
        return lambda _settings, _name: SimulatedProducer(process, self._broker)

    def _reading(
        self, process: Process, event_log: Log, inbox: Inbox
    ) -> tuple[SimulatedConsumer, Reading]:
        prefix = self._settings.topic_prefix
        heard = self.service.hears | self.service.says  # after a restore it hears itself
        topics = sorted({cls.topic for cls in heard} | {KEYS})
        names = {topic_name(prefix, topic): topic for topic in topics}
        consumer = SimulatedConsumer(
            process, self._broker, self.service.name, self.name, list(names)
        )
        clock = partial(wall_clock, self.world.loop)
        return consumer, Reading(event_log, inbox, names, clock, lambda: consumer)


async def _hear(consumer: SimulatedConsumer, reading: Reading) -> None:
    """What FastStream does: the next batch when the one before is taken in."""
    while True:
        try:
            records = await consumer.fetch()
        except (KafkaError, asyncpg.PostgresError):
            continue
        if records:
            await reading.take(records)
