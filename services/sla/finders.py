"""What can be asked of the read models of sla."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.sla.plans import Plan
from shared.errors import NotFound
from shared.events import Priority, TicketType
from shared.events.sla import CalendarValues, EscalationStep, PlanTargets, Stops
from shared.postgres import Pool
from shared.sql import load_queries

QUERIES = load_queries(__file__)

Row = dict[str, Any]


@dataclass(frozen=True)
class Plans:
    """The plans of the desk, each with its business hours."""

    pool: Pool

    async def all(self) -> list[Plan]:
        """Every plan whose calendar is known, in the order of their ids."""
        return [_plan(row) for row in await self.pool.fetch(QUERIES.plans)]

    async def one(self, plan_id: str) -> Plan:
        """The plan with this id. Raises `NotFound`."""
        row = await self.pool.fetchrow(QUERIES.plan, plan_id)
        if row is None:
            raise NotFound(what="plan")
        return _plan(row)

    async def calendar_ids(self) -> set[str]:
        """The calendars that are defined."""
        return {row["calendar_id"] for row in await self.pool.fetch(QUERIES.calendars)}


def _plan(row: Any) -> Plan:
    return Plan(
        plan_id=row["plan_id"],
        name=row["name"],
        targets=tuple(PlanTargets.model_validate(each) for each in row["targets"]),
        calendar_id=row["calendar_id"],
        calendar=CalendarValues.model_validate(
            {name: row[name] for name in ("timezone", "hours", "holidays", "special_hours")}
        ),
        default_for=frozenset(Priority(each) for each in row["default_for"]),
        warn_at_share=row["warn_at_share"],
        escalate_on_breach=row["escalate_on_breach"],
        public_holidays=tuple(row["public_holidays"]),
        escalation=tuple(EscalationStep.model_validate(each) for each in row["escalation"]),
        stops=tuple(Stops.model_validate(each) for each in row["stops"]),
        organisations=frozenset(row["organisations"]),
        topics=frozenset(row["topics"]),
        types=frozenset(TicketType(each) for each in row["types"]),
        revision=row["revision"],
    )


async def ticket_of(pool: Pool, ticket_id: UUID) -> Row:
    """The plan that holds for a ticket. Raises `NotFound`."""
    row = await pool.fetchrow(QUERIES.ticket, ticket_id)
    if row is None:
        raise NotFound(what="ticket")
    return dict(row)


async def clocks_of(pool: Pool, ticket_id: UUID) -> list[Row]:
    """A ticket's clocks, the first response first."""
    return [dict(row) for row in await pool.fetch(QUERIES.clocks, ticket_id)]


async def due_next(pool: Pool, team_id: str | None, limit: int) -> list[Row]:
    """Running clocks, those due first at the top."""
    return [dict(row) for row in await pool.fetch(QUERIES.due_next, team_id, limit)]


async def open_of_plan(pool: Pool, plan_id: str) -> list[UUID]:
    """The tickets under a plan that have a clock that is not at its end."""
    return [row["subject"] for row in await pool.fetch(QUERIES.open_of_plan, plan_id)]


async def open_by_plan(pool: Pool) -> dict[str, int]:
    """How many tickets have a clock that is not at its end, by plan."""
    rows = await pool.fetch(QUERIES.open_by_plan)
    return {row["plan_id"]: row["tickets"] for row in rows}
