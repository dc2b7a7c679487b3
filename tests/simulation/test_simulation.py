"""The shipped inbox, followers, timers and deciders, under seeded faults in virtual time."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from shared.log.log import QUERIES
from shared.privacy.keyring import QUERIES as KEY_QUERIES
from shared.testing.simulation.postgres import inbox, keys
from shared.testing.simulation.postgres.statements import STATEMENTS
from shared.testing.simulation.simulation import simulate
from tests.simulation.bugs import BUGS, WITHOUT_A_FAULT, early_events_dropped

BUDGET_SECONDS = 40.0
"""How long a usual run looks for something; LEDGERDESK_SIM_SEEDS says how many seeds instead."""

SEEDS_MIN = 20
SEEDS_FOR_A_BUG = 200

# A rebuild, an operator's command or a restore asks for these; no simulated process does.
NOT_SIMULATED = {
    "begin_generation", "confirm_restore", "counts", "cursors", "events_until",
    "forget_generation", "generations", "keep_generation", "next_generation",
    "note_generation", "note_restore", "position_at", "publish_keys_again", "rename_cursor",
    "rename_parked", "set_capacity",
    "renumber_generation", "renumber_live", "restore_unconfirmed", "retire_cursor",
    "rewind_relay", "said_after", "unpark_all",
}  # fmt: skip


@pytest.mark.timeout(3600)
def test_after_any_faults_everything_is_heard_once_in_causal_order_and_folded() -> None:
    asked = int(os.environ.get("LEDGERDESK_SIM_SEEDS", "0"))
    began, seed = time.monotonic(), 0
    while seed < asked or not asked:
        if not asked and seed >= SEEDS_MIN and time.monotonic() - began > BUDGET_SECONDS:
            break
        seed += 1
        result = simulate(seed)
        assert not result.problems, (
            f"python -m shared.testing.simulation --seed {seed} --trace\n"
            + "\n".join(result.problems)
        )


# Where those that hide best were found lately: looked at first, as a search takes its time.
SEEN_LATELY = {
    "acknowledged_before_it_is_committed": 501,
    "capacity_checked_before_it_is_taken": 23,
    "one_reader_speaks_for_all": 50,
    "timer_fires_by_its_own_clock": 21,
}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.__name__)
def test_a_seeded_bug_is_found(bug: Callable[[], AbstractContextManager[object]]) -> None:
    seeds = [SEEN_LATELY.get(bug.__name__, 1), *range(1, SEEDS_FOR_A_BUG + 1)]
    with bug():
        assert any(simulate(seed).problems for seed in seeds)


def test_a_seed_that_found_something_finds_it_again() -> None:
    with early_events_dropped():
        found = next(r for r in map(simulate, range(1, SEEDS_FOR_A_BUG)) if r.problems)
        again = simulate(found.seed)
    assert (found.problems, found.digest) == (again.problems, again.digest)


@pytest.mark.parametrize(
    "bug", [bug for bug in BUGS if bug not in WITHOUT_A_FAULT], ids=lambda bug: bug.__name__
)
def test_a_seeded_bug_is_tempting(bug: Callable[[], AbstractContextManager[object]]) -> None:
    """In calm weather it works, so that what finds it is the weather, not that it is broken."""
    with bug():
        assert not any(simulate(seed, calm=True).problems for seed in range(1, 4))


def test_a_seed_leads_to_the_same_in_every_process() -> None:
    digests = {_digest_elsewhere(hash_seed) for hash_seed in ("1", "2")}
    assert digests == {f"{simulate(7).digest:08x}"}


def _digest_elsewhere(hash_seed: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "shared.testing.simulation", "--seed", "7"],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split("digest ")[1][:8]


def test_every_statement_of_the_core_is_modelled() -> None:
    """A new query is modelled in `shared/testing/simulation/postgres`, and drawn in
    `operations.py`; or, if no simulated process asks it, named in `NOT_SIMULATED`."""
    rendered = {f.__name__ for f in (inbox.due_timers, inbox.unfire, inbox.forget_fired)}
    known = set(STATEMENTS) | rendered | NOT_SIMULATED
    assert set(QUERIES.names()) - known == set(), "not modelled"
    assert known - set(QUERIES.names()) == set(), "no longer there"
    asked = {getattr(KEY_QUERIES, name) for name in KEY_QUERIES.names()}
    assert keys.STATEMENTS.keys() <= asked
