"""The customers' read model: public events only, the same however they are delivered."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from services.portal.app import SERVICE
from services.portal.happenings import happened
from services.portal.projection import Pages
from services.portal.speaking import say
from services.portal.taking_part import Role, role_of
from services.portal.words import GOING_ON, clean, expected, first_name, line
from shared.events import Event, Person, Priority, Status, all_event_types
from shared.events.assignment import AgentAssigned, AgentUnassigned, TicketQueued
from shared.events.base import Level
from shared.events.desk import FormField, TopicDefined
from shared.events.intake import (
    Channel,
    ClarificationProvided,
    ClarificationRequested,
    CustomerMessageReceived,
    Question,
    TicketOpened,
    TicketPrioritised,
    TicketVerified,
)
from shared.events.participants import (
    AddressConfirmed,
    ConfirmedHow,
    CopyConfirmed,
    CopyEnded,
    CopyInvited,
)
from shared.events.relations import TicketMerged
from shared.events.resolution import (
    AgentReplied,
    ClosedHow,
    NoteAdded,
    ResolutionKind,
    ResolutionRejected,
    TicketClosed,
    TicketReopened,
    TicketResolved,
)
from shared.events.review import FeedbackReceived
from shared.events.sla import ClockKind, ClockPaused, ClockStarted, SlaPlanDefined, TargetMet
from shared.followers.view import View
from shared.ids import desk_id, person_id
from shared.links import Link
from shared.testing.spec import T0, TICKET, fold, recorded

MARIA = Person(
    person_id=person_id("maria@example.com"), name="Maria Silva", email="maria@example.com"
)
OPENED = TicketOpened(
    number="LD-7KQ4M-2XR9C-5",
    channel=Channel.WEB,
    topic_id="outage",
    topic_name="Business critical outage",
    requester=MARIA,
    subject="Checkout is down",
    description="Nobody can pay.",
    opened_at=T0,
)
ASSIGNED = AgentAssigned(
    agent_id="anna", agent_name="Anna Berg", team_id="ops", team_name="Operations", tier=3,
    by="routing", reason="free", assigned_at=T0,
)  # fmt: skip
PRIORITISED = TicketPrioritised(impact=Level.HIGH, urgency=Level.HIGH, priority=Priority.CRITICAL)
RESOLVED = TicketResolved(
    kind=ResolutionKind.FIX, cause="A full disk", note="Freed it", resolved_by="anna",
    agent_name="Anna Berg", resolved_at=T0,
)  # fmt: skip
REJECTED = ResolutionRejected(rejected_by="customer", reason="Still down", rejected_at=T0)
REOPENED = TicketReopened(reason="rejected", reopened_by="customer", reopened_at=T0)
CLOSED = TicketClosed(how=ClosedHow.CONFIRMED, closed_by="customer", closed_at=T0)


def clock(kind: ClockKind, minutes: int) -> ClockStarted:
    due = T0 + timedelta(minutes=minutes)
    return ClockStarted(clock=kind, target_minutes=minutes, started_at=T0, due_at=due, warn_at=due)


def ticket(*events: Event) -> Any:
    (row,) = fold(Pages(), *events)["tickets"]
    return row


def rows(view: View) -> list[Any]:
    return [row for table in Pages.tables for row in view.all(table)]


def test_the_portal_hears_public_events_and_nothing_besides() -> None:
    assert SERVICE.hears == {cls for cls in all_event_types() if cls.public}
    assert NoteAdded not in Pages.hears
    assert SERVICE.says == frozenset()


def test_a_ticket_goes_through_its_life() -> None:
    life: list[Event] = [OPENED, PRIORITISED]
    assert (ticket(*life).status, ticket(*life).priority) == ("New", "Emergency")
    life += [TicketQueued(team_id="ops", team_name="Operations", reason="x", queued_at=T0)]
    assert (ticket(*life).status, ticket(*life).team_name) == ("Queued", "Operations")
    life += [ASSIGNED]
    assert (ticket(*life).status, ticket(*life).agent_name) == ("Assigned", "Anna")
    life += [RESOLVED]
    (said,) = (m for m in fold(Pages(), *life)["messages"] if m.label)
    assert (said.label, said.text, said.cause) == ("Solution", "Freed it", "A full disk")
    assert ticket(*life).solution == {
        "kind": "fix", "note": "Freed it", "cause": "A full disk", "agent": "Anna",
    }  # fmt: skip
    life += [REJECTED, REOPENED]
    assert ticket(*life).status == "In progress"
    life += [RESOLVED, CLOSED]
    assert (ticket(*life).status, ticket(*life).closed_how) == ("Closed", "confirmed")
    gone = AgentUnassigned(agent_id="anna", by="x", reason="closed", unassigned_at=T0)
    life += [gone, FeedbackReceived(rating=4, given_by="customer", given_at=T0)]
    assert (ticket(*life).rating, ticket(*life).agent_name, ticket(*life).status) == (
        4,
        "",
        "Closed",
    )


def test_questions_are_asked_until_they_are_answered() -> None:
    asked = ClarificationRequested(
        questions=(Question(field="order", text="Which order?"),), requested_at=T0
    )
    assert ticket(OPENED, asked).questions == [{"field": "order", "text": "Which order?"}]
    answered = ClarificationProvided(answers={"order": "4711"}, provided_at=T0)
    assert ticket(OPENED, asked, answered).questions == []
    messages = fold(Pages(), OPENED, asked, answered)["messages"]
    assert [m.text for m in sorted(messages, key=lambda m: m.position)] == [
        "Nobody can pay.",
        "4711",
    ]


def test_each_event_delivered_twice_changes_nothing_more() -> None:
    life = (OPENED, PRIORITISED, ASSIGNED, clock(ClockKind.RESOLUTION, 60), RESOLVED, REJECTED,
            REOPENED, RESOLVED, CLOSED)  # fmt: skip
    once, twice = View(TICKET), View(TICKET)
    for event in recorded(*life):
        Pages().fold(once, event)
        for _ in range(2):
            Pages().fold(twice, event)
    key = lambda row: (type(row).__name__, str(getattr(row, "id", "")))  # noqa: E731
    assert sorted(rows(once), key=key) == sorted(rows(twice), key=key)


def test_the_order_of_independent_events_does_not_matter() -> None:
    middle: Sequence[Event] = (
        PRIORITISED, ASSIGNED, clock(ClockKind.FIRST_RESPONSE, 15), clock(ClockKind.RESOLUTION, 60),
    )  # fmt: skip
    wanted = ticket(OPENED, *middle)
    for shift in range(len(middle)):
        row = ticket(OPENED, *middle[shift:], *middle[:shift])
        assert row == wanted


def test_what_comes_before_the_opening_is_passed_over() -> None:
    assert fold(Pages(), ASSIGNED, CLOSED)["tickets"] == []
    assert fold(Pages(), ASSIGNED)["timeline"] == []


def test_a_merged_ticket_says_where_it_goes_on_until_it_is_reopened() -> None:
    other = UUID(int=8)
    merged = TicketMerged(into_ticket_id=other, into_number="LD-2", reason="x", merged_by="anna")
    row = ticket(OPENED, merged)
    assert (row.merged_into, row.merged_number, row.status) == (other, "LD-2", "Closed")
    assert ticket(OPENED, merged, REOPENED).merged_into is None


def test_topics_and_plans_are_kept_as_last_defined() -> None:
    topic = TopicDefined(
        topic_id="outage", name="Outage", type="technical", team_id="ops", team_name="Ops",
        fields=(FormField(name="order", label="Order"),), entitled_plans=("gold",), revision=1,
    )  # fmt: skip
    gone = topic.model_copy(update={"active": False, "revision": 2})
    (row,) = fold(Pages(), topic, gone, subject=desk_id("topic", "outage"))["topics"]
    assert (row.active, row.plans, row.fields[0]["label"]) == (False, ["gold"], "Order")
    plan = SlaPlanDefined(plan_id="gold", name="Gold", calendar_id="c", targets=(), revision=1)
    assert fold(Pages(), plan)["plans"][0].name == "Gold"


def test_hostile_words_are_stored_without_what_programs_obey() -> None:
    hostile = "a\x00b\x1b[2J\u202e\u2028<b>\r\n"
    opened = OPENED.model_copy(update={"subject": hostile, "description": hostile})
    message = CustomerMessageReceived(
        sender=MARIA.model_copy(update={"name": hostile}), channel=Channel.WEB, text=hostile,
        received_at=T0,
    )  # fmt: skip
    tables = fold(Pages(), opened, message)
    texts = [tables["tickets"][0].title, *(m.text + m.name for m in tables["messages"])]
    for text in texts:
        assert not set(text) & set("\x00\x1b\u202e\u2028\r")
    assert tables["tickets"][0].title == "ab[2J<b>"


def test_the_timeline_speaks_plainly_of_everything_a_customer_may_see() -> None:
    reply = AgentReplied(replied_by="anna", agent_name="Anna Berg", text="x", replied_at=T0)

    def told(event: Event, language: str = "en") -> str:
        return say(language, happened(event) or "")

    assert told(OPENED) == "Your request reached us by our form."
    assert told(ASSIGNED) == "Anna from Operations took it over."
    assert told(reply) == "Anna wrote to you."
    assert told(REJECTED) == "You told us that it does not work."
    assert told(ASSIGNED, "de") == "Anna von Operations hat es übernommen."
    nameless = reply.model_copy(update={"agent_name": " "})
    assert (told(nameless), told(nameless, "de")) == (
        "We wrote to you.",
        "Wir haben Ihnen geschrieben.",
    )
    assert set(GOING_ON) == set(Status)


def test_what_to_expect_follows_the_clocks() -> None:
    first, solution = clock(ClockKind.FIRST_RESPONSE, 15), clock(ClockKind.RESOLUTION, 240)
    met = TargetMet(clock=ClockKind.FIRST_RESPONSE, met_at=T0, due_at=T0, elapsed_seconds=1)
    paused = ClockPaused(clock=ClockKind.RESOLUTION, paused_at=T0, remaining_seconds=1, reason="x")

    def told(*events: Event, minutes: int = 0, language: str = "en") -> str:
        now = T0 + timedelta(minutes=minutes)
        return say(language, expected(ticket(OPENED, *events), "UTC", now) or "")

    assert told() == "We will get back to you as soon as we can."
    assert told(first, solution) == (
        "You can expect a first answer by Monday 2 March 2026, 09:15 (UTC)."
    )
    assert "a solution by Monday 2 March 2026, 13:00" in told(first, solution, met)
    assert told(first, language="de") == (
        "Sie können eine erste Antwort bis Montag, 2. März 2026, 09:15 Uhr (UTC) erwarten."
    )
    assert "once we have what we are waiting for" in told(first, met, solution, paused)
    assert "is late" in told(first, minutes=20)
    assert told(first, RESOLVED) == ""


def test_words() -> None:
    assert (first_name("Anna Berg"), first_name(" ")) == ("Anna", "")
    assert line("a\n\nb\tc") == "a b c"
    assert clean("a\r\nb\rc") == "a\nb\nc"


EMIL = Person(person_id=person_id("emil@example.com"), name="Emil", email="emil@example.com")
INVITED = CopyInvited(person=EMIL, invited_at=T0)
AGREED = CopyConfirmed(person_id=EMIL.person_id, confirmed_at=T0)
LEFT = CopyEnded(person_id=EMIL.person_id, by_themselves=True, ended_at=T0)


def test_who_is_in_copy_follows_what_was_asked_and_agreed() -> None:
    def state(*events: Event) -> list[str]:
        return [row.state for row in fold(Pages(), OPENED, *events)["copies"]]

    assert state() == []
    assert state(INVITED) == ["invited"]
    assert state(INVITED, AGREED) == ["taking part"]
    assert state(INVITED, AGREED, LEFT) == ["ended"]
    assert state(INVITED, AGREED, LEFT, INVITED) == ["invited"]
    message = CustomerMessageReceived(
        sender=MARIA, channel=Channel.EMAIL, text="x", received_at=T0, copied=(EMIL, MARIA)
    )
    assert state(message) == ["taking part"]
    assert state(INVITED, message) == ["invited"]


def test_what_somebody_is_to_a_ticket_is_what_their_link_and_its_events_say() -> None:
    def role(link: Link, *events: Event) -> Role:
        tables = fold(Pages(), OPENED, *events)
        return role_of(link, tables["tickets"][0], tables["copies"])

    maria, emil = Link(TICKET, MARIA.person_id), Link(TICKET, EMIL.person_id)
    typed = Link(TICKET, MARIA.person_id, opened=True)
    assert (role(maria), role(typed)) == (Role.REQUESTER, Role.OPENER)
    assert role(typed, AddressConfirmed(
        person_id=MARIA.person_id, how=ConfirmedHow.LINK, confirmed_at=T0,
    )) is Role.OPENER  # fmt: skip
    assert role(emil) is Role.GONE
    assert role(emil, INVITED) is Role.INVITED
    assert role(emil, INVITED, AGREED) is Role.COPY
    assert role(emil, INVITED, AGREED, LEFT) is Role.GONE


def test_a_held_ticket_is_so_until_its_address_is_confirmed_or_somebody_takes_it() -> None:
    held = OPENED.model_copy(update={"held": True})
    assert (ticket(held).held, ticket(held).status) == (True, "Needs information")
    confirmed = AddressConfirmed(person_id=MARIA.person_id, how=ConfirmedHow.LINK, confirmed_at=T0)
    assert ticket(held, confirmed).held is False
    assert ticket(held, TicketVerified(verified_at=T0)).held is False
    assert expected(ticket(held), "UTC", T0) is None
