"""What intake says of customers: their organisations, their addresses, what they prefer."""

from typing import Annotated, ClassVar
from uuid import UUID

from shared.events.base import DESK, Event, Moment, PersonalField, address_in

OwnAddress = Annotated[str, PersonalField(address_in("address"))]
OtherAddress = Annotated[str, PersonalField(address_in("other_address"))]
BothsText = Annotated[str, PersonalField(address_in("address"), address_in("other_address"))]
"""Text about whoever has two addresses: it goes when either is forgotten."""


class _OfCustomers(Event):
    author: ClassVar[str] = "intake"
    topic: ClassVar[str] = DESK


class OrganisationDefined(_OfCustomers):
    """Customers who belong together: by the domain of their address, or by name."""

    organisation_id: str
    name: str
    domains: tuple[str, ...] = ()
    """Domains of mail addresses, lower case, as A-labels: whoever has one there belongs to it."""
    people: tuple[UUID, ...] = ()
    """Ids of further people who belong to it, whatever their address."""
    plan_id: str | None = None
    """The SLA plan of their tickets, unless the topic has one of its own."""
    team_id: str | None = None
    """The team that takes their tickets; None: the topic's."""
    team_name: str | None = None
    language: str = ""
    """What they speak (BCP 47), unless a person says otherwise; empty when unknown."""
    timezone: str = ""
    """Where they are (IANA), unless a person says otherwise; empty when unknown."""
    active: bool = True
    """False once it is gone from the desk's configuration."""
    revision: int


class AddressLinked(_OfCustomers):
    """Whoever has this address has another, too: somebody has proof. Said of each of the two.

    Its subject is the person of `address`.
    """

    address: OwnAddress
    other_person_id: UUID
    other_address: OtherAddress
    proof: BothsText
    """How it is known, in the agent's words."""
    linked_by: str
    linked_at: Moment


class AddressUnlinked(_OfCustomers):
    """They are two people after all. Its subject is one of them."""

    other_person_id: UUID
    unlinked_by: str
    unlinked_at: Moment


class PersonDescribed(_OfCustomers):
    """What somebody speaks and where they are, whatever their mails say. Its subject is the
    person."""

    language: str = ""
    """BCP 47; empty: as their mails and forms say."""
    timezone: str = ""
    """IANA; empty: as their forms say."""
    described_by: str
    described_at: Moment
