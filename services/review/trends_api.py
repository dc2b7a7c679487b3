"""Trends over HTTP: what became of tickets, by what they have in common; what keeps coming back."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query

from services.review.carrying import QUERIES
from shared.asked import ByAgent
from shared.service import Runtime

DAYS_MAX: Final = 3_660

Days = Annotated[float, Query(gt=0, le=DAYS_MAX)]
Only = Annotated[str | None, Query(max_length=100)]


class TrendBy(StrEnum):
    """What tickets are put together by."""

    TOPIC = "topic"
    TEAM = "team"
    AGENT = "agent"
    ORGANISATION = "organisation"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"

    @property
    def is_time(self) -> bool:
        return self in {TrendBy.DAY, TrendBy.WEEK, TrendBy.MONTH}


def add_trends(router: APIRouter, runtime: Runtime) -> None:
    """Both questions."""
    pool = runtime.pool

    @router.get("/trends")
    async def trends(
        _asked: ByAgent,
        by: TrendBy = TrendBy.TOPIC,
        days: Days = 30,
        topic: Only = None,
        team: Only = None,
        agent: Only = None,
        organisation: Only = None,
    ) -> list[dict[str, Any]]:
        """Tickets opened within so many days: how many, how fast, how well; the most first, or
        in the order of time."""
        only = (topic, team, agent, organisation)
        rows = await pool.fetch(QUERIES.trends, _since(runtime, days), by.value, *only)
        found = [dict(row) for row in rows]
        return sorted(found, key=lambda row: str(row["about"])) if by.is_time else found

    @router.get("/recurring")
    async def recurring(
        _asked: ByAgent,
        days: Days = 30,
        at_least: Annotated[int, Query(ge=2, le=1_000)] = 3,
    ) -> list[dict[str, Any]]:
        """Problems that came up so many times: one cause, one customer or organisation with the
        same topic again, or a topic whose solutions do not hold."""
        return [
            dict(r) for r in await pool.fetch(QUERIES.recurring, _since(runtime, days), at_least)
        ]


def _since(runtime: Runtime, days: float) -> datetime:
    return runtime.clock() - timedelta(days=days)
