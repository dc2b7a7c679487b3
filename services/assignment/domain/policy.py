"""What the desk has decided about routing: rules, strategies, weights. Pure.

Rules hold when a ticket is categorised, prioritised or reopened, and the first that fits
decides. What a person decided since, by transferring the ticket, stands above them until it
is put under another topic.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from services.assignment.domain.choice import Preferred
from services.assignment.domain.people import Need
from shared.events.assignment import RoutingRule, Strategy
from shared.events.sla import CalendarValues


@dataclass(frozen=True)
class Facts:
    """What is known of a ticket that rules look at, and what intake asked for."""

    asked: Need | None = None
    """What the ticket's topic needs, as intake said; None before it did."""
    topic_id: str = ""
    type: str = ""
    priority: str = ""
    organisation: str = ""
    language: str = ""
    by_hand: bool = False
    """A person named the team."""


NO_FACTS: Final = Facts()


@dataclass(frozen=True)
class Policy:
    """How the desk routes, as last defined."""

    rules: tuple[RoutingRule, ...] = ()
    weights: Mapping[str, int] = field(default_factory=dict)
    strategies: Mapping[str, Strategy] = field(default_factory=dict)
    """By team."""
    same_agent: bool = True
    untouched_queued_minutes: float = 0.0
    untouched_assigned_minutes: float = 0.0
    untouched_calendar: CalendarValues | None = None

    def counts_in(self, untouched_minutes: float) -> CalendarValues | None:
        """The hours in which such a rest is counted; None where none is noticed."""
        return self.untouched_calendar if untouched_minutes > 0 else None

    def weight(self, facts: Facts) -> int:
        """Places that the ticket takes of its agent's capacity."""
        return self.weights.get(facts.priority, 1)

    def strategy(self, need: Need) -> Strategy:
        """Who of the free gets it: as the rule says, else as the team does."""
        if need.strategy:
            return Strategy(need.strategy)
        return self.strategies.get(need.team_id, Strategy.LEAST_LOADED)

    def need(self, facts: Facts, current: Need) -> Need:
        """What the ticket needs by the rules as they are now."""
        if facts.asked is None or facts.by_hand:
            return current
        rule = next((each for each in self.rules if holds(each, facts)), None)
        return kept(current, facts.asked if rule is None else _applied(rule, facts.asked))

    def rule_name(self, rule_id: str) -> str:
        """What people call the rule."""
        return next((each.name for each in self.rules if each.rule_id == rule_id), "")


NO_POLICY: Final = Policy()


def holds(rule: RoutingRule, facts: Facts) -> bool:
    """Whether the ticket is of the kind that the rule is for."""
    return all(
        not wanted or given in wanted
        for wanted, given in (
            (rule.topics, facts.topic_id),
            (rule.types, facts.type),
            (rule.priorities, facts.priority),
            (rule.organisations, facts.organisation),
            (rule.languages, facts.language),
        )
    )


def kept(before: Need | None, need: Need) -> Need:
    """The new need; within the same team a ticket keeps the tier it had come to."""
    if before is None or before.team_id != need.team_id:
        return need
    return replace(need, tier=max(before.tier, need.tier), declined=before.declined)


def asked_first(need: Need, had_before: str | None, helped_before: str | None) -> list[Preferred]:
    """Who is asked before others, and why."""
    found = [
        (had_before, "had_before", "had the ticket before"),
        (need.owner, "owner", "looks after this customer"),
        (helped_before, "helped_before", "last helped this customer"),
    ]
    return [Preferred(agent_id, strategy, why) for agent_id, strategy, why in found if agent_id]


def _applied(rule: RoutingRule, asked: Need) -> Need:
    """In its own team a rule adds to what the topic needs; a team it names needs only that."""
    moves = rule.team_id not in ("", asked.team_id)
    skills = () if moves else asked.skills
    named = sorted(rule.levels.items())
    return Need(
        team_id=rule.team_id or asked.team_id,
        team_name=rule.team_name or asked.team_name,
        skills=tuple(sorted({*skills, *rule.skills, *rule.levels})),
        tier=rule.tier if moves else max(rule.tier, asked.tier),
        levels=tuple(named),
        strategy=rule.strategy.value if rule.strategy else "",
        owner=rule.owner,
        rule=rule.rule_id,
    )
