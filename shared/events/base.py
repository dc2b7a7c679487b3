"""What every event of the vocabulary is, and the registry that finds one by its name."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from typing import Annotated, Any, ClassVar, dataclass_transform
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict

TICKETS = "tickets"
"""Topic of everything that concerns a ticket; the key is the ticket's id."""

DESK = "desk"
"""Topic of what the desk is made of: agents, teams, plans, …; the key is their id."""


ACCESS = "access"
"""Topic of who looked at what; the key is the ticket's id."""


def _to_utc(value: datetime) -> datetime:
    return value.astimezone(UTC)


Moment = Annotated[AwareDatetime, AfterValidator(_to_utc)]
"""An aware instant, kept in UTC."""


KEYS = "keys"
"""Topic of the keys that personal text is sealed with; the key is the sealing key's id."""


class WhoseKind(StrEnum):
    """How an event tells whose a text is."""

    REQUESTER = "requester"
    """Whoever opened the ticket."""
    PERSON = "person"
    """The person that another field of the event holds."""
    AGENT = "agent"
    """The agent whose id another field holds."""
    ADDRESS = "address"
    """Whoever has the mail address in another field."""
    CAUSE = "cause"
    """All whom the event that this one follows from is about."""


@dataclass(frozen=True, slots=True)
class Whose:
    """One whose text it is; `field` names the field of the event that tells it."""

    kind: WhoseKind
    field: str = ""


REQUESTER = Whose(WhoseKind.REQUESTER)
CAUSE = Whose(WhoseKind.CAUSE)


def person_in(field: str) -> Whose:
    """The person in a field of the event."""
    return Whose(WhoseKind.PERSON, field)


def agent_in(field: str) -> Whose:
    """The agent whose id is in a field of the event."""
    return Whose(WhoseKind.AGENT, field)


def address_in(field: str) -> Whose:
    """The person whose mail address is in a field of the event."""
    return Whose(WhoseKind.ADDRESS, field)


class PersonalField:
    """Marks text about people, so that it can be forgotten; it belongs to all of `whose`,
    and goes when any of them is forgotten. In a value with a `person_id` it is that
    person's, whatever the mark says."""

    def __init__(self, *whose: Whose) -> None:
        self.whose = whose or (REQUESTER,)


Personal = Annotated[str, PersonalField()]
"""Text about a person: a name, an address, a subject, a body, a file's name. The
requester's, unless it stands in a value that says whose it is."""

AgentName = Annotated[str, PersonalField(agent_in("agent_id"))]
"""The name of the agent whose id is in `agent_id`."""


class Value(BaseModel):
    """A frozen part of an event. Unknown fields of newer authors are passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore")


@dataclass_transform(kw_only_default=True, frozen_default=True)
class Event(Value):
    """A fact, in the past tense. Its class name is its type's name, for ever.

    `author` is the one service that says it, `topic` where it is said, and `public`
    whether a customer may see it.
    """

    author: ClassVar[str] = ""
    topic: ClassVar[str] = TICKETS
    public: ClassVar[bool] = False

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Register each concrete event under its name; a name is taken once."""
        super().__pydantic_init_subclass__(**kwargs)
        if not cls.author or cls.__name__.startswith("_"):
            return
        if cls.__name__ in _REGISTRY:
            raise TypeError(f"event type {cls.__name__} is defined twice")
        _REGISTRY[cls.__name__] = cls


_REGISTRY: dict[str, type[Event]] = {}


class Unknown(Value):
    """An event of a type this version does not know: stored, and passed over."""

    type: str


class Status(StrEnum):
    """What people see of a ticket's state."""

    NEW = "New"
    NEEDS_INFORMATION = "Needs information"
    QUEUED = "Queued"
    ASSIGNED = "Assigned"
    IN_PROGRESS = "In progress"
    WAITING_FOR_CUSTOMER = "Waiting for customer"
    ON_HOLD = "On hold"
    ESCALATED = "Escalated"
    RESOLVED = "Resolved"
    CLOSED = "Closed"
    ARCHIVED = "Archived"


class Level(StrEnum):
    """Impact and urgency."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Priority(StrEnum):
    """Impact × urgency, in the order of rising weight."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def label(self) -> str:
        """What people read: critical is shown as Emergency."""
        return "Emergency" if self is Priority.CRITICAL else self.value.capitalize()

    @property
    def rank(self) -> int:
        """0 for low up to 3 for critical."""
        return list(Priority).index(self)


class TicketType(StrEnum):
    """What kind of request it is."""

    TECHNICAL = "technical"
    BILLING = "billing"
    GENERAL = "general"


class Person(Value):
    """Somebody who writes to the desk."""

    person_id: UUID
    name: Personal = ""
    email: Personal
    phone: Personal = ""


class Attachment(Value):
    """A file that was stored and synced before the event that names it."""

    file_id: str
    """SHA-256 of the content, hex: also its name in the store."""
    name: Personal
    content_type: Personal
    """As its sender has put it: it may name the file, too."""
    size_bytes: int


def event_type(name: str) -> type[Event] | None:
    """The class of the event type `name`, or None if this version does not know it."""
    return _REGISTRY.get(name)


@cache
def silent_on(topic: str) -> frozenset[str]:
    """Authors who say things, but never on `topic`: who hears it alone never hears them."""
    authors = {cls.author for cls in _REGISTRY.values()}
    return frozenset(authors - {cls.author for cls in _REGISTRY.values() if cls.topic == topic})


def all_event_types() -> Iterable[type[Event]]:
    """Every event type of the vocabulary, in the order of definition."""
    return _REGISTRY.values()
