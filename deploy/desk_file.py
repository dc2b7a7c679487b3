"""The desk's configuration: one readable YAML, checked as a whole before anything is said.

Topics, teams, agents, plans and calendars are maps by their ids. What is wrong is told with
its place and line, all of it at once.
"""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import orjson
from pydantic import Field

from deploy.desk_notifications import Notifications
from deploy.desk_organisations import Organisation, untrue_organisations
from deploy.desk_parts import WEEKDAYS, Hours, Line, Mail, Minutes, Part, Place, Slug, interval
from deploy.desk_plans import Calendar, Plan, untrue_plans
from deploy.desk_quality import Quality
from deploy.desk_reading import read
from deploy.desk_routing import (
    TAKES_TICKETS,
    Leave,
    Levels,
    Routing,
    Timezone,
    could_take,
    levels_of,
    untrue_routing,
)
from deploy.desk_rules import Rule, untrue_rules
from deploy.desk_work import Work, untrue_work
from shared.events import Level, TicketType
from shared.events.assignment import Role, Strategy
from shared.events.desk import FormField
from shared.form_fields import wrong_fields


class Team(Part):
    name: Line
    email: Mail | None = None
    strategy: Strategy = Strategy.LEAST_LOADED


class Agent(Part):
    name: Line
    email: Mail
    role: Role = Role.AGENT
    teams: tuple[Slug, ...] = ()
    skills: Annotated[
        tuple[Slug, ...] | Levels, Field(description="By name, or with how good they are at each.")
    ] = ()
    tier: Annotated[int, Field(ge=1, le=9)] = 1
    capacity: Annotated[int, Field(ge=0)] = 10
    timezone: Annotated[Timezone, Field(description="Of shifts and leave.")] = "UTC"
    shifts: Annotated[
        dict[str, tuple[Hours, ...]],
        Field(description="By weekday; into the next day, if the end is not after the start."),
    ] = {}
    leave: Annotated[tuple[Leave, ...], Field(description="Whole days, first..last.")] = ()

    def as_defined(self) -> dict[str, Any]:
        """Its fields, as assignment takes them."""
        part = self.model_dump(mode="json", exclude={"teams", "skills", "shifts", "leave"})
        shifts = {day: list(map(interval, worked)) for day, worked in self.shifts.items()}
        leave = [each.partition("..") for each in self.leave]
        return {
            **part,
            "team_ids": self.teams,
            "skills": tuple(self.skills),
            "levels": levels_of(self.skills),
            "shifts": shifts,
            "leave": [{"first": first, "last": last or first} for first, _, last in leave],
        }


class Topic(Part):
    name: Line
    description: str = ""
    type: TicketType
    team: Slug
    skills: tuple[Slug, ...] = ()
    tier: Annotated[int, Field(ge=1, le=9)] = 1
    impact: Level = Level.MEDIUM
    urgency: Level = Level.MEDIUM
    plan: Slug | None = None
    entitled_plans: tuple[Slug, ...] = ()
    mailbox: str = ""
    fields: tuple[FormField, ...] = ()
    close_after_minutes: Minutes = 3 * 24 * 60
    archive_after_minutes: Minutes = 30 * 24 * 60
    follow_up_after_minutes: Minutes = 24 * 60
    remind_after_minutes: Annotated[
        tuple[Minutes, ...],
        Field(max_length=10, description="When who was asked something is reminded of it."),
    ] = (24 * 60, 3 * 24 * 60)
    lapses_after_minutes: Annotated[
        Minutes | None,
        Field(description="When a ticket goes on without answers; null: never by itself."),
    ] = 7 * 24 * 60
    prove_address: Annotated[
        bool,
        Field(
            description="Whether a ticket of somebody who has never shown that their address is "
            "theirs waits until they do."
        ),
    ] = False


