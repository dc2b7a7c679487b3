"""What agents see of a ticket, folded from what happened."""

from datetime import timedelta

import pytest

from services.gateway.projection import DeskView
from services.gateway.rows import TABLES, TicketRow
from services.gateway.words import in_words
from shared.events import Event, desk, notify, resolution, review, sla, submissions
from shared.events.assignment import AgentUnassigned, AgentWentOffline, ParticipantAdded, Role
from shared.events.base import Status, TicketType
from shared.events.gateway import TicketViewed
from shared.followers.view import View
from shared.log.vector import Vector
from shared.testing.spec import T0, fold, recorded
from tests.unit.gateway import story
from tests.unit.gateway.story import at

WORKED_ON = [
    story.opened(),
    *story.triaged(),
    story.assigned(),
    *story.clocks(at(15), at(240)),
    *story.acknowledged(),
]


def row_after(*events: Event) -> TicketRow:
    (row,) = fold(DeskView(), *events)["tickets"]
    assert isinstance(row, TicketRow)
    return row


def test_a_ticket_shows_who_has_it_how_urgent_it_is_and_what_is_due_next() -> None:
    row = row_after(*WORKED_ON)

    assert (row.number, row.title) == (story.NUMBER, "Nothing works")
    assert (row.status, row.active, row.priority) == ("Assigned", True, "critical")
    assert (row.agent_id, row.team_name, row.plan_name) == ("anna", "Network", "Emergency")
    assert (row.due_at, row.due_clock) == (at(15), "first_response")
    assert not row.breached


def test_the_vector_counts_every_event_of_every_author() -> None:
    assert row_after(*WORKED_ON).vector == "assignment=1,intake=4,notify=2,sla=3"


def test_a_met_promise_is_no_longer_due() -> None:
    met = sla.TargetMet(
        clock=sla.ClockKind.FIRST_RESPONSE, met_at=at(5), due_at=at(15), elapsed_seconds=300
    )
    row = row_after(*WORKED_ON, story.reply(), met)

    assert (row.due_at, row.due_clock) == (at(240), "resolution")


def test_a_paused_clock_is_not_due_and_a_resumed_one_is_later() -> None:
    kind = sla.ClockKind.RESOLUTION
    met = sla.TargetMet(
        clock=sla.ClockKind.FIRST_RESPONSE, met_at=at(5), due_at=at(15), elapsed_seconds=300
    )
    paused = sla.ClockPaused(clock=kind, paused_at=at(6), remaining_seconds=99, reason="customer")
    resumed = sla.ClockResumed(clock=kind, resumed_at=at(60), due_at=at(300), warn_at=at(280))

    assert row_after(*WORKED_ON, met, paused).due_at is None
    assert row_after(*WORKED_ON, met, paused, resumed).due_at == at(300)


def test_a_moved_due_time_is_shown_beside_the_new_one_and_a_breach_stays() -> None:
    moved = sla.ClockStarted(
        clock=sla.ClockKind.FIRST_RESPONSE,
        target_minutes=60,
        started_at=at(20),
        due_at=at(60),
        warn_at=at(50),
        previous_due_at=at(15),
    )
    tables = fold(DeskView(), *WORKED_ON, breached(), moved)
    (clock,) = [row for row in tables["clocks"] if row.kind == "first_response"]
    assert (clock.due_at, clock.previous_due_at) == (at(60), at(15))
    assert row_after(*WORKED_ON, breached(), moved).breached
    again = moved.model_copy(update={"cycle": 2})
    assert not row_after(*WORKED_ON, breached(), again).breached
    assert in_words(moved).endswith("; due 2026-03-02 10:00 instead of 2026-03-02 09:15 UTC")


def breached(kind: sla.ClockKind = sla.ClockKind.FIRST_RESPONSE) -> Event:
    return sla.TargetBreached(clock=kind, due_at=at(15), breached_at=at(15))


def test_a_broken_promise_stays_due_until_it_is_answered_late() -> None:
    late = sla.ClockStopped(
        clock=sla.ClockKind.FIRST_RESPONSE, stopped_at=at(20), reason="after the target", late=True
    )
    overdue = row_after(*WORKED_ON, breached())
    answered = fold(DeskView(), *WORKED_ON, breached(), story.reply(), late)

    assert (overdue.breached, overdue.due_at) == (True, at(15))
    assert answered["tickets"][0].due_at == at(240)
    assert answered["tickets"][0].breached
    assert "missed" in {clock.state for clock in answered["clocks"]}


