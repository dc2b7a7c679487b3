"""Stages 6 and 7, command by command and state by state."""

import pytest

from services.resolution.domain import DECIDER
from services.resolution.domain.commands import (
    ArchiveTicket,
    ArchiveWhenDue,
    CloseForSilence,
    CloseMerged,
    CloseTicket,
    ConfirmResolution,
    RejectResolution,
    ReopenTicket,
    ResolveTicket,
    VerifyResolution,
)
from services.resolution.domain.rejections import (
    ClosingNoteMissing,
    NotTheRequester,
    TicketAlreadyClosed,
    TicketGoesOnElsewhere,
    TicketInArchive,
    TicketNotClosed,
    TicketNotFound,
    TicketNotOpen,
    TicketNotResolved,
)
from shared.errors import Rejected
from shared.events import Event
from shared.events.resolution import (
    ClosedHow,
    ResolutionConfirmed,
    ResolutionKind,
    ResolutionRejected,
    ResolutionVerified,
    TicketArchived,
    TicketClosed,
    TicketReopened,
    TicketResolved,
    WorkStarted,
)
from shared.testing.spec import given
from tests.unit.resolution import story
from tests.unit.resolution.story import (
    ARCHIVED,
    CLOSED,
    CLOSED_BY_SILENCE,
    IN_PROGRESS,
    MALLORY,
    MERGED,
    NOT_STARTED,
    ON_HOLD,
    OPEN,
    RESOLVED,
    WAITING,
    at,
    customer,
)

NOW = at(30)
RESOLVE = ResolveTicket(
    by="anna",
    agent_name="Anna",
    now=NOW,
    kind=ResolutionKind.FIX,
    cause="A full disk.",
    note="Restarted the database.",
)
VERIFY = VerifyResolution(by="anna", now=NOW, method="paid a cent", result="paid", passed=True)
CONFIRM = ConfirmResolution(by=customer(), now=NOW, comment="Thank you!")
REJECT = RejectResolution(by=customer(), now=NOW, reason="It is down again.")
REOPEN = ReopenTicket(by=customer(), now=NOW, reason="It is down again.")
CLOSE = CloseTicket(by="anna", now=NOW, note="Spam.")
ARCHIVE = ArchiveTicket(by="anna", now=NOW)
SILENCE = CloseForSilence(by="timer", now=NOW, resolved_at=at(10))
REST = ArchiveWhenDue(by="timer", now=NOW, closed_at=at(20))
MERGE = CloseMerged(by="anna", now=NOW, into_number="LD-00000-0000A-A")

BY_PEOPLE = [RESOLVE, VERIFY, CONFIRM, REJECT, REOPEN, CLOSE, ARCHIVE]


@pytest.mark.parametrize("command", BY_PEOPLE, ids=lambda c: type(c).__name__)
def test_nobody_ends_what_nobody_knows(command: object) -> None:
    given(DECIDER).when(command).rejected(TicketNotFound)


@pytest.mark.parametrize("command", [SILENCE, REST, MERGE], ids=lambda c: type(c).__name__)
def test_no_timer_ends_what_nobody_knows(command: object) -> None:
    given(DECIDER).when(command).nothing()


@pytest.mark.parametrize("past", [IN_PROGRESS, WAITING, ON_HOLD], ids=["busy", "waiting", "held"])
def test_an_open_ticket_is_resolved_with_its_cause(past: tuple[Event, ...]) -> None:
    (said,) = given(DECIDER, *past).when(RESOLVE).then(TicketResolved)
    assert (said.kind, said.cause, said.resolved_by) == ("fix", "A full disk.", "anna")


def test_a_fix_at_first_sight_starts_the_work_too() -> None:
    given(DECIDER, *NOT_STARTED).when(RESOLVE).then(WorkStarted, TicketResolved)


def test_the_same_solution_again_is_no_news() -> None:
    given(DECIDER, *RESOLVED).when(RESOLVE).nothing()


def test_another_solution_needs_an_open_ticket() -> None:
    given(DECIDER, *IN_PROGRESS, story.resolved(note="Bought a disk.")).when(RESOLVE).rejected(
        TicketNotOpen
    )
    given(DECIDER, *CLOSED).when(RESOLVE).rejected(TicketNotOpen)
    given(DECIDER, *ARCHIVED).when(RESOLVE).rejected(TicketInArchive)


