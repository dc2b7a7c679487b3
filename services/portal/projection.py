"""The read model `pages`, folded from public events only."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar, Final

from services.portal.copies import take_part
from services.portal.happenings import happened
from services.portal.messages import message_of
from services.portal.rows import (
    ARTICLES,
    COPIES,
    ENTITLEMENTS,
    MESSAGES,
    NAMES,
    PLANS,
    TICKETS,
    TIMELINE,
    TOPICS,
    ArticleRow,
    DeskRow,
    EntitlementRow,
    PlanRow,
    TicketRow,
    TimelineRow,
    TopicRow,
)
from services.portal.words import UNTITLED, clean, first_name, line
from shared.events import Event, Status, Unknown, all_event_types, status_after
from shared.events.assignment import AgentAssigned, AgentUnassigned, TicketQueued, TicketTransferred
from shared.events.desk import DeskNamed, EntitlementDefined, TopicDefined
from shared.events.intake import (
    Channel,
    ClarificationLapsed,
    ClarificationProvided,
    ClarificationRequested,
    TicketCategorised,
    TicketOpened,
    TicketPrioritised,
    TicketVerified,
)
from shared.events.participants import AddressConfirmed
from shared.events.relations import TicketMerged, TicketUnmerged
from shared.events.resolution import TicketClosed, TicketReopened, TicketResolved
from shared.events.review import ArticlePublished, ArticleWithdrawn, FeedbackReceived
from shared.events.sla import (
    ClockKind,
    ClockPaused,
    ClockResumed,
    ClockStarted,
    SlaPlanApplied,
    SlaPlanDefined,
    TargetMet,
)
from shared.followers.view import Table, View
from shared.log.records import Recorded

HEARS: Final[frozenset[type[Event]]] = frozenset(cls for cls in all_event_types() if cls.public)
"""What customers may see, and nothing besides."""

TITLE_LENGTH_MAX: Final = 200


class Pages:
    """Tickets with conversation and timeline; articles; topics, plans and whom they are for."""

    name: ClassVar[str] = "pages"
    tables: ClassVar[Sequence[Table[Any]]] = (
        TICKETS,
        MESSAGES,
        TIMELINE,
        TOPICS,
        PLANS,
        ENTITLEMENTS,
        NAMES,
        ARTICLES,
        COPIES,
    )
    hears: ClassVar[frozenset[type[Event]]] = HEARS

    def fold(self, view: View, recorded: Recorded) -> None:
        """Change the rows of one ticket, or of one thing of the desk."""
        event = recorded.event
        match event:
            case Unknown():
                return
            case TopicDefined():
                view.put(TOPICS, _topic(view, event))
            case SlaPlanDefined():
                name, description = line(event.name), clean(event.description)
                view.put(PLANS, PlanRow(view.subject, event.plan_id, name, description))
            case EntitlementDefined(active=False):
                view.delete(ENTITLEMENTS)
            case EntitlementDefined(people=people, domains=domains):
                row = EntitlementRow(view.subject, event.plan_id, list(people), list(domains))
                view.put(ENTITLEMENTS, row)
            case DeskNamed():
                view.put(NAMES, DeskRow(view.subject, line(event.name)))
            case ArticlePublished():
                view.put(ARTICLES, _article(view, event))
            case ArticleWithdrawn():
                view.delete(ARTICLES, event.article_id)
            case TicketOpened() if view.get(TICKETS) is None:
                view.put(TICKETS, _opened(view, event, recorded))
                _add(view, event, recorded)
            case _ if view.get(TICKETS) is not None:
                view.update(TICKETS, lambda row: _after(row, event, recorded))
                _add(view, event, recorded)


def _add(view: View, event: Event, recorded: Recorded) -> None:
    """The event's line in the timeline, and what it says in the conversation."""
    at, position = recorded.occurred_at, recorded.position
    told = happened(event)
    if told is not None:
        facts = dict(told.facts)
        view.put(TIMELINE, TimelineRow(recorded.id, view.subject, position, at, told.words, facts))
    take_part(view, event)
    message = message_of(event, recorded)
    if message is not None:
        view.put(MESSAGES, message)


