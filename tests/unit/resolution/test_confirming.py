"""What closes a ticket, and what opens it again: thanks, silence with a reminder, time."""

from datetime import timedelta
from typing import Any

import pytest

from services.resolution.domain import DECIDER
from services.resolution.domain.commands import (
    ArchiveWhenDue,
    CloseForSilence,
    CloseTicket,
    ConfirmResolution,
    HearCustomer,
    RejectResolution,
    RemindOfClosure,
    ReopenTicket,
    ResolveTicket,
)
from services.resolution.domain.rejections import TicketStaysClosed
from services.resolution.reactions import AnswerChildren, CustomerSpeaks
from shared.events import Attachment, Event
from shared.events.resolution import (
    ChildLinked,
    ClosedHow,
    ClosingRules,
    ClosureReminded,
    ProgressKind,
    ProgressReported,
    ResolutionConfirmed,
    ResolutionKind,
    TicketClosed,
    TicketReopened,
    TicketResolved,
)
from shared.events.sla import CalendarValues, Interval
from shared.log import Past, Vector
from shared.testing.spec import T0, given, recorded
from tests.unit.resolution import story
from tests.unit.resolution.story import CLOSED, IN_PROGRESS, RESOLVED, WAITING, at

NOW = at(30)
HEAR = HearCustomer(by=story.customer(), now=NOW, reason="The customer wrote.")
THANKS = story.wrote(text="It works again, thank you!", minutes=12)
RULES = ClosingRules(remind_minutes_before=20, reopen_minutes=100)


def resolved_by_rules(rules: ClosingRules = RULES) -> tuple[Event, ...]:
    command = ResolveTicket(
        by="anna",
        now=at(10),
        kind=ResolutionKind.FIX,
        cause="A fuse.",
        note="Replaced.",
        rules=rules,
    )
    past = (IN_PROGRESS[0], story.categorised(close_after=60), *IN_PROGRESS[1:])
    return (*past, *DECIDER.decide(command, DECIDER.fold(past)))


def test_thanks_for_a_solution_confirm_it() -> None:
    confirmed, closed = (
        given(DECIDER, *RESOLVED, THANKS).when(HEAR).then(ResolutionConfirmed, TicketClosed)
    )
    assert isinstance(confirmed, ResolutionConfirmed)
    assert isinstance(closed, TicketClosed)
    assert (confirmed.confirmed_by, confirmed.comment) == (
        story.customer(),
        "It works again, thank you!",
    )
    assert (closed.how, closed.closed_by) == (ClosedHow.CONFIRMED, story.customer())


def test_thanks_of_somebody_in_copy_confirm_nothing_and_object_to_nothing() -> None:
    past = (*RESOLVED, story.wrote(story.MALLORY, text="Thank you!", minutes=12))
    given(DECIDER, *past).when(HEAR).nothing()
    silence = CloseForSilence(by="timer", now=NOW, resolved_at=at(10))
    given(DECIDER, *past).when(silence).then(TicketClosed)


def test_thanks_and_then_an_objection_are_an_objection() -> None:
    past = (*RESOLVED, THANKS, story.wrote(minutes=13))
    given(DECIDER, *past).when(HEAR).then(TicketReopened)


def test_thanks_do_not_reopen_a_closed_ticket_nor_keep_it_from_the_archive() -> None:
    past = (*CLOSED, story.wrote(text="Many thanks!", minutes=25))
    given(DECIDER, *past).when(HEAR).nothing()
    rest = ArchiveWhenDue(by="timer", now=at(2_000), closed_at=at(20))
    assert len(DECIDER.decide(rest, DECIDER.fold(past))) == 1


def test_an_out_of_office_reopens_nothing() -> None:
    for past in (RESOLVED, CLOSED):
        given(DECIDER, *past, story.wrote(automatic=True)).when(HEAR).nothing()


def test_thanks_with_a_file_are_read_by_somebody() -> None:
    file = Attachment(file_id="f", name="log.txt", content_type="text/plain", size_bytes=3)
    message = THANKS.model_copy(update={"attachments": (file,)})
    given(DECIDER, *RESOLVED, message).when(HEAR).then(TicketReopened)


def test_thanks_for_a_question_answer_it() -> None:
    assert len(DECIDER.decide(HEAR, DECIDER.fold([*WAITING, THANKS]))) == 1


def test_a_solution_says_when_silence_closes_it_and_when_the_customer_is_reminded() -> None:
    solution = resolved_by_rules()[-1]
    assert isinstance(solution, TicketResolved)
    assert (solution.closes_at, solution.remind_at) == (at(70), at(50))
    plain = resolved_by_rules(ClosingRules())[-1]
    assert isinstance(plain, TicketResolved)
    assert (plain.closes_at, plain.remind_at, plain.reopen_minutes) == (None, None, None)


