"""Type, topic and priority: by rule when a ticket is verified, by people afterwards."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from services.intake.domain.rules import Ruled, ruled
from services.intake.domain.ticket import Facts, Ticket, workable
from services.intake.domain.topics import Topics, when_to_remind
from services.intake.domain.verification import ROUNDS_MAX, checks_passed, questions_about
from shared.events import Event, Level, Priority, TicketType
from shared.events.customers import OrganisationDefined
from shared.events.desk import TopicDefined, TriageRule
from shared.events.intake import (
    ClarificationRequested,
    Question,
    TicketCategorised,
    TicketPrioritised,
    TicketVerified,
)

MATRIX: Final[Mapping[Level, Mapping[Level, Priority]]] = {
    Level.LOW: {
        Level.LOW: Priority.LOW,
        Level.MEDIUM: Priority.LOW,
        Level.HIGH: Priority.MEDIUM,
    },
    Level.MEDIUM: {
        Level.LOW: Priority.LOW,
        Level.MEDIUM: Priority.MEDIUM,
        Level.HIGH: Priority.HIGH,
    },
    Level.HIGH: {
        Level.LOW: Priority.MEDIUM,
        Level.MEDIUM: Priority.HIGH,
        Level.HIGH: Priority.CRITICAL,
    },
}
"""Priority by impact, then urgency."""

RULE: Final = "rule"


@dataclass(frozen=True)
class Recategorise:
    """Another topic or type, by a person; None leaves it."""

    topic_id: str | None
    type: TicketType | None
    reason: str
    by: str
    topics: Topics
    now: datetime


@dataclass(frozen=True)
class OverridePriority:
    """Another impact or urgency, or a priority in place of the matrix's, by a person."""

    impact: Level | None
    urgency: Level | None
    priority: Priority | None
    reason: str
    by: str
    topics: Topics
    now: datetime


def verified_or_asked(
    facts: Facts,
    topic: TopicDefined,
    now: datetime,
    rules: Sequence[TriageRule] = (),
    organisation: OrganisationDefined | None = None,
) -> list[Event]:
    """A complete ticket is verified, categorised and prioritised; else its customer is asked."""
    questions = questions_about(facts, topic)
    if questions and facts.rounds < ROUNDS_MAX:
        return [asked(questions, topic, now)]
    return accepted(facts, topic, now, rules, questions, organisation)


def asked(
    questions: tuple[Question, ...], topic: TopicDefined, now: datetime
) -> ClarificationRequested:
    """The questions, and until when they stand."""
    remind_at, ends_at = when_to_remind(topic, now)
    return ClarificationRequested(
        questions=questions, requested_at=now, remind_at=remind_at, ends_at=ends_at
    )


def accepted(
    facts: Facts,
    topic: TopicDefined,
    now: datetime,
    rules: Sequence[TriageRule],
    questions: tuple[Question, ...] = (),
    organisation: OrganisationDefined | None = None,
) -> list[Event]:
    """The ticket as it is goes on, whatever was left open."""
    made = ruled(facts, topic, rules, organisation)
    return [
        TicketVerified(verified_at=now, checks=checks_passed(topic, questions)),
        categorised(facts, topic, made, organisation=organisation),
        prioritised(topic, made),
    ]


def categorised(
    facts: Facts,
    topic: TopicDefined,
    made: Ruled,
    by: str = RULE,
    reason: str = "",
    organisation: OrganisationDefined | None = None,
) -> TicketCategorised:
    """The category that topic, organisation and rules give a ticket."""
    names = ("type", "team", *(name for name in made.decided if name.startswith("tag ")))
    decided = {name: made.decided[name] for name in names}
    plan = _plan(facts, topic)
    if plan is None and organisation is not None and organisation.plan_id is not None:
        plan, decided["plan"] = (
            organisation.plan_id,
            f"organisation {organisation.organisation_id}",
        )
    return TicketCategorised(
        type=made.type,
        topic_id=topic.topic_id,
        topic_name=topic.name,
        team_id=made.team_id,
        team_name=made.team_name,
        skills=topic.skills if made.team_id == topic.team_id else (),
        tier=topic.tier if made.team_id == topic.team_id else 1,
        plan_id=plan,
        close_after_minutes=topic.close_after_minutes,
        archive_after_minutes=topic.archive_after_minutes,
        follow_up_after_minutes=topic.follow_up_after_minutes,
        rule=f"topic {topic.topic_id}",
        by=by,
        reason=reason,
        tags=made.tags,
        decided=decided,
        organisation=facts.organisation,
        language=facts.language,
    )