class DeskFile(Part):
    """A whole desk."""

    name: Line
    calendars: dict[Slug, Calendar]
    plans: dict[Slug, Plan]
    teams: dict[Slug, Team]
    agents: dict[Slug, Agent]
    topics: dict[Slug, Topic]
    rules: dict[Slug, Rule] = {}
    """In their order: a later one has the last word."""
    routing: Routing = Routing()
    organisations: dict[Slug, Organisation] = {}
    quality: Quality = Quality()
    notifications: Notifications = Notifications()
    work: Work = Work()

    def for_intake(self) -> dict[str, Any]:
        """The name, topics and entitlements, as intake takes them."""
        topics = []
        for topic_id, topic in self.topics.items():
            part = topic.model_dump(mode="json", exclude={"team", "plan"})
            named = {"team_id": topic.team, "team_name": self.teams[topic.team].name}
            topics.append({"topic_id": topic_id, "plan_id": topic.plan, **named, **part})
        entitlements = [
            {"plan_id": plan_id, "customers": plan.entitled}
            for plan_id, plan in self.plans.items()
            if plan.entitled is not None
        ]
        names = {team_id: team.name for team_id, team in self.teams.items()}
        rules = [rule.as_defined(rule_id, names) for rule_id, rule in self.rules.items()]
        return {
            "name": self.name,
            "topics": topics,
            "entitlements": entitlements,
            "rules": rules,
            "organisations": [
                each.as_defined(name, names) for name, each in self.organisations.items()
            ],
        }

    def for_assignment(self, token_hashes: Mapping[str, str]) -> dict[str, Any]:
        """Teams and agents, as assignment takes them; `token_hashes` by agent."""
        teams = [
            {
                "team_id": team_id,
                "name": team.name,
                "email": team.email or "",
                "strategy": team.strategy.value,
            }
            for team_id, team in self.teams.items()
        ]
        agents = [
            {
                "agent_id": agent_id,
                "token_hash": token_hashes[agent_id],
                **agent.as_defined(),
            }
            for agent_id, agent in self.agents.items()
        ]
        names = {team_id: team.name for team_id, team in self.teams.items()}
        routing = self.routing.as_defined(names, self._calendars())
        return {"teams": teams, "agents": agents, "routing": routing}

    def for_sla(self) -> dict[str, Any]:
        """Calendars and plans, as sla takes them."""
        calendars = [
            {"calendar_id": calendar_id, **calendar.as_defined()}
            for calendar_id, calendar in self.calendars.items()
        ]
        plans = [{"plan_id": plan_id, **plan.as_defined()} for plan_id, plan in self.plans.items()]
        return {"calendars": calendars, "plans": plans}

    def for_review(self) -> dict[str, Any]:
        """Which tickets are looked back on, as review takes it."""
        return {"quality": self.quality.model_dump(mode="json")}

    def for_notify(self) -> dict[str, Any]:
        """Who hears what, as notify takes it."""
        return self.notifications.as_defined()

    def for_resolution(self) -> dict[str, Any]:
        """Canned responses, macros and how tickets close, as resolution takes them."""
        return self.work.as_defined(self._calendars())

    def _calendars(self) -> dict[str, dict[str, Any]]:
        return {name: calendar.as_defined() for name, calendar in self.calendars.items()}

    def digest(self, token_hashes: Mapping[str, str]) -> str:
        """SHA-256 of everything that will be applied."""
        whole = [
            *(self.for_intake(), self.for_assignment(token_hashes), self.for_sla()),
            *(self.for_resolution(), self.for_review(), self.for_notify()),
        ]
        return hashlib.sha256(orjson.dumps(whole, option=orjson.OPT_SORT_KEYS)).hexdigest()


def read_desk(path: Path) -> DeskFile:
    """The desk in a file. Raises `DeskFileWrong`, naming all that is wrong and where."""
    return read(path, DeskFile, _untrue)


def _untrue(desk: DeskFile) -> Iterator[tuple[Place, str]]:
    """What no part can tell by itself."""
    yield from untrue_plans(desk.plans, desk.calendars, desk.topics)
    seen: dict[str, str] = {}
    for agent_id, agent in desk.agents.items():
        first = seen.setdefault(agent.email.casefold(), agent_id)
        if first != agent_id:
            yield ("agents", agent_id, "email"), f"is the address of {first} already"
        for team in agent.teams:
            if team not in desk.teams:
                yield ("agents", agent_id, "teams"), f"there is no team {team}"
        for day in agent.shifts:
            if day not in WEEKDAYS:
                yield ("agents", agent_id, "shifts"), f"{day} is none of {', '.join(WEEKDAYS)}"
    yield from desk.notifications.untrue()
    yield from untrue_rules(desk.rules, desk.teams, desk.topics)
    yield from untrue_routing(
        desk.routing, desk.teams, desk.topics, desk.agents, desk.organisations, desk.calendars
    )
    yield from untrue_organisations(desk.organisations, desk.teams, desk.plans, _staffed(desk))
    yield from untrue_work(desk.work, desk.calendars, desk.topics)
    if "general" not in desk.topics:
        yield ("topics",), "there must be a topic general: mail is opened under it"
    mailboxes: dict[str, str] = {}
    for topic_id, topic in desk.topics.items():
        if topic.mailbox and mailboxes.setdefault(topic.mailbox, topic_id) != topic_id:
            other = mailboxes[topic.mailbox]
            yield ("topics", topic_id, "mailbox"), f"is the mailbox of {other} already"
        yield from ((("topics", topic_id, *place), what) for place, what in _wrong(desk, topic))


def _wrong(desk: DeskFile, topic: Topic) -> Iterator[tuple[Place, str]]:
    for plan in filter(None, (topic.plan, *topic.entitled_plans)):
        if plan not in desk.plans:
            yield (), f"there is no plan {plan}"
    for index, what in wrong_fields(topic.fields):
        yield ("fields", index), what
    if topic.team not in desk.teams:
        yield ("team",), f"there is no team {topic.team}"
        return
    if not any(
        could_take(agent, topic.team, dict.fromkeys(topic.skills, 1), topic.tier)
        for agent in desk.agents.values()
    ):
        skills = f" with {', '.join(topic.skills)}" if topic.skills else ""
        what = f"nobody in team {topic.team} is of tier {topic.tier} or higher{skills}"
        yield (), f"{what}: its tickets would wait for ever"


def _staffed(desk: DeskFile) -> set[str]:
    """The teams in which somebody takes tickets."""
    able = (a for a in desk.agents.values() if a.role in TAKES_TICKETS and a.capacity > 0)
    return {team for agent in able for team in agent.teams}