def test_a_solution_is_verified() -> None:
    given(DECIDER, *RESOLVED).when(VERIFY).then(ResolutionVerified)


def test_a_solution_that_did_not_pass_is_none() -> None:
    failed = VerifyResolution(by="ben", now=NOW, method="paid", result="declined", passed=False)
    given(DECIDER, *RESOLVED).when(failed).then(ResolutionVerified, TicketReopened)


@pytest.mark.parametrize(
    ("past", "rejection"),
    [
        *((past, TicketNotResolved) for past in OPEN.values()),
        (CLOSED, TicketAlreadyClosed),
        (ARCHIVED, TicketInArchive),
    ],
)
def test_only_a_solution_is_verified(past: tuple[Event, ...], rejection: type[Rejected]) -> None:
    given(DECIDER, *past).when(VERIFY).rejected(rejection)


def test_a_confirmed_ticket_is_closed_at_once() -> None:
    confirmed, closed = (
        given(DECIDER, *RESOLVED).when(CONFIRM).then(ResolutionConfirmed, TicketClosed)
    )
    assert confirmed.confirmed_by == closed.closed_by == customer()
    assert (closed.how, closed.note) == (ClosedHow.CONFIRMED, "Thank you!")


def test_confirming_needs_no_verification_and_no_words() -> None:
    silently = ConfirmResolution(by=customer(), now=NOW)
    _, closed = given(DECIDER, *RESOLVED).when(silently).then(ResolutionConfirmed, TicketClosed)
    assert closed.note == "The customer confirmed the solution."


def test_a_second_click_on_confirm_is_no_news() -> None:
    given(DECIDER, *CLOSED).when(CONFIRM).nothing()


@pytest.mark.parametrize(
    ("past", "rejection"),
    [
        *((past, TicketNotResolved) for past in OPEN.values()),
        (CLOSED_BY_SILENCE, TicketAlreadyClosed),
        (MERGED, TicketAlreadyClosed),
        (ARCHIVED, TicketInArchive),
    ],
)
def test_only_a_solution_is_confirmed(past: tuple[Event, ...], rejection: type[Rejected]) -> None:
    given(DECIDER, *past).when(CONFIRM).rejected(rejection)


@pytest.mark.parametrize("past", [RESOLVED, CLOSED, CLOSED_BY_SILENCE])
def test_a_rejected_solution_reopens_the_ticket(past: tuple[Event, ...]) -> None:
    """Also once it was closed: they may have been away when the silence ran out."""
    given(DECIDER, *past).when(REJECT).then(ResolutionRejected, TicketReopened)


@pytest.mark.parametrize(
    ("past", "rejection"),
    [
        *((past, TicketNotResolved) for past in OPEN.values()),
        (MERGED, TicketGoesOnElsewhere),
        (ARCHIVED, TicketInArchive),
    ],
)
def test_only_a_solution_is_rejected(past: tuple[Event, ...], rejection: type[Rejected]) -> None:
    given(DECIDER, *past).when(REJECT).rejected(rejection)


@pytest.mark.parametrize("past", [RESOLVED, CLOSED, CLOSED_BY_SILENCE])
def test_what_was_done_is_reopened(past: tuple[Event, ...]) -> None:
    given(DECIDER, *past).when(REOPEN).then(TicketReopened)


@pytest.mark.parametrize("past", OPEN.values(), ids=OPEN)
def test_what_is_open_needs_no_reopening(past: tuple[Event, ...]) -> None:
    given(DECIDER, *past).when(REOPEN).nothing()


def test_a_merged_ticket_goes_on_elsewhere_and_an_archived_one_not_at_all() -> None:
    given(DECIDER, *MERGED).when(REOPEN).rejected(TicketGoesOnElsewhere)
    given(DECIDER, *ARCHIVED).when(REOPEN).rejected(TicketInArchive)


@pytest.mark.parametrize(
    "past", [IN_PROGRESS, RESOLVED, CLOSED], ids=["open", "resolved", "closed"]
)
def test_no_customer_reopens_a_strangers_ticket(past: tuple[Event, ...]) -> None:
    theirs = ReopenTicket(by=customer(MALLORY), now=NOW, reason="Let me in.")
    assert given(DECIDER, *past).when(theirs).rejected(NotTheRequester).http_status == 403


