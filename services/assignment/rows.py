"""The rows of `queues`, and the state that each shows.

A ticket's row is the state that commands are decided from, made visible, with what is
counted and sorted by beside it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson

from services.assignment.domain.line import Standing
from services.assignment.domain.people import Need
from services.assignment.domain.policy import Facts
from services.assignment.domain.tickets import Closed, Held, Incoming, Open, Waiting
from shared.events import DESK
from shared.events.intake import TicketOpened
from shared.followers.view import Table


@dataclass(frozen=True, slots=True)
class TicketRow:
    """A ticket, and where it stands."""

    subject: UUID
    number: str
    stage: str
    """incoming, waiting or held; what it was, if it is closed."""
    closed: bool
    verified: bool
    prioritised: bool
    team_id: str | None
    team_name: str | None
    skills: list[str]
    tier: int
    declined: list[str]
    need: str | None
    """All of what it needs in one value: tickets with the same are taken up alike."""
    queued: bool
    had_before: str | None
    agent_id: str | None
    agent_tier: int
    recategorised: bool
    participants: list[str]
    priority: str | None
    rank: int
    since: datetime
    """When it was opened, or reopened: its age in the queue."""
    queued_at: datetime | None
    """When it came into the queue; None if it is not there."""
    last_agent_id: str | None
    assigned_at: datetime | None
    reason: str
    """Why it was last decided as it was."""
    candidates: list[dict[str, Any]]
    decided_at: datetime | None
    facts: dict[str, Any]
    """What routing rules look at, and what intake asked for."""
    wants: dict[str, Any]
    """What it needs besides: levels, strategy, owner, and the rule that says so."""
    weight: int
    """Places that it takes of its agent's capacity."""
    how: str
    """How its agent was found."""
    overrides: list[str]
    requester: UUID | None
    clocks: dict[str, str]
    """When what was promised is due: clocks that run."""
    due_at: datetime | None
    line_at: datetime
    """Its place in line: the due time, promised or not."""
    watch_minutes: float
    """How long it may rest."""
    watched_since: datetime | None
    untouched_since: datetime | None
    """It was noticed that it rests since then; None if it does not."""
    watch_calendar: dict[str, Any] | None = None
    """Business hours in which its rest is counted; None: real time."""


@dataclass(frozen=True, slots=True)
class AgentRow:
    """An agent, as defined, and whether online."""

    subject: UUID
    agent_id: str
    name: str
    role: str
    team_ids: list[str]
    skills: list[str]
    tier: int
    capacity: int
    active: bool
    online: bool
    levels: dict[str, int]
    timezone: str
    shifts: dict[str, Any]
    leave: list[dict[str, str]]


@dataclass(frozen=True, slots=True)
class TeamRow:
    """A team, as defined."""

    subject: UUID
    team_id: str
    name: str
    strategy: str


@dataclass(frozen=True, slots=True)
class RoutingRow:
    """How the desk routes, as defined."""

    subject: UUID
    definition: dict[str, Any]


TICKET_ROWS: Final = Table("tickets", TicketRow)
AGENT_ROWS: Final = Table("agents", AgentRow, topic=DESK)
TEAM_ROWS: Final = Table("teams", TeamRow, topic=DESK)
ROUTING_ROWS: Final = Table("routing", RoutingRow, topic=DESK)


def need_key(need: Need) -> str:
    """All of a need in one sortable value, from which `need_of` makes it again."""
    parts = [need.team_id, need.tier, sorted(need.skills), sorted(need.declined), need.team_name]
    return orjson.dumps([*parts, _wants(need)]).decode()


def need_of(key: str) -> Need:
    """The need that `key` was made of."""
    team_id, tier, skills, declined, team_name, *wants = orjson.loads(key)
    need = Need(team_id, team_name, tuple(skills), tier, tuple(declined))
    return _wanting(need, wants[0] if wants else {})


def _wants(need: Need) -> dict[str, Any]:
    """What the columns of the first version of the read model don't say."""
    said = {
        "levels": dict(need.levels),
        "strategy": need.strategy,
        "owner": need.owner,
        "rule": need.rule,
    }
    return {name: value for name, value in said.items() if value}


