"""Fixtures for every test: servers, fresh databases, fresh topics.

With LEDGERDESK_NO_SKIP=1, as in CI, a skipped test fails the run.
"""

import atexit
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from deploy.local.databases import Database
from deploy.local.process import PidFile
from deploy.local.stack import Kafka, Postgres
from shared.privacy.master import new_master_key
from shared.testing.infra import FOLDER_PREFIX, TestServers, TopicNames
from tests.desk import started, world

__all__ = ["started", "world"]

ROOMS = ("unit", "contract", "simulation", "integration", "faults", "system", "browser")
"""The order they are tested in: the quickest answers first, and those that share a desk
beside each other and last, so that it idles under nobody else's feet."""

MASTER_KEYS = Path(tempfile.mkdtemp(prefix=FOLDER_PREFIX)) / "master.keys"
PidFile(MASTER_KEYS.parent / "owner.pid").write(os.getpid())
MASTER_KEYS.write_text(new_master_key("tests"), encoding="utf-8")
os.environ["LEDGERDESK_MASTER_KEY_FILE"] = str(MASTER_KEYS)
atexit.register(shutil.rmtree, MASTER_KEYS.parent, ignore_errors=True)

# How long an example takes says something about the machine, not about the code.
settings.register_profile("ledgerdesk", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("ledgerdesk")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the rooms in order; within one, tests stay as they were collected."""
    here = Path(__file__).parent
    items.sort(key=lambda item: ROOMS.index(item.path.relative_to(here).parts[0]))


@pytest.fixture(scope="session")
def servers() -> Iterator[TestServers]:
    """The servers of this test run, none of them started yet."""
    made = TestServers.create()
    yield made
    made.close()


@pytest.fixture(scope="session")
def postgres(servers: TestServers) -> Postgres:
    """A real Postgres, for all tests of this run; `admin_url` is its superuser's."""
    return servers.postgres()


@pytest.fixture(scope="session")
def kafka(servers: TestServers) -> Kafka:
    """A real Kafka, for all tests of this run; `bootstrap` is where it listens."""
    return servers.kafka()


@pytest.fixture
async def service_database(
    servers: TestServers,
) -> AsyncIterator[Callable[[str], Awaitable[Database]]]:
    """`await service_database("intake")`: a fresh, migrated database with its two roles.

    `.url` is the service's own role, `.owner_url` the role that owns the schema.
    """
    made: list[Database] = []

    async def create(service: str) -> Database:
        made.append(await servers.database(service))
        return made[-1]

    yield create
    for database in made:
        await servers.drop(database)


@pytest.fixture
async def topics(servers: TestServers) -> TopicNames:
    """Fresh topics for this test: `.prefix` (LEDGERDESK_TOPIC_PREFIX), `.tickets`, `.desk`."""
    return await servers.topics()


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium; the test is skipped, loudly, where there is none."""
    named = [os.environ.get("LEDGERDESK_CHROMIUM", ""), "chromium", "chromium-browser"]
    found = next((path for path in map(shutil.which, [*named, "google-chrome"]) if path), None)
    if found is None:
        pytest.skip("no browser here: apt install chromium, or set LEDGERDESK_CHROMIUM to one")
    return found


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say loudly what was not tested."""
    skipped = terminalreporter.stats.get("skipped", [])
    for reason in sorted({str(report.longrepr[2]) for report in skipped}):
        told = reason.removeprefix("Skipped: ")
        terminalreporter.write_line(f"NOT TESTED: {told}", yellow=True, bold=True)
    if skipped and no_skip():
        terminalreporter.write_line("and LEDGERDESK_NO_SKIP lets no test be skipped", red=True)


def no_skip() -> bool:
    return os.environ.get("LEDGERDESK_NO_SKIP") == "1"


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI nothing may be skipped."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and no_skip() and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
