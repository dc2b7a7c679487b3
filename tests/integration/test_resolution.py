"""Resolution on the real parts: HTTP in, Kafka both ways, read models and timers in Postgres.

The other services are played by `world.py`, which says everything twice.
"""

import base64
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio

from services.resolution.app import SERVICE
from services.resolution.finders import QUERIES
from services.resolution.settings import Settings
from shared.clock import utc_now
from shared.events.assignment import Role
from shared.events.resolution import (
    AgentReplied,
    ClosedHow,
    ProgressReported,
    TicketArchived,
    TicketClosed,
    TicketResolved,
)
from shared.files import FileStore
from shared.ids import uuid7
from shared.running import Running, running
from shared.testing.eventually import eventually
from shared.testing.infra import TestServers
from tests.integration.world import (
    MovingClock,
    World,
    agent,
    code,
    customer,
    nobody,
    said,
    settings_for,
    settled,
    world,
)
from tests.unit.resolution import story

CARLA = story.CARLA.person_id
SOLUTION = {"kind": "fix", "cause": "A full disk.", "note": "Restarted the database."}


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def others(servers: TestServers) -> AsyncIterator[World]:
    async with world(await servers.topics()) as made:
        yield made


@pytest.fixture(scope="module")
def clock() -> MovingClock:
    return MovingClock()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def live(
    servers: TestServers,
    others: World,
    clock: MovingClock,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Running]:
    """One resolution for all tests of this module, as each has a ticket of its own."""
    database = clock.database = await servers.database("resolution")
    given = settings_for(database, others.topics, tmp_path_factory.mktemp("data"))
    settings = Settings(**given, attachment_bytes_max=1_000)
    async with running(SERVICE, settings, clock) as made:
        yield made


async def assigned_ticket(live: Running, others: World, **times: float) -> UUID:
    """A ticket that anna has, as soon as resolution knows."""
    ticket = uuid7()
    known = await others.say(ticket, story.opened(), story.categorised(**times), story.assigned())
    await live.runtime.wait_for(ticket, known)
    return ticket


async def resolved_ticket(live: Running, others: World, **times: float) -> UUID:
    ticket = await assigned_ticket(live, others, **times)
    said(await agent(live).post(f"/tickets/{ticket}/resolve", SOLUTION))
    return ticket


async def types(live: Running, ticket: UUID) -> list[str]:
    past = await live.runtime.log.read(ticket)
    return [event.type for event in past.events if event.said]


async def work_of(live: Running, ticket: UUID) -> dict[str, Any]:
    answer = await agent(live).get(f"/tickets/{ticket}/work")
    assert answer.status_code == 200, answer.text
    row: dict[str, Any] = answer.json()
    return row


