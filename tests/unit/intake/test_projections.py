from typing import Any
from uuid import UUID, uuid4

import pytest

from services.intake.projection import PROJECTIONS
from services.intake.projections.register import Register
from services.intake.projections.submissions import Submissions
from services.intake.projections.triage import Triage
from shared.events import Attachment, Event, Level, Person, Priority, TicketType
from shared.events.assignment import AgentAssigned, AgentUnassigned
from shared.events.desk import TopicDefined
from shared.events.intake import (
    Channel,
    ClarificationProvided,
    ClarificationRequested,
    CustomerMessageReceived,
    Question,
    TicketCategorised,
    TicketOpened,
    TicketPrioritised,
    TicketVerified,
)
from shared.events.notify import NotificationKind, NotificationSent
from shared.events.relations import Relation, TicketMerged, TicketsRelated
from shared.events.resolution import (
    AgentReplied,
    ClosedHow,
    TicketClosed,
    TicketReopened,
    TicketResolved,
)
from shared.events.submissions import BounceReceived, SubmissionQuarantined
from shared.followers.contracts import Projection
from shared.followers.view import View
from shared.ids import person_id
from shared.testing.spec import T0, TICKET, fold, recorded

CARLA = Person(person_id=person_id("carla@example.com"), name="Carla", email="carla@example.com")
FILE = Attachment(file_id="f" * 64, name="a.txt", content_type="text/plain", size_bytes=3)
OPENED = TicketOpened(
    number="LD-1",
    channel=Channel.EMAIL,
    topic_id="general",
    topic_name="General",
    requester=CARLA,
    subject="Printer broken",
    description="It prints empty pages.",
    opened_at=T0,
    attachments=(FILE,),
    message_id="<1@example.com>",
)
VERIFIED = TicketVerified(verified_at=T0)
CATEGORISED = TicketCategorised(
    type=TicketType.TECHNICAL,
    topic_id="outage",
    topic_name="Outage",
    team_id="platform",
    team_name="Platform",
    tier=3,
)
PRIORITISED = TicketPrioritised(impact=Level.HIGH, urgency=Level.HIGH, priority=Priority.CRITICAL)
ASSIGNED = AgentAssigned(
    agent_id="anna",
    agent_name="Anna",
    team_id="platform",
    team_name="Platform",
    tier=3,
    by="routing",
    reason="least loaded",
    assigned_at=T0,
)
RESOLVED = TicketResolved(
    kind="fix", cause="Fuse", note="Replaced", resolved_by="anna", resolved_at=T0
)
CLOSED = TicketClosed(how=ClosedHow.AGENT, closed_by="anna", closed_at=T0)
REOPENED = TicketReopened(reason="again", reopened_by="customer", reopened_at=T0)
ACKNOWLEDGED = NotificationSent(
    notification_id=uuid4(),
    kind=NotificationKind.ACKNOWLEDGMENT,
    to_customer=True,
    attempts=1,
    sent_at=T0,
)


def the(projection: Projection, table: str, *events: Event) -> Any:
    (row,) = fold(projection, *events)[table]
    return row


def test_the_register_follows_the_status_and_the_agent() -> None:
    past: list[Event] = []
    for event, status in (
        (OPENED, "New"),
        (ASSIGNED, "Assigned"),
        (RESOLVED, "Resolved"),
        (CLOSED, "Closed"),
        (REOPENED, "In progress"),
    ):
        past.append(event)
        assert the(Register(), "tickets", *past).status == status
    assert the(Register(), "tickets", *past).agent_id == "anna"
    left = AgentUnassigned(agent_id="anna", by="anna", reason="shift", unassigned_at=T0)
    assert the(Register(), "tickets", *past, left).agent_id is None


def test_the_register_says_since_when_a_status_holds() -> None:
    same = recorded(OPENED, ASSIGNED, ASSIGNED)
    (row,) = fold(Register(), *same)["tickets"]
    assert row.status_at == same[1].occurred_at


def test_the_register_knows_whether_the_customer_was_told() -> None:
    assert the(Register(), "tickets", OPENED).acknowledgment == "pending"
    told = the(Register(), "tickets", OPENED, ACKNOWLEDGED)
    assert (told.acknowledgment, told.acknowledged_at) == ("sent", T0)
    reply = ACKNOWLEDGED.model_copy(update={"kind": NotificationKind.REPLY})
    assert the(Register(), "tickets", OPENED, reply).acknowledgment == "pending"


def test_triage_shows_what_waits_for_the_customer_until_it_is_verified() -> None:
    asked = ClarificationRequested(
        questions=(Question(field="description", text="What happened?"),), requested_at=T0
    )
    row = the(Triage(), "tickets", OPENED, asked)
    assert [question["field"] for question in row.questions] == ["description"]
    answered = ClarificationProvided(answers={"description": "Toner leaks"}, provided_at=T0)
    row = the(Triage(), "tickets", OPENED, asked, answered, VERIFIED)
    assert row.questions == ()
    assert {"printer", "toner"} <= set(row.words)