def test_with_a_calendar_only_business_time_counts() -> None:
    hours = {day: (Interval(start="09:00", end="09:30"),) for day in ("mon", "tue", "wed")}
    calendar = CalendarValues(timezone="UTC", hours=hours)
    rules = ClosingRules(calendar=calendar, remind_minutes_before=30)
    assert T0.strftime("%a %H:%M") == "Mon 09:00"
    solution = resolved_by_rules(rules)[-1]  # at 09:10, closing after 60 minutes
    assert isinstance(solution, TicketResolved)
    assert solution.closes_at == T0 + timedelta(days=2, minutes=10)
    assert solution.remind_at == T0 + timedelta(days=1, minutes=10)


def test_nobody_is_reminded_of_what_is_due_sooner_than_that() -> None:
    solution = resolved_by_rules(ClosingRules(remind_minutes_before=60))[-1]
    assert isinstance(solution, TicketResolved)
    assert solution.remind_at is None


def test_the_customer_is_reminded_once_as_long_as_silence_would_close_it() -> None:
    past = resolved_by_rules()
    remind = RemindOfClosure(by="timer", now=at(50), resolved_at=at(10))
    (said,) = given(DECIDER, *past).when(remind).then(ClosureReminded)
    assert isinstance(said, ClosureReminded)
    assert said.closes_at == at(70)
    given(DECIDER, *past, story.wrote(minutes=12)).when(remind).nothing()
    given(DECIDER, *past, story.closed(minutes=20)).when(remind).nothing()
    later = RemindOfClosure(by="timer", now=at(50), resolved_at=at(11))
    given(DECIDER, *past).when(later).nothing()


def closed_at_20() -> tuple[Event, ...]:
    past = resolved_by_rules()
    confirm = ConfirmResolution(by=story.customer(), now=at(20))
    return (*past, *DECIDER.decide(confirm, DECIDER.fold(past)))


@pytest.mark.parametrize("command", [ReopenTicket, RejectResolution])
def test_a_customer_reopens_for_so_long_and_an_agent_until_it_is_archived(command: Any) -> None:
    past = closed_at_20()
    in_time = command(by=story.customer(), now=at(120), reason="Down.")
    assert DECIDER.decide(in_time, DECIDER.fold(past))
    late = command(by=story.customer(), now=at(121), reason="Down.")
    given(DECIDER, *past).when(late).rejected(TicketStaysClosed)
    agents = command(by="anna", now=at(121), reason="Down.")
    assert DECIDER.decide(agents, DECIDER.fold(past))


def test_a_message_reopens_in_time_only() -> None:
    given(DECIDER, *closed_at_20(), story.wrote(minutes=119)).when(HEAR).then(TicketReopened)
    given(DECIDER, *closed_at_20(), story.wrote(minutes=121)).when(HEAR).nothing()


def test_whatever_closes_it_says_until_when_it_can_be_reopened() -> None:
    by_hand = CloseTicket(by="anna", now=NOW, note="Done.", rules=RULES)
    silence = CloseForSilence(by="timer", now=NOW, resolved_at=at(10))
    for past, command in ((IN_PROGRESS, by_hand), (resolved_by_rules(), silence)):
        closed = DECIDER.decide(command, DECIDER.fold(past))[-1]
        assert isinstance(closed, TicketClosed)
        assert closed.reopens_until == NOW + timedelta(minutes=100)


CHILD = ChildLinked(
    child_ticket_id=story.OTHER_TICKET, child_number="LD-8", linked_by="anna", linked_at=at(1)
)


async def to_children(*history: Event) -> list[Any]:
    """Commands for the incident's children on the last of its events."""
    events = recorded(*history)
    past = Past(list(events), Vector())
    directed = await AnswerChildren().react(events[-1], past)
    assert all(each.subject == story.OTHER_TICKET for each in directed)
    return [each.command for each in directed]


async def test_an_incidents_progress_solution_and_end_answer_its_children() -> None:
    progress = ProgressReported(
        kind=ProgressKind.STEP, text="We restart it.", reported_by="anna", reported_at=at(5)
    )
    (report,) = await to_children(*IN_PROGRESS, CHILD, progress)
    (resolve,) = await to_children(*IN_PROGRESS, CHILD, story.resolved())
    (close,) = await to_children(*IN_PROGRESS, CHILD, story.closed(ClosedHow.AGENT))
    assert report.text == "We restart it."
    assert (resolve.note, resolve.cause, resolve.by) == (
        "Restarted the database.",
        "A full disk.",
        "anna",
    )
    assert close.note == "Done."
    child = DECIDER.fold(story.NOT_STARTED)
    for command in (report, resolve, close):
        assert DECIDER.decide(command, child)


async def test_what_concerns_one_customer_alone_answers_nobody_else() -> None:
    for event in (story.replied(), story.closed(ClosedHow.CONFIRMED), story.closed()):
        assert await to_children(*IN_PROGRESS, CHILD, event) == []


async def test_a_ticket_that_is_no_incident_answers_nobody() -> None:
    assert await to_children(*IN_PROGRESS, story.resolved()) == []


def test_the_reactions_hear_what_they_need() -> None:
    assert not AnswerChildren.hears & CustomerSpeaks.hears
