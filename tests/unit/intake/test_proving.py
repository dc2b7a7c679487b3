"""A held ticket whose requester shows nothing: reminded, and at last an agent's to decide."""

from datetime import timedelta

import pytest
from hypothesis import given as given_any
from hypothesis import strategies as st

from services.intake.domain import (
    DECIDER,
    Command,
    ConfirmAddress,
    LetProofLapse,
    MergeInto,
    OpenTicket,
    Recategorise,
    RemindOfProof,
)
from services.intake.domain.topics import Topics
from services.intake.projections.clarifications import Clarifications
from services.intake.reactions import due
from shared.events import Event
from shared.events.intake import (
    Channel,
    ClarificationRequested,
    TicketCategorised,
    TicketOpened,
    TicketPrioritised,
    TicketVerified,
)
from shared.events.participants import (
    AddressConfirmed,
    AddressProofLapsed,
    AddressProofReminded,
    AddressProofRequested,
)
from shared.events.resolution import TicketReopened
from shared.testing.spec import T0, fold, given
from tests.unit.intake.test_conversation import CLOSED
from tests.unit.intake.test_together import ASKING, CARLA, OTHER

PROVING = ASKING.model_copy(update={"fields": (), "prove_address": True})
TOPICS = Topics({"general": PROVING, "asking": ASKING})
FIRST, SECOND, END = (T0 + timedelta(minutes=each) for each in (60, 120, 240))


def opened(**changes: object) -> list[Event]:
    wanted = {"topic": PROVING, "hold": True} | changes
    command = OpenTicket(
        number="LD-1",
        channel=Channel.WEB,
        requester=CARLA,
        subject="Printer broken",
        description="It prints empty pages.",
        submission_digest="d",
        now=T0,
        **wanted,  # type: ignore[arg-type]
    )
    return given(DECIDER).when(command).said


HELD = opened()
REMIND = RemindOfProof(1, END, FIRST)
LAPSE = LetProofLapse(END)
ACTED = ConfirmAddress(CARLA.person_id, TOPICS, END)
TAKEN = Recategorise("general", None, "I rang her", "anna", TOPICS, END)
REMINDED = AddressProofReminded(reminder=1, ends_at=END, reminded_at=FIRST)
LAPSED = AddressProofLapsed(lapsed_at=END)
GOES_ON = (TicketVerified, TicketCategorised, TicketPrioritised)


def test_a_held_ticket_says_when_its_requester_is_reminded_and_until_when_it_waits() -> None:
    requested = AddressProofRequested(requested_at=T0, remind_at=(FIRST, SECOND), ends_at=END)
    assert [type(each) for each in HELD] == [TicketOpened, AddressProofRequested]
    assert HELD[-1] == requested
    assert AddressProofRequested not in {type(each) for each in opened(hold=False)}
    assert AddressProofRequested not in {type(each) for each in opened(vouched=True)}


def test_each_reminder_is_said_once_and_so_is_the_end() -> None:
    given(DECIDER, *HELD).when(REMIND).then(REMINDED)
    given(DECIDER, *HELD, REMINDED).when(REMIND).nothing()
    given(DECIDER, *HELD, REMINDED).when(LAPSE).then(LAPSED)
    given(DECIDER, *HELD, LAPSED).when(LAPSE).nothing()
    given(DECIDER, *HELD, LAPSED).when(RemindOfProof(2, END, SECOND)).nothing()


@pytest.mark.parametrize("command", [REMIND, LAPSE])
def test_nobody_is_reminded_of_what_is_waited_for_no_longer(command: Command) -> None:
    for done in (ACTED, TAKEN, MergeInto(OTHER, "LD-2", "The same", "anna")):
        said = given(DECIDER, *HELD).when(done).said
        given(DECIDER, *HELD, *said).when(command).nothing()
    given(DECIDER, *HELD, CLOSED).when(command).nothing()
    given(DECIDER, *opened(hold=False)).when(command).nothing()
    given(DECIDER).when(command).nothing()


def test_what_lapsed_goes_on_once_it_is_shown_or_an_agent_takes_it() -> None:
    given(DECIDER, *HELD, LAPSED).when(ACTED).then(AddressConfirmed, *GOES_ON)
    given(DECIDER, *HELD, LAPSED).when(TAKEN).then(*GOES_ON)


def test_timers_stand_until_the_address_is_shown_or_the_ticket_is_settled() -> None:
    timers = fold(Clarifications(), *HELD)["timers"]
    assert sorted((timer.kind, timer.due_at) for timer in timers) == [
        ("lapse of proof", END),
        ("remind of proof", FIRST),
        ("remind of proof", SECOND),
    ]
    assert sorted(map(repr, map(due, timers))) == sorted(
        map(repr, (LAPSE, REMIND, RemindOfProof(2, END, SECOND)))
    )
    for command in (ACTED, TAKEN):
        said = given(DECIDER, *HELD).when(command).said
        assert fold(Clarifications(), *HELD, *said)["timers"] == []
    for event in (CLOSED, LAPSED):
        assert fold(Clarifications(), *HELD, event)["timers"] == []


def test_who_confirms_later_is_still_reminded_of_what_was_asked() -> None:
    waiting = opened(topic=ASKING, hold=False)
    assert isinstance(waiting[-1], ClarificationRequested)
    confirmed = given(DECIDER, *waiting).when(ACTED).then(AddressConfirmed)
    before = fold(Clarifications(), *waiting)["timers"]
    assert fold(Clarifications(), *waiting, *confirmed)["timers"] == before != []


COMMANDS = st.sampled_from([REMIND, RemindOfProof(2, END, SECOND), LAPSE, ACTED, TAKEN])


@given_any(st.lists(COMMANDS, max_size=12))
def test_whatever_comes_in_whichever_order_nobody_is_reminded_after_it_was_shown(
    commands: list[Command],
) -> None:
    past = list(HELD)
    for command in commands:
        said = DECIDER.decide(command, DECIDER.fold(past))
        over = any(
            isinstance(e, AddressConfirmed | AddressProofLapsed | TicketVerified) for e in past
        )
        assert not (over and any(isinstance(e, AddressProofReminded) for e in said))
        past += said
    kinds = [type(event) for event in past]
    assert kinds.count(AddressProofLapsed) <= 1
    assert kinds.count(TicketVerified) <= 1


def test_a_reopened_ticket_is_not_reminded_of_anew() -> None:
    again = TicketReopened(reason="After all", reopened_by="anna", reopened_at=END)
    assert fold(Clarifications(), *HELD, CLOSED, again)["timers"] == []
