"""The fan-out: a delivery for each public event and each webhook that wants it.

It follows the log, and commits what it adds together with its cursor: every event behind the
making of a webhook is posted there, once, whatever crashes. What webhooks there are, it
learns from the same log on the way.
"""

from collections.abc import Sequence
from typing import Any, Final

from services.notify.webhooks.domain import NOTICE, TYPES
from services.notify.webhooks.store import QUERIES
from shared.errors import CursorLost
from shared.events.notify import (
    WebhookChanged,
    WebhookCreated,
    WebhookRemoved,
    WebhookSecretRotated,
)
from shared.followers.follower import Follower
from shared.ids import derived_id
from shared.log import Log, Recorded
from shared.log.log import QUERIES as LOG_QUERIES

NAME: Final = "webhooks"

_DEFINING: Final = frozenset(
    cls.__name__ for cls in (WebhookCreated, WebhookChanged, WebhookSecretRotated, WebhookRemoved)
)
_POSTED: Final = frozenset((*TYPES, NOTICE))


class FanOut(Follower):
    """Adds deliveries to `callouts`."""

    def __init__(self, event_log: Log, instance: str) -> None:
        super().__init__(event_log, NAME, instance)
        self._wanted: list[tuple[Any, frozenset[str]]] = []
        """Every webhook, with the types it wants; none are named: all."""

    async def led(self) -> None:
        self._wanted = await self._read_wanted(self.log.pool)

    async def step(self) -> bool:
        page = await self._page()
        if not page:
            return False
        to = page[-1].position
        if any(event.type in _DEFINING for event in page) or (
            self._wanted and any(event.type in _POSTED for event in page)
        ):
            await self._carry_out(page, to)
        else:
            await self.passed_over(to)
        return True

    async def _carry_out(self, page: Sequence[Recorded], to: int) -> None:
        async with self.log.pool.acquire() as connection, connection.transaction():
            moved = await connection.fetchval(
                LOG_QUERIES.move_cursor, self.name, self.generation, self.stored, to
            )
            if not moved:
                raise CursorLost(follower=self.name)
            wanted, due = self._wanted, []
            for event in page:
                if event.type in _DEFINING:
                    await _define(connection, event)
                    wanted = await self._read_wanted(connection)
                elif event.type in _POSTED:
                    due += [(each, event) for each, types in wanted if _wants(types, event)]
            if due:
                await connection.execute(QUERIES.add_deliveries, *_columns(due))
        self._wanted = wanted
        self.had_effect(to)

    async def _read_wanted(self, connection: Any) -> list[tuple[Any, frozenset[str]]]:
        rows = await connection.fetch(QUERIES.wanted)
        return [(row["webhook_id"], frozenset(row["types"])) for row in rows]


def _wants(types: frozenset[str], event: Recorded) -> bool:
    return event.type in types or (not types and event.type != NOTICE)


async def _define(connection: Any, recorded: Recorded) -> None:
    """Write down what a webhook is from now on."""
    webhook_id = recorded.subject
    match recorded.event:
        case WebhookCreated() as event:
            await connection.execute(
                QUERIES.endpoint_created,
                webhook_id,
                event.url,
                list(event.types),
                event.description,
                event.created_by,
                event.created_at,
            )
        case WebhookChanged() as event:
            await connection.execute(
                QUERIES.endpoint_changed,
                webhook_id,
                event.url,
                list(event.types),
                event.description,
                event.active,
            )
        case WebhookSecretRotated() as event:
            await connection.execute(
                QUERIES.endpoint_rotated, webhook_id, event.generation, event.rotated_at
            )
        case WebhookRemoved():
            await connection.execute(QUERIES.endpoint_removed, webhook_id)
        case _:
            pass


def _columns(due: Sequence[tuple[Any, Recorded]]) -> list[list[Any]]:
    """The arguments of `add_deliveries`, a list a column."""
    rows = [
        (
            derived_id("delivery", webhook, event.id),
            webhook,
            event.id,
            event.subject,
            event.type,
            event.position,
            event.occurred_at,
        )
        for webhook, event in due
    ]
    return [list(column) for column in zip(*rows, strict=True)]
