"""`triage`, stage 3: category, priority and relations of tickets; topics and organisations."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from services.intake.domain.related import words_of
from shared.events import DESK, Event
from shared.events.customers import (
    AddressLinked,
    AddressUnlinked,
    OrganisationDefined,
    PersonDescribed,
)
from shared.events.desk import EntitlementDefined, TopicDefined, TriageRulesDefined
from shared.events.intake import (
    ClarificationProvided,
    ClarificationRequested,
    TicketCategorised,
    TicketOpened,
    TicketPrioritised,
    TicketVerified,
)
from shared.events.relations import (
    TicketAbsorbed,
    TicketMerged,
    TicketsLinked,
    TicketsRelated,
    TicketsUnlinked,
    TicketUnmerged,
)
from shared.events.resolution import (
    TicketArchived,
    TicketClosed,
    TicketReopened,
)
from shared.followers.view import Table, View
from shared.log import Recorded

PEOPLE_EVENTS = (AddressLinked, AddressUnlinked, PersonDescribed)


@dataclass(frozen=True)
class TriagedTicket:
    """What a ticket is about, how much it weighs, and what it resembles."""

    subject: UUID
    number: str
    requester_id: UUID
    opened_at: datetime
    open: bool
    """Neither closed nor merged nor archived."""
    words: Sequence[str]
    questions: Sequence[dict[str, Any]]
    """What the customer is asked; empty once it is verified."""
    verified_at: datetime | None
    type: str | None
    topic_id: str
    topic_name: str
    team_id: str | None
    tier: int | None
    impact: str | None
    urgency: str | None
    priority: str | None
    overridden: bool
    reason: str
    related: Sequence[dict[str, Any]]
    merged_into: UUID | None
    tags: Sequence[str] = ()
    linked: Sequence[dict[str, Any]] = ()
    """Tickets that people say have to do with it."""


@dataclass(frozen=True)
class Topic:
    """A topic of the desk."""

    subject: UUID
    topic_id: str
    active: bool
    revision: int
    definition: dict[str, Any]


@dataclass(frozen=True)
class Rules:
    """The rules of the desk, in their order."""

    subject: UUID
    revision: int
    definition: Sequence[dict[str, Any]]


@dataclass(frozen=True)
class Entitlement:
    """Whom a plan is for."""

    subject: UUID
    plan_id: str
    active: bool
    definition: dict[str, Any]


@dataclass(frozen=True)
class Organisation:
    """Customers who belong together."""

    subject: UUID
    organisation_id: str
    active: bool
    definition: dict[str, Any]


@dataclass(frozen=True)
class KnownPerson:
    """Somebody with further addresses, or whose language we were told."""

    subject: UUID
    linked: Sequence[dict[str, str]] = ()
    """Their other addresses, each with its person's id."""
    language: str = ""
    timezone: str = ""


class Triage:
    """Verification, category, priority and relations of tickets; topics and entitlements."""

    name: ClassVar[str] = "triage"
    tickets: ClassVar[Table[TriagedTicket]] = Table("tickets", TriagedTicket)
    topics: ClassVar[Table[Topic]] = Table("topics", Topic, topic=DESK)
    entitlements: ClassVar[Table[Entitlement]] = Table("entitlements", Entitlement, topic=DESK)
    rules: ClassVar[Table[Rules]] = Table("rules", Rules, topic=DESK)
    organisations: ClassVar[Table[Organisation]] = Table("organisations", Organisation, topic=DESK)
    people: ClassVar[Table[KnownPerson]] = Table("people", KnownPerson, topic=DESK)
    tables: ClassVar[Sequence[Table[Any]]] = (
        *(tickets, topics, entitlements, rules),
        *(organisations, people),
    )
    hears: ClassVar[frozenset[type[Event]]] = frozenset(
        {
            TopicDefined,
            TriageRulesDefined,
            EntitlementDefined,
            OrganisationDefined,
            *PEOPLE_EVENTS,
            TicketOpened,
            ClarificationRequested,
            ClarificationProvided,
            TicketVerified,
            TicketCategorised,
            TicketPrioritised,
            TicketsRelated,
            TicketMerged,
            TicketUnmerged,
            TicketsLinked,
            TicketsUnlinked,
            TicketAbsorbed,
            TicketClosed,
            TicketReopened,
            TicketArchived,
        }
    )

    def fold(self, view: View, recorded: Recorded) -> None:
        match recorded.event:
            case TopicDefined() as event:
                view.put(self.topics, _topic(view.subject, event))
            case TriageRulesDefined() as event:
                definition = [rule.model_dump(mode="json") for rule in event.rules]
                view.put(self.rules, Rules(view.subject, event.revision, definition))
            case EntitlementDefined() as event:
                entitled = event.model_dump(mode="json")
                row = Entitlement(view.subject, event.plan_id, event.active, entitled)
                view.put(self.entitlements, row)
            case OrganisationDefined() as event:
                told = event.model_dump(mode="json")
                named = Organisation(view.subject, event.organisation_id, event.active, told)
                view.put(self.organisations, named)
            case AddressLinked() | AddressUnlinked() | PersonDescribed() as event:
                person = view.get(self.people) or KnownPerson(view.subject)
                view.put(self.people, _person_after(person, event))
            case TicketOpened() as event:
                if view.get(self.tickets) is None:
                    view.put(self.tickets, _untriaged(view.subject, event))
            case event:
                view.change(self.tickets, **_triage_changes(view, event))


