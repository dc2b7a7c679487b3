"""What resolution does about what it hears."""

from collections.abc import Sequence
from typing import ClassVar

from services.resolution.domain import DECIDER
from services.resolution.domain.commands import (
    CloseMerged,
    CloseTicket,
    Command,
    HearCustomer,
    ReportProgress,
    ResolveTicket,
    TakeUpUnmerged,
)
from services.resolution.domain.states import Archived, Unknown
from shared.events import Event
from shared.events.intake import CustomerMessageReceived
from shared.events.relations import TicketMerged, TicketUnmerged
from shared.events.resolution import (
    ClosedHow,
    ClosingRules,
    ProgressReported,
    TicketClosed,
    TicketResolved,
)
from shared.events.review import FeedbackReceived
from shared.followers.contracts import Directed
from shared.log.records import Past, Recorded


class CustomerSpeaks:
    """An answer goes on with the work, an objection begins it anew, a merger ends it until
    it is undone."""

    name: ClassVar[str] = "customer_speaks"
    hears: ClassVar[frozenset[type[Event]]] = frozenset(
        {CustomerMessageReceived, FeedbackReceived, TicketMerged, TicketUnmerged}
    )

    async def react(self, recorded: Recorded, _past: Past) -> Sequence[Directed[Command]]:
        return [Directed(recorded.subject, command) for command in _commands(recorded)]


def _commands(recorded: Recorded) -> list[Command]:
    now = recorded.occurred_at
    match recorded.event:
        case CustomerMessageReceived(automatic=False, sender=sender):
            by = f"customer:{sender.person_id}"
            return [HearCustomer(by=by, now=now, reason="The customer wrote.")]
        case FeedbackReceived(recurred=True, given_by=by):
            return [HearCustomer(by=by, now=now, reason="The problem came back.")]
        case FeedbackReceived(reopens=True, given_by=by):
            return [HearCustomer(by=by, now=now, reason="The customer was not satisfied.")]
        case TicketMerged(into_number=number, merged_by=by):
            return [CloseMerged(by=by, now=now, into_number=number)]
        case TicketUnmerged(from_number=number, unmerged_by=by):
            reason = f"It goes on by itself again, not in {number}."
            return [TakeUpUnmerged(by=by, now=now, reason=reason)]
        case _:
            return []


class AnswerChildren:
    """What is said of an incident answers its children: its progress, its solution, its end.

    Whoever's ticket is resolved with it confirms or rejects that for themselves. What a child
    can't take, as it is resolved or closed already, is passed over.
    """

    name: ClassVar[str] = "answer_children"
    hears: ClassVar[frozenset[type[Event]]] = frozenset(
        {ProgressReported, TicketResolved, TicketClosed}
    )

    async def react(self, recorded: Recorded, past: Past) -> Sequence[Directed[Command]]:
        command = _for_children(recorded)
        if command is None:
            return []
        until = [each.event for each in past.events if each.position <= recorded.position]
        incident = DECIDER.fold(until)
        if isinstance(incident, Unknown | Archived):
            return []
        return [Directed(child_id, command) for child_id in incident.facts.children]


def _for_children(recorded: Recorded) -> Command | None:
    now = recorded.occurred_at
    match recorded.event:
        case ProgressReported() as said:
            return ReportProgress(
                by=said.reported_by,
                agent_name=said.agent_name,
                now=now,
                kind=said.kind,
                text=said.text,
            )
        case TicketResolved() as said:
            return ResolveTicket(
                by=said.resolved_by,
                agent_name=said.agent_name,
                now=now,
                kind=said.kind,
                cause=said.cause,
                note=said.note,
                rules=ClosingRules(reopen_minutes=said.reopen_minutes),
            )
        case TicketClosed(how=ClosedHow.AGENT, note=note, closed_by=by) if note.strip():
            return CloseTicket(by=by, now=now, note=note)
        case _:
            return None
