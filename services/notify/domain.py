"""What may be told to whom: pure.

A notification is requested once; then it is sent, or it fails. An outcome that is unknown
(we crashed, or lost the connection, after handing the mail over) is on record as failed and
unknown, and may still turn into sent or failed, when the sender knows better.

    requested ──► sent ──► failed (it bounced)
        │  └────► failed
        └───────► failed, unknown ──► sent | failed
    suppressed
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from services.notify.recipients import why_not
from shared.decider import Decider
from shared.errors import NotFound
from shared.events import Event, Unknown
from shared.events.notify import (
    NoticeIssued,
    NotificationFailed,
    NotificationKind,
    NotificationRequested,
    NotificationSent,
    NotificationSuppressed,
)


@dataclass(frozen=True)
class Draft:
    """A letter, written: everything of it but whether it may be sent."""

    notification_id: UUID
    kind: NotificationKind
    recipient: str
    to_customer: bool
    subject: str
    text: str
    message_id: str
    html: str = ""
    recipient_name: str = ""
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    reply_to: str = ""
    written_by_a_person: bool = False
    unproven: bool = False
    """Nothing has shown that the address belongs to whoever opened the ticket."""
    withheld: str = ""
    """Why it must not be sent, whoever it goes to; empty if it may."""
    not_before: datetime | None = None
    """When the quiet hours of whoever it goes to are over; None: at once."""


@dataclass(frozen=True)
class Notice:
    """What webhooks that ask for notices are told."""

    notice_id: UUID
    kind: NotificationKind
    subject: str
    text: str
    urgent: bool = False


@dataclass(frozen=True)
class RequestNotifications:
    """Tell these people; `closed_to` are addresses that nothing may be sent to."""

    drafts: tuple[Draft, ...]
    now: datetime
    own: frozenset[str] = frozenset()
    """Addresses of ours that mail comes in at, case folded."""
    bounced: frozenset[str] = frozenset()
    """Addresses that lately took no mail, case folded."""
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True)
class RecordSent:
    """The mail server took it."""

    notification_id: UUID
    attempts: int
    now: datetime


@dataclass(frozen=True)
class RecordFailed:
    """It was refused, given up, or bounced; or nobody knows whether it was taken."""

    notification_id: UUID
    attempts: int
    reason: str
    now: datetime
    unknown: bool = False
    hard: bool = False


@dataclass(frozen=True)
class RecordBounce:
    """A mail came back: the one named, else the latest that was sent to the recipient."""

    notification_id: UUID | None
    recipient: str
    reason: str
    now: datetime


@dataclass(frozen=True)
class Suppress:
    """Don't send what was requested."""

    notification_id: UUID
    reason: str
    now: datetime


Command = RequestNotifications | RecordSent | RecordFailed | RecordBounce | Suppress


class Stage(StrEnum):
    """How far a notification has come."""

    REQUESTED = "requested"
    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"
    SUPPRESSED = "suppressed"

    @property
    def open(self) -> bool:
        """Whether the sender may still have something to do."""
        return self in {Stage.REQUESTED, Stage.UNKNOWN}


@dataclass(frozen=True)
class Notification:
    kind: NotificationKind
    to_customer: bool
    stage: Stage
    recipient: str = ""
    attempts: int = 0


@dataclass(frozen=True)
class Told:
    """Every notification on the ticket."""

    notifications: Mapping[UUID, Notification] = field(default_factory=dict)
    notices: frozenset[UUID] = frozenset()


class NotificationNotFound(NotFound):
    """There is no such notification."""


def decide(command: Command, state: Told) -> list[Event]:
    """The events of `command`, or nothing when it already was so."""
    match command:
        case RequestNotifications():
            known = state.notifications
            told = [_told(d, command) for d in command.drafts if d.notification_id not in known]
            return told + _issued(command, state)
        case RecordSent():
            return _sent(command, _find(state, command.notification_id))
        case RecordFailed():
            return _failed(command, _find(state, command.notification_id))
        case RecordBounce():
            return _bounced(command, state)
        case Suppress():
            return _suppress(command, _find(state, command.notification_id))


