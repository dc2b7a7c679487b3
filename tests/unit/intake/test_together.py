"""Waiting that ends, and tickets put together and taken apart."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from services.intake.domain import (
    DECIDER,
    AcceptAsItIs,
    BeginSplitOff,
    LetClarificationLapse,
    Link,
    MergeInto,
    OpenTicket,
    ReceiveMessage,
    Release,
    RemindOfClarification,
    Split,
    Unlink,
    Unmerge,
)
from services.intake.domain.linking import NotMerged, NotMergedThere
from services.intake.domain.ticket import TicketIsMerged
from services.intake.domain.topics import GENERAL, Topics
from services.intake.projections.clarifications import Clarifications
from services.intake.projections.triage import Triage
from shared.errors import Rejected
from shared.events import Event, Person
from shared.events.desk import FormField
from shared.events.intake import (
    Channel,
    ClarificationLapsed,
    ClarificationReminded,
    ClarificationRequested,
    TicketCategorised,
    TicketPrioritised,
    TicketVerified,
)
from shared.events.relations import (
    TicketAbsorbed,
    TicketMerged,
    TicketReleased,
    TicketsLinked,
    TicketSplit,
    TicketSplitOff,
    TicketsUnlinked,
    TicketUnmerged,
)
from shared.events.resolution import ClosedHow, TicketClosed, TicketReopened
from shared.followers.contracts import Timer
from shared.ids import person_id
from shared.testing.spec import T0, fold, given, recorded

CARLA = Person(person_id=person_id("carla@example.com"), name="Carla", email="carla@example.com")
OTHER, NUMBER = UUID(int=9), "LD-00000-00009-9"
ASKING = GENERAL.model_copy(
    update={
        "fields": (FormField(name="order", label="Order number", required=True),),
        "remind_after_minutes": (60.0, 120.0),
        "lapses_after_minutes": 240.0,
    }
)
TOPICS = Topics({"general": ASKING})


def opened(topic: object = GENERAL) -> list[Event]:
    command = OpenTicket(
        number="LD-1",
        channel=Channel.API,
        topic=topic,  # type: ignore[arg-type]
        requester=CARLA,
        subject="Printer broken",
        description="It prints empty pages.",
        submission_digest="d",
        now=T0,
    )
    return given(DECIDER).when(command).said


WAITING = opened(ASKING)
REMIND = RemindOfClarification(T0, 1, T0 + timedelta(minutes=240), T0 + timedelta(minutes=60))
LAPSE = LetClarificationLapse(T0, T0 + timedelta(minutes=240))
ACCEPT = AcceptAsItIs(TOPICS, T0 + timedelta(minutes=240))
ANSWER = ReceiveMessage(CARLA.person_id, Channel.WEB, "4711", TOPICS, T0 + timedelta(minutes=5))


def test_what_was_asked_says_when_it_ends() -> None:
    asked = WAITING[-1]
    assert isinstance(asked, ClarificationRequested)
    assert asked.remind_at == (T0 + timedelta(minutes=60), T0 + timedelta(minutes=120))
    assert asked.ends_at == T0 + timedelta(minutes=240)


def test_a_customer_is_reminded_once_by_each_reminder() -> None:
    said = given(DECIDER, *WAITING).when(REMIND).then(ClarificationReminded)
    given(DECIDER, *WAITING, *said).when(REMIND).nothing()


def test_waiting_ends_with_the_ticket_going_on_as_it_is() -> None:
    lapsed = given(DECIDER, *WAITING).when(LAPSE).then(ClarificationLapsed)
    said = (
        given(DECIDER, *WAITING, *lapsed)
        .when(ACCEPT)
        .then(TicketVerified, TicketCategorised, TicketPrioritised)
    )
    assert isinstance(said[0], TicketVerified)
    assert "accepted without: Order number" in said[0].checks
    given(DECIDER, *WAITING, *lapsed, *said).when(ACCEPT).nothing()
    given(DECIDER, *WAITING).when(ACCEPT).nothing()


def test_an_answer_ends_reminders_and_waiting() -> None:
    answered = given(DECIDER, *WAITING).when(ANSWER).said
    for late in (REMIND, LAPSE, ACCEPT):
        given(DECIDER, *WAITING, *answered).when(late).nothing()


def test_timers_stand_while_answers_are_waited_for() -> None:
    timers = fold(Clarifications(), *WAITING)["timers"]
    assert due_of(timers) == [
        ("lapse", T0 + timedelta(minutes=240)),
        ("remind", T0 + timedelta(minutes=60)),
        ("remind", T0 + timedelta(minutes=120)),
    ]
    answered = given(DECIDER, *WAITING).when(ANSWER).said
    assert fold(Clarifications(), *WAITING, *answered)["timers"] == []


CLOSED = TicketClosed(how=ClosedHow.AGENT, closed_by="anna", closed_at=T0)
REOPENED = TicketReopened(reason="It goes on", reopened_by="anna", reopened_at=T0)


def test_a_ticket_that_goes_on_is_waited_for_as_before() -> None:
    unmerged = TicketUnmerged(
        from_ticket_id=OTHER, from_number=NUMBER, reason="Two faults", unmerged_by="anna"
    )
    for ended in ([CLOSED], [MERGED, CLOSED, unmerged]):
        before = fold(Clarifications(), *WAITING, *ended)["timers"]
        after = fold(Clarifications(), *WAITING, *ended, REOPENED)["timers"]
        assert due_of(after) == due_of(before) == due_of(fold(Clarifications(), *WAITING)["timers"])
        # Those that fired in between are handled: only under another id do they fire again.
        assert {timer.id for timer in after}.isdisjoint(timer.id for timer in before)
        given(DECIDER, *WAITING, *ended).when(LAPSE).nothing()
        given(DECIDER, *WAITING, *ended, REOPENED).when(LAPSE).then(ClarificationLapsed)


def test_a_ticket_that_goes_on_late_gets_no_old_reminders_and_waits_no_longer() -> None:
    past = recorded(*WAITING, CLOSED, REOPENED)
    past[-1] = replace(past[-1], occurred_at=T0 + timedelta(minutes=90))
    kinds = [kind for kind, _ in due_of(fold(Clarifications(), *past)["timers"])]
    assert kinds == ["lapse", "remind"]
    past[-1] = replace(past[-1], occurred_at=T0 + timedelta(minutes=900))
    kinds = [kind for kind, _ in due_of(fold(Clarifications(), *past)["timers"])]
    assert kinds == ["lapse"]


def due_of(timers: list[Timer]) -> list[tuple[str, datetime]]:
    return sorted((timer.kind, timer.due_at) for timer in timers)


MERGED = TicketMerged(into_ticket_id=OTHER, into_number=NUMBER, reason="The same", merged_by="anna")
UNMERGE = Unmerge(OTHER, NUMBER, "Two faults", "anna")


def test_a_merger_can_be_undone_and_done_again() -> None:
    past = opened()
    [unmerged] = given(DECIDER, *past, MERGED).when(UNMERGE).then(TicketUnmerged)
    assert fold(Triage(), *past, MERGED)["tickets"][0].merged_into == OTHER
    row = fold(Triage(), *past, MERGED, unmerged)["tickets"][0]
    assert (row.merged_into, row.open) == (None, True)
    given(DECIDER, *past, MERGED, unmerged).when(UNMERGE).rejected(NotMerged)
    message = ReceiveMessage(CARLA.person_id, Channel.WEB, "Hello", Topics({}), T0)
    given(DECIDER, *past, MERGED).when(message).rejected(TicketIsMerged)
    assert given(DECIDER, *past, MERGED, unmerged).when(message).said


def test_only_from_where_it_is_can_it_be_unmerged() -> None:
    elsewhere = Unmerge(UUID(int=8), "LD-8", "", "anna")
    given(DECIDER, *opened(), MERGED).when(elsewhere).rejected(NotMergedThere)
    given(DECIDER, *opened()).when(UNMERGE).rejected(NotMerged)


def test_the_other_ticket_lets_go() -> None:
    absorbed = TicketAbsorbed(
        source_ticket_id=OTHER, source_number=NUMBER, reason="The same", merged_by="anna"
    )
    release = Release(OTHER, NUMBER, "Two faults", "anna")
    said = given(DECIDER, *opened(), absorbed).when(release).then(TicketReleased)
    given(DECIDER, *opened(), absorbed, *said).when(release).nothing()


def test_a_link_is_made_changed_and_taken_away() -> None:
    link, unlink = Link(OTHER, NUMBER, "duplicate", "", "anna"), Unlink(OTHER, NUMBER, "anna")
    past = opened()
    linked = given(DECIDER, *past).when(link).then(TicketsLinked)
    given(DECIDER, *past, *linked).when(link).nothing()
    blocks = Link(OTHER, NUMBER, "blocks", "", "anna")
    changed = given(DECIDER, *past, *linked).when(blocks).then(TicketsLinked)
    row = fold(Triage(), *past, *linked, *changed)["tickets"][0]
    assert [(each["number"], each["kind"]) for each in row.linked] == [(NUMBER, "blocks")]
    gone = given(DECIDER, *past, *linked).when(unlink).then(TicketsUnlinked)
    assert fold(Triage(), *past, *linked, *gone)["tickets"][0].linked == []
    given(DECIDER, *past).when(unlink).nothing()


def test_a_split_is_on_record_on_both_tickets_and_takes_nothing_away() -> None:
    split = Split(OTHER, NUMBER, UUID(int=3), "Another fault", "anna")
    given(DECIDER, *opened()).when(split).then(TicketSplit)
    given(DECIDER, *opened()).when(BeginSplitOff(OTHER, NUMBER, "anna")).then(TicketSplitOff)
    given(DECIDER, *opened(), MERGED).when(split).rejected(TicketIsMerged)


@pytest.mark.parametrize("command", [UNMERGE, Link(OTHER, NUMBER, "related", "", "anna")])
def test_a_ticket_that_never_was_is_not_found(command: Unmerge | Link) -> None:
    given(DECIDER).when(command).rejected(Rejected)
    merge = MergeInto(OTHER, NUMBER, "", "anna")
    given(DECIDER).when(merge).rejected(Rejected)
