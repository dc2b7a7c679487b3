"""What can go wrong, and how often: drawn anew for every seed, so that no two are alike.

Each kind is left out of many seeds altogether: some bugs only show when little else happens.
"""

from dataclasses import dataclass, replace
from random import Random


@dataclass(frozen=True)
class Faults:
    """Rates: the share of steps, requests or records that something happens to."""

    crashes: float = 0.0
    """Of steps: the process dies there."""
    slow: float = 0.0
    """Of ways to a server and back: they take much longer."""
    postgres_errors: float = 0.0
    """Of requests, before they are served, and as many again after."""
    kafka_errors: float = 0.0
    duplicates: float = 0.0
    """Of records: on their topic once more."""
    delays: float = 0.0
    """Of records: on their topic later than what was sent after them."""
    rewinds: float = 0.0
    """Of fetches: from an earlier offset again."""
    stops: float = 0.0
    """Of steps: the process stands still there, maybe for longer than its lease."""
    # Deeds a minute:
    server_crashes: float = 0.0
    """A Postgres dies and comes back."""
    broker_outages: float = 0.0
    more_partitions: float = 0.0
    new_topics: float = 0.0
    """A topic is deleted and made anew, empty; what was said is published again."""
    rebalances: float = 0.0
    pauses: float = 0.0
    """A process stands still for some seconds, while others go on."""
    clock_jumps: float = 0.0
    """A process's clock, or a Postgres's, by which leases run out all at once."""


CALM = Faults()

_USUAL = Faults(
    crashes=0.006,
    slow=0.02,
    postgres_errors=0.01,
    kafka_errors=0.02,
    duplicates=0.1,
    delays=0.15,
    rewinds=0.03,
    stops=0.0015,
    server_crashes=6.0,
    broker_outages=3.0,
    more_partitions=3.0,
    new_topics=1.0,
    rebalances=6.0,
    pauses=15.0,
    clock_jumps=10.0,
)


def draw(random: Random) -> Faults:
    """This seed's faults."""
    chosen = {
        name: getattr(_USUAL, name) * random.choice([0.3, 1.0, 2.0])
        for name in Faults.__dataclass_fields__
        if random.random() < 0.5
    }
    return replace(CALM, **chosen)