def _person_after(
    row: KnownPerson, event: AddressLinked | AddressUnlinked | PersonDescribed
) -> KnownPerson:
    if isinstance(event, PersonDescribed):
        return replace(row, language=event.language, timezone=event.timezone)
    other = str(event.other_person_id)
    linked = [one for one in row.linked if one["person_id"] != other]
    if isinstance(event, AddressLinked):
        linked.append({"person_id": other, "address": event.other_address})
    return replace(row, linked=linked)


def _topic(subject: UUID, event: TopicDefined) -> Topic:
    return Topic(
        subject=subject,
        topic_id=event.topic_id,
        active=event.active,
        revision=event.revision,
        definition=event.model_dump(mode="json"),
    )


def _untriaged(subject: UUID, event: TicketOpened) -> TriagedTicket:
    return TriagedTicket(
        subject=subject,
        number=event.number,
        requester_id=event.requester.person_id,
        opened_at=event.opened_at,
        open=True,
        words=words_of(event.subject, event.description),
        questions=(),
        verified_at=None,
        type=None,
        topic_id=event.topic_id,
        topic_name=event.topic_name,
        team_id=None,
        tier=None,
        impact=None,
        urgency=None,
        priority=None,
        overridden=False,
        reason="",
        related=(),
        merged_into=None,
    )


def _triage_changes(view: View, event: object) -> dict[str, Any]:
    """Which fields of the ticket's row change."""
    match event:
        case ClarificationRequested():
            return {"questions": [question.model_dump() for question in event.questions]}
        case ClarificationProvided():
            row = view.get(Triage.tickets)
            said = " ".join((*event.answers.values(), event.text))
            old = " ".join(row.words) if row else ""
            return {"words": words_of(old, said)}
        case TicketVerified():
            return {"verified_at": event.verified_at, "questions": ()}
        case TicketCategorised():
            return {
                "type": event.type.value,
                "topic_id": event.topic_id,
                "topic_name": event.topic_name,
                "team_id": event.team_id,
                "tier": event.tier,
                "tags": list(event.tags),
            }
        case TicketPrioritised():
            return {
                "impact": event.impact.value,
                "urgency": event.urgency.value,
                "priority": event.priority.value,
                "overridden": event.overridden,
                "reason": event.reason,
            }
        case TicketsRelated():
            row = view.get(Triage.tickets)
            new = [relation.model_dump(mode="json") for relation in event.related]
            return {"related": [*(row.related if row else ()), *new]}
        case TicketUnmerged():
            return {"open": True, "merged_into": None}
        case TicketMerged():
            return {"open": False, "merged_into": event.into_ticket_id}
        case TicketClosed() | TicketArchived():
            return {"open": False}
        case TicketReopened():
            return {"open": True}
        case _:
            return _links_after(view, event)


def _links_after(view: View, event: object) -> dict[str, Any]:
    match event:
        case TicketsLinked():
            return {"linked": [*_without(view, event.other_ticket_id), _link(event)]}
        case TicketsUnlinked():
            return {"linked": _without(view, event.other_ticket_id)}
        case _:
            return {}


def _link(event: TicketsLinked) -> dict[str, Any]:
    other = str(event.other_ticket_id)
    return {"ticket_id": other, "number": event.other_number, "kind": event.kind}


def _without(view: View, other: UUID) -> list[dict[str, Any]]:
    row = view.get(Triage.tickets)
    return [one for one in (row.linked if row else ()) if one["ticket_id"] != str(other)]