def evolve(state: Told, event: Event | Unknown) -> Told:
    """The state after `event`; other services' events change nothing."""
    match event:
        case NotificationRequested():
            made = Notification(event.kind, event.to_customer, Stage.REQUESTED, event.recipient)
        case NotificationSuppressed():
            made = replace(_known(state, event), stage=Stage.SUPPRESSED)
        case NotificationSent():
            made = replace(_known(state, event), stage=Stage.SENT, attempts=event.attempts)
        case NotificationFailed():
            stage = Stage.UNKNOWN if event.unknown else Stage.FAILED
            made = replace(_known(state, event), stage=stage, attempts=event.attempts)
        case NoticeIssued(notice_id=notice_id):
            return replace(state, notices=state.notices | {notice_id})
        case _:
            return state
    return replace(state, notifications={**state.notifications, event.notification_id: made})


DECIDER: Decider[Command, Told] = Decider(initial_state=Told(), decide=decide, evolve=evolve)


def _told(draft: Draft, command: RequestNotifications) -> Event:
    reason = draft.withheld or why_not(
        draft.recipient,
        to_customer=draft.to_customer,
        own=command.own,
        bounced=command.bounced,
    )
    if reason:
        return NotificationSuppressed(
            notification_id=draft.notification_id,
            kind=draft.kind,
            to_customer=draft.to_customer,
            reason=reason,
            suppressed_at=command.now,
        )
    return NotificationRequested(
        notification_id=draft.notification_id,
        kind=draft.kind,
        recipient=draft.recipient,
        recipient_name=draft.recipient_name,
        to_customer=draft.to_customer,
        subject=draft.subject,
        text=draft.text,
        html=draft.html,
        message_id=draft.message_id,
        in_reply_to=draft.in_reply_to,
        references=draft.references,
        reply_to=draft.reply_to,
        written_by_a_person=draft.written_by_a_person,
        unproven=draft.unproven,
        requested_at=command.now,
        not_before=draft.not_before,
    )


def _issued(command: RequestNotifications, state: Told) -> list[Event]:
    return [
        NoticeIssued(
            notice_id=notice.notice_id,
            kind=notice.kind,
            urgent=notice.urgent,
            subject=notice.subject,
            text=notice.text,
            issued_at=command.now,
        )
        for notice in command.notices
        if notice.notice_id not in state.notices
    ]


def _sent(command: RecordSent, known: Notification) -> list[Event]:
    if not known.stage.open:
        return []
    return [
        NotificationSent(
            notification_id=command.notification_id,
            kind=known.kind,
            to_customer=known.to_customer,
            attempts=command.attempts,
            sent_at=command.now,
        )
    ]


def _failed(command: RecordFailed, known: Notification) -> list[Event]:
    if known.stage in {Stage.FAILED, Stage.SUPPRESSED}:
        return []
    if command.unknown and known.stage is not Stage.REQUESTED:
        return []
    return [
        NotificationFailed(
            notification_id=command.notification_id,
            kind=known.kind,
            to_customer=known.to_customer,
            attempts=max(command.attempts, known.attempts),
            reason=command.reason,
            unknown=command.unknown,
            hard=command.hard,
            failed_at=command.now,
        )
    ]


def _bounced(command: RecordBounce, state: Told) -> list[Event]:
    """The mail failed. Anybody can write a report: its address is given up only if the report
    names a mail of ours to that very customer, which nobody else can know of."""
    wanted, recipient = command.notification_id, command.recipient.casefold()
    if wanted is None:
        for notification_id, one in state.notifications.items():
            if one.recipient.casefold() == recipient and one.stage is Stage.SENT:
                wanted = notification_id
    if wanted is None:
        return []
    known = _find(state, wanted)
    named = command.notification_id is not None and known.recipient.casefold() == recipient
    hard = named and known.to_customer
    return _failed(RecordFailed(wanted, 0, command.reason, command.now, hard=hard), known)


def _suppress(command: Suppress, known: Notification) -> list[Event]:
    if known.stage is not Stage.REQUESTED:
        return []
    return [
        NotificationSuppressed(
            notification_id=command.notification_id,
            kind=known.kind,
            to_customer=known.to_customer,
            reason=command.reason,
            suppressed_at=command.now,
        )
    ]


def _find(state: Told, notification_id: UUID) -> Notification:
    known = state.notifications.get(notification_id)
    if known is None:
        raise NotificationNotFound(what="notification")
    return known


def _known(
    state: Told, event: NotificationSuppressed | NotificationSent | NotificationFailed
) -> Notification:
    known = state.notifications.get(event.notification_id)
    return known or Notification(event.kind, event.to_customer, Stage.REQUESTED)
