"""The soak in small: a few faults of each kind while tickets come in, then the truth.

`make soak` is the long form, of the same code.
"""

import random

import pytest

from tests.faults.faults import Away, BadMail, Freeze, kills
from tests.faults.journal import Outcome
from tests.faults.report import report
from tests.faults.soak import at_once, say, soaked
from tests.system.world import NAMES

SEED = 20260302
RATE = 5.0


@pytest.mark.timeout(600)
async def test_accepted_means_there_once_whatever_was_killed_frozen_or_away() -> None:
    chance = random.Random(SEED)
    async with soaked(SEED, RATE) as run:
        faults = [
            *kills(chance, 1),
            Freeze(chance.choice(NAMES), 3),
            Away(("kafka", "postgres"), 3),
            BadMail(run.mail, "CUT", 2),
        ]
        chance.shuffle(faults)
        journal = await run.run(at_once(faults, 5))
        findings = await run.settle_and_check(journal)
    told = report(run.struck, journal, findings, run.settled_seconds)
    say(told)
    assert not findings.all, told
    assert not journal.of(Outcome.UNKNOWN), told
    assert journal.of(Outcome.REFUSED) == journal.malformed, told
    assert len(journal.of(Outcome.ACCEPTED)) > 50, told
