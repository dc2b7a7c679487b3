"""What is known of people beyond their tickets: further addresses, language, time zone.

Each address is a person of its own, with keys of its own; a link says that two are the same
human being. Links are said in pairs, one on each person, and can be taken away again.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from shared.decider import Decider
from shared.errors import Rejected
from shared.events import Event, Unknown
from shared.events.customers import AddressLinked, AddressUnlinked, PersonDescribed
from shared.ids import person_id

ADDRESSES_MAX = 20


class SameAddress(Rejected):
    """It is the same address: there is nothing to link."""

    http_status = 422


class TooManyAddresses(Rejected):
    """Nobody has more than {limit} addresses: look whether they are one person."""


@dataclass(frozen=True)
class LinkAddress:
    """Whoever has `address` has `other_address`, too; goes with the same the other way round."""

    address: str
    other_address: str
    proof: str
    by: str
    now: datetime


@dataclass(frozen=True)
class UnlinkAddress:
    """They are two people; goes with the same on the other."""

    other_person_id: UUID
    by: str
    now: datetime


@dataclass(frozen=True)
class DescribePerson:
    """What they speak and where they are; empty is as they say themselves."""

    language: str
    timezone: str
    by: str
    now: datetime


Command = LinkAddress | UnlinkAddress | DescribePerson


@dataclass(frozen=True)
class Described:
    """What is known of somebody."""

    linked: dict[UUID, str] = field(default_factory=dict)
    """Their other addresses, by the ids of the people these are."""
    language: str = ""
    timezone: str = ""


NOTHING_KNOWN = Described()


def decide(command: Command, state: Described) -> list[Event]:
    """What is newly true of one person."""
    match command:
        case LinkAddress():
            return _link(command, state)
        case UnlinkAddress(other, by, now):
            if other not in state.linked:
                return []
            return [AddressUnlinked(other_person_id=other, unlinked_by=by, unlinked_at=now)]
        case DescribePerson(language, timezone, by, now):
            if (language, timezone) == (state.language, state.timezone):
                return []
            described = PersonDescribed(
                language=language, timezone=timezone, described_by=by, described_at=now
            )
            return [described]


def _link(c: LinkAddress, state: Described) -> list[Event]:
    other = person_id(c.other_address)
    if other == person_id(c.address):
        raise SameAddress
    if other in state.linked:
        return []
    if len(state.linked) >= ADDRESSES_MAX:
        raise TooManyAddresses(limit=ADDRESSES_MAX)
    return [
        AddressLinked(
            address=c.address,
            other_person_id=other,
            other_address=c.other_address,
            proof=c.proof,
            linked_by=c.by,
            linked_at=c.now,
        )
    ]


def evolve(state: Described, event: Event | Unknown) -> Described:
    """The state after an event; what else is said of a person changes nothing here."""
    match event:
        case AddressLinked():
            linked = {**state.linked, event.other_person_id: event.other_address}
            return replace(state, linked=linked)
        case AddressUnlinked():
            left = {k: v for k, v in state.linked.items() if k != event.other_person_id}
            return replace(state, linked=left)
        case PersonDescribed():
            return replace(state, language=event.language, timezone=event.timezone)
        case _:
            return state


PERSONS_DECIDER: Decider[Command, Described] = Decider(NOTHING_KNOWN, decide, evolve)
