"""Routing in the desk's file: which tickets need which team, skills and agents."""

from collections.abc import Container, Iterator, Mapping
from datetime import date
from typing import Annotated, Any, Final, Protocol
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, StringConstraints

from deploy.desk_parts import Line, Part, Slug
from shared.events import Priority, TicketType
from shared.events.assignment import Role, Strategy

Level = Annotated[int, Field(ge=1, le=9)]
Levels = dict[Slug, Level]
Weight = Annotated[int, Field(ge=1, le=100)]

TAKES_TICKETS: Final = (Role.AGENT, Role.MANAGER)


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, OSError, ValueError) as error:
        raise ValueError("is no time zone that anybody knows") from error
    return name


def _days(text: str) -> str:
    first, _, last = text.partition("..")
    if date.fromisoformat(last or first) < date.fromisoformat(first):
        raise ValueError("ends before it begins")
    return text


Timezone = Annotated[str, AfterValidator(_zone)]
Leave = Annotated[
    str,
    StringConstraints(pattern=r"^\d{4}-\d\d-\d\d(\.\.\d{4}-\d\d-\d\d)?$"),
    AfterValidator(_days),
]


class Kind(Part):
    """Which tickets: any of each; what is left out does not matter."""

    topics: tuple[Slug, ...] = ()
    types: tuple[TicketType, ...] = ()
    priorities: tuple[Priority, ...] = ()
    organisations: tuple[Line, ...] = ()
    languages: tuple[Line, ...] = ()


class RoutingRule(Part):
    """What such tickets need, besides what their topic says, or instead of it in another team."""

    name: str = ""
    when: Kind
    team: Slug | None = None
    skills: Annotated[
        tuple[Slug, ...] | Levels, Field(description="By name, or with the lowest level of each.")
    ] = ()
    tier: Level = 1
    strategy: Strategy | None = None
    owner: Annotated[Slug | None, Field(description="The agent who is asked first.")] = None

    def as_defined(self, rule_id: str, team_names: Mapping[str, str]) -> dict[str, Any]:
        """Its fields, as assignment takes them."""
        return {
            "rule_id": rule_id,
            "name": self.name,
            **self.when.model_dump(mode="json"),
            "team_id": self.team or "",
            "team_name": team_names.get(self.team or "", ""),
            "skills": tuple(self.skills),
            "levels": levels_of(self.skills),
            "tier": self.tier,
            "strategy": self.strategy,
            "owner": self.owner or "",
        }


class Routing(Part):
    """Who gets which ticket. The first rule that fits decides."""

    rules: dict[Slug, RoutingRule] = {}
    weights: Annotated[
        dict[Priority, Weight],
        Field(description="Places that a ticket takes of its agent's capacity; 1 if left out."),
    ] = {}
    same_agent: Annotated[
        bool, Field(description="Whoever last helped a customer is asked first.")
    ] = True
    untouched_queued_minutes: Annotated[
        float, Field(ge=0, description="Rest in a queue that is noticed; 0: none is.")
    ] = 0
    untouched_assigned_minutes: Annotated[
        float, Field(ge=0, description="Rest with an agent that is noticed; 0: none is.")
    ] = 0

    untouched_calendar: Annotated[
        Slug | None,
        Field(description="Whose business hours rest is counted in; left out: real time."),
    ] = None

    def as_defined(
        self, team_names: Mapping[str, str], calendars: Mapping[str, Mapping[str, Any]]
    ) -> dict[str, Any]:
        """Its fields, as assignment takes them; `calendars` as sla takes them, by their ids."""
        rules = [rule.as_defined(rule_id, team_names) for rule_id, rule in self.rules.items()]
        kept = self.model_dump(mode="json", exclude={"rules", "untouched_calendar"})
        if self.untouched_calendar is not None:
            kept["untouched_calendar_id"] = self.untouched_calendar
            kept["untouched_calendar"] = calendars[self.untouched_calendar]
        return {**kept, "rules": rules}


class Colleague(Protocol):
    """An agent of the file, as far as routing goes."""

    @property
    def role(self) -> Role: ...
    @property
    def capacity(self) -> int: ...
    @property
    def teams(self) -> tuple[str, ...]: ...
    @property
    def tier(self) -> int: ...
    @property
    def skills(self) -> tuple[str, ...] | dict[str, int]: ...


def levels_of(skills: tuple[str, ...] | Mapping[str, int]) -> dict[str, int]:
    """The levels that are more than having the skill at all."""
    if not isinstance(skills, Mapping):
        return {}
    return {skill: level for skill, level in skills.items() if level > 1}


def could_take(agent: Colleague, team: str, skills: Mapping[str, int], tier: int) -> bool:
    """Whether the agent could ever have such a ticket."""
    levels = agent.skills if isinstance(agent.skills, dict) else dict.fromkeys(agent.skills, 1)
    return (
        agent.role in TAKES_TICKETS
        and agent.capacity > 0
        and team in agent.teams
        and agent.tier >= tier
        and all(levels.get(skill, 0) >= level for skill, level in skills.items())
    )


def untrue_routing(
    routing: Routing,
    teams: Mapping[str, object],
    topics: Mapping[str, object],
    agents: Mapping[str, Colleague],
    organisations: Container[str],
    calendars: Container[str],
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """What no rule can tell by itself, with its place."""
    hours = routing.untouched_calendar
    if hours is not None and hours not in calendars:
        yield ("routing", "untouched_calendar"), f"there is no calendar {hours}"
    for rule_id, rule in routing.rules.items():
        place = ("routing", "rules", rule_id)
        for topic in rule.when.topics:
            if topic not in topics:
                yield (*place, "when"), f"there is no topic {topic}"
        for organisation in rule.when.organisations:
            if organisation not in organisations:
                yield (*place, "when"), f"there is no organisation {organisation}"
        if rule.owner is not None and rule.owner not in agents:
            yield (*place, "owner"), f"there is no agent {rule.owner}"
        if rule.team is None:
            continue
        if rule.team not in teams:
            yield (*place, "team"), f"there is no team {rule.team}"
            continue
        skills = dict.fromkeys(rule.skills, 1) | levels_of(rule.skills)
        if not any(could_take(each, rule.team, skills, rule.tier) for each in agents.values()):
            yield place, f"nobody in team {rule.team} could take such a ticket"
