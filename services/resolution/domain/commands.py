"""What can be asked of a ticket's work: imperatives, with who asks and when.

`by` is an agent's id, or who else it is as an actor: `customer:<person id>`, `timer`.
`now` is the author's clock; for a timer, the instant it was due.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from shared.events import Attachment
from shared.events.resolution import ClosingRules, ProgressKind, ResolutionKind

NO_RULES = ClosingRules()
"""As where the desk has said nothing of closing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    by: str
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class _ByAgent(_Asked):
    agent_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StartWork(_Asked):
    """Work begins now, or goes on now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyToCustomer(_ByAgent):
    text: str
    awaits_customer: bool = False
    attachments: tuple[Attachment, ...] = ()
    seen: str = ""
    """The vector of what the agent had in sight, as it is put on record."""
    sent_anyway: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AddNote(_ByAgent):
    text: str
    pinned: bool = False
    mentions: tuple[str, ...] = ()
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportProgress(_ByAgent):
    kind: ProgressKind
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldTicket(_Asked):
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeWork(_Asked):
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestEscalation(_Asked):
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolveTicket(_ByAgent):
    kind: ResolutionKind
    cause: str
    note: str
    rules: ClosingRules = NO_RULES


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyResolution(_Asked):
    method: str
    result: str
    passed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmResolution(_Asked):
    comment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectResolution(_Asked):
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReopenTicket(_Asked):
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseTicket(_Asked):
    """Close by hand."""

    note: str = ""
    rules: ClosingRules = NO_RULES


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveTicket(_Asked):
    """Archive by hand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HearCustomer(_Asked):
    """Act on what the customer said elsewhere: a message, or that it came back."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseMerged(_Asked):
    """The ticket goes on in another."""

    into_number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeUpUnmerged(_Asked):
    """The ticket goes on by itself again."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseForSilence(_Asked):
    """Nobody objected to the solution of `resolved_at` for the set time."""

    resolved_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RemindOfClosure(_Asked):
    """Silence is going to close the ticket, with the solution of `resolved_at`."""

    resolved_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveWhenDue(_Asked):
    """The ticket stayed closed, as of `closed_at`, for the set time."""

    closed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class UnpinNote(_Asked):
    note_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeTags(_Asked):
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowTicket(_Asked):
    agent_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnfollowTicket(_Asked):
    agent_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendTime(_Asked):
    minutes: float
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkParent(_Asked):
    """The ticket is part of the incident; `LinkChild` tells the incident, together with this."""

    parent_id: UUID
    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkChild(_Asked):
    child_id: UUID
    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnlinkParent(_Asked):
    parent_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class UnlinkChild(_Asked):
    child_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class RunMacro(_Asked):
    """Several commands, all or nothing: each sees what those before it said."""

    steps: "tuple[Command, ...]"


Command: TypeAlias = (
    StartWork
    | ReplyToCustomer
    | AddNote
    | ReportProgress
    | HoldTicket
    | ResumeWork
    | RequestEscalation
    | ResolveTicket
    | VerifyResolution
    | ConfirmResolution
    | RejectResolution
    | ReopenTicket
    | CloseTicket
    | ArchiveTicket
    | HearCustomer
    | CloseMerged
    | TakeUpUnmerged
    | CloseForSilence
    | RemindOfClosure
    | ArchiveWhenDue
    | UnpinNote
    | ChangeTags
    | FollowTicket
    | UnfollowTicket
    | SpendTime
    | LinkParent
    | LinkChild
    | UnlinkParent
    | UnlinkChild
    | RunMacro
)