async def test_a_ticket_is_worked_on_rejected_resolved_again_and_confirmed(
    live: Running, others: World
) -> None:
    ticket = await assigned_ticket(live, others)
    anna, carla, path = agent(live), customer(live, CARLA), f"/tickets/{ticket}"
    verification = {"method": "paid a cent", "result": "paid", "passed": True}
    told = [
        said(await anna.post(f"{path}/start")),
        said(await anna.post(f"{path}/replies", {"text": "We are on it."})),
        said(await anna.post(f"{path}/notes", {"text": "The customer is upset.", "pinned": True})),
        said(await anna.post(f"{path}/progress", {"kind": "finding", "text": "A full disk."})),
        said(await anna.post(f"{path}/hold", {"reason": "A disk is on its way."})),
        said(await anna.post(f"{path}/resume")),
        said(await anna.post(f"{path}/escalation", {"reason": "I may not touch disks."})),
        said(await anna.post(f"{path}/resolve", SOLUTION)),
        said(await carla.post(f"{path}/reject", {"reason": "Still down."})),
        said(await anna.post(f"{path}/resolve", SOLUTION | {"kind": "workaround"})),
        said(await anna.post(f"{path}/verify", verification)),
        said(await carla.post(f"{path}/confirm", {"comment": "Thank you!"})),
    ]
    row = await work_of(live, ticket)
    assert (row["status"], row["agent_id"], row["number"]) == (
        "Closed",
        "anna",
        "LD-7KQ4M-2XR9C-5",
    )
    assert (row["resolutions"], row["rejections"], row["reopenings"]) == (2, 1, 1)
    told.append(said(await anna.post(f"{path}/archive")))
    flat = [each for events in told for each in events]
    assert flat == [
        "WorkStarted",
        "AgentReplied",
        "NoteAdded",
        "ProgressReported",
        "TicketHeld",
        "WorkResumed",
        "EscalationRequested",
        "TicketResolved",
        "ResolutionRejected",
        "TicketReopened",
        "TicketResolved",
        "ResolutionVerified",
        "ResolutionConfirmed",
        "TicketClosed",
        "TicketArchived",
    ]

    async def published() -> None:
        assert await others.heard("resolution", ticket) == [
            (name, number) for number, name in enumerate(flat, start=1)
        ]

    await eventually(published)
    assert code(await anna.get(f"{path}/work")) == (404, "ticket_not_found")
    closing = (await anna.get(f"{path}/closing")).json()
    assert (closing["kind"], closing["how"], closing["note"], closing["reopenings"]) == (
        "workaround",
        "confirmed",
        "Thank you!",
        1,
    )
    listed = (await anna.get("/closings")).json()
    assert str(ticket) in [each["subject"] for each in listed]


async def test_what_is_delivered_twice_and_out_of_order_is_counted_once(
    live: Running, others: World
) -> None:
    ticket = await assigned_ticket(live, others)
    known = await others.say(ticket, *[story.wrote(minutes=n) for n in range(5)])
    await others.say_all_again()
    later = uuid7()
    known_later = await others.say(later, story.opened())
    await live.runtime.wait_for(later, known_later)
    await live.runtime.wait_for(ticket, known)
    assert (await work_of(live, ticket))["messages"] == 5


async def test_a_message_reopens_a_resolved_ticket_once(live: Running, others: World) -> None:
    ticket = await resolved_ticket(live, others)
    await others.say(ticket, story.wrote(automatic=True), story.wrote())
    await others.say_all_again()

    async def reopened() -> None:
        assert await types(live, ticket) == ["WorkStarted", "TicketResolved", "TicketReopened"]

    await eventually(reopened)
    await settled()
    await reopened()


async def test_an_answer_resumes_what_waited_for_it(live: Running, others: World) -> None:
    ticket = await assigned_ticket(live, others)
    question = {"text": "Since when?", "awaits_customer": True}
    said(await agent(live).post(f"/tickets/{ticket}/replies", question))
    assert (await work_of(live, ticket))["status"] == "Waiting for customer"
    await others.say(ticket, story.wrote())

    async def resumed() -> None:
        assert (await types(live, ticket))[-1] == "WorkResumed"

    await eventually(resumed)
    assert (await work_of(live, ticket))["status"] == "In progress"


async def test_a_merged_ticket_is_closed_and_a_problem_that_came_back_reopens_one(
    live: Running, others: World
) -> None:
    merged, closed = await assigned_ticket(live, others), await resolved_ticket(live, others)
    said(await customer(live, CARLA).post(f"/tickets/{closed}/confirm"))
    await others.say(merged, story.merged())
    await others.say(closed, story.feedback(recurred=True))

    async def both() -> None:
        assert await types(live, merged) == ["TicketClosed"]
        assert (await types(live, closed))[-1] == "TicketReopened"

    async def closing_of() -> dict[str, Any]:
        answer = await agent(live).get(f"/tickets/{merged}/closing")
        assert answer.status_code == 200, answer.text
        shape: dict[str, Any] = answer.json()
        return shape

    await eventually(both)
    closing = await eventually(closing_of)
    assert (closing["how"], closing["merged_into"]) == ("merged", str(story.OTHER_TICKET))


