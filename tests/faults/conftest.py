"""A desk of real processes of its own for each fault test, as what it goes through stays."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.system.people import at_work
from tests.system.world import World


@pytest.fixture(scope="module")
def started() -> Iterator[World]:
    made = World.create()
    yield made
    made.close()


@pytest.fixture
async def world(started: World) -> AsyncIterator[World]:
    """The desk, with everybody at work."""
    async with at_work(started):
        yield started
