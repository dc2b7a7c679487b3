"""Ten times what is sustained, for a minute: accepted, or told to come back; then well again."""

import pytest

from tests.faults.journal import Outcome
from tests.faults.overload import overload
from tests.faults.soak import say, soaked

RATE = 300.0
SECONDS = 60.0
MEMORY_GROWTH_MB_MAX = 150.0


@pytest.mark.timeout(900)
async def test_an_overload_is_accepted_or_sent_away_and_leaves_nothing_behind() -> None:
    async with soaked(1, RATE) as run:
        outcomes = await overload(run, RATE, SECONDS)
    say(str(outcomes))
    assert not outcomes.findings.all, str(outcomes)
    assert not outcomes.load.without_retry_after, str(outcomes)
    assert outcomes.load.journal.of(Outcome.ACCEPTED), str(outcomes)
    grown = {n: m - outcomes.memory.first[n] for n, m in outcomes.memory.most.items()}
    assert max(grown.values()) < MEMORY_GROWTH_MB_MAX, str(outcomes)