async def test_silence_closes_and_rest_archives_dated_by_when_they_were_due(
    live: Running, others: World, clock: MovingClock
) -> None:
    ticket = await resolved_ticket(live, others, close_after=60, archive_after=600)
    done = ["WorkStarted", "TicketResolved"]
    assert (await work_of(live, ticket))["status"] == "Resolved"
    await clock.move(minutes=61)
    await eventually(lambda: _said(live, ticket, [*done, "TicketClosed"]))
    await clock.move(minutes=601)
    await eventually(lambda: _said(live, ticket, [*done, "TicketClosed", "TicketArchived"]), 20)
    events = [each.event for each in (await live.runtime.log.read(ticket)).events if each.said]
    resolved, closed, put_away = events[1:]
    assert isinstance(resolved, TicketResolved)
    assert isinstance(closed, TicketClosed)
    assert isinstance(put_away, TicketArchived)
    assert closed.closed_at - resolved.resolved_at == timedelta(minutes=60)
    assert put_away.archived_at - closed.closed_at == timedelta(minutes=600)
    assert closed.how is ClosedHow.SILENCE


async def test_a_message_before_the_silence_ran_out_keeps_the_ticket_open(
    live: Running, others: World, clock: MovingClock
) -> None:
    ticket = await resolved_ticket(live, others, close_after=60)
    await others.say(ticket, story.wrote())
    await clock.move(minutes=61)
    reopened = ["WorkStarted", "TicketResolved", "TicketReopened"]
    await eventually(lambda: _said(live, ticket, reopened))
    await settled(2)
    await _said(live, ticket, reopened)


async def _said(live: Running, ticket: UUID, expected: list[str]) -> bool:
    assert await types(live, ticket) == expected
    return True


async def test_who_may_do_what(live: Running, others: World) -> None:
    ticket = await resolved_ticket(live, others)
    path = f"/tickets/{ticket}"
    assert code(await nobody(live).post(f"{path}/start")) == (401, "not_signed_in")
    carla, mallory = customer(live, CARLA), customer(live, story.MALLORY.person_id)
    assert code(await carla.post(f"{path}/close")) == (403, "not_allowed")
    assert code(await carla.get(f"{path}/work")) == (403, "not_allowed")
    for name in ("confirm", "reject", "reopen"):
        refused = await mallory.post(f"{path}/{name}", {"reason": "x"} if name != "confirm" else {})
        assert code(refused) == (403, "not_the_requester")
    assert said(await carla.post(f"{path}/reopen", {"reason": "Down."})) == ["TicketReopened"]


async def test_refusals_have_stable_codes(live: Running, others: World) -> None:
    ticket, anna = await assigned_ticket(live, others), agent(live)
    unknown = await anna.post(f"/tickets/{uuid7()}/start")
    assert code(unknown) == (404, "ticket_not_found")
    assert unknown.headers["content-type"] == "application/problem+json"
    assert code(await anna.post(f"/tickets/{ticket}/close")) == (422, "closing_note_missing")
    assert code(await anna.post(f"/tickets/{ticket}/confirm")) == (409, "ticket_not_resolved")
    malformed = await anna.post(f"/tickets/{ticket}/resolve", {"kind": "magic", "note": " \0 "})
    assert code(malformed) == (422, "invalid")
    fields = {error["field"] for error in malformed.json()["errors"]}
    assert fields == {"kind", "cause", "note"}
    assert await types(live, ticket) == []


async def test_who_has_not_seen_the_latest_is_told_so(live: Running, others: World) -> None:
    ticket, anna = await assigned_ticket(live, others), agent(live)
    seen = (await anna.get(f"/tickets/{ticket}/work")).headers["etag"]
    known = await others.say(ticket, story.wrote())
    await live.runtime.wait_for(ticket, known)
    stale = await anna.post(f"/tickets/{ticket}/resolve", SOLUTION, If_Match=seen)
    assert code(stale) == (412, "stale")
    now = (await anna.get(f"/tickets/{ticket}/work")).headers["etag"]
    done = await anna.post(f"/tickets/{ticket}/resolve", SOLUTION, If_Match=now)
    assert said(done) == ["WorkStarted", "TicketResolved"]
    assert done.headers["etag"] != now


