"""Stage 5, command by command and state by state."""

import pytest

from services.resolution.domain import DECIDER
from services.resolution.domain.commands import (
    AddNote,
    HearCustomer,
    HoldTicket,
    ReplyToCustomer,
    ReportProgress,
    RequestEscalation,
    ResumeWork,
    StartWork,
)
from services.resolution.domain.rejections import (
    TicketInArchive,
    TicketNotFound,
    TicketNotOnHold,
    TicketNotOpen,
)
from shared.errors import Rejected
from shared.events import Event
from shared.events.resolution import (
    AgentReplied,
    ClosedHow,
    EscalationRequested,
    NoteAdded,
    ProgressKind,
    ProgressReported,
    TicketHeld,
    TicketReopened,
    WorkResumed,
    WorkStarted,
)
from shared.testing.spec import given
from tests.unit.resolution import story
from tests.unit.resolution.story import (
    ARCHIVED,
    CLOSED,
    CLOSED_BY_SILENCE,
    IN_PROGRESS,
    MERGED,
    NOT_STARTED,
    ON_HOLD,
    OPEN,
    RESOLVED,
    WAITING,
    at,
)

NOW = at(30)
START = StartWork(by="anna", now=NOW)
REPLY = ReplyToCustomer(by="anna", agent_name="Anna", now=NOW, text="We are on it.")
ASK = ReplyToCustomer(by="anna", now=NOW, text="Since when?", awaits_customer=True)
NOTE = AddNote(by="anna", now=NOW, text="The customer is upset.", pinned=True)
PROGRESS = ReportProgress(by="anna", now=NOW, kind=ProgressKind.FINDING, text="A full disk.")
HOLD = HoldTicket(by="anna", now=NOW, reason="the supplier looks at it")
RESUME = ResumeWork(by="anna", now=NOW, reason="the supplier answered")
ESCALATE = RequestEscalation(by="anna", now=NOW, reason="too hard")
HEAR = HearCustomer(by=story.customer(), now=NOW, reason="The customer wrote.")

NEED_AN_OPEN_TICKET = [START, REPLY, ASK, PROGRESS, HOLD, RESUME, ESCALATE]


@pytest.mark.parametrize("command", NEED_AN_OPEN_TICKET, ids=lambda c: type(c).__name__)
@pytest.mark.parametrize(
    ("past", "rejection"),
    [
        ((), TicketNotFound),
        (RESOLVED, TicketNotOpen),
        (CLOSED, TicketNotOpen),
        (MERGED, TicketNotOpen),
        (ARCHIVED, TicketInArchive),
    ],
    ids=["unknown", "resolved", "closed", "merged", "archived"],
)
def test_only_an_open_ticket_is_worked_on(
    command: object, past: tuple[Event, ...], rejection: type[Rejected]
) -> None:
    given(DECIDER, *past).when(command).rejected(rejection)


def test_the_rejection_says_what_the_ticket_is() -> None:
    rejection = given(DECIDER, *RESOLVED).when(REPLY).rejected(TicketNotOpen)
    assert rejection.message == "The ticket is resolved: reopen it first."
    assert rejection.code == "ticket_not_open"


def test_a_ticket_nobody_knows_is_404() -> None:
    assert given(DECIDER).when(START).rejected(TicketNotFound).http_status == 404


def test_work_on_an_assigned_ticket_starts() -> None:
    said = given(DECIDER, *NOT_STARTED).when(START).then(WorkStarted)
    assert said == [WorkStarted(started_by="anna", started_at=NOW)]


def test_work_that_started_does_not_start_again() -> None:
    given(DECIDER, *IN_PROGRESS).when(START).nothing()


@pytest.mark.parametrize("past", [ON_HOLD, WAITING], ids=["on hold", "waiting"])
def test_starting_what_stood_still_resumes_it(past: tuple[Event, ...]) -> None:
    given(DECIDER, *past).when(START).then(WorkResumed)


@pytest.mark.parametrize("event", [story.queued(), story.unassigned(), story.assigned("ben")])
def test_whoever_has_it_next_starts_anew(event: Event) -> None:
    given(DECIDER, *IN_PROGRESS, event).when(START).then(WorkStarted)


def test_a_ticket_on_hold_stays_on_hold_when_another_agent_gets_it() -> None:
    given(DECIDER, *ON_HOLD, story.assigned("ben")).when(START).then(WorkResumed)


def test_a_reply_on_an_assigned_ticket_starts_the_work() -> None:
    said = given(DECIDER, *NOT_STARTED).when(REPLY).then(WorkStarted, AgentReplied)
    assert said[1].agent_name == "Anna"


@pytest.mark.parametrize("past", [IN_PROGRESS, WAITING, ON_HOLD], ids=["busy", "waiting", "held"])
def test_a_reply_is_only_a_reply_once_work_has_started(past: tuple[Event, ...]) -> None:
    given(DECIDER, *past).when(REPLY).then(AgentReplied)


def test_the_same_words_twice_are_two_replies() -> None:
    given(DECIDER, *IN_PROGRESS, story.replied()).when(REPLY).then(AgentReplied)


def test_a_report_on_an_assigned_ticket_starts_the_work() -> None:
    given(DECIDER, *NOT_STARTED).when(PROGRESS).then(WorkStarted, ProgressReported)


def test_a_report_leaves_a_hold_a_hold() -> None:
    given(DECIDER, *ON_HOLD).when(PROGRESS).then(ProgressReported)


@pytest.mark.parametrize(
    "past", [*OPEN.values(), RESOLVED, CLOSED], ids=[*OPEN, "resolved", "closed"]
)
def test_a_note_is_added_whatever_the_state(past: tuple[Event, ...]) -> None:
    noted = NoteAdded(noted_by="anna", text="The customer is upset.", pinned=True, noted_at=NOW)
    given(DECIDER, *past).when(NOTE).then(noted)


