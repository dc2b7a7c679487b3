"""What notify says: who was told what, and whether it arrived."""

from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

from shared.events.base import (
    CAUSE,
    DESK,
    REQUESTER,
    Event,
    Moment,
    Personal,
    PersonalField,
    Value,
    address_in,
)

RecipientText = Annotated[str, PersonalField(address_in("recipient"))]
"""Who a mail goes to."""

LetterText = Annotated[str, PersonalField(REQUESTER, CAUSE, address_in("recipient"))]
"""What a mail tells: it may speak of the requester, of whoever did what it tells of, and
of its reader, and goes when any of them is forgotten."""


NoticeText = Annotated[str, PersonalField(REQUESTER, CAUSE)]
"""What a notice tells: it may speak of the requester and of whoever did what it tells of."""


class _NotifyEvent(Event):
    author: ClassVar[str] = "notify"


class NotificationKind(StrEnum):
    """Why somebody is written to; each has its templates."""

    ACKNOWLEDGMENT = "acknowledgment"
    CLARIFICATION = "clarification"
    ASSIGNMENT = "assignment"
    AGENT_ASSIGNMENT = "agent_assignment"
    REPLY = "reply"
    CUSTOMER_REPLY = "customer_reply"
    PROGRESS = "progress"
    ESCALATION = "escalation"
    RESOLUTION = "resolution"
    REOPENED = "reopened"
    CLOSURE = "closure"
    FOLLOW_UP = "follow_up"
    BREACH_WARNING = "breach_warning"
    BREACH = "breach"
    COPY = "copy"
    """The requester wants somebody to take part in the ticket."""
    LOW_RATING = "low_rating"
    UNTOUCHED = "untouched"
    FOLLOWED = "followed"
    """Something happened on a ticket that an agent follows."""
    LINK = "link"
    """The customer asked for a new link to the ticket."""


class NotificationRequested(_NotifyEvent):
    """Somebody is to be told something, once."""

    notification_id: UUID
    kind: NotificationKind
    recipient: RecipientText
    """A mail address."""
    recipient_name: RecipientText = ""
    to_customer: bool
    subject: LetterText
    text: LetterText
    html: LetterText = ""
    message_id: str
    """Message-ID of the mail, derived from this notification."""
    in_reply_to: Personal = ""
    """Message-ID of the mail it answers; empty when it answers none."""
    references: tuple[Personal, ...] = ()
    """Message-IDs of the conversation before it, oldest first."""
    reply_to: str = ""
    """The address that answers find the ticket by; empty when nobody should answer."""
    written_by_a_person: bool = False
    """It carries what somebody wrote, so that no machine may take it for automatic."""
    unproven: bool = False
    """Nothing has shown that the customer's address belongs to whoever opened the ticket."""
    requested_at: Moment
    not_before: Moment | None = None
    """When the quiet hours of whoever it goes to are over; None: at once."""


class NotificationSent(_NotifyEvent):
    """The mail server took it."""

    notification_id: UUID
    kind: NotificationKind
    to_customer: bool
    attempts: int
    sent_at: Moment


class NotificationFailed(_NotifyEvent):
    """It could not be delivered, or it bounced."""

    notification_id: UUID
    kind: NotificationKind
    to_customer: bool
    attempts: int
    reason: Personal
    unknown: bool = False
    """It may have arrived: we crashed or lost the connection at the last moment."""
    hard: bool = False
    """The address takes no mail: nothing more is sent there for a while."""
    failed_at: Moment


class NotificationSuppressed(_NotifyEvent):
    """It was not sent, on purpose."""

    notification_id: UUID
    kind: NotificationKind
    to_customer: bool
    reason: str
    suppressed_at: Moment


class NoticeIssued(_NotifyEvent):
    """What webhooks that ask for notices are told, once for each fact and kind."""

    notice_id: UUID
    kind: NotificationKind
    urgent: bool = False
    subject: NoticeText
    text: NoticeText
    issued_at: Moment


class QuietTime(Value):
    """Hours of each day in which nothing but what is urgent is sent."""

    start: str
    """`20:00`, by the clocks of the zone."""
    end: str
    """`07:00`; on the next day if it is not after the start."""
    timezone: str
    """An IANA zone, e.g. `Europe/Berlin`."""
    weekends: bool = False
    """Saturdays and Sundays are quiet, too."""


class NotificationRule(Value):
    """Who hears of one kind of thing, and how."""

    kind: NotificationKind
    to: tuple[str, ...]
    """customer, agent, last agent, agent or managers, named, participants, managers."""
    by: tuple[str, ...] = ("mail",)
    """mail, webhook."""
    urgent: bool = False
    """It is sent in quiet hours, too, and nobody can mute it."""


class MailTemplate(Value):
    """What a mail says in place of what it says without one: Jinja, with the mail's own facts."""

    name: str
    """Of the mail, e.g. `acknowledgment`."""
    language: str = ""
    """As `de`; empty: in every language that has no template of its own."""
    subject: str = ""
    """Empty: as it is."""
    text: str = ""
    """What stands between greeting and link; empty: as it is."""


class NotificationRulesDefined(_NotifyEvent):
    """Who hears what, how and in which words; kinds that are not named keep what holds without.

    Its subject is the rules themselves.
    """

    topic: ClassVar[str] = DESK

    rules: tuple[NotificationRule, ...] = ()
    quiet: QuietTime | None = None
    """Of everybody at the desk who has not set hours of their own."""
    templates: tuple[MailTemplate, ...] = ()
    revision: int


class NotificationPreferencesSet(_NotifyEvent):
    """What somebody does not want to hear, and when. Its subject is theirs alone."""

    topic: ClassVar[str] = DESK

    whom: str
    """`agent:anna`, or `customer:<person id>`."""
    muted: tuple[NotificationKind, ...] = ()
    quiet: QuietTime | None = None
    language: str = ""
    """In which an agent is written to, as `en` or `de`; empty: the desk's."""
    set_by: str
    set_at: Moment


class SuppressionLifted(_NotifyEvent):
    """Mail is sent again to an address that took none. Its subject is whoever has the address."""

    topic: ClassVar[str] = DESK

    lifted_by: str
    lifted_at: Moment


class WebhookCreated(_NotifyEvent):
    """Events of these types are to be posted to an address. Its subject is the webhook."""

    topic: ClassVar[str] = DESK

    url: str
    types: tuple[str, ...] = ()
    """Names of public event types; empty for all of them."""
    description: str = ""
    created_by: str
    created_at: Moment


class WebhookChanged(_NotifyEvent):
    """What a webhook is from now on. What happened before goes where it went."""

    topic: ClassVar[str] = DESK

    url: str
    types: tuple[str, ...] = ()
    description: str = ""
    active: bool = True
    """False: what happens meanwhile waits, and is posted once it is active again."""
    changed_by: str
    changed_at: Moment


class WebhookSecretRotated(_NotifyEvent):
    """Its signatures are made with a new secret; for a day with the one before, too."""

    topic: ClassVar[str] = DESK

    generation: int
    """The first secret is 1. Secrets are derived, and stand nowhere."""
    rotated_by: str
    rotated_at: Moment


class WebhookRemoved(_NotifyEvent):
    """Nothing is posted there any more."""

    topic: ClassVar[str] = DESK

    removed_by: str
    removed_at: Moment