async def test_a_command_waits_for_what_its_caller_knows(live: Running, others: World) -> None:
    ticket = uuid7()
    known = await others.say(ticket, story.opened())
    started = await agent(live).post(f"/tickets/{ticket}/start", Ledgerdesk_After=str(known))
    assert said(started) == ["WorkStarted"]


async def test_a_retried_post_is_the_same_fact(live: Running, others: World) -> None:
    ticket, anna = await assigned_ticket(live, others), agent(live)
    reply, path = {"text": "We are on it."}, f"/tickets/{ticket}/replies"
    first = await anna.post(path, reply, Idempotency_Key="k1")
    again = await anna.post(path, reply, Idempotency_Key="k1")
    assert (said(first), said(again)) == (["WorkStarted", "AgentReplied"], [])
    assert said(await anna.post(path, reply, Idempotency_Key="k2")) == ["AgentReplied"]
    other = await anna.post(path, {"text": "And something else."}, Idempotency_Key="k1")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


async def test_an_attachment_is_stored_before_it_is_named(live: Running, others: World) -> None:
    ticket, anna = await assigned_ticket(live, others), agent(live)
    path = f"/tickets/{ticket}/replies"

    def with_file(content: bytes) -> dict[str, Any]:
        encoded = base64.b64encode(content).decode()
        file = {"name": "log.txt", "content_type": "text/plain", "content_base64": encoded}
        return {"text": "See the log.", "attachments": [file]}

    refused = await anna.post(path, with_file(b"x" * 1_001))
    assert code(refused) == (422, "invalid")
    said(await anna.post(path, with_file(b"disk full")))
    (attachment,) = (await live.runtime.log.read(ticket)).events[-1].event.attachments  # type: ignore[union-attr]
    assert (
        await FileStore.of(live.runtime.settings.data_dir).get(attachment.file_id) == b"disk full"
    )
    assert (attachment.name, attachment.size_bytes) == ("log.txt", 9)


async def test_customers_who_have_heard_nothing_are_found(live: Running, others: World) -> None:
    quiet, told = await assigned_ticket(live, others), await assigned_ticket(live, others)
    said(await agent(live).post(f"/tickets/{told}/progress", {"kind": "step", "text": "Looking."}))
    await work_of(live, told)
    found = (await agent(live).get("/quiet?minutes=60&agent_id=anna")).json()
    subjects = [row["subject"] for row in found]
    assert str(quiet) in subjects
    assert str(told) not in subjects
    assert (await agent(live).get("/quiet?minutes=60&agent_id=ben")).json() == []


async def test_the_lists_scan_no_table_at_100_000_tickets(servers: TestServers) -> None:
    connection = await asyncpg.connect((await servers.database("resolution")).url)
    await connection.execute(
        "insert into work.tickets select gen_random_uuid(), 'LD', case when n % 20 = 0 then"
        " 'In progress' else 'Archived' end, now() - n * interval '1 minute', now(), 'a' || n % 50,"
        " '', null, null, null, '', null, null, null, null, null, null, 0, 0, 0, 0, 0, 0, 0, 0, 0,"
        " 1, 1 from generate_series(1, 100000) n"
    )
    await connection.execute(
        "insert into closed.tickets (subject, number, topic_name, opened_at, cause, solution,"
        " verified_method, verified_result, comment, note, closed_at, reopenings) select"
        " gen_random_uuid(), 'LD', '', now(), '', '', '', '', '', '', now() - n * interval '1 s', 0"
        " from generate_series(1, 100000) n"
    )
    await connection.execute("analyze")
    plans = [
        await connection.fetch("explain " + QUERIES.quiet, utc_now(), "a7", 50),
        await connection.fetch("explain " + QUERIES.closings, utc_now(), 50),
    ]
    for plan in plans:
        assert not any("Seq Scan" in line[0] for line in plan), plan
    await connection.close()


