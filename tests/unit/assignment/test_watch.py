"""What lies untouched is noticed, and what may rest is not."""

from datetime import datetime
from uuid import UUID

import pytest

from services.assignment.domain.policy import Policy
from services.assignment.domain.watch import Watch, watched
from services.assignment.projection import Queues
from shared.events import Event, Person
from shared.events.assignment import TicketLeftUntouched
from shared.events.intake import Channel, CustomerMessageReceived
from shared.events.resolution import AgentReplied, NoteAdded, WorkResumed, WorkStarted
from shared.testing.spec import T0, fold
from tests.unit.assignment.story import (
    CLOSED,
    DUE,
    HELD_UP,
    NOW,
    OFFICE,
    QUEUED,
    READY,
    REOPENED,
    assigned,
    at,
    prioritised,
    unassigned,
)

QUEUED_60 = QUEUED.model_copy(update={"untouched_after_minutes": 60.0})
ASSIGNED_30 = assigned("anna").model_copy(update={"untouched_after_minutes": 30.0})
NOTICED = TicketLeftUntouched(team_id="support", team_name="Support", since=T0, noticed_at=NOW)


def reply(*, awaits: bool) -> AgentReplied:
    return AgentReplied(
        text="hello",
        awaits_customer=awaits,
        replied_by="anna",
        agent_name="Anna",
        replied_at=at(10),
    )


def message(*, automatic: bool = False) -> CustomerMessageReceived:
    kim = Person(person_id=UUID(int=7), email="kim@example.org")
    return CustomerMessageReceived(
        sender=kim, channel=Channel.API, text="hi", received_at=at(20), automatic=automatic
    )


def due_after(*events: Event) -> datetime | None:
    watch = Watch()
    for event in events:
        watch = watched(watch, event)
    return watch.due_at


@pytest.mark.parametrize(
    ("events", "due"),
    [
        ([QUEUED], None),
        ([QUEUED_60], at(60)),
        ([QUEUED_60, ASSIGNED_30], at(30)),
        ([ASSIGNED_30, WorkStarted(started_by="anna", started_at=at(5))], at(35)),
        ([ASSIGNED_30, reply(awaits=False)], at(40)),
        ([ASSIGNED_30, reply(awaits=True)], None),
        ([ASSIGNED_30, reply(awaits=True), message(automatic=True)], None),
        ([ASSIGNED_30, reply(awaits=True), message()], at(50)),
        ([ASSIGNED_30, message()], at(30)),
        ([ASSIGNED_30, HELD_UP], None),
        (
            [ASSIGNED_30, HELD_UP, WorkResumed(reason="", resumed_by="anna", resumed_at=at(7))],
            at(37),
        ),
        ([ASSIGNED_30, CLOSED], None),
        ([ASSIGNED_30, CLOSED, REOPENED], at(90)),
        ([ASSIGNED_30, DUE, prioritised()], at(30)),
    ],
)
def test_rest_is_counted_from_what_was_last_done(events: list[Event], due: datetime | None) -> None:
    assert due_after(*events) == due


def test_rest_is_counted_in_the_business_hours_that_the_desk_names() -> None:
    """T0 is a Monday at nine; Tuesday is a holiday."""
    queued = QUEUED_60.model_copy(update={"untouched_calendar": OFFICE})
    assert due_after(queued) == at(60)
    long = queued.model_copy(update={"untouched_after_minutes": 8 * 60 + 30.0})
    assert due_after(long) == at(2 * 24 * 60 + 30)
    assert due_after(long, CLOSED, REOPENED) == at(2 * 24 * 60 + 90)
    assert due_after(long, ASSIGNED_30) == at(30)


def test_the_hours_are_those_of_when_the_count_began() -> None:
    late = QUEUED_60.model_copy(
        update={"untouched_calendar": OFFICE, "untouched_after_minutes": 8 * 60 + 30.0}
    )
    assert timers(*READY, late) == [at(2 * 24 * 60 + 30)]
    note = NoteAdded(text="looked", noted_by="anna", agent_name="Anna", noted_at=at(60))
    assert timers(*READY, late, note) == [at(2 * 24 * 60 + 90)]


def test_decisions_say_the_hours_where_rest_is_noticed() -> None:
    policy = Policy(untouched_queued_minutes=60, untouched_calendar=OFFICE)
    assert policy.counts_in(policy.untouched_queued_minutes) == OFFICE
    assert policy.counts_in(policy.untouched_assigned_minutes) is None


def timers(*events: Event) -> list[datetime]:
    return [timer.due_at for timer in fold(Queues(), *events)["timers"]]


def test_the_timer_stands_while_the_ticket_may_not_rest() -> None:
    assert timers(*READY, ASSIGNED_30) == [at(30)]
    assert timers(*READY, ASSIGNED_30, reply(awaits=True)) == []
    assert timers(*READY, ASSIGNED_30, CLOSED, unassigned()) == []
    assert timers(*READY, ASSIGNED_30, CLOSED, unassigned(), REOPENED) == [at(90)]


def test_what_was_noticed_shows_until_something_is_done() -> None:
    noticed = (*READY, QUEUED_60, NOTICED)
    (row,) = fold(Queues(), *noticed)["tickets"]
    assert row.untouched_since == T0
    note = NoteAdded(text="looked", noted_by="anna", agent_name="Anna", noted_at=at(70))
    (row,) = fold(Queues(), *noticed, note)["tickets"]
    assert row.untouched_since is None
