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
    address_in,
)

RecipientText = Annotated[str, PersonalField(address_in("recipient"))]
"""Who a mail goes to."""

LetterText = Annotated[str, PersonalField(REQUESTER, CAUSE, address_in("recipient"))]
"""What a mail tells: it may speak of the requester, of whoever did what it tells of, and
of its reader, and goes when any of them is forgotten."""


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