def test_no_customer_confirms_or_rejects_for_another() -> None:
    for past in (RESOLVED, CLOSED):
        confirm = ConfirmResolution(by=customer(MALLORY), now=NOW)
        given(DECIDER, *past).when(confirm).rejected(NotTheRequester)
        reject = RejectResolution(by=customer(MALLORY), now=NOW, reason="No.")
        given(DECIDER, *past).when(reject).rejected(NotTheRequester)


def test_an_agent_confirms_for_a_customer_who_rang() -> None:
    by_agent = ConfirmResolution(by="anna", now=NOW, comment="By telephone.")
    given(DECIDER, *RESOLVED).when(by_agent).then(ResolutionConfirmed, TicketClosed)


@pytest.mark.parametrize("past", OPEN.values(), ids=OPEN)
def test_closing_without_a_solution_takes_a_note(past: tuple[Event, ...]) -> None:
    silently = CloseTicket(by="anna", now=NOW, note="  ")
    assert given(DECIDER, *past).when(silently).rejected(ClosingNoteMissing).http_status == 422
    (said,) = given(DECIDER, *past).when(CLOSE).then(TicketClosed)
    assert (said.how, said.note) == (ClosedHow.AGENT, "Spam.")


def test_a_resolved_ticket_is_closed_without_more_words() -> None:
    given(DECIDER, *RESOLVED).when(CloseTicket(by="anna", now=NOW)).then(TicketClosed)


@pytest.mark.parametrize("past", [CLOSED, MERGED, ARCHIVED])
def test_what_is_closed_is_closed_already(past: tuple[Event, ...]) -> None:
    given(DECIDER, *past).when(CLOSE).nothing()
    given(DECIDER, *past).when(MERGE).nothing()


@pytest.mark.parametrize("past", [*OPEN.values(), RESOLVED], ids=[*OPEN, "resolved"])
def test_a_merged_ticket_is_closed(past: tuple[Event, ...]) -> None:
    (said,) = given(DECIDER, *past, story.merged()).when(MERGE).then(TicketClosed)
    assert (said.how, said.note) == (ClosedHow.MERGED, "It goes on in LD-00000-0000A-A.")


def test_silence_closes_a_resolved_ticket_as_of_the_due_time() -> None:
    (said,) = given(DECIDER, *RESOLVED).when(SILENCE).then(TicketClosed)
    assert (said.how, said.closed_at, said.closed_by) == (ClosedHow.SILENCE, NOW, "timer")


def test_silence_was_no_silence_if_the_customer_wrote() -> None:
    given(DECIDER, *RESOLVED, story.wrote()).when(SILENCE).nothing()


def test_silence_about_an_earlier_solution_says_nothing_about_a_later_one() -> None:
    again = (story.reopened(), story.resolved(minutes=25))
    given(DECIDER, *RESOLVED, *again).when(SILENCE).nothing()


@pytest.mark.parametrize("past", [*OPEN.values(), CLOSED, ARCHIVED])
def test_silence_closes_nothing_else(past: tuple[Event, ...]) -> None:
    given(DECIDER, *past).when(SILENCE).nothing()


def test_a_closed_ticket_is_archived() -> None:
    given(DECIDER, *CLOSED).when(ARCHIVE).then(TicketArchived)
    given(DECIDER, *ARCHIVED).when(ARCHIVE).nothing()


@pytest.mark.parametrize("past", [*OPEN.values(), RESOLVED], ids=[*OPEN, "resolved"])
def test_only_a_closed_ticket_is_archived(past: tuple[Event, ...]) -> None:
    given(DECIDER, *past).when(ARCHIVE).rejected(TicketNotClosed)
    given(DECIDER, *past).when(REST).nothing()


def test_a_closed_ticket_is_archived_when_due() -> None:
    (said,) = given(DECIDER, *CLOSED).when(REST).then(TicketArchived)
    assert (said.archived_by, said.archived_at) == ("timer", NOW)


def test_a_ticket_that_was_closed_anew_is_not_archived_for_the_earlier_closing() -> None:
    again = (story.reopened(), story.resolved(25), story.closed(minutes=28))
    given(DECIDER, *CLOSED, *again).when(REST).nothing()


def test_a_ticket_somebody_wrote_on_is_not_archived_before_it_was_heard() -> None:
    given(DECIDER, *CLOSED, story.wrote()).when(REST).nothing()
