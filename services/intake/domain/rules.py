"""Rules of the desk: on any field of a ticket, they set type, impact, urgency, team and tags.

They are looked at in their order, and a later one has the last word; which rule decided what
goes on record with the decision.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from services.intake.domain.ticket import Facts
from shared.events import Level, TicketType
from shared.events.customers import OrganisationDefined
from shared.events.desk import RuleCondition, TopicDefined, TriageRule

FIELD_PREFIX: Final = "fields."


@dataclass(frozen=True)
class Ruled:
    """What topic and rules make of a ticket, and which of them decided it."""

    type: TicketType
    impact: Level
    urgency: Level
    team_id: str
    team_name: str
    tags: tuple[str, ...] = ()
    decided: Mapping[str, str] = field(default_factory=dict)


def ruled(
    facts: Facts,
    topic: TopicDefined,
    rules: Sequence[TriageRule],
    organisation: OrganisationDefined | None = None,
) -> Ruled:
    """The topic's word, then the customer's and their organisation's, then that of every rule
    that applies."""
    by_topic, by_customer = f"topic {topic.topic_id}", "customer"
    decided = {
        "type": by_customer if facts.type else by_topic,
        "impact": by_customer if facts.impact else by_topic,
        "urgency": by_customer if facts.urgency else by_topic,
        "team": by_topic,
    }
    made = Ruled(
        type=facts.type or topic.type,
        impact=facts.impact or topic.impact,
        urgency=facts.urgency or topic.urgency,
        team_id=topic.team_id,
        team_name=topic.team_name,
        decided=decided,
    )
    if organisation is not None and organisation.team_id is not None:
        made = replace(
            made,
            team_id=organisation.team_id,
            team_name=organisation.team_name or organisation.team_id,
            decided={**decided, "team": f"organisation {organisation.organisation_id}"},
        )
    for rule in rules:
        if all(holds(condition, facts, topic) for condition in rule.when):
            made = _after(made, rule)
            if rule.stop:
                break
    return made


def _after(made: Ruled, rule: TriageRule) -> Ruled:
    by = f"rule {rule.rule_id}"
    decided = dict(made.decided)
    for name, value in (
        ("type", rule.type),
        ("impact", rule.impact),
        ("urgency", rule.urgency),
        ("team", rule.team_id),
    ):
        if value is not None:
            decided[name] = by
    for tag in rule.tags:
        decided.setdefault(f"tag {tag}", by)
    return Ruled(
        type=rule.type or made.type,
        impact=rule.impact or made.impact,
        urgency=rule.urgency or made.urgency,
        team_id=rule.team_id or made.team_id,
        team_name=(rule.team_name or rule.team_id) if rule.team_id else made.team_name,
        tags=tuple(dict.fromkeys((*made.tags, *rule.tags))),
        decided=decided,
    )


def holds(condition: RuleCondition, facts: Facts, topic: TopicDefined) -> bool:
    """Whether the condition is fulfilled; one that nobody understands never is."""
    check = _CHECKS.get(condition.op)
    if check is None:
        return False
    value = value_of(condition.field, facts, topic).casefold()
    return check(value, [each.casefold() for each in condition.values])


def value_of(name: str, facts: Facts, topic: TopicDefined) -> str:
    """What stands in a field of the ticket; empty if nothing does."""
    if name.startswith(FIELD_PREFIX):
        return facts.custom_fields.get(name.removeprefix(FIELD_PREFIX), "")
    read = _VALUES.get(name)
    return read(facts, topic) if read else ""


_VALUES: Final[Mapping[str, Callable[[Facts, TopicDefined], str]]] = {
    "topic": lambda _, topic: topic.topic_id,
    "channel": lambda facts, _: facts.channel.value,
    "subject": lambda facts, _: facts.subject,
    "description": lambda facts, _: facts.description,
    "text": lambda facts, _: f"{facts.subject}\n{facts.description}",
    "requester.email": lambda facts, _: facts.requester.email,
    "requester.domain": lambda facts, _: facts.requester.email.rpartition("@")[2],
    "requester.name": lambda facts, _: facts.requester.name,
    "organisation": lambda facts, _: facts.organisation,
    "language": lambda facts, _: facts.language,
    "impact": lambda facts, topic: (facts.impact or topic.impact).value,
    "urgency": lambda facts, topic: (facts.urgency or topic.urgency).value,
    "type": lambda facts, topic: (facts.type or topic.type).value,
    "plan": lambda facts, topic: facts.plan_wanted or topic.plan_id or "",
    "attachments": lambda facts, _: str(facts.attached),
}

FIELDS: Final = tuple(_VALUES)
"""What a condition can be about, besides `fields.<name>`: a field of the topic's form."""


def number_in(text: str) -> float | None:
    """The number that a text is, as people write it."""
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return None


def _above(value: str, limits: Sequence[str]) -> bool:
    return _compared(value, limits, lambda number, limit: number > limit)


def _below(value: str, limits: Sequence[str]) -> bool:
    return _compared(value, limits, lambda number, limit: number < limit)


def _compared(value: str, limits: Sequence[str], true_of: Callable[[float, float], bool]) -> bool:
    number = number_in(value)
    found = (number_in(limit) for limit in limits)
    return number is not None and any(true_of(number, each) for each in found if each is not None)


_CHECKS: Final[Mapping[str, Callable[[str, Sequence[str]], bool]]] = {
    "is": lambda value, values: value in values,
    "is_not": lambda value, values: value not in values,
    "contains": lambda value, values: any(each in value for each in values),
    "starts_with": lambda value, values: value.startswith(tuple(values)),
    "above": _above,
    "below": _below,
    "given": lambda value, values: bool(value) is (values != ["no"]),
}

OPS: Final = tuple(_CHECKS)
"""What a condition can ask."""
