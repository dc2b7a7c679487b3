"""What intake says of customers: their organisations, their addresses, what they prefer."""

from typing import ClassVar
from uuid import UUID

from shared.events.base import DESK, Event


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
