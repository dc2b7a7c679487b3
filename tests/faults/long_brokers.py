"""Three brokers: losing any one changes nothing; losing two stops publishing, not accepting."""

import asyncio
from functools import partial

import psutil
import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from deploy.local.desk import Desk
from shared.testing.eventually import eventually
from tests.faults.faults import Kill, frozen, process_of, recovered
from tests.faults.journal import Journal, Outcome, Way
from tests.faults.long_full_disk import Customer
from tests.faults.soak import Soak, say, soaked

BROKERS = ("kafka", "kafka-2", "kafka-3")
TICKETS = 5


async def gone(run: Soak, part: str) -> None:
    running = process_of(run.world, part)
    assert running is not None, f"{part} does not run"
    await Kill(part).strike(run.world)
    await asyncio.to_thread(psutil.wait_procs, [running], 10)


async def tickets(run: Soak, customer: Customer) -> None:
    for _ in range(TICKETS):
        await eventually(customer.is_served, timeout=60)


async def lag(run: Soak, service: str) -> int:
    overview = await run.world.followers(service)
    return sum(f["lag"] for f in overview["followers"] if f["name"] == "relay")


async def all_in_sync(run: Soak) -> bool:
    """Whether every broker answers again and has every partition: the next one may go.

    Asked at each one's own door: the others believe for a while that one who is gone is in sync.
    """
    brokers = Desk.open(run.world.folder, dict(run.world.environ)).stack.kafka.bootstrap
    return all([await _sees_all_in_sync(broker) for broker in brokers.split(",")])


async def _sees_all_in_sync(broker: str) -> bool:
    admin = AIOKafkaAdminClient(bootstrap_servers=broker)
    try:
        await admin.start()
        described = await admin.describe_topics()
    except KafkaError:
        return False
    finally:
        await admin.close()
    partitions = [each for topic in described for each in topic["partitions"]]
    return bool(partitions) and all(len(each["isr"]) == len(BROKERS) for each in partitions)


@pytest.mark.timeout(900)
async def test_one_of_three_brokers_may_be_lost_and_two_may_be_away_for_a_while() -> None:
    async with soaked(1, 1, {"LEDGERDESK_BROKERS": "3"}) as run:
        customer = Customer(run, Journal())
        sizes = [process_of(run.world, each) for each in BROKERS]
        told = [f"{each.memory_info().rss / 2**20:.0f} MB" for each in sizes if each is not None]
        say(f"three brokers: {', '.join(told)}")
        for broker in BROKERS:
            async with frozen(run.world, "supervisor"):
                await gone(run, broker)
                await tickets(run, customer)
                assert await eventually(run.is_settled, timeout=120), f"without {broker}"
                say(f"without {broker}: tickets were accepted, heard and acknowledged")
            await recovered(run.world)
            await eventually(partial(all_in_sync, run), timeout=180)

        async with frozen(run.world, "supervisor"):
            await gone(run, "kafka")
            await gone(run, "kafka-3")
            await tickets(run, customer)
            assert await lag(run, "intake") > 0
            say("without two: tickets were accepted, and wait to be published")
        await recovered(run.world)
        findings = await run.settle_and_check(customer.journal)
    assert not findings.all, findings.all[:10]
    assert len(customer.journal.of(Outcome.ACCEPTED)) == 4 * TICKETS
    assert set(customer.journal.ways.values()) == {Way.HTTP}
