"""Reads of the customers' read model."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.portal.rows import MessageRow, PlanRow, TicketRow, TimelineRow, TopicRow
from shared.errors import NotFound
from shared.ids import domain_key, person_id
from shared.postgres import Pool
from shared.sql import load_queries

QUERIES = load_queries(__file__)


@dataclass(frozen=True)
class Finders:
    """Everything that pages read."""

    pool: Pool

    async def topics(self) -> list[TopicRow]:
        """The topics that customers may write under, by name."""
        return [TopicRow(*row) for row in await self.pool.fetch(QUERIES.topics)]

    async def topic(self, topic_id: str) -> TopicRow:
        """One of them. Raises `NotFound`."""
        for topic in await self.topics():
            if topic.topic_id == topic_id:
                return topic
        raise NotFound(what="topic")

    async def fields(self, topic_id: str) -> list[dict[str, Any]]:
        """The fields of a topic's form, whether it is still offered or not."""
        return await self.pool.fetchval(QUERIES.fields, topic_id) or []

    async def plans(self, plan_ids: Sequence[str], email: str) -> list[PlanRow]:
        """Those of the plans that whoever has this mail address may choose; with none, those that
        are open to everybody. One that nobody defined is offered under its id."""
        domain = domain_key(email.rpartition("@")[2])
        rows = await self.pool.fetch(QUERIES.plans_of_others, person_id(email), domain)
        others = {row["plan_id"] for row in rows}
        plan_ids = [each for each in plan_ids if each not in others]
        rows = await self.pool.fetch(QUERIES.plans, plan_ids)
        known = {row["plan_id"]: (row["name"], row["description"]) for row in rows}
        return [PlanRow(UUID(int=0), each, *known.get(each, (each, ""))) for each in plan_ids]

    async def desk_name(self) -> str | None:
        """What the desk calls itself, once it was said."""
        name: str | None = await self.pool.fetchval(QUERIES.desk_name)
        return name

    async def ticket(self, ticket_id: UUID) -> TicketRow | None:
        """The ticket, once it is known here."""
        row = await self.pool.fetchrow(QUERIES.ticket, ticket_id)
        return TicketRow(*row) if row else None

    async def ticket_of(self, number: str, person: UUID) -> UUID | None:
        """The ticket with this number, if this person opened it."""
        found: UUID | None = await self.pool.fetchval(QUERIES.ticket_of, number, person)
        return found

    async def messages(self, ticket_id: UUID) -> list[MessageRow]:
        """Its conversation, oldest first."""
        return [MessageRow(*row) for row in await self.pool.fetch(QUERIES.messages, ticket_id)]

    async def first_message(self, ticket_id: UUID) -> MessageRow | None:
        """What opened it."""
        row = await self.pool.fetchrow(QUERIES.first_message, ticket_id)
        return MessageRow(*row) if row else None

    async def timeline(self, ticket_id: UUID) -> list[TimelineRow]:
        """What happened, newest first."""
        return [TimelineRow(*row) for row in await self.pool.fetch(QUERIES.timeline, ticket_id)]

    async def file(self, ticket_id: UUID, file_id: str) -> tuple[str, str]:
        """Name and content type of a file of the ticket. Raises `NotFound`."""
        row = await self.pool.fetchrow(QUERIES.file, ticket_id, file_id)
        if row is None:
            raise NotFound(what="file")
        return row["name"], row["content_type"]
