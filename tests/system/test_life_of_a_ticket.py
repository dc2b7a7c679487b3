"""The path that must always work, over form, mail and HTTP, on real processes.

A customer opens a ticket under "Business critical outage"; it is an Emergency, goes to a
top-tier technician, she keeps the customer informed, a note says that he is upset; a
rejected solution in between; resolved, confirmed, closed, followed up and rated; and the
audit log tells it all, in order.
"""

import re
from typing import Any

import httpx

from shared.ids import uuid7
from shared.testing.eventually import eventually
from tests.system.people import SOON_SECONDS, Agent, Customer
from tests.system.world import World, fetch

STORY = [
    "TicketOpened",
    "TicketVerified",
    "TicketPrioritised",
    "AgentAssigned",
    "WorkStarted",
    "NoteAdded",
    "ProgressReported",
    "AgentReplied",
    "CustomerMessageReceived",
    "TicketResolved",
    "ResolutionRejected",
    "TicketReopened",
    "TicketResolved",
    "ResolutionVerified",
    "ResolutionConfirmed",
    "TicketClosed",
    "FollowUpRequested",
    "FeedbackReceived",
]


def in_order(wanted: list[str], told: list[str]) -> bool:
    """Whether `wanted` is told in this order, with other things in between."""
    rest = iter(told)
    return all(any(one == another for another in rest) for one in wanted)


async def opened_by_form(world: World, carl: Customer) -> str:
    """Open the ticket by the portal's form; its number."""
    start = await carl.look("/")
    link = re.search(r'href="([^"]+)"[^>]*>\s*(?:<[^>]+>\s*)*Business critical outage', start.html)
    assert link, start.text
    form = await carl.look(link[1])
    done = await carl.fill_in(
        form,
        f"{link[1]}/send",
        {
            "requester.name": carl.name,
            "requester.email": carl.email,
            "subject": "Nobody can order 😱",
            "description": "The shop answers with an error page since nine o'clock.",
        },
    )
    number = re.search(r"LD-[0-9A-Z-]+", done.text)
    assert number, done.text
    return number[0]


async def link_in(mail: dict[str, Any], ending: str = "") -> str:
    """The link of a mail that leads to the page with this ending."""
    links = [link for link in mail["links"] if "/t/" in link]
    fitting = [link for link in links if link.rstrip("/").endswith(ending)] if ending else links
    assert fitting, mail["text"]
    return str(fitting[0])


async def test_the_business_critical_outage(world: World) -> None:
    carl = Customer(world, "Carl Cramer", f"carl.{uuid7().hex[-8:]}@shop.example")
    number = await opened_by_form(world, carl)

    # Acknowledged, with the number and a summary.
    acknowledgment = await carl.mail_about("We have your request")
    assert number in acknowledgment["subject"] + acknowledgment["text"]
    assert "Nobody can order" in acknowledgment["subject"] + acknowledgment["text"]

    # An Emergency, under its plan, with a top-tier technician; the customer learns who.
    manager = Agent(world, world.everyone("manager")[0])
    ticket = await manager.sees(number, status="Assigned", due_clock="first_response")
    assert ticket["priority_label"] == "Emergency"
    assert ticket["tier"] == 3
    assert "mergency" in ticket["plan"]["name"]
    tessa = Agent(world, ticket["agent"]["id"])
    me = (await tessa.api.get("/api/v1/me")).json()
    assert me["tier"] == 3
    first_name = ticket["agent"]["name"].split()[0]
    await carl.mail_about(f"{first_name} takes care of your request")
    clocks = await tessa.part(number, "clocks")
    assert {clock["clock"] for clock in clocks} == {"first_response", "resolution"}

    # Worked on, and the customer is kept informed.
    await tessa.do(number, "start")
    await tessa.do(number, "notes", text="The customer is upset: call first.", pinned=True)
    await tessa.do(number, "progress", kind="finding", text="The database has no space left.")
    await carl.mail_about("The database has no space left.")
    await tessa.do(number, "progress", kind="workaround", text="Orders by phone work meanwhile.")
    await tessa.do(number, "replies", text="Which error do you see now?", awaits_customer=True)
    await tessa.sees(number, status="Waiting for customer")
    assert (await tessa.ticket(number))["pinned_notes"]

    # He answers by mail, and it joins the ticket.
    question = await carl.mail_about("Which error do you see now?")
    await carl.write(
        f"Re: {question['subject']}",
        "It says: disk full.\n\n> Which error do you see now?",
        to=question["headers"]["reply-to"],
        in_reply_to=question["headers"]["message-id"],
    )
    await tessa.sees(number, status="In progress")
    conversation = await tessa.part(number, "conversation")
    assert any("disk full" in message["text"] for message in conversation)

    # A solution, which he rejects. Looking at the link changes nothing.
    await tessa.do(
        number, "resolve", kind="workaround", cause="Disk full", note="Old logs were deleted."
    )
    solved = await carl.mail_about("Old logs were deleted.")
    reject = await link_in(solved, "/reject")
    page = await carl.look_for(reject, "/reject")
    await carl.look(await link_in(solved, "/confirm"))
    assert (await tessa.ticket(number))["status"] == "Resolved"
    await carl.fill_in(page, "/reject", {"reason": "It is full again."})
    await tessa.sees(number, status="In progress", reopened=1)

    # Solved for good, verified, confirmed, closed.
    await tessa.do(number, "resolve", kind="fix", cause="No rotation", note="Logs rotate now.")
    await tessa.do(number, "verify", method="Filled the disk", result="Rotated", passed=True)
    solved = await carl.mail_about("Logs rotate now.")
    confirm = await link_in(solved, "/confirm")
    await carl.fill_in(await carl.look_for(confirm, "/confirm"), "/confirm", {})
    await tessa.sees(number, status="Closed")

    # Followed up, and rated.
    follow_up = await carl.mail_about("Is everything still running?")
    feedback = await link_in(follow_up, "/feedback")
    await carl.fill_in(
        await carl.look_for(feedback, "/feedback"),
        "/feedback",
        {"rating": "5", "comment": "Thank you, Tessa!"},
    )
    await tessa.sees(number, rating=5)

    # The audit log tells it all, in order, and proves that nothing is missing.
    await told_by_the_audit_log(world, number)


