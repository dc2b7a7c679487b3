"""notify's read models: `deliveries`, who was told what; `directory`, where to find people."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from services.notify.domain import Stage
from services.notify.words import line
from shared.events import DESK, Event, Unknown
from shared.events.assignment import AgentDefined, TeamDefined
from shared.events.desk import DeskNamed, TopicDefined
from shared.events.notify import (
    NotificationFailed,
    NotificationPreferencesSet,
    NotificationRequested,
    NotificationRulesDefined,
    NotificationSent,
    NotificationSuppressed,
    SuppressionLifted,
)
from shared.events.sla import SlaPlanDefined
from shared.followers.view import Table, View
from shared.log.records import Recorded

REASON_LENGTH_MAX = 300


@dataclass(frozen=True)
class NotificationRow:
    """A notification and how far it has come; what it says stays in the log."""

    id: UUID
    subject: UUID
    kind: str
    recipient: str
    """Case folded."""
    to_customer: bool
    title: str
    stage: str
    attempts: int
    reason: str
    hard: bool
    requested_at: datetime
    settled_at: datetime | None
    unproven: bool = False
    not_before: datetime | None = None


NOTIFICATIONS: Table[NotificationRow] = Table("notifications", NotificationRow, key="id")


class Deliveries:
    """Every notification, by ticket."""

    name: ClassVar[str] = "deliveries"
    tables: ClassVar[Sequence[Table[Any]]] = (NOTIFICATIONS,)
    hears: ClassVar[frozenset[type[Event]]] = frozenset(
        {NotificationRequested, NotificationSent, NotificationFailed, NotificationSuppressed}
    )

    def fold(self, view: View, recorded: Recorded) -> None:
        row = _after(view, recorded.event)
        if row is not None:
            view.put(NOTIFICATIONS, row)


def _after(view: View, event: Event | Unknown) -> NotificationRow | None:
    """The notification's row after `event`; None where there is none."""
    match event:
        case NotificationRequested():
            return _requested(view.subject, event)
        case NotificationSent():
            row = view.get(NOTIFICATIONS, event.notification_id)
            return _sent(row, event) if row else None
        case NotificationFailed():
            row = view.get(NOTIFICATIONS, event.notification_id)
            return _failed(row, event) if row else None
        case NotificationSuppressed():
            known = view.get(NOTIFICATIONS, event.notification_id)
            return _suppressed(view.subject, known, event)
        case _:
            return None


def _requested(subject: UUID, event: NotificationRequested) -> NotificationRow:
    return NotificationRow(
        id=event.notification_id,
        subject=subject,
        kind=event.kind.value,
        recipient=event.recipient.casefold(),
        to_customer=event.to_customer,
        title=event.subject,
        stage=Stage.REQUESTED.value,
        attempts=0,
        reason="",
        hard=False,
        requested_at=event.requested_at,
        settled_at=None,
        unproven=event.unproven,
        not_before=event.not_before,
    )


def _sent(row: NotificationRow, event: NotificationSent) -> NotificationRow:
    return replace(
        row,
        stage=Stage.SENT.value,
        attempts=event.attempts,
        reason="",
        settled_at=event.sent_at,
    )


def _failed(row: NotificationRow, event: NotificationFailed) -> NotificationRow:
    return replace(
        row,
        stage=(Stage.UNKNOWN if event.unknown else Stage.FAILED).value,
        attempts=event.attempts,
        reason=line(event.reason, REASON_LENGTH_MAX),
        hard=event.hard,
        settled_at=event.failed_at,
    )


def _suppressed(
    subject: UUID, known: NotificationRow | None, event: NotificationSuppressed
) -> NotificationRow:
    row = known or NotificationRow(
        id=event.notification_id,
        subject=subject,
        kind=event.kind.value,
        recipient="",
        to_customer=event.to_customer,
        title="",
        stage="",
        attempts=0,
        reason="",
        hard=False,
        requested_at=event.suppressed_at,
        settled_at=None,
    )
    return replace(
        row,
        stage=Stage.SUPPRESSED.value,
        reason=line(event.reason, REASON_LENGTH_MAX),
        settled_at=event.suppressed_at,
    )


@dataclass(frozen=True)
class AgentRow:
    subject: UUID
    agent_id: str
    name: str
    email: str
    role: str
    team_ids: Sequence[str]
    active: bool


