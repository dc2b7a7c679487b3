"""People with several addresses: linked with proof, and taken apart again."""

from uuid import UUID

from services.intake.domain import DECIDER, Absorb, OpenTicket, ReceiveMessage
from services.intake.domain.persons import (
    ADDRESSES_MAX,
    PERSONS_DECIDER,
    DescribePerson,
    LinkAddress,
    SameAddress,
    TooManyAddresses,
    UnlinkAddress,
)
from services.intake.domain.related import DifferentRequesters
from services.intake.domain.ticket import SenderTakesNoPart
from services.intake.domain.topics import GENERAL, Topics
from shared.events import Event, Person
from shared.events.customers import AddressLinked, AddressUnlinked, PersonDescribed
from shared.events.intake import Channel, CustomerMessageReceived
from shared.events.relations import TicketAbsorbed
from shared.ids import derived_id, person_id
from shared.testing.spec import T0, given

WORK, HOME = "carla@shop.example", "carla@home.example"
CARLA = Person(person_id=person_id(WORK), name="Carla", email=WORK)


def link(address: str = WORK, other: str = HOME) -> LinkAddress:
    return LinkAddress(address, other, "She wrote so from both.", "agent:anna", T0)


def test_a_link_is_said_once_and_can_be_taken_away() -> None:
    said = given(PERSONS_DECIDER).when(link()).then(AddressLinked)
    given(PERSONS_DECIDER, *said).when(link(other=HOME.upper())).nothing()
    apart = UnlinkAddress(person_id(HOME), "agent:anna", T0)
    gone = given(PERSONS_DECIDER, *said).when(apart).then(AddressUnlinked)
    given(PERSONS_DECIDER, *said, *gone).when(apart).nothing()
    given(PERSONS_DECIDER, *said, *gone).when(link()).then(AddressLinked)


def test_nobody_is_linked_with_themselves_or_with_a_crowd() -> None:
    given(PERSONS_DECIDER).when(link(other="Carla@Shop.example")).rejected(SameAddress)
    crowd = [
        event
        for n in range(ADDRESSES_MAX)
        for event in given(PERSONS_DECIDER).when(link(other=f"c{n}@home.example")).said
    ]
    given(PERSONS_DECIDER, *crowd).when(link()).rejected(TooManyAddresses)


def test_what_somebody_speaks_is_noted_once() -> None:
    command = DescribePerson("de-AT", "Europe/Vienna", "agent:anna", T0)
    said = given(PERSONS_DECIDER).when(command).then(PersonDescribed)
    given(PERSONS_DECIDER, *said).when(command).nothing()


def opened(*, by_agent: bool = True) -> list[Event]:
    command = OpenTicket(
        number="LD-1",
        channel=Channel.API,
        topic=GENERAL,
        requester=CARLA,
        subject="Printer broken",
        description="It prints empty pages.",
        submission_digest="d1",
        now=T0,
        vouched=by_agent,
    )
    return DECIDER.decide(command, DECIDER.initial_state)


def message(*also: UUID, answers_ours: bool = False) -> ReceiveMessage:
    return ReceiveMessage(
        sender=person_id(HOME),
        channel=Channel.EMAIL,
        text="Any news?",
        topics=Topics({"general": GENERAL}),
        now=T0,
        also=frozenset(also),
        answers_ours=answers_ours,
    )


def test_a_mail_from_a_linked_address_joins_and_one_from_another_does_not() -> None:
    [said] = given(DECIDER, *opened()).when(message(CARLA.person_id)).said
    assert isinstance(said, CustomerMessageReceived)
    assert said.sender == CARLA
    given(DECIDER, *opened()).when(message()).rejected(SenderTakesNoPart)


def test_a_linked_address_proves_nothing_about_the_one_that_the_ticket_has() -> None:
    command = message(CARLA.person_id, answers_ours=True)
    given(DECIDER, *opened(by_agent=False)).when(command).then(CustomerMessageReceived)


def test_tickets_of_one_person_are_merged_whatever_the_address() -> None:
    source = derived_id("source")
    absorb = Absorb(source, "LD-2", person_id(HOME), "the same", "agent:anna")
    given(DECIDER, *opened()).when(absorb).rejected(DifferentRequesters)
    linked = Absorb(
        source, "LD-2", person_id(HOME), "the same", "agent:anna", frozenset({CARLA.person_id})
    )
    given(DECIDER, *opened()).when(linked).then(TicketAbsorbed)
