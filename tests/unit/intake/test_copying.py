"""People in copy: asked by the requester alone, taking part once they agree."""

from typing import Any

from services.intake.domain import DECIDER, ConfirmCopy, EndCopy, InviteCopy
from services.intake.domain.copying import (
    IN_COPY_MAX,
    NotAsked,
    OnlyTheRequester,
    TooManyInCopy,
)
from services.intake.domain.ticket import SenderTakesNoPart, TicketIsArchived
from shared.events import Person
from shared.events.intake import CustomerMessageReceived
from shared.events.participants import CopyConfirmed, CopyEnded, CopyInvited
from shared.testing.spec import T0, given
from tests.unit.intake.test_conversation import (
    ARCHIVED,
    CARLA,
    CLOSED,
    DORA,
    MALLORY,
    VERIFIED,
    message,
    person,
)

EMIL = person("Emil")
INVITED = CopyInvited(person=EMIL, invited_at=T0)
CONFIRMED = CopyConfirmed(person_id=EMIL.person_id, confirmed_at=T0)
ENDED = CopyEnded(person_id=EMIL.person_id, by_themselves=False, ended_at=T0)
EMIL_WRITES = message(sender=EMIL.person_id)


def invite(**changes: Any) -> InviteCopy:
    return InviteCopy(**{"by": CARLA.person_id, "person": EMIL, "now": T0} | changes)


def confirm(who: Person = EMIL) -> ConfirmCopy:
    return ConfirmCopy(who.person_id, T0)


def end(by: Person, who: Person = EMIL) -> EndCopy:
    return EndCopy(by.person_id, who.person_id, T0)


def test_the_requester_asks_somebody_once() -> None:
    given(DECIDER, *VERIFIED).when(invite()).then(INVITED)
    given(DECIDER, *VERIFIED, INVITED).when(invite()).nothing()
    given(DECIDER, *VERIFIED, INVITED, CONFIRMED).when(invite()).nothing()
    given(DECIDER, *VERIFIED, INVITED, CONFIRMED, ENDED).when(invite()).then(INVITED)


def test_nobody_else_asks_anybody() -> None:
    for by in (DORA, EMIL, MALLORY):
        asked = invite(by=by.person_id, person=MALLORY)
        given(DECIDER, *VERIFIED, INVITED, CONFIRMED).when(asked).rejected(OnlyTheRequester)


def test_whoever_was_asked_takes_part_only_after_agreeing() -> None:
    given(DECIDER, *VERIFIED, INVITED).when(EMIL_WRITES).rejected(SenderTakesNoPart)
    given(DECIDER, *VERIFIED, INVITED).when(confirm()).then(CONFIRMED)
    given(DECIDER, *VERIFIED, INVITED, CONFIRMED).when(confirm()).nothing()
    (said,) = DECIDER.decide(EMIL_WRITES, DECIDER.fold([*VERIFIED, INVITED, CONFIRMED]))
    assert isinstance(said, CustomerMessageReceived)
    assert said.sender == EMIL


def test_nobody_adds_themselves() -> None:
    given(DECIDER, *VERIFIED, INVITED).when(confirm(MALLORY)).rejected(NotAsked)
    given(DECIDER, *VERIFIED, INVITED, ENDED).when(confirm()).rejected(NotAsked)


def test_the_requester_or_they_themselves_end_it_and_then_they_take_no_part() -> None:
    past = (*VERIFIED, INVITED, CONFIRMED)
    given(DECIDER, *past).when(end(CARLA)).then(ENDED)
    given(DECIDER, *past).when(end(EMIL)).then(ENDED.model_copy(update={"by_themselves": True}))
    given(DECIDER, *past, ENDED).when(end(CARLA)).nothing()
    given(DECIDER, *past).when(end(DORA)).rejected(SenderTakesNoPart)
    given(DECIDER, *past, ENDED).when(EMIL_WRITES).rejected(SenderTakesNoPart)


def test_the_requester_stays() -> None:
    given(DECIDER, *VERIFIED).when(end(CARLA, CARLA)).nothing()


def test_a_ticket_has_so_many_in_copy_and_an_archived_one_nobody_new() -> None:
    # And Dora, whom the mail that opened it went to.
    others = [person(f"P{number}") for number in range(IN_COPY_MAX - 1)]
    many = [CopyInvited(person=each, invited_at=T0) for each in others]
    given(DECIDER, *VERIFIED, *many).when(invite()).rejected(TooManyInCopy)
    given(DECIDER, *VERIFIED, *many[1:]).when(invite()).then(INVITED)
    ended = (*VERIFIED, INVITED, CLOSED, ARCHIVED)
    given(DECIDER, *ended).when(confirm()).rejected(TicketIsArchived)