def _topic(view: View, event: TopicDefined) -> TopicRow:
    return TopicRow(
        subject=view.subject,
        topic_id=event.topic_id,
        name=line(event.name),
        description=clean(event.description),
        fields=[field.model_dump(mode="json") for field in event.fields],
        plans=list(event.entitled_plans),
        active=event.active,
        prove_address=event.prove_address,
    )


def _article(view: View, event: ArticlePublished) -> ArticleRow:
    return ArticleRow(
        subject=view.subject,
        article_id=event.article_id,
        title=line(event.title, TITLE_LENGTH_MAX),
        body=clean(event.body),
        topics=list(event.topics),
        language=event.language,
        published_at=event.published_at,
    )


def _opened(view: View, event: TicketOpened, recorded: Recorded) -> TicketRow:
    return TicketRow(
        subject=view.subject,
        number=event.number,
        title=line(event.subject, TITLE_LENGTH_MAX) or UNTITLED,
        topic_name=line(event.topic_name),
        requester_id=event.requester.person_id,
        requester_name=line(event.requester.name, 60),
        opened_at=event.opened_at,
        updated_at=recorded.occurred_at,
        topic_id=event.topic_id,
        details={name: clean(value) for name, value in event.custom_fields.items() if value},
        confirmed=event.channel is Channel.EMAIL,
        status=(status_after(None, event) or Status.NEW).value,
        held=event.held,
        timezone=event.timezone,
    )


def _after(row: TicketRow, event: Event, recorded: Recorded) -> TicketRow:
    status = status_after(Status(row.status), event) or Status.NEW
    row = replace(row, status=status.value, updated_at=recorded.occurred_at)
    return _outcome(_people(_clocks(row, event), event), event)


def _people(row: TicketRow, event: Event) -> TicketRow:
    match event:
        case TicketVerified():
            return replace(row, held=False)
        case AgentAssigned():
            return replace(
                row, agent_name=first_name(event.agent_name), team_name=line(event.team_name)
            )
        case AgentUnassigned():
            return replace(row, agent_name="")
        case TicketQueued() | TicketTransferred():
            return replace(row, team_name=line(event.team_name))
        case TicketCategorised():
            return replace(row, topic_name=line(event.topic_name), team_name=line(event.team_name))
        case TicketPrioritised():
            return replace(row, priority=event.priority.label)
        case ClarificationRequested():
            asked = [{"field": q.field, "text": line(q.text)} for q in event.questions]
            return replace(row, questions=asked)
        case ClarificationProvided() | ClarificationLapsed():
            return replace(row, questions=[])
        case _:
            return row


def _clocks(row: TicketRow, event: Event) -> TicketRow:
    match event:
        case SlaPlanApplied():
            return replace(row, plan_name=line(event.plan_name))
        case ClockStarted(clock=kind, due_at=due) | ClockResumed(clock=kind, due_at=due):
            if kind is ClockKind.FIRST_RESPONSE:
                return replace(row, first_due_at=due, first_state="running")
            if kind is ClockKind.RESOLUTION:
                return replace(row, solution_due_at=due, solution_state="running")
            return row
        case ClockPaused(clock=kind):
            return _clock_state(row, kind, "paused")
        case TargetMet(clock=kind):
            return _clock_state(row, kind, "met")
        case _:
            return row


def _clock_state(row: TicketRow, kind: ClockKind, state: str) -> TicketRow:
    if kind is ClockKind.FIRST_RESPONSE:
        return replace(row, first_state=state)
    if kind is ClockKind.RESOLUTION:
        return replace(row, solution_state=state)
    return row


def _outcome(row: TicketRow, event: Event) -> TicketRow:
    match event:
        case TicketResolved():
            solution = {
                "kind": event.kind.value,
                "note": clean(event.note),
                "cause": clean(event.cause),
                "agent": first_name(event.agent_name),
            }
            return replace(row, solution=solution)
        case TicketClosed():
            return replace(row, closed_how=event.how.value)
        case TicketReopened():
            return replace(row, closed_how="", merged_into=None, merged_number="")
        case TicketUnmerged():
            return replace(row, merged_into=None, merged_number="")
        case TicketMerged():
            return replace(
                row, merged_into=event.into_ticket_id, merged_number=line(event.into_number)
            )
        case AddressConfirmed():
            return replace(row, confirmed=True, held=False)
        case FeedbackReceived():
            return replace(row, rating=event.rating)
        case _:
            return row