def test_a_retracted_breach_was_none() -> None:
    retracted = sla.BreachRetracted(
        clock=sla.ClockKind.FIRST_RESPONSE, due_at=at(15), retracted_at=at(16), reason="heard late"
    )
    assert not row_after(*WORKED_ON, breached(), retracted).breached


def test_pinned_notes_stand_on_the_ticket_and_others_only_in_the_conversation() -> None:
    tables = fold(
        DeskView(), *WORKED_ON, story.note("Upset"), story.note("Just a thought", pinned=False)
    )

    assert [note["text"] for note in tables["tickets"][0].pinned] == ["Upset"]
    notes = [message for message in tables["messages"] if message.kind == "note"]
    assert {(note.text, note.public) for note in notes} == {
        ("Upset", False),
        ("Just a thought", False),
    }


def test_a_closed_ticket_keeps_its_agent_and_leaves_every_queue() -> None:
    closed = resolution.TicketClosed(
        how=resolution.ClosedHow.CONFIRMED, closed_by="customer:x", closed_at=at(90)
    )
    freed = AgentUnassigned(agent_id="anna", by="closing", reason="closed", unassigned_at=at(90))
    row = row_after(*WORKED_ON, closed, freed)

    assert (row.status, row.active, row.agent_id) == ("Closed", False, "anna")
    assert row.closed_at is not None
    assert row.due_at is None


def test_a_reopened_ticket_is_open_again() -> None:
    closed = resolution.TicketClosed(
        how=resolution.ClosedHow.SILENCE, closed_by="timer", closed_at=at(90)
    )
    reopened = resolution.TicketReopened(
        reason="It is back", reopened_by="customer:x", reopened_at=at(99)
    )
    row = row_after(*WORKED_ON, closed, reopened)

    assert (row.status, row.active, row.closed_at, row.reopened) == (
        Status.IN_PROGRESS,
        True,
        None,
        1,
    )


CLOSED = resolution.TicketClosed(
    how=resolution.ClosedHow.SILENCE, closed_by="timer", closed_at=at(90)
)
ARCHIVED = resolution.TicketArchived(archived_by="timer", archived_at=at(900))
REOPENED = resolution.TicketReopened(
    reason="It is back", reopened_by="customer:x", reopened_at=at(999)
)


def test_an_archived_ticket_leaves_the_live_ones_and_stays_whole() -> None:
    live = fold(DeskView(), *WORKED_ON, CLOSED)
    tables = fold(DeskView(), *WORKED_ON, CLOSED, ARCHIVED)

    assert tables["tickets"] == []
    (row,) = tables["archive"]
    assert (row.number, row.status, row.active) == (story.NUMBER, "Archived", False)
    assert row.closed_at == live["tickets"][0].closed_at
    assert len(tables["timeline"]) == len(live["timeline"]) + 1
    for table in ("messages", "words", "clocks"):
        assert list(map(repr, tables[table])) == list(map(repr, live[table]))


def test_what_is_said_of_an_archived_ticket_later_is_kept_and_history_may_bring_it_back() -> None:
    rated = review.FeedbackReceived(rating=2, given_by="customer:x", given_at=at(950), low=True)
    (row,) = fold(DeskView(), *WORKED_ON, CLOSED, ARCHIVED, rated)["archive"]
    assert (row.rating, Vector.parse(row.vector)["review"]) == (2, 1)

    tables = fold(DeskView(), *WORKED_ON, CLOSED, ARCHIVED, REOPENED)
    assert tables["archive"] == []
    assert tables["tickets"][0].active


def test_who_takes_part_is_known_until_they_have_it() -> None:
    joined = ParticipantAdded(agent_id="ben", agent_name="Ben Okoye", by="anna", added_at=T0)

    assert row_after(*WORKED_ON, joined).participants == {"ben": "Ben Okoye"}
    assert row_after(*WORKED_ON, joined, story.assigned("ben", "Ben Okoye")).participants == {}


