"""One ticket is one trace, from the customer's request to the mail that was handed over."""

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from cli.desk import apply
from deploy.local import process
from services.assignment.app import SERVICE as ASSIGNMENT
from services.assignment.settings import Settings as AssignmentSettings
from services.intake.app import SERVICE as INTAKE
from services.intake.settings import Settings as IntakeSettings
from services.notify.app import SERVICE as NOTIFY
from services.notify.settings import Settings as NotifySettings
from services.resolution.app import SERVICE as RESOLUTION
from services.resolution.settings import Settings as ResolutionSettings
from services.review.app import SERVICE as REVIEW
from services.review.settings import Settings as ReviewSettings
from services.sla.app import SERVICE as SLA
from services.sla.settings import Settings as SlaSettings
from shared.running import Running, running
from shared.service import Service
from shared.settings import ServiceSettings
from shared.telemetry import ExportedTraces, Traces
from shared.testing.eventually import eventually
from shared.testing.infra import TestServers
from tests.integration.collector import Collector, collecting
from tests.integration.played import SECRET, settings_for
from tests.integration.watching import calling
from tests.unit.notify.mail_server import MailServer

DESK: Final = Path(__file__).resolve().parents[2] / "deploy" / "desk.yaml"
TRACE_ID: Final = "4bf92f3577b34da6a3ce929d0e0e4736"
CALLER: Final = f"00-{TRACE_ID}-00f067aa0ba902b7-01"
CARLA: Final = {
    "topic": "general",
    "requester": {"name": "Carla Meyer", "email": "carla@example.com"},
    "subject": "Where is my order?",
    "description": "It should have been here on Monday.",
}

MADE_OF: Final[tuple[tuple[Service, type[ServiceSettings]], ...]] = (
    (INTAKE, IntakeSettings),
    (ASSIGNMENT, AssignmentSettings),
    (SLA, SlaSettings),
    (RESOLUTION, ResolutionSettings),
    (REVIEW, ReviewSettings),
    (NOTIFY, NotifySettings),
)


@dataclass
class Desk:
    services: dict[str, Running]
    mails: MailServer
    collector: Collector

    async def open(self, **headers: str) -> None:
        async with calling(self.services["intake"]) as client:
            answer = await client.post("/v1/tickets", json=CARLA, headers=headers)
            assert answer.status_code == 201, answer.text


@asynccontextmanager
async def desk_of(servers: TestServers, folder: Path, **changes: Any) -> AsyncIterator[Desk]:
    """The services of a desk, a mail server and a collector; `changes` are settings of each."""
    topics, mails = await servers.topics(), MailServer()
    await mails.start()
    async with AsyncExitStack() as stack:
        collector = await stack.enter_async_context(collecting())
        services = {}
        for service, settings in MADE_OF:
            given = settings_for(await servers.database(service.name), topics)
            given |= {"data_dir": folder, "otlp_endpoint": collector.endpoint}
            given |= {"smtp_port": process.free_port(), **changes}
            given |= {"smtp_url": f"smtp://127.0.0.1:{mails.port}"}
            made = running(service, settings(**given))
            services[service.name] = await stack.enter_async_context(made)
        for name, live in services.items():
            port = live.runtime.settings.port
            os.environ[f"{name.upper()}_URL"] = f"http://127.0.0.1:{port}"
            async with calling(live, "/health/ready"):
                pass
        await apply(DESK)
        yield Desk(services, mails, collector)
    await mails.stop()


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A data folder, and an environment that tells the command line of it."""
    monkeypatch.setenv("LEDGERDESK_DATA", str(tmp_path))
    monkeypatch.setenv("LEDGERDESK_IDENTITY_SECRET", SECRET)
    for service, _ in MADE_OF:
        monkeypatch.setenv(f"{service.name.upper()}_URL", "")
    return tmp_path


async def test_one_ticket_is_one_trace_from_the_request_to_the_mail(
    servers: TestServers, at: Path
) -> None:
    async with desk_of(servers, at) as desk:
        await desk.open(traceparent=CALLER)
        await eventually(lambda: desk.mails.mails, timeout=60)

        async def told() -> None:
            spans = desk.collector.of(TRACE_ID)
            assert {span.service for span in spans} >= {"intake", "assignment", "sla", "notify"}
            assert {"POST /v1/tickets", "send mail"} <= {span.name for span in spans}

        await eventually(told, timeout=60)
        spans = desk.collector.of(TRACE_ID)
        ids = {span.span_id for span in spans} | {"00f067aa0ba902b7"}
        assert {span.parent_id for span in spans} <= ids
        for text in ("Carla", "carla", "order", "Monday"):
            assert text not in str(spans)


async def test_what_is_not_to_be_recorded_is_passed_on_all_the_same(
    servers: TestServers, at: Path
) -> None:
    async with desk_of(servers, at, trace_share=0.0) as desk:
        await desk.open(traceparent=CALLER)
        await eventually(lambda: desk.mails.mails, timeout=60)
        rows = await desk.services["notify"].runtime.pool.fetch(
            "select distinct substr(traceparent, 4, 32) as trace_id, right(traceparent, 2) as flag"
            " from ledger.log where topic = 'tickets'"
        )
        assert [(row["trace_id"], row["flag"]) for row in rows] == [(TRACE_ID, "00")]
        assert desk.collector.spans == []


async def test_without_a_collector_what_came_in_is_in_every_event(
    servers: TestServers, at: Path
) -> None:
    async with desk_of(servers, at, otlp_endpoint="") as desk:
        await desk.open(traceparent=CALLER)
        await desk.open(traceparent="00-nonsense")
        await eventually(lambda: len(desk.mails.mails) >= 2, timeout=60)
        rows = await desk.services["notify"].runtime.pool.fetch(
            "select distinct traceparent from ledger.log where topic = 'tickets'"
        )
        assert {row["traceparent"] for row in rows} == {CALLER, ""}
        for live in desk.services.values():
            assert type(live.runtime.log.traces) is Traces
            assert not isinstance(live.runtime.log.traces, ExportedTraces)