def prioritised(topic: TopicDefined, made: Ruled) -> TicketPrioritised:
    """The priority by rule: impact × urgency, as rules, customer or topic have them.

    Under a topic whose own levels make it critical, a ticket is critical whatever the
    customer makes of it.
    """
    priority = MATRIX[made.impact][made.urgency]
    decided = {name: made.decided[name] for name in ("impact", "urgency")}
    always_critical = MATRIX[topic.impact][topic.urgency] is Priority.CRITICAL
    if always_critical and priority is not Priority.CRITICAL:
        return TicketPrioritised(
            impact=made.impact,
            urgency=made.urgency,
            priority=Priority.CRITICAL,
            overridden=True,
            reason=f"Tickets under {topic.name!r} are always {Priority.CRITICAL.label}.",
            decided={**decided, "priority": f"topic {topic.topic_id}"},
        )
    return TicketPrioritised(
        impact=made.impact,
        urgency=made.urgency,
        priority=priority,
        decided={**decided, "priority": "matrix"},
    )


def recategorise(c: Recategorise, state: Ticket) -> list[Event]:
    """A person says what the ticket is about; a priority that a rule set follows."""
    facts = workable(state).facts
    topic = c.topics.of(facts.topic_id) if c.topic_id is None else c.topics.offered(c.topic_id)
    organisation = c.topics.organisations.get(facts.organisation)
    made = _by_person(c, facts, topic)
    wanted = categorised(facts, topic, made, c.by, c.reason, organisation)
    if facts.category is not None and _same_category(facts.category, wanted):
        return []
    said: list[Event] = [*_accepted(facts, c.by, c.now), wanted]
    priority = prioritised(topic, made)
    if facts.priority is None or (facts.priority.by == RULE and priority != facts.priority):
        said.append(priority)
    return said


def override_priority(c: OverridePriority, state: Ticket) -> list[Event]:
    """A person says how much it weighs."""
    facts = workable(state).facts
    topic = c.topics.of(facts.topic_id)
    organisation = c.topics.organisations.get(facts.organisation)
    made = ruled(facts, topic, c.topics.rules, organisation)
    before = facts.priority or prioritised(topic, made)
    impact = c.impact or before.impact
    urgency = c.urgency or before.urgency
    wanted = TicketPrioritised(
        impact=impact,
        urgency=urgency,
        priority=c.priority or MATRIX[impact][urgency],
        overridden=c.priority is not None and c.priority is not MATRIX[impact][urgency],
        reason=c.reason,
        by=c.by,
    )
    if facts.priority is not None and _same_priority(facts.priority, wanted):
        return []
    if facts.verified:
        return [wanted]
    category = categorised(facts, topic, made, c.by, organisation=organisation)
    return [*_accepted(facts, c.by, c.now), category, wanted]


def _by_person(c: Recategorise, facts: Facts, topic: TopicDefined) -> Ruled:
    """What rules make of the ticket under the topic; a person's word stands above them.

    Who names another topic wants it with that topic's team, whatever rules say.
    """
    same_topic = topic.topic_id == facts.topic_id
    asked = replace(facts, type=facts.type if same_topic else None)
    organisation = c.topics.organisations.get(facts.organisation)
    made = ruled(asked, topic, c.topics.rules, organisation)
    decided = dict(made.decided)
    if c.type is not None:
        made, decided["type"] = replace(made, type=c.type), c.by
    if not same_topic:
        made = replace(made, team_id=topic.team_id, team_name=topic.team_name)
        decided["team"] = c.by
    return replace(made, decided=decided)


def _accepted(facts: Facts, by: str, now: datetime) -> Sequence[Event]:
    """A person who decides on a waiting ticket has accepted it as it is."""
    if facts.verified:
        return ()
    return (TicketVerified(verified_at=now, checks=(f"accepted as it is by {by}",)),)


def _plan(facts: Facts, topic: TopicDefined) -> str | None:
    if facts.plan_wanted in topic.entitled_plans:
        return facts.plan_wanted
    return topic.plan_id


_WHY = {"by", "reason", "rule", "decided"}


def _same_category(one: TicketCategorised, other: TicketCategorised) -> bool:
    return one.model_dump(exclude=_WHY) == other.model_dump(exclude=_WHY)


def _same_priority(one: TicketPrioritised, other: TicketPrioritised) -> bool:
    return one.model_dump(exclude=_WHY) == other.model_dump(exclude=_WHY)