def test_a_mail_that_came_back_is_shown_until_the_customer_writes() -> None:
    failed = notify.NotificationFailed(
        notification_id=story.ticket(1),
        kind=notify.NotificationKind.REPLY,
        to_customer=True,
        attempts=1,
        reason="550 no such user",
        failed_at=T0,
    )
    assert row_after(*WORKED_ON, failed).undelivered == "550 no such user"
    assert row_after(*WORKED_ON, failed, story.message()).undelivered == ""


def test_what_is_written_can_be_found() -> None:
    tables = fold(DeskView(), *WORKED_ON, story.reply("Reset the flux capacitor"))

    (words,) = tables["words"]
    assert story.NUMBER in words.body
    assert "flux capacitor" in words.body


def test_every_event_is_a_line_of_the_timeline() -> None:
    assert len(fold(DeskView(), *WORKED_ON)["timeline"]) == len(WORKED_ON)


def test_nothing_is_shown_of_what_is_no_ticket() -> None:
    quarantined = submissions.SubmissionQuarantined(
        reason="no sender",
        raw_file_id="0" * 64,
        size_bytes=1,
        envelope_from="",
        envelope_to=(),
        received_at=T0,
    )
    assert not any(fold(DeskView(), quarantined).values())


def test_a_nul_in_a_text_is_left_out_as_postgres_keeps_none() -> None:
    tables = fold(DeskView(), story.opened(subject="a\x00b\\u0000c"))

    assert tables["tickets"][0].title == "ab\\u0000c"


@pytest.mark.parametrize("end", [[], [CLOSED, ARCHIVED], [CLOSED, ARCHIVED, REOPENED]])
def test_folding_in_parts_comes_to_the_same(end: list[Event]) -> None:
    """A page of the log may end anywhere: rows read back must fold on as rows kept."""
    events = recorded(*WORKED_ON, story.note(), story.reply(), story.message(), *end)
    whole, parts = View(story.ticket(1)), View(story.ticket(1))
    whole.subject = parts.subject = events[0].subject
    for event in events:
        DeskView().fold(whole, event)
        fresh = View(parts.subject)
        for table in TABLES:
            if not table.append_only:
                fresh.load(table, parts.all(table))
        DeskView().fold(fresh, event)
        for table in TABLES:
            parts.load(table, fresh.written(table))
            for key in fresh.deleted(table):
                parts.delete(table, key)
    for table in TABLES:
        assert sorted(map(repr, whole.all(table))) == sorted(map(repr, parts.all(table)))


def test_an_agent_stays_online_when_redefined_and_goes_off() -> None:
    def agent(*events: Event) -> tuple[str, bool]:
        (row,) = fold(DeskView(), *events)["agents"]
        return row.role, row.online

    first = [story.defined(), story.online("anna")]
    again = story.defined(role=Role.MANAGER)
    assert agent(*first, again) == ("manager", True)
    assert agent(*first, AgentWentOffline(agent_id="anna", at=T0)) == ("agent", False)


def test_looks_at_tickets_are_not_heard() -> None:
    assert TicketViewed not in DeskView.hears


@pytest.mark.parametrize("late", [timedelta(0), timedelta(seconds=1)])
def test_what_was_met_late_is_missed(late: timedelta) -> None:
    met = sla.TargetMet(
        clock=sla.ClockKind.RESOLUTION, met_at=at(240) + late, due_at=at(240), elapsed_seconds=1
    )
    states = {clock.state for clock in fold(DeskView(), *WORKED_ON, met)["clocks"]}
    assert ("missed" if late else "met") in states


def test_the_row_carries_a_vector_that_can_be_read() -> None:
    assert Vector.parse(row_after(*WORKED_ON).vector)["sla"] == 3


def test_a_topic_tells_what_the_fields_of_its_form_are_called() -> None:
    topic = desk.TopicDefined(
        topic_id="device", name="Device", type=TicketType.TECHNICAL, team_id="t", team_name="T",
        fields=(desk.FormField(name="serial_number", label="Serial number"),), revision=1,
    )  # fmt: skip
    (row,) = fold(DeskView(), topic)["topics"]
    assert row.labels == {"serial_number": "Serial number"}
