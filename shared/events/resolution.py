"""What resolution says: stages 5 to 7, the work until the ticket is closed.

`…_by` is an agent's id, or who else it was as an actor: `customer:<person id>`, `timer`.
"""

from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

from shared.events.base import (
    DESK,
    Attachment,
    Event,
    Moment,
    Personal,
    PersonalField,
    Value,
    agent_in,
)
from shared.events.sla import CalendarValues


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
    seen: str = ""
    """The vector of the ticket as the agent had it in sight; empty: they did not tell."""
    sent_anyway: bool = False
    """The conversation had moved on since, they were told so, and sent it all the same."""


class NoteAdded(_ResolutionEvent):
    """A note for colleagues; the customer never sees it."""

    noted_by: str
    agent_name: Annotated[str, PersonalField(agent_in("noted_by"))] = ""
    text: Personal
    pinned: bool = False
    noted_at: Moment
    mentions: tuple[str, ...] = ()
    """Ids of agents whom the note is meant for."""
    attachments: tuple[Attachment, ...] = ()


class NoteUnpinned(_ResolutionEvent):
    """A pinned note stands on top no longer."""

    note_id: UUID
    unpinned_by: str
    unpinned_at: Moment


class TagsChanged(_ResolutionEvent):
    """People put tags on the ticket, or took some away; those of rules are intake's."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed_by: str
    changed_at: Moment


class TicketFollowed(_ResolutionEvent):
    """An agent wants to know what becomes of the ticket, without working on it."""

    agent_id: str
    followed_by: str
    followed_at: Moment


class TicketUnfollowed(_ResolutionEvent):
    """An agent follows the ticket no longer."""

    agent_id: str
    unfollowed_by: str
    unfollowed_at: Moment


class TimeSpent(_ResolutionEvent):
    """An agent says how long they worked on the ticket."""

    minutes: float
    """Below 0 takes back what was said by mistake."""
    spent_by: str
    note: Personal = ""
    spent_at: Moment


class ParentLinked(_ResolutionEvent):
    """The ticket is part of an incident: what is said there answers it, too."""

    parent_ticket_id: UUID
    parent_number: str
    linked_by: str
    linked_at: Moment


class ChildLinked(_ResolutionEvent):
    """Another ticket is part of this incident."""

    child_ticket_id: UUID
    child_number: str
    linked_by: str
    linked_at: Moment


class ParentUnlinked(_ResolutionEvent):
    """The ticket is part of the incident no longer."""

    parent_ticket_id: UUID
    parent_number: str
    unlinked_by: str
    unlinked_at: Moment


class ChildUnlinked(_ResolutionEvent):
    """Another ticket is part of this incident no longer."""

    child_ticket_id: UUID
    child_number: str
    unlinked_by: str
    unlinked_at: Moment


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
    closes_at: Moment | None = None
    """When silence closes it; None: after the real time that the topic sets."""
    remind_at: Moment | None = None
    """When the customer is reminded of that; None: never."""
    reopen_minutes: float | None = None
    """How long after closing the customer may reopen it; None: until it is archived."""


class ClosureReminded(_ResolutionEvent):
    """The customer was reminded that silence is going to close the ticket."""

    public: ClassVar[bool] = True

    closes_at: Moment
    reminded_at: Moment


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
    reopens_until: Moment | None = None
    """Until when the customer may reopen it: what they write later opens a ticket of its own;
    None: until it is archived."""


class TicketArchived(_ResolutionEvent):
    """Out of everybody's way, still found and on record."""

    archived_by: str
    archived_at: Moment


class CannedResponse(Value):
    """A reply that agents give often, as a template."""

    response_id: str
    name: str
    text: str
    topics: tuple[str, ...] = ()
    """Topics under which it is offered; none: all."""


class MacroStep(Value):
    """One command of a macro, and its fields; texts are templates."""

    do: str
    fields: dict[str, str] = {}


class Macro(Value):
    """Several commands that are carried out together, or not at all."""

    macro_id: str
    name: str
    steps: tuple[MacroStep, ...]
    topics: tuple[str, ...] = ()


class ClosingRules(Value):
    """How tickets close, and how long they can be reopened; None: as without the rule."""

    calendar_id: str = ""
    calendar: CalendarValues | None = None
    """Business hours in which a topic's time until closing passes; None: real time."""
    remind_minutes_before: float | None = None
    """Of the same time, before silence closes a ticket."""
    reopen_minutes: float | None = None
    """Real time after closing in which the customer may reopen it."""


class WorkRulesDefined(_ResolutionEvent):
    """What the desk gives its agents to work with. Its subject is the rules themselves."""

    topic: ClassVar[str] = DESK

    responses: tuple[CannedResponse, ...] = ()
    macros: tuple[Macro, ...] = ()
    closing: ClosingRules = ClosingRules()
    revision: int
