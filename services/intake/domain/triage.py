"""Type, topic and priority: by rule when a ticket is verified, by people afterwards."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from services.intake.domain.rules import Ruled, ruled
from services.intake.domain.ticket import Facts, Ticket, workable
from services.intake.domain.verification import ROUNDS_MAX, checks_passed, questions_about
from shared.errors import Rejected
from shared.events import Event, Level, Priority, TicketType
from shared.events.intake import (
    ClarificationRequested,
    EntitlementDefined,
    Question,
    TicketCategorised,
    TicketPrioritised,
    TicketVerified,
    TopicDefined,
    TriageRule,
)
from shared.ids import domain_key, person_id

GENERAL: Final = TopicDefined(
    topic_id="general",
    name="General",
    type=TicketType.GENERAL,
    team_id="support",
    team_name="Support",
    revision=0,
)
"""What a mail is opened under when the desk has no topic for it."""

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


class TopicNotOffered(Rejected):
    """There is no topic {topic_id} on this desk."""

    http_status = 422


@dataclass(frozen=True)
class Topics:
    """The topics of the desk, by id, and who may choose which plan."""

    by_id: Mapping[str, TopicDefined]
    entitlements: Mapping[str, EntitlementDefined] = field(default_factory=dict)
    """Those in force, by plan."""
    rules: Sequence[TriageRule] = ()
    rules_revision: int = 0

    def may_choose(self, email: str, plan_id: str) -> bool:
        """Whether the plan is open to whoever has this mail address."""
        entitlement = self.entitlements.get(plan_id)
        domain = domain_key(email.rpartition("@")[2])
        return (
            entitlement is None
            or domain in entitlement.domains
            or person_id(email) in entitlement.people
        )

    def of(self, topic_id: str) -> TopicDefined:
        """The topic, or the general one where there is none of that id."""
        return self.by_id.get(topic_id) or self.by_id.get(GENERAL.topic_id) or GENERAL

    def offered(self, topic_id: str) -> TopicDefined:
        """The topic, if tickets may be put under it. Raises `TopicNotOffered`."""
        topic = self.by_id.get(topic_id)
        if topic is None or not topic.active:
            raise TopicNotOffered(topic_id=topic_id)
        return topic

    @property
    def revision(self) -> int:
        """The newest revision of the desk that changed any of it; 0 before there was one."""
        topics = (topic.revision for topic in self.by_id.values())
        others = (each.revision for each in self.entitlements.values())
        return max(self.rules_revision, *topics, *others, 0)

    def for_mail(self, local_parts: Sequence[str]) -> TopicDefined:
        """The topic of the first of our mailboxes that has one, else the general one."""
        by_mailbox = {t.mailbox: t for t in self.by_id.values() if t.mailbox and t.active}
        found = (by_mailbox[part] for part in local_parts if part in by_mailbox)
        return next(found, self.of(GENERAL.topic_id))

    def of_mailboxes(self, local_parts: Sequence[str]) -> tuple[TopicDefined, ...]:
        """The topics of those of our mailboxes that have one, in the order of their names."""
        named = [t for t in self.by_id.values() if t.active and t.mailbox in local_parts]
        return tuple(sorted((t for t in named if t.mailbox), key=lambda t: t.topic_id))


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
    facts: Facts, topic: TopicDefined, now: datetime, rules: Sequence[TriageRule] = ()
) -> list[Event]:
    """A complete ticket is verified, categorised and prioritised; else its customer is asked."""
    questions = questions_about(facts, topic)
    if questions and facts.rounds < ROUNDS_MAX:
        return [asked(questions, topic, now)]
    return accepted(facts, topic, now, rules, questions)


def asked(
    questions: tuple[Question, ...], topic: TopicDefined, now: datetime
) -> ClarificationRequested:
    """The questions, and until when they stand."""
    ends = topic.lapses_after_minutes
    return ClarificationRequested(
        questions=questions,
        requested_at=now,
        remind_at=tuple(now + timedelta(minutes=each) for each in topic.remind_after_minutes),
        ends_at=None if ends is None else now + timedelta(minutes=ends),
    )


def accepted(
    facts: Facts,
    topic: TopicDefined,
    now: datetime,
    rules: Sequence[TriageRule],
    questions: tuple[Question, ...] = (),
) -> list[Event]:
    """The ticket as it is goes on, whatever was left open."""
    made = ruled(facts, topic, rules)
    return [
        TicketVerified(verified_at=now, checks=checks_passed(topic, questions)),
        categorised(facts, topic, made),
        prioritised(topic, made),
    ]


def categorised(
    facts: Facts,
    topic: TopicDefined,
    made: Ruled,
    by: str = RULE,
    reason: str = "",
) -> TicketCategorised:
    """The category that topic and rules give a ticket."""
    names = ("type", "team", *(name for name in made.decided if name.startswith("tag ")))
    return TicketCategorised(
        type=made.type,
        topic_id=topic.topic_id,
        topic_name=topic.name,
        team_id=made.team_id,
        team_name=made.team_name,
        skills=topic.skills if made.team_id == topic.team_id else (),
        tier=topic.tier if made.team_id == topic.team_id else 1,
        plan_id=_plan(facts, topic),
        close_after_minutes=topic.close_after_minutes,
        archive_after_minutes=topic.archive_after_minutes,
        follow_up_after_minutes=topic.follow_up_after_minutes,
        rule=f"topic {topic.topic_id}",
        by=by,
        reason=reason,
        tags=made.tags,
        decided={name: made.decided[name] for name in names},
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
    made = _by_person(c, facts, topic)
    wanted = categorised(facts, topic, made, c.by, c.reason)
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
    made = ruled(facts, topic, c.topics.rules)
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
    return [*_accepted(facts, c.by, c.now), categorised(facts, topic, made, c.by), wanted]


def _by_person(c: Recategorise, facts: Facts, topic: TopicDefined) -> Ruled:
    """What rules make of the ticket under the topic; a person's word stands above them.

    Who names another topic wants it with that topic's team, whatever rules say.
    """
    same_topic = topic.topic_id == facts.topic_id
    made = ruled(replace(facts, type=facts.type if same_topic else None), topic, c.topics.rules)
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
