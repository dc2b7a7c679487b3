"""One desk of real processes for all system tests, or one that runs already."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.system.people import Agent
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
    try:
        for agent_id in started.everyone() + started.everyone("manager"):
            agent = Agent(started, agent_id)
            answer = await agent.api.put("/api/v1/me/presence", json={"online": True})
            assert answer.is_success, answer.text
        yield started
    finally:
        for client in started.clients:
            await client.aclose()
        started.clients.clear()