def test_triage_knows_category_priority_and_relations() -> None:
    other = uuid4()
    related = TicketsRelated(related=(Relation(ticket_id=other, number="LD-2", score=0.5),))
    row = the(Triage(), "tickets", OPENED, VERIFIED, CATEGORISED, PRIORITISED, related)
    assert (row.type, row.topic_id, row.tier) == ("technical", "outage", 3)
    assert (row.priority, row.impact, row.urgency) == ("critical", "high", "high")
    assert [UUID(one["ticket_id"]) for one in row.related] == [other]


def test_closed_and_merged_tickets_are_not_open() -> None:
    merged = TicketMerged(into_ticket_id=uuid4(), into_number="LD-2", reason="", merged_by="anna")
    assert the(Triage(), "tickets", OPENED).open
    assert not the(Triage(), "tickets", OPENED, CLOSED).open
    assert the(Triage(), "tickets", OPENED, CLOSED, REOPENED).open
    row = the(Triage(), "tickets", OPENED, merged)
    assert (row.open, row.merged_into) == (False, merged.into_ticket_id)


def test_triage_keeps_the_last_definition_of_a_topic() -> None:
    topic = TopicDefined(
        topic_id="general",
        name="General",
        type=TicketType.GENERAL,
        team_id="support",
        team_name="Support",
        revision=1,
    )
    gone = topic.model_copy(update={"active": False, "revision": 2})
    row = the(Triage(), "topics", topic, gone)
    assert (row.active, row.revision) == (False, 2)
    assert TopicDefined.model_validate(row.definition) == gone


def test_submissions_list_what_came_in_and_its_files() -> None:
    message = CustomerMessageReceived(
        sender=CARLA, channel=Channel.WEB, text="Any news?", received_at=T0, automatic=True
    )
    reply = AgentReplied(replied_by="anna", text="Yes", attachments=(FILE,), replied_at=T0)
    bounce = BounceReceived(
        notification_id=None, recipient="carla@example.com", status="", hard=False, received_at=T0
    )
    tables = fold(Submissions(), OPENED, message, reply, bounce)
    kinds = sorted(row.kind for row in tables["received"])
    assert kinds == ["automatic", "bounce", "ticket"]
    assert {row.message_id for row in tables["received"]} == {"<1@example.com>", None}
    assert [row.file_id for row in tables["files"]] == [FILE.file_id] * 2


def test_submissions_keep_the_quarantine() -> None:
    event = SubmissionQuarantined(
        reason="no_sender",
        raw_file_id="f" * 64,
        size_bytes=3,
        envelope_from="",
        envelope_to=("support@desk.localhost",),
        received_at=T0,
    )
    row = the(Submissions(), "quarantine", event)
    assert (row.reason, row.envelope_to) == ("no_sender", ("support@desk.localhost",))


STORY = (OPENED, VERIFIED, CATEGORISED, PRIORITISED, ASSIGNED, ACKNOWLEDGED, RESOLVED, CLOSED)


@pytest.mark.parametrize("projection", PROJECTIONS, ids=lambda projection: projection.name)
def test_rows_do_not_depend_on_how_events_are_batched(projection: Projection) -> None:
    heard = {cls.__name__ for cls in projection.hears}
    rows: dict[str, list[Any]] = {table.name: [] for table in projection.tables}
    for one in recorded(*STORY):
        view = View(TICKET)
        for table in projection.tables:
            view.load(table, rows[table.name])
        if one.type in heard:
            projection.fold(view, one)
        rows = {table.name: view.all(table) for table in projection.tables}
    together = fold(projection, *STORY)
    assert {name: sorted(found, key=repr) for name, found in rows.items()} == {
        name: sorted(found, key=repr) for name, found in together.items()
    }


@pytest.mark.parametrize("projection", PROJECTIONS, ids=lambda projection: projection.name)
def test_an_event_delivered_twice_changes_nothing(projection: Projection) -> None:
    once = recorded(*STORY)
    twice = [event for event in once for _ in range(2)]
    assert fold(projection, *twice) == fold(projection, *once)


@pytest.mark.parametrize("projection", PROJECTIONS, ids=lambda projection: projection.name)
def test_other_authors_may_be_heard_in_any_order(projection: Projection) -> None:
    intake = [event for event in recorded(*STORY) if event.author == "intake"]
    others = [event for event in recorded(*STORY) if event.author != "intake"]
    fold(projection, *others, *intake)
    fold(projection, *intake, *reversed(others))
