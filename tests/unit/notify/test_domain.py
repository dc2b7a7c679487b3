"""What may be told to whom, and what becomes of it."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from services.notify.app import SERVICE
from services.notify.domain import (
    DECIDER,
    Draft,
    NotificationNotFound,
    RecordBounce,
    RecordFailed,
    RecordSent,
    RequestNotifications,
    Stage,
    Suppress,
)
from services.notify.projection import NOTIFICATIONS, Deliveries, DirectoryOfTheDesk
from shared.events import ACCESS, Event
from shared.events.assignment import AgentDefined, Role, TeamDefined
from shared.events.notify import (
    NotificationFailed,
    NotificationKind,
    NotificationRequested,
    NotificationSent,
    NotificationSuppressed,
)
from shared.followers.view import View
from shared.ids import desk_id
from shared.testing.spec import T0, TICKET, fold, given, recorded

ID = UUID(int=1)
DRAFT = Draft(
    notification_id=ID,
    kind=NotificationKind.REPLY,
    recipient="maria@example.com",
    to_customer=True,
    subject="Hello",
    text="Hello",
    message_id="<1@desk.example>",
)


def ask(*drafts: Draft, **changes: Any) -> RequestNotifications:
    return RequestNotifications(drafts or (DRAFT,), T0, **changes)


def said(command: object, *past: Event) -> list[Event]:
    return given(DECIDER, *past).when(command).said  # type: ignore[arg-type]


REQUESTED = said(ask())[0]
SENT = said(RecordSent(ID, 1, T0), REQUESTED)[0]
UNKNOWN = said(RecordFailed(ID, 1, "lost", T0, unknown=True), REQUESTED)[0]
FAILED = said(RecordFailed(ID, 1, "550 no", T0, hard=True), REQUESTED)[0]
SUPPRESSED = said(Suppress(ID, "hourly_cap", T0), REQUESTED)[0]


def test_a_notification_is_requested_once() -> None:
    given(DECIDER).when(ask()).then(NotificationRequested)
    given(DECIDER, REQUESTED).when(ask()).nothing()
    other = replace(DRAFT, notification_id=UUID(int=2))
    given(DECIDER, REQUESTED).when(ask(DRAFT, other)).then(NotificationRequested)


@pytest.mark.parametrize(
    ("recipient", "reason"),
    [
        ("", "address_unknown"),
        ("nobody", "address_malformed"),
        ("a b@example.com", "address_malformed"),
        ("a@b\r\nBcc: x@y.z", "address_malformed"),
        ("a@b@c", "address_malformed"),
        ("<a@b.c>", "address_malformed"),
        ("Support@Desk.example", "own_address"),
        ("support+abc@desk.example", "own_address"),
        ("MAILER-DAEMON@example.com", "automatic_address"),
        ("no-reply@example.com", "automatic_address"),
        ("noreply+1@example.com", "automatic_address"),
        ("news-bounces@example.com", "automatic_address"),
        ("Bounced@example.com", "address_bounced"),
    ],
)
def test_some_addresses_are_never_written_to(recipient: str, reason: str) -> None:
    command = ask(
        replace(DRAFT, recipient=recipient),
        own=frozenset({"support@desk.example"}),
        bounced=frozenset({"bounced@example.com"}),
    )
    (event,) = given(DECIDER).when(command).then(NotificationSuppressed)
    assert isinstance(event, NotificationSuppressed)
    assert event.reason == reason
    given(DECIDER, event).when(command).nothing()


@pytest.mark.parametrize("recipient", ["noreply.jones@example.com", "ö@example.com", "a'b@c.d"])
def test_people_with_unusual_addresses_are_written_to(recipient: str) -> None:
    given(DECIDER).when(ask(replace(DRAFT, recipient=recipient))).then(NotificationRequested)


def test_a_sent_mail_is_sent_once() -> None:
    given(DECIDER, REQUESTED).when(RecordSent(ID, 2, T0)).then(NotificationSent)
    given(DECIDER, REQUESTED, SENT).when(RecordSent(ID, 2, T0)).nothing()


def test_an_unknown_outcome_is_said_once_and_may_become_known() -> None:
    unknown = RecordFailed(ID, 1, "lost", T0, unknown=True)
    given(DECIDER, REQUESTED).when(unknown).then(NotificationFailed)
    given(DECIDER, REQUESTED, UNKNOWN).when(unknown).nothing()
    given(DECIDER, REQUESTED, UNKNOWN).when(RecordSent(ID, 2, T0)).then(NotificationSent)
    given(DECIDER, REQUESTED, UNKNOWN).when(RecordFailed(ID, 2, "550", T0)).then(NotificationFailed)
    given(DECIDER, REQUESTED, SENT).when(unknown).nothing()


def test_what_failed_or_was_suppressed_stays_so() -> None:
    for end in (FAILED, SUPPRESSED):
        given(DECIDER, REQUESTED, end).when(RecordSent(ID, 2, T0)).nothing()
        given(DECIDER, REQUESTED, end).when(RecordFailed(ID, 2, "x", T0)).nothing()
    given(DECIDER, REQUESTED, SENT).when(Suppress(ID, "x", T0)).nothing()


def test_a_bounce_makes_a_sent_mail_a_failed_one() -> None:
    named = RecordBounce(ID, "maria@example.com", "bounced 5.1.1", T0)
    (event,) = given(DECIDER, REQUESTED, SENT).when(named).then(NotificationFailed)
    assert isinstance(event, NotificationFailed)
    assert (event.hard, event.attempts) == (True, 1)
    given(DECIDER, REQUESTED, SENT, event).when(named).nothing()
    unnamed = replace(named, notification_id=None, recipient="Maria@example.com")
    given(DECIDER, REQUESTED, SENT).when(unnamed).then(NotificationFailed)
    given(DECIDER, REQUESTED, SENT).when(replace(unnamed, recipient="else@x.y")).nothing()


@pytest.mark.parametrize(
    ("bounce", "to_customer", "hard"),
    [
        (RecordBounce(ID, "Maria@example.com", "bounced", T0), True, True),
        (RecordBounce(None, "maria@example.com", "bounced", T0), True, False),
        (RecordBounce(ID, "else@example.com", "bounced", T0), True, False),
        (RecordBounce(ID, "", "bounced", T0), True, False),
        (RecordBounce(ID, "maria@example.com", "bounced", T0), False, False),
    ],
)
def test_only_a_report_that_names_the_mail_and_its_customer_gives_an_address_up(
    bounce: RecordBounce, to_customer: bool, hard: bool
) -> None:
    (requested,) = said(ask(replace(DRAFT, to_customer=to_customer)))
    (failed,) = given(DECIDER, requested, SENT).when(bounce).then(NotificationFailed)
    assert isinstance(failed, NotificationFailed)
    assert failed.hard is hard


def test_an_agents_address_is_never_given_up() -> None:
    command = ask(replace(DRAFT, to_customer=False), bounced=frozenset({DRAFT.recipient}))
    given(DECIDER).when(command).then(NotificationRequested)


def test_what_is_withheld_is_not_sent_and_says_why() -> None:
    (event,) = said(ask(replace(DRAFT, withheld="auto_response_declined")))
    assert isinstance(event, NotificationSuppressed)
    assert event.reason == "auto_response_declined"


def test_nothing_is_recorded_of_a_notification_that_never_was() -> None:
    given(DECIDER).when(RecordSent(ID, 1, T0)).rejected(NotificationNotFound)
    bounce = RecordBounce(ID, "x@y.z", "bounced", T0)
    given(DECIDER, REQUESTED).when(replace(bounce, notification_id=UUID(int=9))).rejected(
        NotificationNotFound
    )


@pytest.mark.parametrize(
    ("past", "stage"),
    [
        ((REQUESTED,), Stage.REQUESTED),
        ((REQUESTED, SENT), Stage.SENT),
        ((REQUESTED, UNKNOWN), Stage.UNKNOWN),
        ((REQUESTED, UNKNOWN, SENT), Stage.SENT),
        ((REQUESTED, FAILED), Stage.FAILED),
        ((REQUESTED, SUPPRESSED), Stage.SUPPRESSED),
        ((SUPPRESSED,), Stage.SUPPRESSED),
    ],
)
def test_the_read_model_and_the_decider_agree_also_when_delivered_twice(
    past: tuple[Event, ...], stage: Stage
) -> None:
    assert DECIDER.fold(past).notifications[ID].stage is stage
    once, twice = View(TICKET), View(TICKET)
    for view, times in ((once, 1), (twice, 2)):
        for event in recorded(*past):
            for _ in range(times):
                Deliveries().fold(view, event)
    assert once.all(NOTIFICATIONS) == twice.all(NOTIFICATIONS)
    (row,) = once.all(NOTIFICATIONS)
    assert row.stage == stage.value
    assert fold(Deliveries(), *past)["notifications"] == [row]


def test_an_outcome_heard_before_its_request_leaves_no_half_row() -> None:
    assert fold(Deliveries(), SENT)["notifications"] == []
    assert fold(Deliveries(), FAILED)["notifications"] == []


def test_the_directory_holds_what_was_defined_last() -> None:
    subject = desk_id("agent", "anna")
    facts = {"agent_id": "anna", "name": "Anna", "role": Role.MANAGER, "team_ids": ("ops",)}
    first = AgentDefined(**facts, email="old@x.y", revision=1)  # type: ignore[arg-type]
    second = AgentDefined(**facts, email="new@x.y", active=False, revision=2)  # type: ignore[arg-type]
    (row,) = fold(DirectoryOfTheDesk(), first, second, second, subject=subject)["agents"]
    assert (row.email, row.active, row.team_ids) == ("new@x.y", False, ["ops"])
    team = TeamDefined(team_id="ops", name="Ops", email="ops@x.y", revision=1)
    assert fold(DirectoryOfTheDesk(), team)["teams"][0].email == "ops@x.y"


def test_notify_hears_nothing_of_the_topic_of_looks() -> None:
    """Its events would name gateway's looks as causes, which other services never hear of."""
    assert not {cls for cls in SERVICE.hears if cls.topic == ACCESS}
    assert {cls.author for cls in SERVICE.hears} >= {"intake", "assignment", "sla", "resolution"}
