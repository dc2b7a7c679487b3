"""What intake says of the desk itself: its topics and forms, its rules, who may choose a plan."""

from typing import ClassVar
from uuid import UUID

from shared.events.base import DESK, Event, Level, Moment, TicketType, Value


class _OfDesk(Event):
    author: ClassVar[str] = "intake"
    topic: ClassVar[str] = DESK


class FieldCondition(Value):
    """Something that another field of the form, above this one, holds."""

    field: str
    values: tuple[str, ...] = ()
    """Any of them will do; with none, anything."""


class FormField(Value):
    """A field of a topic's form."""

    name: str
    label: str
    kind: str = "text"
    """text, textarea, number, date, choice or file."""
    required: bool = False
    """Whenever it is asked for."""
    choices: tuple[str, ...] = ()
    shown_when: FieldCondition | None = None
    """It is asked for only then; None: always."""
    required_when: FieldCondition | None = None
    """It is required then, too."""


class TopicDefined(_OfDesk):
    """A topic customers can write under, and how its tickets are categorised."""

    public: ClassVar[bool] = True

    topic_id: str
    name: str
    description: str = ""
    type: TicketType
    team_id: str
    team_name: str
    skills: tuple[str, ...] = ()
    tier: int = 1
    impact: Level = Level.MEDIUM
    urgency: Level = Level.MEDIUM
    plan_id: str | None = None
    entitled_plans: tuple[str, ...] = ()
    """Plans a customer may choose in the form."""
    close_after_minutes: float = 3 * 24 * 60
    """Silence after resolving that closes the ticket, in minutes of real time."""
    archive_after_minutes: float = 30 * 24 * 60
    """Time from closing to archiving."""
    follow_up_after_minutes: float = 24 * 60
    """Time from closing until the customer is asked whether it held."""
    fields: tuple[FormField, ...] = ()
    mailbox: str = ""
    """Local part of our address whose mails open tickets under this topic."""
    active: bool = True
    """False once it is gone from the desk's configuration: nothing new opens under it."""
    remind_after_minutes: tuple[float, ...] = ()
    """When a customer who was asked something is reminded, in minutes of real time."""
    lapses_after_minutes: float | None = None
    """When a ticket goes on without the customer's answers; None: never by itself."""
    prove_address: bool = False
    """A ticket of somebody who has never shown that their address is theirs waits until they do."""
    revision: int


class RuleCondition(Value):
    """What must be so for a rule to apply."""

    field: str
    """topic, channel, subject, description, text (both), requester.email, requester.domain,
    requester.name, impact, urgency, type, plan, attachments (how many) or fields.<name>."""
    op: str
    """is, is_not, contains, starts_with, above, below or given."""
    values: tuple[str, ...] = ()
    """Any of them will do; for is_not, none of them."""


class TriageRule(Value):
    """When all conditions hold, what is set: None and nothing leave it as it is."""

    rule_id: str
    name: str = ""
    when: tuple[RuleCondition, ...]
    type: TicketType | None = None
    impact: Level | None = None
    urgency: Level | None = None
    team_id: str | None = None
    team_name: str | None = None
    tags: tuple[str, ...] = ()
    stop: bool = False
    """No later rule is looked at."""


class TriageRulesDefined(_OfDesk):
    """The rules of the desk, in their order: a later one has the last word."""

    rules: tuple[TriageRule, ...]
    revision: int


class DeskRevised(_OfDesk):
    """The desk's configuration has a new revision; what changed follows, stamped with it.

    Its subject is the desk itself.
    """

    revision: int
    digest: str
    """SHA-256 of the configuration: the same one again is no new revision."""
    revised_by: str
    revised_at: Moment


class DeskNamed(_OfDesk):
    """What the desk calls itself to customers. Its subject is the desk itself."""

    public: ClassVar[bool] = True

    name: str
    revision: int


class EntitlementDefined(_OfDesk):
    """Who may choose a plan where a topic offers it; one that has none is open to everybody."""

    public: ClassVar[bool] = True

    plan_id: str
    people: tuple[UUID, ...] = ()
    """Ids of the people who are entitled by their own address."""
    domains: tuple[str, ...] = ()
    """Domains of mail addresses, lower case, as A-labels: all who have one there are entitled."""
    active: bool = True
    """False once everybody may choose it again."""
    revision: int
