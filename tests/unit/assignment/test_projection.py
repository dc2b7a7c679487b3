"""The read model `queues` shows what commands are decided from, however it is delivered."""

from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from hypothesis import given as given_any
from hypothesis import strategies as st

from services.assignment.domain.decisions import TICKETS
from services.assignment.domain.people import Need
from services.assignment.domain.tickets import Unheard, evolve
from services.assignment.projection import Queues
from services.assignment.rows import TICKET_ROWS, TicketRow, need_key, need_of, state_of
from shared.events import Event, Priority
from shared.events.assignment import (
    AgentUnassigned,
    AgentWentOffline,
    AgentWentOnline,
    ParticipantAdded,
    ParticipantRemoved,
    TeamDefined,
    TicketEscalated,
    TicketLeftUntouched,
    TicketRouted,
    TicketTransferred,
)
from shared.events.resolution import TicketArchived
from shared.followers.contracts import Timer
from shared.followers.view import View
from shared.ids import desk_id
from shared.service import TIMERS
from shared.testing.spec import T0, TICKET, fold, recorded
from tests.unit.assignment.story import (
    CLOSED,
    DUE,
    HELD_UP,
    LAW,
    NOW,
    OFFICE,
    OPENED,
    PAUSED,
    QUEUED,
    READY,
    REOPENED,
    VERIFIED,
    assigned,
    categorised,
    defined,
    prioritised,
    unassigned,
)


def row_after(*events: Event) -> TicketRow:
    (row,) = fold(Queues(), *events)["tickets"]
    assert isinstance(row, TicketRow)
    return row


def test_a_ticket_is_incoming_until_it_is_ready() -> None:
    row = row_after(OPENED, VERIFIED)
    assert (row.stage, row.number, row.since, row.need) == ("incoming", OPENED.number, T0, None)


def test_a_queued_ticket_shows_what_it_needs_how_urgent_it_is_and_why_it_waits() -> None:
    past = (OPENED, VERIFIED, categorised(skills=("vpn", "sap"), tier=2))
    row = row_after(*past, prioritised(Priority.CRITICAL), QUEUED)
    assert (row.stage, row.team_id, row.tier, row.rank) == ("waiting", "support", 2, 3)
    assert (row.queued_at, row.reason, row.agent_id) == (T0, "nobody is free", None)
    assert row.need is not None
    assert need_of(row.need) == Need("support", "Support", ("sap", "vpn"), 2)


def test_an_assigned_ticket_has_left_the_queue() -> None:
    row = row_after(*READY, QUEUED, assigned("anna"))
    assert (row.stage, row.agent_id, row.queued_at) == ("held", "anna", None)
    assert (row.reason, row.last_agent_id) == ("the only one free", "anna")


def test_a_ticket_that_lost_its_agent_waits_in_the_queue() -> None:
    row = row_after(*READY, assigned("anna"), unassigned("anna", "no longer at this desk"))
    assert (row.stage, row.queued_at, row.agent_id) == ("waiting", T0, None)


def test_a_closed_ticket_is_in_no_queue_and_a_reopened_one_is_as_old_as_its_reopening() -> None:
    closed = row_after(*READY, QUEUED, CLOSED)
    assert (closed.closed, closed.queued_at) == (True, None)
    freed = row_after(*READY, assigned("anna"), CLOSED, unassigned("anna"))
    assert (freed.agent_id, freed.queued_at, freed.last_agent_id) == (None, None, "anna")
    again = row_after(*READY, assigned("anna"), CLOSED, unassigned("anna"), REOPENED)
    assert (again.closed, again.since, again.had_before) == (False, NOW, "anna")


def test_an_agent_shows_their_definition_and_presence() -> None:
    subject = desk_id("agent", "anna")
    online = AgentWentOnline(agent_id="anna", at=NOW)
    rows = fold(Queues(), defined(), online, defined(capacity=3), subject=subject)["agents"]
    assert [(row.agent_id, row.capacity, row.online) for row in rows] == [("anna", 3, True)]
    offline = AgentWentOffline(agent_id="anna", at=NOW)
    (row,) = fold(Queues(), defined(), online, offline, subject=subject)["agents"]
    assert row.online is False


def test_a_team_shows_its_name() -> None:
    team = TeamDefined(team_id="support", name="Support", revision=1)
    (row,) = fold(Queues(), team, subject=desk_id("team", "support"))["teams"]
    assert (row.team_id, row.name) == ("support", "Support")


