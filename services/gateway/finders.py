"""What agents ask of the read model: a ticket, its parts, a page of a queue, the counts."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from services.gateway.queues import Ask, Page, Source, cursor_after, source_of, start_of
from services.gateway.rows import (
    AgentRow,
    ApiKeyRow,
    ClockRow,
    MessageRow,
    OrganisationRow,
    PersonRow,
    PlanRow,
    TeamRow,
    TicketRow,
    TimelineRow,
    TopicRow,
    WorkRulesRow,
)
from services.gateway.words import marks_in, with_names
from shared.errors import NotFound
from shared.events.base import Status
from shared.numbers import normalise
from shared.postgres import Pool
from shared.sql import load_queries

SQL: Final = load_queries(__file__)

COUNT_MAX: Final = 1_000
"""Queues are counted up to this: a longer one is shown as `999+`."""

LINES_MAX: Final = 2_000
"""Entries of one ticket's conversation or timeline that are read at once."""

OTHERS_MAX: Final = 8
"""Other tickets of a requester shown beside one."""


class Finders:
    """Reads of `desk_view`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def ticket_id(self, ticket: str) -> UUID:
        """The id of a ticket named by id or number. Raises `NotFound` for an unknown number."""
        try:
            return UUID(ticket)
        except ValueError:
            number = normalise(ticket)
        found = await self._pool.fetchval(SQL.ticket_id_of, number) if number else None
        if found is None:
            raise NotFound(what=f"ticket as {ticket[:40]}")
        ticket_id: UUID = found
        return ticket_id

    async def agents_of_address(self, email: str) -> list[tuple[str, bool]]:
        """Ids of agents who have this mail address, and whether they still work here."""
        rows = await self._pool.fetch(SQL.agents_of_address, email.strip().casefold())
        return [(row["agent_id"], row["active"]) for row in rows]

    async def session_ended(self, session_id: UUID) -> bool:
        """Whether somebody has signed out of it."""
        return bool(await self._pool.fetchval(SQL.session_ended, session_id))

    async def end_session(self, session_id: UUID, until: datetime) -> None:
        """Let nobody in with it any more; its cookie is good until then at most."""
        await self._pool.execute(SQL.end_session, session_id, until)
        await self._pool.execute(SQL.forget_sessions)

    async def ticket(self, ticket_id: UUID) -> TicketRow:
        """The ticket as it stands. Raises `NotFound`."""
        record = await self._pool.fetchrow(SQL.ticket_by_id, ticket_id)
        if record is None:
            raise NotFound(what="ticket")
        return TicketRow(**record)

    async def conversation(self, ticket_id: UUID, after: int = 0) -> list[MessageRow]:
        records = await self._pool.fetch(SQL.conversation, ticket_id, after, LINES_MAX)
        return await self.named_messages([MessageRow(**record) for record in records])

    async def timeline(
        self, ticket_id: UUID, after: int = 0, limit: int = LINES_MAX
    ) -> list[TimelineRow]:
        records = await self._pool.fetch(SQL.timeline, ticket_id, after, limit)
        return await self.named_timeline([TimelineRow(**record) for record in records])

    async def timeline_end(self, ticket_id: UUID, limit: int) -> list[TimelineRow]:
        """What happened last, oldest first."""
        records = await self._pool.fetch(SQL.timeline_end, ticket_id, limit)
        return await self.named_timeline([TimelineRow(**record) for record in reversed(records)])

    async def named_timeline(self, rows: list[TimelineRow]) -> list[TimelineRow]:
        """The rows, with agents by their names."""
        names = await self._names_for(row.words for row in rows)
        return [replace(row, words=with_names(row.words, names)) for row in rows]

    async def named_messages(self, rows: list[MessageRow]) -> list[MessageRow]:
        """The rows, with agents by their names."""
        names = await self._names_for(row.author_name for row in rows)
        return [replace(row, author_name=with_names(row.author_name, names)) for row in rows]

    async def _names_for(self, texts: Iterable[str]) -> dict[str, str]:
        """Names of agents by their ids, if any is marked in these texts."""
        if not any(marks_in(text) for text in texts):
            return {}
        return {row["agent_id"]: row["name"] for row in await self._pool.fetch(SQL.agent_names)}

    async def clocks(self, ticket_id: UUID) -> list[ClockRow]:
        records = await self._pool.fetch(SQL.clocks, ticket_id)
        return [ClockRow(**record) for record in records]

    async def person(self, person_id: UUID) -> PersonRow:
        """What is known of somebody beyond their tickets."""
        record = await self._pool.fetchrow(SQL.person, person_id)
        return PersonRow(person_id) if record is None else PersonRow(**record)

    async def others_of(self, row: TicketRow) -> list[Mapping[str, Any]]:
        """The requester's other tickets, from any address of theirs, the newest first."""
        person = await self.person(row.requester_id)
        everyone = [row.requester_id, *(UUID(each["person_id"]) for each in person.linked)]
        arguments = (everyone, row.subject, OTHERS_MAX)
        return [dict(r) for r in await self._pool.fetch(SQL.requester_tickets, *arguments)]

    async def work_rules(self) -> WorkRulesRow | None:
        """What the desk has prepared for agents; None before a desk was applied."""
        record = await self._pool.fetchrow(SQL.work_rules)
        return None if record is None else WorkRulesRow(**record)

    async def pins_of(self, row: TicketRow) -> list[dict[str, Any]]:
        """Notes pinned on the requester's other tickets, each with its ticket's number."""
        found = await self._pool.fetch(
            SQL.pins_of_requester, row.requester_id, row.subject, OTHERS_MAX
        )
        return [{**note, "number": each["number"]} for each in found for note in each["pinned"]]

    async def tickets_of(self, ticket_ids: Sequence[UUID]) -> list[dict[str, Any]]:
        """Number, title, status and agent of some tickets, the oldest first."""
        return [dict(row) for row in await self._pool.fetch(SQL.incident_numbers, ticket_ids)]

    async def page(self, ask: Ask, me: AgentRow) -> Page:
        """A page of what is asked for."""
        number = normalise(ask.q) if ask.q else None
        if number is not None:
            record = await self._pool.fetchrow(SQL.ticket_by_number, number)
            if record is not None:
                return Page([TicketRow(**record)], None)
        source = source_of(ask, me)
        records = await self._pool.fetch(getattr(SQL, source.query), *_arguments(ask, source))
        rows = [TicketRow(**record) for record in records]
        more = len(rows) > ask.limit
        rows = rows[: ask.limit]
        return Page(rows, cursor_after(rows[-1], source) if more else None)

    async def counts(self, me: AgentRow) -> dict[str, int]:
        """How many tickets each queue has, for this agent; counted up to `COUNT_MAX`."""
        asked: dict[str, tuple[str, Sequence[object]]] = {
            "mine": (SQL.count_agent, [me.agent_id]),
            "with-me": (SQL.count_participant, [me.agent_id]),
            "mentioned": (SQL.count_mentioned, [me.agent_id]),
            "following": (SQL.count_following, [me.agent_id]),
            "team": (SQL.count_team, [me.team_ids]),
            "unassigned": (SQL.count_unassigned, []),
            "breached": (SQL.count_breached, []),
            "waiting": (SQL.count_status, [Status.WAITING_FOR_CUSTOMER.value]),
            "unproven": (SQL.count_unproven, []),
            "resolved": (SQL.count_status, [Status.RESOLVED.value]),
            "all": (SQL.count_all, []),
        }
        counted = await asyncio.gather(
            *(self._pool.fetchval(sql, COUNT_MAX, *more) for sql, more in asked.values())
        )
        return {name: min(count, COUNT_MAX) for name, count in zip(asked, counted, strict=True)}

    async def agent_by_token(self, token_hash: str) -> AgentRow | None:
        record = await self._pool.fetchrow(SQL.agent_by_token, token_hash)
        return None if record is None else AgentRow(**record)

    async def api_key(self, key_hash: str) -> ApiKeyRow | None:
        """The key with this hash, revoked or not."""
        record = await self._pool.fetchrow(SQL.api_key_by_hash, key_hash)
        return None if record is None else ApiKeyRow(**record)

    async def api_keys(self) -> list[ApiKeyRow]:
        """Every key there was, the newest first."""
        return [ApiKeyRow(**record) for record in await self._pool.fetch(SQL.api_keys)]

    async def agent(self, agent_id: str) -> AgentRow | None:
        record = await self._pool.fetchrow(SQL.agent_by_id, agent_id)
        return None if record is None else AgentRow(**record)

    async def agents(self) -> list[tuple[AgentRow, int]]:
        """Who works here, with how many tickets each has."""
        records = [dict(record) for record in await self._pool.fetch(SQL.agents, COUNT_MAX)]
        loads = [record.pop("load") for record in records]
        return [(AgentRow(**r), load) for r, load in zip(records, loads, strict=True)]

    async def teams(self) -> list[TeamRow]:
        return [TeamRow(**record) for record in await self._pool.fetch(SQL.teams)]

    async def plans(self) -> list[PlanRow]:
        return [PlanRow(**record) for record in await self._pool.fetch(SQL.plans)]

    async def labels(self, topic_id: str) -> dict[str, str]:
        """What people read of each field of a form, by its name; a ticket may have been opened
        under another topic than it is under now."""
        records = await self._pool.fetch(SQL.labels, topic_id)
        return {name: label for r in records for name, label in r["labels"].items()}

    async def organisation(self, organisation_id: str) -> OrganisationRow | None:
        """An organisation, also one that is gone from the desk's configuration."""
        if not organisation_id:
            return None
        record = await self._pool.fetchrow(SQL.organisation, organisation_id)
        return None if record is None else OrganisationRow(**record)

    async def others_of_organisation(self, row: TicketRow) -> list[Mapping[str, Any]]:
        """Tickets of the requester's colleagues that are open, the newest first."""
        if not row.organisation_id:
            return []
        arguments = (row.organisation_id, row.requester_id, OTHERS_MAX)
        return [dict(r) for r in await self._pool.fetch(SQL.organisation_tickets, *arguments)]

    async def topics(self) -> list[TopicRow]:
        return [TopicRow(**record) for record in await self._pool.fetch(SQL.topics)]


def _arguments(ask: Ask, source: Source) -> list[object]:
    """The parameters of a queue's query, one row more than asked: is there a next page?"""
    filters = [ask.status, ask.priority, ask.team, ask.agent]
    return [*filters, *start_of(ask.cursor, source), ask.limit + 1, *source.of]