async def test_a_reply_is_refused_to_whoever_has_not_seen_what_was_said(
    live: Running, others: World
) -> None:
    ticket, anna = await assigned_ticket(live, others), agent(live)
    path = f"/tickets/{ticket}/replies"
    seen = str(others.vector(ticket))
    known = await others.say(ticket, story.wrote())
    await live.runtime.wait_for(ticket, known)
    refused = await anna.post(path, {"text": "Try again.", "seen": seen})
    assert code(refused) == (409, "conversation_moved_on")
    assert "the customer wrote" in refused.json()["detail"]
    anyway = {"text": "Try again.", "seen": seen, "sent_anyway": True}
    assert said(await anna.post(path, anyway)) == ["WorkStarted", "AgentReplied"]
    replied = (await live.runtime.log.read(ticket)).events[-1].event
    assert isinstance(replied, AgentReplied)
    assert (replied.seen, replied.sent_anyway) == (seen, True)
    own = await anna.post(path, {"text": "And again.", "seen": str(known)})
    assert said(own) == ["AgentReplied"], "what somebody said themselves is no news to them"


async def test_macros_incidents_and_thanks_by_the_desks_rules(live: Running, others: World) -> None:
    anna, admin = agent(live), agent(live, "ada", Role.ADMIN)
    rules = {
        "revision": 3,
        "macros": [
            {
                "macro_id": "known",
                "name": "Known",
                "steps": [
                    {"do": "progress", "fields": {"text": "Known, {{ requester.first_name }}."}},
                    {"do": "tags", "fields": {"add": "outage"}},
                ],
            }
        ],
        "closing": {"remind_minutes_before": 20, "reopen_minutes": 100},
    }
    assert said(await admin._send("PUT", "/desk", rules, {})) == ["WorkRulesDefined"]
    assert said(await admin._send("PUT", "/desk", rules, {})) == []
    wrong = {"revision": 4, "macros": [{**rules["macros"][0], "steps": [{"do": "fly"}]}]}  # type: ignore[index]
    assert code(await admin._send("PUT", "/desk", wrong, {})) == (422, "invalid")
    child, incident = await assigned_ticket(live, others), await assigned_ticket(live, others)
    linked = await anna.post(f"/tickets/{child}/parent", {"parent_ticket_id": str(incident)})
    assert said(linked) == ["ParentLinked"]
    ran = await anna.post(f"/tickets/{incident}/macros/known")
    assert said(ran) == ["WorkStarted", "ProgressReported", "TagsChanged"]
    said(await anna.post(f"/tickets/{incident}/resolve", SOLUTION))
    answered = ["ParentLinked", "WorkStarted", "ProgressReported", "TicketResolved"]
    await eventually(lambda: _said(live, child, answered))
    past = (await live.runtime.log.read(child)).events
    report, solution = past[-2].event, past[-1].event
    assert isinstance(report, ProgressReported)
    assert isinstance(solution, TicketResolved)
    assert (report.text, solution.note, solution.reopen_minutes) == (
        "Known, Carla.",
        "Restarted the database.",
        100,
    )
    await others.say(child, story.wrote(text="It works again, thank you!"))
    confirmed = [*answered, "ResolutionConfirmed", "TicketClosed"]

    async def closed_by_thanks() -> bool:
        return (await types(live, child))[: len(confirmed)] == confirmed  # then it is archived

    await eventually(closed_by_thanks)
    await others.say(child, story.wrote(text="Thanks once more!"))
    await settled()
    assert "TicketReopened" not in await types(live, child)
    cleared = await admin._send("PUT", "/desk", {"revision": 5}, {})
    assert said(cleared) == ["WorkRulesDefined"]