@dataclass(frozen=True)
class TeamRow:
    subject: UUID
    team_id: str
    name: str
    email: str


@dataclass(frozen=True)
class PromiseRow:
    """What a plan promises, by priority: `{"high": [60, 480]}` in business minutes."""

    subject: UUID
    plan_id: str
    promises: dict[str, list[float]]
    default_for: Sequence[str]


@dataclass(frozen=True)
class DeskRow:
    """What the desk calls itself."""

    subject: UUID
    name: str


@dataclass(frozen=True)
class MailboxRow:
    """The local part of an address of ours, by the topic that its mails open tickets under."""

    subject: UUID
    mailbox: str


@dataclass(frozen=True)
class RulesRow:
    """Who hears what, as last defined."""

    subject: UUID
    defined: dict[str, Any]


@dataclass(frozen=True)
class PreferencesRow:
    """What somebody wants to hear, and when."""

    subject: UUID
    whom: str
    wanted: dict[str, Any]


@dataclass(frozen=True)
class LiftedRow:
    """Since when mail is sent again to somebody who took none; the subject is the person."""

    subject: UUID
    lifted_by: str
    lifted_at: datetime


AGENTS: Table[AgentRow] = Table("agents", AgentRow, topic=DESK)
TEAMS: Table[TeamRow] = Table("teams", TeamRow, topic=DESK)
PLANS: Table[PromiseRow] = Table("plans", PromiseRow, topic=DESK)
MAILBOXES: Table[MailboxRow] = Table("mailboxes", MailboxRow, topic=DESK)
NAMES: Table[DeskRow] = Table("desk", DeskRow, topic=DESK)

RULES: Table[RulesRow] = Table("rules", RulesRow, topic=DESK)
PREFERENCES: Table[PreferencesRow] = Table("preferences", PreferencesRow, topic=DESK)
LIFTED: Table[LiftedRow] = Table("lifted", LiftedRow, topic=DESK)


class DirectoryOfTheDesk:
    """The desk's name, agents, teams, plans, mailboxes and rules, and people's preferences."""

    name: ClassVar[str] = "directory"
    tables: ClassVar[Sequence[Table[Any]]] = (
        *(AGENTS, TEAMS, PLANS, MAILBOXES, NAMES),
        *(RULES, PREFERENCES, LIFTED),
    )
    hears: ClassVar[frozenset[type[Event]]] = frozenset(
        {
            *(AgentDefined, TeamDefined, SlaPlanDefined, TopicDefined, DeskNamed),
            *(NotificationRulesDefined, NotificationPreferencesSet, SuppressionLifted),
        }
    )

    def fold(self, view: View, recorded: Recorded) -> None:
        match recorded.event:
            case AgentDefined() as event:
                row = AgentRow(
                    subject=view.subject,
                    agent_id=event.agent_id,
                    name=line(event.name),
                    email=event.email,
                    role=event.role.value,
                    team_ids=list(event.team_ids),
                    active=event.active,
                )
                view.put(AGENTS, row)
            case TeamDefined() as event:
                view.put(TEAMS, TeamRow(view.subject, event.team_id, line(event.name), event.email))
            case SlaPlanDefined() as event:
                promises = {
                    t.priority.value: [t.first_response_minutes, t.resolution_minutes]
                    for t in event.targets
                }
                default_for = [priority.value for priority in event.default_for]
                view.put(PLANS, PromiseRow(view.subject, event.plan_id, promises, default_for))
            case TopicDefined(mailbox=mailbox) if mailbox:
                view.put(MAILBOXES, MailboxRow(view.subject, mailbox.casefold()))
            case TopicDefined():
                view.delete(MAILBOXES)
            case DeskNamed() as event:
                view.put(NAMES, DeskRow(view.subject, line(event.name)))
            case _:
                _prefer(view, recorded.event)


def _prefer(view: View, event: Event | Unknown) -> None:
    match event:
        case NotificationRulesDefined():
            view.put(RULES, RulesRow(view.subject, event.model_dump(mode="json")))
        case NotificationPreferencesSet(whom=whom):
            wanted = event.model_dump(mode="json")
            view.put(PREFERENCES, PreferencesRow(view.subject, whom, wanted))
        case SuppressionLifted():
            view.put(LIFTED, LiftedRow(view.subject, event.lifted_by, event.lifted_at))
        case _:
            return