async def told_by_the_audit_log(world: World, number: str) -> None:
    story = await eventually(lambda: _story(world, number), timeout=SOON_SECONDS)
    assert in_order(STORY, story), story
    assert number in world.run("log", number)
    async with httpx.AsyncClient(timeout=20) as client:
        answer = await client.get(
            f"{world.url('audit')}/v1/proof", headers=world.operator_headers("audit")
        )
    assert answer.is_success, answer.text
    assert answer.json()["ok"] is True


async def _story(world: World, number: str) -> list[str]:
    rows = await fetch(
        world.database("audit").url,
        "select type from ledger.log where subject = ("
        "  select subject from ledger.log where type = 'TicketOpened' and data->>'number' = $1"
        ") order by position",
        number,
    )
    story = [row["type"] for row in rows]
    assert "FeedbackReceived" in story
    return story


async def test_a_ticket_by_http_and_one_by_mail_reach_every_read_model(world: World) -> None:
    mia = Customer(world, "Mia Moss", f"mia.{uuid7().hex[-8:]}@example.com")
    async with httpx.AsyncClient(base_url=world.url("intake"), timeout=20) as client:
        topics = (await client.get("/v1/topics")).json()
        topic = next(t for t in topics if "echnical" in t["name"])
        body = {
            "topic": topic["topic_id"],
            "requester": {"name": mia.name, "email": mia.email},
            "subject": "The printer prints backwards",
            "description": "Everything comes out mirrored since the update of Tuesday.",
        }
        headers = {"Idempotency-Key": str(uuid7())}
        first = await client.post("/v1/tickets", json=body, headers=headers)
        assert first.status_code == 201, first.text
        again = await client.post("/v1/tickets", json=body, headers=headers)
        assert again.json()["ticket_id"] == first.json()["ticket_id"]
        other = await client.post(
            "/v1/tickets", json=body | {"subject": "Another"}, headers=headers
        )
        assert other.status_code == 422, other.text
        wrong = await client.post("/v1/tickets", json={"subject": {"a": 1}})
        assert wrong.status_code == 422
        assert {"topic", "requester", "subject", "description"} <= {
            error["field"].split(".")[0] for error in wrong.json()["errors"]
        }
    await mia.write(
        "My invoice is wrong", "You charged me twice in March.", to="support@desk.localhost"
    )
    manager = Agent(world, world.everyone("manager")[0])
    await manager.sees(first.json()["number"], subject="The printer prints backwards")

    async def by_mail() -> dict[str, Any]:
        answer = await manager.api.get("/api/v1/tickets", params={"requester": mia.email})
        found: list[dict[str, Any]] = answer.json()["tickets"]
        return next((t for t in found if t["subject"] == "My invoice is wrong"), {})

    ticket = await eventually(by_mail, timeout=SOON_SECONDS)
    assert ticket["channel"] == "email"
    await eventually(world.is_settled, timeout=SOON_SECONDS)
    for service, query in {
        "assignment": "select subject from queues.tickets",
        "sla": "select distinct subject from clocks.clocks",
        "resolution": "select subject from work.tickets",
    }.items():
        rows = await fetch(world.database(service).url, query)
        subjects = {str(row["subject"]) for row in rows}
        assert {first.json()["ticket_id"], ticket["id"]} <= subjects, service
