"""What shows that a ticket's requester has the address that it was opened with."""

from uuid import uuid4

import pytest

from services.intake.domain import (
    DECIDER,
    ConfirmAddress,
    OverridePriority,
    ProvideClarification,
)
from services.intake.domain.conversation import NothingWasAsked
from services.intake.domain.ticket import SenderTakesNoPart
from shared.errors import NotFound
from shared.events import Event, Level, Status, status_after
from shared.events.intake import (
    Channel,
    ClarificationRequested,
    CustomerMessageReceived,
    TicketCategorised,
    TicketPrioritised,
    TicketVerified,
)
from shared.events.participants import AddressConfirmed, ConfirmedHow
from shared.testing.spec import T0, given
from tests.unit.intake.test_conversation import (
    ARCHIVED,
    CARLA,
    CLOSED,
    DORA,
    OPENED,
    TOPICS,
    VERIFIED,
    message,
)

_, *REST = VERIFIED
ON_THE_WEB: tuple[Event, ...] = (OPENED.model_copy(update={"channel": Channel.WEB}), *REST)
ACTED = ConfirmAddress(CARLA.person_id, TOPICS, T0)
CONFIRMED = AddressConfirmed(person_id=CARLA.person_id, how=ConfirmedHow.LINK, confirmed_at=T0)


def test_whoever_acts_through_a_mailed_link_has_the_address() -> None:
    given(DECIDER, *ON_THE_WEB).when(ACTED).then(CONFIRMED)
    given(DECIDER, *ON_THE_WEB, CONFIRMED).when(ACTED).nothing()
    given(DECIDER, *ON_THE_WEB, CLOSED).when(ACTED).then(CONFIRMED)
    given(DECIDER, *ON_THE_WEB, CLOSED, ARCHIVED).when(ACTED).nothing()


def test_who_is_in_copy_confirms_nothing_and_strangers_may_not() -> None:
    given(DECIDER, *ON_THE_WEB).when(ConfirmAddress(DORA.person_id, TOPICS, T0)).nothing()
    given(DECIDER, *ON_THE_WEB).when(ConfirmAddress(uuid4(), TOPICS, T0)).rejected(
        SenderTakesNoPart
    )
    given(DECIDER).when(ACTED).rejected(NotFound)


def test_an_answer_to_a_mail_of_ours_confirms_the_address_it_went_to() -> None:
    said = given(DECIDER, *ON_THE_WEB).when(message(answers_ours=True)).said
    received, confirmed = said
    assert isinstance(received, CustomerMessageReceived)
    assert isinstance(confirmed, AddressConfirmed)
    assert confirmed.how is ConfirmedHow.MAIL
    given(DECIDER, *ON_THE_WEB, *said).when(message(answers_ours=True)).then(
        CustomerMessageReceived
    )


@pytest.mark.parametrize(
    "changes",
    [
        {},  # it names the number only, which whoever opened the ticket knows
        {"answers_ours": True, "automatic": True},
        {"answers_ours": True, "sender": DORA.person_id},
    ],
)
def test_no_other_message_does(changes: dict[str, object]) -> None:
    given(DECIDER, *ON_THE_WEB).when(message(**changes)).then(CustomerMessageReceived)


def test_a_ticket_that_came_by_mail_shows_nothing_to_whoever_sent_it() -> None:
    given(DECIDER, *VERIFIED).when(ACTED).nothing()


HELD = OPENED.model_copy(
    update={"channel": Channel.WEB, "held": True, "custom_fields": {"order": "4711"}}
)


def test_a_held_ticket_goes_on_once_its_requester_has_the_address() -> None:
    given(DECIDER, HELD).when(ACTED).then(
        CONFIRMED, TicketVerified, TicketCategorised, TicketPrioritised
    )
    given(DECIDER, HELD).when(message(answers_ours=True)).then(
        CustomerMessageReceived,
        AddressConfirmed,
        TicketVerified,
        TicketCategorised,
        TicketPrioritised,
    )
    incomplete = HELD.model_copy(update={"custom_fields": {}})
    given(DECIDER, incomplete).when(ACTED).then(CONFIRMED, ClarificationRequested)


def test_nothing_else_lets_a_held_ticket_go_but_an_agent() -> None:
    given(DECIDER, HELD).when(message()).then(CustomerMessageReceived)
    answers = ProvideClarification(CARLA.person_id, {"order": "1"}, "", TOPICS, T0)
    given(DECIDER, HELD).when(answers).rejected(NothingWasAsked)
    taken = OverridePriority(Level.HIGH, Level.HIGH, None, "I rang them", "anna", TOPICS, T0)
    given(DECIDER, HELD).when(taken).then(TicketVerified, TicketCategorised, TicketPrioritised)
    let_go = DECIDER.fold([HELD, *DECIDER.decide(taken, DECIDER.fold([HELD]))])
    assert DECIDER.decide(ACTED, let_go) == [CONFIRMED]


def test_a_held_ticket_waits_for_its_customer() -> None:
    assert status_after(None, HELD) is Status.NEEDS_INFORMATION
    assert status_after(None, OPENED) is Status.NEW