def _wanting(need: Need, wants: Mapping[str, Any]) -> Need:
    levels = tuple(sorted(wants.get("levels", {}).items()))
    return replace(need, **{**wants, "levels": levels})


def _facts_shown(facts: Facts) -> dict[str, Any]:
    shown = {
        name: value
        for name, value in (
            ("topic_id", facts.topic_id),
            ("type", facts.type),
            ("priority", facts.priority),
            ("organisation", facts.organisation),
            ("language", facts.language),
            ("by_hand", facts.by_hand),
        )
        if value
    }
    return {**shown, "asked": need_key(facts.asked)} if facts.asked else shown


def facts_of(shown: Mapping[str, Any]) -> Facts:
    """The facts that a row shows."""
    asked = shown.get("asked")
    return Facts(**{**shown, "asked": need_of(asked) if asked else None})


def standing_of(row: TicketRow) -> Standing:
    """What its place in line comes from."""
    clocks = {name: datetime.fromisoformat(due) for name, due in row.clocks.items()}
    return Standing(row.since, row.rank, clocks)


def with_standing(row: TicketRow, standing: Standing) -> TicketRow:
    """The row that shows the place in line."""
    return replace(
        row,
        since=standing.since,
        rank=standing.rank,
        clocks={name: due.isoformat() for name, due in standing.clocks.items()},
        due_at=standing.due_at,
        line_at=standing.line_at,
    )


def state_of(row: TicketRow) -> Open | Closed:
    """The state that `row` shows."""
    state = _open_state_of(row)
    return Closed(state) if row.closed else state


def _open_state_of(row: TicketRow) -> Open:
    participants = frozenset(row.participants)
    facts = facts_of(row.facts)
    if row.need is None or row.stage == "incoming":
        return Incoming(row.verified, row.prioritised, participants, facts)
    need = need_of(row.need)
    if row.agent_id is None:
        return Waiting(need, row.queued, row.had_before, participants, facts)
    return Held(
        need, row.agent_id, row.agent_tier, row.recategorised, participants, facts, row.weight
    )


def opened(subject: UUID, event: TicketOpened) -> TicketRow:
    """The row of a ticket that was just opened."""
    return TicketRow(
        subject=subject,
        number=event.number,
        stage="incoming",
        closed=False,
        verified=False,
        prioritised=False,
        team_id=None,
        team_name=None,
        skills=[],
        tier=1,
        declined=[],
        need=None,
        queued=False,
        had_before=None,
        agent_id=None,
        agent_tier=0,
        recategorised=False,
        participants=[],
        priority=None,
        rank=0,
        since=event.opened_at,
        queued_at=None,
        last_agent_id=None,
        assigned_at=None,
        reason="",
        candidates=[],
        decided_at=None,
        facts={},
        wants={},
        weight=1,
        how="",
        overrides=[],
        requester=event.requester.person_id,
        clocks={},
        due_at=None,
        line_at=Standing(event.opened_at).line_at,
        watch_minutes=0.0,
        watched_since=None,
        untouched_since=None,
    )


def shown(row: TicketRow, state: Open | Closed) -> TicketRow:
    """The row that shows `state`."""
    inner = state.before if isinstance(state, Closed) else state
    need = inner.need
    row = replace(
        row,
        closed=isinstance(state, Closed),
        stage=type(inner).__name__.lower(),
        participants=sorted(inner.participants),
        team_id=need.team_id if need else None,
        team_name=need.team_name if need else None,
        skills=list(need.skills) if need else [],
        tier=need.tier if need else 1,
        declined=list(need.declined) if need else [],
        need=need_key(need) if need else None,
        wants=_wants(need) if need else {},
        facts=_facts_shown(inner.facts),
        queued=False,
        had_before=None,
        agent_id=None,
        agent_tier=0,
        recategorised=False,
        weight=1,
    )
    match inner:
        case Incoming():
            return replace(row, verified=inner.verified, prioritised=inner.prioritised)
        case Waiting():
            return replace(row, queued=inner.queued, had_before=inner.had_before)
        case Held():
            return replace(
                row,
                agent_id=inner.agent_id,
                agent_tier=inner.tier,
                recategorised=inner.recategorised,
                weight=inner.weight,
            )
