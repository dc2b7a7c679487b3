"""What resolution says: stages 5 to 7, the work until the ticket is closed.

`…_by` is an agent's id, or who else it was as an actor: `customer:<person id>`, `timer`.
"""

from enum import StrEnum
from typing import Annotated, ClassVar

from shared.events.base import Attachment, Event, Moment, Personal, PersonalField, agent_in


class _ResolutionEvent(Event):
    author: ClassVar[str] = "resolution"


class WorkStarted(_ResolutionEvent):
    """An agent began to work on the ticket."""

    public: ClassVar[bool] = True

    started_by: str
    started_at: Moment


class AgentReplied(_ResolutionEvent):
    """The agent wrote to the customer."""

    public: ClassVar[bool] = True

    replied_by: str
    agent_name: Annotated[str, PersonalField(agent_in("replied_by"))] = ""
    text: Personal
    awaits_customer: bool = False
    """The customer has to answer before work can go on."""
    attachments: tuple[Attachment, ...] = ()
    replied_at: Moment


class NoteAdded(_ResolutionEvent):
    """A note for colleagues; the customer never sees it."""

    noted_by: str
    agent_name: Annotated[str, PersonalField(agent_in("noted_by"))] = ""
    text: Personal
    pinned: bool = False
    noted_at: Moment


class ProgressKind(StrEnum):
    """What there is to report."""

    STEP = "step"
    FINDING = "finding"
    WORKAROUND = "workaround"


class ProgressReported(_ResolutionEvent):
    """The customer is kept informed: a step, a finding, an interim workaround."""

    public: ClassVar[bool] = True

    kind: ProgressKind
    text: Personal
    reported_by: str
    agent_name: Annotated[str, PersonalField(agent_in("reported_by"))] = ""
    reported_at: Moment


class TicketHeld(_ResolutionEvent):
    """Work waits for something that is not the customer."""

    public: ClassVar[bool] = True

    reason: Personal
    held_by: str
    held_at: Moment


class WorkResumed(_ResolutionEvent):
    """Work goes on, after a hold or the customer's answer."""

    public: ClassVar[bool] = True

    reason: Personal
    resumed_by: str
    resumed_at: Moment


class EscalationRequested(_ResolutionEvent):
    """The agent asks for a higher tier."""

    reason: Personal
    requested_by: str
    requested_at: Moment


class ResolutionKind(StrEnum):
    """A fix removes the cause; a workaround lets the customer work on."""

    FIX = "fix"
    WORKAROUND = "workaround"


class TicketResolved(_ResolutionEvent):
    """There is a solution, with its cause; the customer is asked to confirm."""

    public: ClassVar[bool] = True

    kind: ResolutionKind
    cause: Personal
    note: Personal
    resolved_by: str
    agent_name: Annotated[str, PersonalField(agent_in("resolved_by"))] = ""
    resolved_at: Moment


class ResolutionVerified(_ResolutionEvent):
    """The solution was tried out, and how."""

    public: ClassVar[bool] = True

    method: Personal
    result: Personal
    passed: bool
    verified_by: str
    verified_at: Moment


class ResolutionConfirmed(_ResolutionEvent):
    """The customer says that it works."""

    public: ClassVar[bool] = True

    confirmed_by: str
    comment: Personal = ""
    confirmed_at: Moment


class ResolutionRejected(_ResolutionEvent):
    """The customer says that it does not work."""

    public: ClassVar[bool] = True

    rejected_by: str
    reason: Personal
    rejected_at: Moment


class TicketReopened(_ResolutionEvent):
    """Work on the ticket begins anew."""

    public: ClassVar[bool] = True

    reason: Personal
    reopened_by: str
    reopened_at: Moment


class ClosedHow(StrEnum):
    """What closed the ticket."""

    CONFIRMED = "confirmed"
    SILENCE = "silence"
    AGENT = "agent"
    MERGED = "merged"


class TicketClosed(_ResolutionEvent):
    """Nothing is left to do; the note documents it."""

    public: ClassVar[bool] = True

    how: ClosedHow
    note: Personal = ""
    closed_by: str
    closed_at: Moment


class TicketArchived(_ResolutionEvent):
    """Out of everybody's way, still found and on record."""

    archived_by: str
    archived_at: Moment
