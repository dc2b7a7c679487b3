"""One desk of real processes for all tests that need a whole one, or one that runs already."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.system.people import at_work
from tests.system.world import World

RUNNING_DESK = "LEDGERDESK_TEST_DESK"
"""The data folder of a running desk to test against, instead of starting one."""


@pytest.fixture(scope="session")
def started() -> Iterator[World]:
    """The sample desk, running; follow-ups come after seconds instead of a day."""
    running = os.environ.get(RUNNING_DESK)
    made = World.attach(Path(running)) if running else World.create()
    made.follow_up_soon()
    yield made
    if not running:
        made.close()


@pytest.fixture
async def world(started: World) -> AsyncIterator[World]:
    """The desk, with everybody at work."""
    async with at_work(started):
        yield started