ANY_EVENT: list[Event] = [
    *READY,
    prioritised(Priority.CRITICAL),
    categorised("billing", ("sap",), 2),
    QUEUED,
    assigned("anna"),
    assigned("ben", tier=2),
    unassigned("anna"),
    AgentUnassigned(agent_id="ben", by="ben", reason="no", declined=True, unassigned_at=NOW),
    ParticipantAdded(agent_id="ben", agent_name="Ben", by="anna", added_at=NOW),
    ParticipantRemoved(agent_id="ben", by="anna", removed_at=NOW),
    TicketTransferred(
        from_team_id="support",
        team_id="billing",
        team_name="Billing",
        by="anna",
        reason="money",
        transferred_at=NOW,
    ),
    TicketEscalated(from_tier=1, tier=2, by="anna", reason="deep", escalated_at=NOW),
    CLOSED,
    REOPENED,
    TicketArchived(archived_by="timer", archived_at=NOW),
    TicketRouted(
        rule="gold",
        team_id="support",
        team_name="Support",
        skills=("vpn", "sap"),
        levels={"sap": 2},
        strategy="round_robin",
        owner="ben",
        routed_at=NOW,
    ),
    QUEUED.model_copy(update={"untouched_after_minutes": 30.0}),
    QUEUED.model_copy(update={"untouched_after_minutes": 30.0, "untouched_calendar": OFFICE}),
    assigned("anna").model_copy(update={"weight": 3, "untouched_after_minutes": 60.0}),
    TicketLeftUntouched(team_id="support", team_name="Support", since=T0, noticed_at=NOW),
    DUE,
    PAUSED,
    HELD_UP,
]
histories = st.lists(st.sampled_from(ANY_EVENT), max_size=14).map(lambda rest: [OPENED, *rest])
ready_histories = st.lists(st.sampled_from(ANY_EVENT), max_size=14).map(lambda r: [*READY, *r])


@LAW
@given_any(histories | ready_histories)
def test_law_a_row_shows_exactly_the_state_that_commands_are_decided_from(
    history: list[Event],
) -> None:
    row = row_after(*history)
    state = TICKETS.fold(history)
    assert not isinstance(state, Unheard)
    assert state_of(row) == state


@LAW
@given_any(histories | ready_histories)
def test_law_only_a_waiting_ticket_is_in_the_queue(history: list[Event]) -> None:
    row = row_after(*history)
    if row.queued_at is not None:
        assert row.stage == "waiting"
        assert not row.closed
        assert row.need is not None


MOMENTS = (
    *("since", "queued_at", "assigned_at", "decided_at"),
    *("due_at", "line_at", "watched_since", "untouched_since"),
)


def through_the_database(row: TicketRow) -> TicketRow:
    """The row as it is read again: written as JSON, with its types from the table."""
    values = orjson.loads(orjson.dumps(row))
    for name in MOMENTS:
        values[name] = datetime.fromisoformat(values[name]) if values[name] else None
    ids = {"subject": UUID(values["subject"]), "requester": UUID(values["requester"])}
    return TicketRow(**{**values, **ids})


@LAW
@given_any(histories | ready_histories)
def test_law_rows_do_not_depend_on_where_pages_end(history: list[Event]) -> None:
    """Delivered all at once, or one by one with the row read again before each."""
    rows: list[TicketRow] = []
    timers: list[Timer] = []
    for event in recorded(*history, author="assignment"):
        view = View(TICKET)
        view.load(TICKET_ROWS, [through_the_database(row) for row in rows])
        view.load(TIMERS, timers)
        if type(event.event) in Queues.hears:
            Queues().fold(view, event)
        rows, timers = view.all(TICKET_ROWS), view.all(TIMERS)
    folded = fold(Queues(), *history)
    assert rows == folded["tickets"]
    assert [t.due_at for t in timers] == [t.due_at for t in folded["timers"]]


@LAW
@given_any(st.lists(st.sampled_from(ANY_EVENT), max_size=8))
def test_law_no_history_is_refused_even_before_the_ticket_opened(history: list[Event]) -> None:
    state: Any = TICKETS.initial_state
    for event in history:
        state = evolve(state, event)
    fold(Queues(), *history)


@LAW
@given_any(
    st.builds(
        Need,
        team_id=st.text(min_size=1, max_size=9),
        team_name=st.text(max_size=9),
        skills=st.lists(st.text(max_size=5), unique=True).map(lambda names: tuple(sorted(names))),
        tier=st.integers(1, 9),
        declined=st.lists(st.text(max_size=5), unique=True).map(lambda n: tuple(sorted(n))),
    )
)
def test_law_a_need_can_be_made_again_from_its_key(need: Need) -> None:
    assert need_of(need_key(need)) == need
