"""A ticket's row: what each event changes of it, besides status, clocks and vector."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from services.gateway.beside import BESIDE, mentioned_after, tags_after
from services.gateway.rows import TicketRow
from shared.events import (
    Event,
    assignment,
    intake,
    notify,
    participants,
    relations,
    resolution,
    review,
    sla,
    submissions,
)
from shared.events.base import Status
from shared.events.status import status_after
from shared.log.records import Recorded

Change = dict[str, Any]
_Changer = Callable[[TicketRow, Any], Change]


def opened(recorded: Recorded, event: intake.TicketOpened) -> TicketRow:
    """The row of a ticket that has just been opened."""
    requester = event.requester
    return TicketRow(
        subject=recorded.subject,
        number=event.number,
        title=event.subject,
        status=(status_after(None, event) or Status.NEW).value,
        active=True,
        channel=event.channel.value,
        topic_id=event.topic_id,
        topic_name=event.topic_name,
        requester_id=requester.person_id,
        requester_name=requester.name,
        requester_email=requester.email,
        requester_phone=requester.phone,
        opened_at=event.opened_at,
        updated_at=event.opened_at,
        vector="",
        impact=event.impact.value if event.impact else None,
        urgency=event.urgency.value if event.urgency else None,
        type=event.type.value if event.type else None,
        custom_fields=dict(event.custom_fields),
        confirmed=event.channel is intake.Channel.EMAIL,
        organisation_id=event.organisation,
        language=event.language,
        timezone=event.timezone,
    )


def ticket_after(row: TicketRow, event: Event, recorded: Recorded) -> TicketRow:
    """The row after `event`."""
    if isinstance(event, resolution.NoteAdded):
        return _noted(row, event, recorded)
    change = _CHANGES.get(type(event))
    return row if change is None else replace(row, **change(row, event))


def _noted(row: TicketRow, event: resolution.NoteAdded, recorded: Recorded) -> TicketRow:
    row = replace(row, mentioned=mentioned_after(row, event))
    if not event.pinned:
        return row
    note = {
        "id": str(recorded.id),
        "text": event.text,
        "by": event.agent_name or event.noted_by,
        "at": event.noted_at.isoformat(),
    }
    return replace(row, pinned=[*row.pinned, note])


def _categorised(row: TicketRow, e: intake.TicketCategorised) -> Change:
    return {
        "type": e.type.value,
        "topic_id": e.topic_id,
        "topic_name": e.topic_name,
        "team_id": e.team_id,
        "team_name": e.team_name,
        "tier": e.tier,
        "organisation_id": e.organisation or row.organisation_id,
        "language": e.language or row.language,
        "tags": tags_after(row, e.tags),
        "decided": {**row.decided, **e.decided},
    }


def _prioritised(row: TicketRow, e: intake.TicketPrioritised) -> Change:
    return {
        "impact": e.impact.value,
        "urgency": e.urgency.value,
        "priority": e.priority.value,
        "priority_reason": e.reason,
        "decided": {**row.decided, **e.decided},
    }


def _related(row: TicketRow, e: relations.TicketsRelated) -> Change:
    known = {each["number"]: each for each in row.related}
    known |= {each.number: each.model_dump(mode="json") for each in e.related}
    return {"related": list(known.values())}


def _merged(_row: TicketRow, e: relations.TicketMerged) -> Change:
    return {"merged_into": {"ticket_id": str(e.into_ticket_id), "number": e.into_number}}


def _absorbed(row: TicketRow, e: relations.TicketAbsorbed) -> Change:
    source = {"ticket_id": str(e.source_ticket_id), "number": e.source_number}
    return {"absorbed": [*row.absorbed, source]}


def _released(row: TicketRow, e: relations.TicketReleased) -> Change:
    left = [each for each in row.absorbed if each["ticket_id"] != str(e.source_ticket_id)]
    return {"absorbed": left}


def _linked(row: TicketRow, e: relations.TicketsLinked) -> Change:
    other = {"ticket_id": str(e.other_ticket_id), "number": e.other_number, "kind": e.kind}
    return {"linked": [*_links_but(row, e.other_ticket_id), other]}


def _unlinked(row: TicketRow, e: relations.TicketsUnlinked) -> Change:
    return {"linked": _links_but(row, e.other_ticket_id)}


def _links_but(row: TicketRow, other: UUID) -> list[dict[str, str]]:
    return [each for each in row.linked if each["ticket_id"] != str(other)]


def _suggested(row: TicketRow, e: participants.CopySuggested) -> Change:
    new = [
        {"person_id": str(each.person_id), "name": each.name, "email": each.email}
        for each in e.people
    ]
    return {"suggested": [*row.suggested, *new]}


def _invited(row: TicketRow, e: participants.CopyInvited) -> Change:
    asked = str(e.person.person_id)
    return {"suggested": [each for each in row.suggested if each["person_id"] != asked]}


def _assigned(row: TicketRow, e: assignment.AgentAssigned) -> Change:
    others = {agent: name for agent, name in row.participants.items() if agent != e.agent_id}
    return {
        "agent_id": e.agent_id,
        "agent_name": e.agent_name,
        "team_id": e.team_id,
        "team_name": e.team_name,
        "participants": others,
    }


def _unassigned(row: TicketRow, e: assignment.AgentUnassigned) -> Change:
    # Who had a ticket when it was closed is still worth knowing.
    gone = row.agent_id == e.agent_id and row.closed_at is None
    return {"agent_id": None, "agent_name": None} if gone else {}


def _left(row: TicketRow, e: assignment.ParticipantRemoved) -> Change:
    rest = {agent: name for agent, name in row.participants.items() if agent != e.agent_id}
    return {"participants": rest}


def _resolved(_row: TicketRow, e: resolution.TicketResolved) -> Change:
    solution = {"kind": e.kind.value, "cause": e.cause, "note": e.note, "verified": None}
    return {"solution": solution, "resolved_at": e.resolved_at, "closes_at": e.closes_at}


def _verified(row: TicketRow, e: resolution.ResolutionVerified) -> Change:
    if row.solution is None:
        return {}
    verified = {"method": e.method, "result": e.result, "passed": e.passed}
    return {"solution": {**row.solution, "verified": verified}}


def _drafted(row: TicketRow, e: review.ArticleDrafted) -> Change:
    return _article(row, e.article_id, title=e.title, published=False, verdict="")


def _read(row: TicketRow, e: review.ArticleReviewed) -> Change:
    return _article(row, e.article_id, verdict="approved" if e.approved else "sent back")


def _published(row: TicketRow, e: review.ArticlePublished) -> Change:
    return _article(row, e.article_id, title=e.title, published=True)


def _withdrawn(row: TicketRow, e: review.ArticleWithdrawn) -> Change:
    return _article(row, e.article_id, published=False, verdict="withdrawn")


def _solved_by(row: TicketRow, e: review.ArticleLinked) -> Change:
    return _article(row, e.article_id, title=e.title, published=True, linked=True)


def _article(row: TicketRow, article_id: str, **known: object) -> Change:
    """The articles of a ticket, with what is newly known of one."""
    there = next((each for each in row.articles if each["article_id"] == article_id), {})
    others = [each for each in row.articles if each["article_id"] != article_id]
    return {"articles": [*others, {"article_id": article_id, **there, **known}]}


def _bounced(_row: TicketRow, e: submissions.BounceReceived) -> Change:
    return {"undelivered": f"{e.recipient} ({e.status or 'no status'})"} if e.hard else {}


def _undelivered(_row: TicketRow, e: notify.NotificationFailed) -> Change:
    return {"undelivered": e.reason} if e.to_customer and not e.unknown else {}


_CHANGES: Final[dict[type[Event], _Changer]] = {
    **BESIDE,
    intake.TicketCategorised: _categorised,
    intake.TicketPrioritised: _prioritised,
    relations.TicketsRelated: _related,
    relations.TicketMerged: _merged,
    relations.TicketAbsorbed: _absorbed,
    relations.TicketUnmerged: lambda _, __: {"merged_into": None},
    relations.TicketReleased: _released,
    relations.TicketsLinked: _linked,
    relations.TicketsUnlinked: _unlinked,
    participants.CopySuggested: _suggested,
    participants.CopyInvited: _invited,
    intake.ClarificationLapsed: lambda _, __: {"questions": []},
    participants.AddressConfirmed: lambda _, __: {"confirmed": True, "proof_lapsed": False},
    participants.AddressProofLapsed: lambda _, __: {"proof_lapsed": True},
    submissions.BounceReceived: _bounced,
    intake.ClarificationRequested: lambda _, e: {
        "questions": [question.model_dump() for question in e.questions]
    },
    intake.ClarificationProvided: lambda _, __: {"questions": []},
    intake.TicketVerified: lambda _, __: {"questions": [], "proof_lapsed": False},
    intake.CustomerMessageReceived: lambda _, e: {} if e.automatic else {"undelivered": ""},
    assignment.TicketQueued: lambda _, e: {
        "team_id": e.team_id,
        "team_name": e.team_name,
        "tier": e.tier,
    },
    assignment.AgentAssigned: _assigned,
    assignment.AgentUnassigned: _unassigned,
    assignment.ParticipantAdded: lambda row, e: {
        "participants": {**row.participants, e.agent_id: e.agent_name}
    },
    assignment.ParticipantRemoved: _left,
    assignment.TicketTransferred: lambda _, e: {"team_id": e.team_id, "team_name": e.team_name},
    assignment.TicketEscalated: lambda _, e: {"tier": e.tier},
    sla.SlaPlanApplied: lambda _, e: {"plan_id": e.plan_id, "plan_name": e.plan_name},
    resolution.TicketResolved: _resolved,
    resolution.ResolutionVerified: _verified,
    resolution.TicketReopened: lambda row, _: {
        "reopened": row.reopened + 1,
        "resolved_at": None,
        "closes_at": None,
    },
    review.FollowUpRequested: lambda _, e: {"followed_up_at": e.requested_at},
    review.FeedbackReceived: lambda _, e: {"rating": e.rating},
    review.QualityReviewed: lambda _, e: {"quality_score": e.score},
    review.ArticleDrafted: _drafted,
    review.ArticlePublished: _published,
    review.ArticleReviewed: _read,
    review.ArticleWithdrawn: _withdrawn,
    review.ArticleLinked: _solved_by,
    notify.NotificationFailed: _undelivered,
}