def test_nothing_is_noted_on_what_nobody_knows_or_is_archived() -> None:
    given(DECIDER).when(NOTE).rejected(TicketNotFound)
    given(DECIDER, *ARCHIVED).when(NOTE).rejected(TicketInArchive)


@pytest.mark.parametrize(
    "past", [NOT_STARTED, IN_PROGRESS, WAITING], ids=["new", "busy", "waiting"]
)
def test_an_open_ticket_is_held(past: tuple[Event, ...]) -> None:
    given(DECIDER, *past).when(HOLD).then(TicketHeld)


def test_held_for_the_same_reason_it_is_held_already() -> None:
    given(DECIDER, *ON_HOLD).when(HOLD).nothing()


def test_another_reason_to_wait_is_news() -> None:
    other = HoldTicket(by="anna", now=NOW, reason="the lawyers look at it")
    given(DECIDER, *ON_HOLD).when(other).then(TicketHeld)


@pytest.mark.parametrize("past", [ON_HOLD, WAITING], ids=["held", "waiting"])
def test_what_stood_still_is_resumed(past: tuple[Event, ...]) -> None:
    given(DECIDER, *past).when(RESUME).then(WorkResumed)


def test_what_goes_on_needs_no_resuming() -> None:
    given(DECIDER, *IN_PROGRESS).when(RESUME).nothing()


def test_what_never_began_is_not_resumed() -> None:
    given(DECIDER, *NOT_STARTED).when(RESUME).rejected(TicketNotOnHold)


@pytest.mark.parametrize("past", OPEN.values(), ids=OPEN)
def test_any_open_ticket_may_need_a_higher_tier(past: tuple[Event, ...]) -> None:
    given(DECIDER, *past).when(ESCALATE).then(EscalationRequested)


def test_asking_for_a_higher_tier_again_is_no_news_until_it_was_answered() -> None:
    given(DECIDER, *IN_PROGRESS, story.escalation_requested()).when(ESCALATE).nothing()
    answered = (story.escalation_requested(), story.escalated(), story.assigned("ben"))
    given(DECIDER, *IN_PROGRESS, *answered).when(ESCALATE).then(EscalationRequested)


def test_another_reason_for_a_higher_tier_is_news() -> None:
    past = (*IN_PROGRESS, story.escalation_requested("a second outage"))
    given(DECIDER, *past).when(ESCALATE).then(EscalationRequested)


def test_the_customers_answer_resumes_what_waited_for_it() -> None:
    given(DECIDER, *WAITING, story.wrote()).when(HEAR).then(WorkResumed)


def test_an_answer_that_came_before_the_question_resumes_nothing() -> None:
    given(DECIDER, *IN_PROGRESS, story.wrote(), story.asked()).when(HEAR).nothing()


@pytest.mark.parametrize("past", [NOT_STARTED, IN_PROGRESS, ON_HOLD], ids=["new", "busy", "held"])
def test_a_message_changes_nothing_where_nothing_waits_for_it(past: tuple[Event, ...]) -> None:
    given(DECIDER, *past, story.wrote()).when(HEAR).nothing()


@pytest.mark.parametrize("past", [RESOLVED, CLOSED, CLOSED_BY_SILENCE, MERGED])
def test_a_message_reopens_what_was_done(past: tuple[Event, ...]) -> None:
    said = given(DECIDER, *past, story.wrote()).when(HEAR).then(TicketReopened)
    assert said == [
        TicketReopened(reason="The customer wrote.", reopened_by=story.customer(), reopened_at=NOW)
    ]


@pytest.mark.parametrize("past", [WAITING, RESOLVED, CLOSED], ids=["waiting", "resolved", "closed"])
def test_an_automatic_answer_changes_nothing(past: tuple[Event, ...]) -> None:
    given(DECIDER, *past, story.wrote(automatic=True)).when(HEAR).nothing()


def test_a_message_leaves_the_archive_alone() -> None:
    given(DECIDER, *ARCHIVED, story.wrote()).when(HEAR).nothing()


def test_a_message_known_before_the_solution_does_not_reopen_it() -> None:
    """However late the reaction runs: the agent had the message when they resolved it."""
    given(DECIDER, *WAITING, story.wrote(), story.resolved()).when(HEAR).nothing()


def test_a_message_between_solution_and_closing_by_hand_still_reopens_it() -> None:
    past = (*RESOLVED, story.wrote(), story.closed(ClosedHow.AGENT))
    given(DECIDER, *past).when(HEAR).then(TicketReopened)


def test_a_message_before_the_customer_confirmed_reopens_nothing() -> None:
    given(DECIDER, *RESOLVED, story.wrote(), story.closed()).when(HEAR).nothing()


def test_a_problem_that_came_back_reopens_a_closed_ticket() -> None:
    given(DECIDER, *CLOSED, story.feedback(recurred=True)).when(HEAR).then(TicketReopened)
    given(DECIDER, *CLOSED, story.feedback(recurred=False)).when(HEAR).nothing()


def test_a_low_rating_reopens_a_closed_ticket_in_time_where_the_desk_wants_so() -> None:
    low = story.feedback(recurred=False, reopens=True)
    given(DECIDER, *CLOSED, low).when(HEAR).then(TicketReopened)
    until = story.closed().model_copy(update={"reopens_until": story.at(25)})
    given(DECIDER, *RESOLVED, until, low).when(HEAR).nothing()


def test_a_ticket_is_reopened_once_for_two_messages() -> None:
    past = (*CLOSED, story.wrote(), story.wrote(minutes=21), story.reopened())
    given(DECIDER, *past).when(HEAR).nothing()
