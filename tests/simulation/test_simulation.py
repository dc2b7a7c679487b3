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
from tests.simulation.bugs import BUGS, WITHOUT_A_FAULT

BUDGET_SECONDS = 40.0
"""How long a usual run looks for something; LEDGERDESK_SIM_SEEDS says how many seeds instead."""

SEEDS_MIN = 20
SEEDS_FOR_A_BUG = 200

# A rebuild, an operator's command or a restore asks for these; no simulated process does.
NOT_SIMULATED = {
    "begin_generation", "confirm_restore", "counts", "cursors", "events_until",
    "forget_generation", "generations", "keep_generation", "next_generation",
    "note_generation", "position_at", "publish_keys_again", "rename_cursor", "rename_parked",
    "renumber_generation", "renumber_live", "restore_unconfirmed", "retire_cursor",
    "rewind_relay", "said_after", "unpark_all",
}  # fmt: skip

# Seeds that once found something in the core, and what.
FOUND_ONCE: dict[int, str] = {
    53: "two sweeps took in the same event, and the second ended its process",
}


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


@pytest.mark.parametrize("seed", FOUND_ONCE)
def test_what_was_found_once_is_not_found_again(seed: int) -> None:
    assert not simulate(seed).problems


@pytest.mark.timeout(600)
@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.__name__)
def test_a_seeded_bug_is_found(bug: Callable[[], AbstractContextManager[object]]) -> None:
    with bug():
        seeds = range(1, SEEDS_FOR_A_BUG + 1)
        found = next((seed for seed in seeds if simulate(seed).problems), None)
        assert found is not None
        first, again = simulate(found), simulate(found)
    assert (first.problems, first.digest) == (again.problems, again.digest)


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
    rendered = {inbox.due_timers.__name__, inbox.unfire.__name__}
    assert set(QUERIES.names()) == set(STATEMENTS) | rendered | NOT_SIMULATED
    asked = {getattr(KEY_QUERIES, name) for name in KEY_QUERIES.names()}
    assert keys.STATEMENTS.keys() <= asked
