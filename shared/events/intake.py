"""What intake says: stages 1 to 3, from the customer's message to a verified ticket."""

from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

from shared.events.base import (
    DESK,
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
    address_in,
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


EnvelopeText = Annotated[str, PersonalField(address_in("envelope_from"))]
"""An address on the envelope of a mail: its sender's."""


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
    """Others the mail was sent to: they take part, so their answers join the ticket."""
    auto_response_allowed: bool = True
    """False when a machine must not answer this mail by itself (RFC 3834, 2)."""
    authenticity: Authenticity | None = None
    """Of the mail that opened it; None where nobody could tell."""
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
    """Others the mail was sent to: from now on they take part."""
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


class Relation(Value):
    """A ticket that seems to be about the same."""

    ticket_id: UUID
    number: str
    score: float
    """Share of words in common, 0 to 1."""
    same_requester: bool = True
    """False when somebody else opened it: maybe the same fault, never the same request."""
    duplicate: bool = False
    """The same requester says nearly the same: it was probably sent twice."""


class TicketsRelated(_IntakeEvent):
    """Open tickets, of the same requester or of anybody, use similar words."""

    related: tuple[Relation, ...]


class TicketsLinked(_IntakeEvent):
    """Somebody says that another ticket has to do with this one; each is told of the other."""

    other_ticket_id: UUID
    other_number: str
    kind: str = "related"
    """How: related, duplicate, blocks or blocked by."""
    reason: Personal = ""
    linked_by: str


class TicketsUnlinked(_IntakeEvent):
    """It has nothing to do with it after all."""

    other_ticket_id: UUID
    other_number: str
    unlinked_by: str


class TicketSplit(_IntakeEvent):
    """Part of what the customer wrote here is dealt with in a ticket of its own.

    It stays in this conversation, too: nothing is taken away.
    """

    public: ClassVar[bool] = True

    into_ticket_id: UUID
    into_number: str
    message_id: UUID
    """The event whose text went there."""
    reason: Personal
    split_by: str


class TicketSplitOff(_IntakeEvent):
    """This ticket began with part of another."""

    public: ClassVar[bool] = True

    source_ticket_id: UUID
    source_number: str
    split_by: str


class OutsiderWrote(_IntakeEvent):
    """Somebody who takes no part wrote about this ticket: it became a ticket of its own."""

    ticket_id: UUID
    """The ticket that it became."""
    number: str
    written_at: Moment


class TicketShared(_IntakeEvent):
    """The mail that opened it came to the mailbox of another team, too: both see it."""

    team_id: str
    team_name: str
    topic_id: str
    """The topic of that mailbox."""
    shared_at: Moment


class TicketMerged(_IntakeEvent):
    """This ticket goes on in another."""

    public: ClassVar[bool] = True

    into_ticket_id: UUID
    into_number: str
    reason: Personal
    merged_by: str


class TicketAbsorbed(_IntakeEvent):
    """Another ticket goes on in this one."""

    public: ClassVar[bool] = True

    source_ticket_id: UUID
    source_number: str
    reason: Personal
    merged_by: str


class TicketUnmerged(_IntakeEvent):
    """This ticket goes on by itself again. What was written meanwhile stays in the other."""

    public: ClassVar[bool] = True

    from_ticket_id: UUID
    from_number: str
    reason: Personal
    unmerged_by: str


class TicketReleased(_IntakeEvent):
    """Another ticket, which went on in this one, goes on by itself again."""

    public: ClassVar[bool] = True

    source_ticket_id: UUID
    source_number: str
    reason: Personal
    unmerged_by: str


class SubmissionQuarantined(_IntakeEvent):
    """Something came in that can't be understood: kept raw, and shown to agents.

    Its subject is an id of its own, as there is no ticket.
    """

    reason: str
    raw_file_id: str
    """SHA-256 of the raw bytes: also their name in the store."""
    size_bytes: int
    envelope_from: EnvelopeText
    envelope_to: tuple[EnvelopeText, ...]
    received_at: Moment
    authenticity: Authenticity | None = None
    """Of a mail; None where nobody could tell."""


class SubmissionReleased(_IntakeEvent):
    """What was quarantined is taken after all, on an agent's word; its subject is the same."""

    ticket_id: UUID
    """The ticket that it became, or joined."""
    number: str
    released_by: str
    released_at: Moment


class SubmissionRejected(_IntakeEvent):
    """What was quarantined is nothing for us; its subject is the same."""

    rejected_by: str
    rejected_at: Moment


class SenderBlocked(_IntakeEvent):
    """No mail is taken from this address any more. Its subject is the person."""

    topic: ClassVar[str] = DESK

    address: Annotated[str, PersonalField(address_in("address"))]
    blocked_by: str
    blocked_at: Moment


class SenderUnblocked(_IntakeEvent):
    """Mail is taken again from this address. Its subject is the person."""

    topic: ClassVar[str] = DESK

    unblocked_by: str
    unblocked_at: Moment


class ConfirmedHow(StrEnum):
    """What told us that the requester is who their address says."""

    LINK = "link"
    """They acted through a link that went to the address."""
    MAIL = "mail"
    """They answered a mail that went there."""
    AGENT = "agent"
    """An agent opened the ticket for them, and answers for it."""


class AddressConfirmed(_IntakeEvent):
    """The requester has the address that the ticket was opened with: on this ticket, no other."""

    public: ClassVar[bool] = True

    person_id: UUID
    how: ConfirmedHow
    confirmed_at: Moment


class CopyInvited(_IntakeEvent):
    """The requester wants somebody to take part in the ticket, who is asked by mail."""

    public: ClassVar[bool] = True

    person: Person
    invited_at: Moment


class CopyConfirmed(_IntakeEvent):
    """Whoever was asked has agreed, and takes part: they read and write in the ticket."""

    public: ClassVar[bool] = True

    person_id: UUID
    confirmed_at: Moment


class CopyEnded(_IntakeEvent):
    """Somebody takes part no more, or isn't asked to any more."""

    public: ClassVar[bool] = True

    person_id: UUID
    by_themselves: bool
    """False: the requester wanted it."""
    ended_at: Moment


class BounceReceived(_IntakeEvent):
    """A mail of ours on this ticket could not be delivered."""

    notification_id: UUID | None
    recipient: Annotated[str, PersonalField(address_in("recipient"))]
    status: str
    """Enhanced status code (RFC 3463), e.g. `5.1.1`; empty when not said."""
    hard: bool
    received_at: Moment


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


class TopicDefined(_IntakeEvent):
    """A topic customers can write under, and how its tickets are categorised."""

    topic: ClassVar[str] = DESK
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


class TriageRulesDefined(_IntakeEvent):
    """The rules of the desk, in their order: a later one has the last word."""

    topic: ClassVar[str] = DESK

    rules: tuple[TriageRule, ...]
    revision: int


class DeskRevised(_IntakeEvent):
    """The desk's configuration has a new revision; what changed follows, stamped with it.

    Its subject is the desk itself.
    """

    topic: ClassVar[str] = DESK

    revision: int
    digest: str
    """SHA-256 of the configuration: the same one again is no new revision."""
    revised_by: str
    revised_at: Moment


class DeskNamed(_IntakeEvent):
    """What the desk calls itself to customers. Its subject is the desk itself."""

    topic: ClassVar[str] = DESK
    public: ClassVar[bool] = True

    name: str
    revision: int


class EntitlementDefined(_IntakeEvent):
    """Who may choose a plan where a topic offers it; one that has none is open to everybody."""

    topic: ClassVar[str] = DESK
    public: ClassVar[bool] = True

    plan_id: str
    people: tuple[UUID, ...] = ()
    """Ids of the people who are entitled by their own address."""
    domains: tuple[str, ...] = ()
    """Domains of mail addresses, lower case, as A-labels: all who have one there are entitled."""
    active: bool = True
    """False once everybody may choose it again."""
    revision: int


class PersonErased(_IntakeEvent):
    """Somebody is to be forgotten: every service drops its keys of theirs, for good.

    Its subject is the person. Whoever writes again later is simply new.
    """

    topic: ClassVar[str] = DESK

    erased_by: str
    erased_at: Moment


class PersonExported(_IntakeEvent):
    """Somebody was given all that is known of a person. Its subject is the person."""

    topic: ClassVar[str] = DESK

    exported_by: str
    exported_at: Moment


class ApiKeyCreated(_IntakeEvent):
    """A program may call the API, within its scopes. Its subject is the key.

    Of the key itself only the SHA-256 is kept, here and anywhere.
    """

    topic: ClassVar[str] = DESK

    name: str
    """What the key is for, as the admin put it."""
    scopes: tuple[str, ...]
    key_hash: str
    expires_at: Moment | None = None
    created_by: str
    created_at: Moment


class ApiKeyRevoked(_IntakeEvent):
    """The key is good for nothing any more. Its subject is the key."""

    topic: ClassVar[str] = DESK

    revoked_by: str
    revoked_at: Moment
