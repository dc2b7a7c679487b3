"""Reads of the customers' read model."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.portal.rows import (
    ArticleRow,
    CopyRow,
    MessageRow,
    PlanRow,
    TicketRow,
    TimelineRow,
    TopicRow,
)
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

    async def latest_of(self, person: UUID) -> UUID | None:
        """The ticket that this person opened last."""
        found: UUID | None = await self.pool.fetchval(QUERIES.latest_of, person)
        return found

    async def tickets_of(self, person: UUID) -> list[TicketRow]:
        """The tickets that this person opened, the latest first."""
        return [TicketRow(*row) for row in await self.pool.fetch(QUERIES.tickets_of, person)]

    async def similar_articles(
        self, words: Sequence[str], needed: int, topic_id: str, most: int
    ) -> list[ArticleRow]:
        """Articles with so many words that begin so, those that have most of them first."""
        found = await self.pool.fetch(QUERIES.similar_articles, words, needed, topic_id, most)
        return [ArticleRow(*row) for row in found]

    async def similar_tickets(
        self, words: Sequence[str], needed: int, person: UUID, most: int
    ) -> list[TicketRow]:
        """The person's open tickets whose titles have so many words that begin so."""
        found = await self.pool.fetch(QUERIES.similar_tickets, words, needed, person, most)
        return [TicketRow(*row) for row in found]

    async def article(self, article_id: str) -> ArticleRow:
        """An article that customers can read. Raises `NotFound`."""
        row = await self.pool.fetchrow(QUERIES.article, article_id)
        if row is None:
            raise NotFound(what="article")
        return ArticleRow(*row)

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

    async def copies(self, ticket_id: UUID) -> list[CopyRow]:
        """The people in copy of it, and those who were."""
        return [CopyRow(*row) for row in await self.pool.fetch(QUERIES.copies, ticket_id)]

    async def file(self, ticket_id: UUID, file_id: str) -> tuple[str, str]:
        """Name and content type of a file of the ticket. Raises `NotFound`."""
        row = await self.pool.fetchrow(QUERIES.file, ticket_id, file_id)
        if row is None:
            raise NotFound(what="file")
        return row["name"], row["content_type"]
