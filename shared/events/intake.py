"""What intake says of a ticket: stages 1 to 3, from the customer's message to a verified ticket."""

from enum import StrEnum
from typing import Annotated, ClassVar

from shared.events.base import (
    Attachment,
    Event,
    Level,
    Moment,
    Person,
    Personal,
    PersonalField,
    Priority,
    TicketType,
    Value,
    person_in,
)


class Channel(StrEnum):
    """How a message came in."""

    WEB = "web"
    API = "api"
    EMAIL = "email"


class Verdict(StrEnum):
    """Whether a mail is by whom it names as its author."""

    PASSED = "pass"
    FAILED = "fail"
    NONE = "none"
    """Nobody can tell."""


class Authenticity(Value):
    """What could be found out about who sent a mail (RFC 8601, 2.7)."""

    spf: str = "none"
    dkim: str = "none"
    dmarc: str = "none"
    policy: str = "none"
    """What the author's domain asks for when DMARC fails: none, quarantine or reject."""
    verdict: Verdict = Verdict.NONE
    checked_by: str = ""
    """`us`, or the mail server of ours whose word it is."""
    arc: str = "none"
    """Whether the seals of those who forwarded it hold (RFC 8617)."""
    forwarder: str = ""
    """The domain that sealed it last, if they hold."""


SenderText = Annotated[str, PersonalField(person_in("sender"))]
"""What the person in `sender` wrote."""


class _IntakeEvent(Event):
    author: ClassVar[str] = "intake"


class TicketOpened(_IntakeEvent):
    """A customer's message became a ticket: it is accepted, and has its number."""

    public: ClassVar[bool] = True

    number: str
    """What people read out, e.g. `LD-7KQ4-M2XR-9`."""
    channel: Channel
    topic_id: str
    """The slug of the topic it was opened under; `general` for mail."""
    topic_name: str
    requester: Person
    subject: Personal
    description: Personal
    opened_at: Moment
    impact: Level | None = None
    urgency: Level | None = None
    type: TicketType | None = None
    plan_wanted: str | None = None
    """The SLA plan an entitled customer chose in the form."""
    custom_fields: dict[str, Personal] = {}
    attachments: tuple[Attachment, ...] = ()
    message_id: Personal | None = None
    """Of the mail that opened it."""
    mailbox: Personal | None = None
    """Our address the mail was sent to."""
    submission_digest: Personal = ""
    """SHA-256 of what was submitted: a retry with other content is told so."""
    copied: tuple[Person, ...] = ()
    """Others the mail was sent to, who took part; none since they are suggested."""
    auto_response_allowed: bool = True
    """False when a machine must not answer this mail by itself (RFC 3834, 2)."""
    authenticity: Authenticity | None = None
    """Of the mail that opened it; None where nobody could tell."""
    held: bool = False
    """It waits until the requester has shown that the address is theirs."""
    organisation: str = ""
    """Id of the organisation that the requester belonged to; empty when unknown."""
    language: str = ""
    """The requester's language (BCP 47), e.g. `de-AT`; empty when unknown."""
    timezone: str = ""
    """Where the requester is (IANA), e.g. `Europe/Vienna`; empty when unknown."""


class CustomerMessageReceived(_IntakeEvent):
    """The customer, or somebody in copy, wrote on an open ticket."""

    public: ClassVar[bool] = True

    sender: Person
    channel: Channel
    text: SenderText
    received_at: Moment
    automatic: bool = False
    """An out-of-office or the like: it reopens nothing and pauses nothing."""
    attachments: Annotated[tuple[Attachment, ...], PersonalField(person_in("sender"))] = ()
    message_id: SenderText | None = None
    copied: tuple[Person, ...] = ()
    """Others the mail was sent to, who took part from then on; none since they are suggested."""
    authenticity: Authenticity | None = None
    """Of the mail; None where nobody could tell."""


class Question(Value):
    """One thing the customer is asked for."""

    field: str
    text: Personal


class ClarificationRequested(_IntakeEvent):
    """The ticket can't be worked on yet: it waits for the customer's answers."""

    public: ClassVar[bool] = True

    questions: tuple[Question, ...]
    requested_at: Moment
    remind_at: tuple[Moment, ...] = ()
    """When the customer is reminded, unless they have answered."""
    ends_at: Moment | None = None
    """When we go on with what there is; None: never by itself."""


class ClarificationReminded(_IntakeEvent):
    """The customer has not answered yet, and is asked once more."""

    public: ClassVar[bool] = True

    questions: tuple[Question, ...]
    reminder: int
    """1 is the first."""
    ends_at: Moment | None = None
    reminded_at: Moment


class ClarificationLapsed(_IntakeEvent):
    """The customer has not answered in time: the ticket goes on with what there is."""

    public: ClassVar[bool] = True

    questions: tuple[Question, ...]
    """Those that stay open."""
    lapsed_at: Moment


class ClarificationProvided(_IntakeEvent):
    """The customer answered what was asked."""

    public: ClassVar[bool] = True

    answers: dict[str, Personal] = {}
    text: Personal = ""
    provided_at: Moment


class TicketVerified(_IntakeEvent):
    """Accurate and complete: it can be worked on."""

    public: ClassVar[bool] = True

    verified_at: Moment
    checks: tuple[str, ...] = ()


class TicketCategorised(_IntakeEvent):
    """What the ticket is about, and so which team and skills it needs."""

    public: ClassVar[bool] = True

    type: TicketType
    topic_id: str
    topic_name: str
    team_id: str
    team_name: str
    skills: tuple[str, ...] = ()
    tier: int = 1
    """The lowest tier that may take it: 1 is first line, 3 the specialists."""
    plan_id: str | None = None
    """A plan the topic or the customer asks for; None: the priority's own."""
    close_after_minutes: float = 3 * 24 * 60
    """Silence after resolving that closes the ticket, in minutes of real time."""
    archive_after_minutes: float = 30 * 24 * 60
    """Time from closing to archiving."""
    follow_up_after_minutes: float = 24 * 60
    """Time from closing until the customer is asked whether it held."""
    rule: str = ""
    by: str = "rule"
    reason: Personal = ""
    """Why a person changed it."""
    tags: tuple[str, ...] = ()
    decided: dict[str, str] = {}
    """Which rule decided what, e.g. `{"team": "rule payments", "type": "topic technical"}`."""
    organisation: str = ""
    """Id of the organisation that the requester belongs to; empty when unknown."""
    language: str = ""
    """The requester's language (BCP 47), e.g. `de`; empty when unknown."""


class TicketPrioritised(_IntakeEvent):
    """Priority = impact × urgency, or what a person put in its place, with reason."""

    public: ClassVar[bool] = True

    impact: Level
    urgency: Level
    priority: Priority
    overridden: bool = False
    reason: Personal = ""
    by: str = "rule"
    decided: dict[str, str] = {}
    """Which rule decided what: impact, urgency and priority."""
