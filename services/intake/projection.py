"""The read models of stages 1 to 3, and what is asked of them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from services.intake.domain.persons import NOTHING_KNOWN, Described
from services.intake.domain.topics import Topics
from services.intake.projections.clarifications import Clarifications
from services.intake.projections.register import Register
from services.intake.projections.submissions import Submissions
from services.intake.projections.triage import Triage
from shared.clock import monotonic_seconds
from shared.events.customers import OrganisationDefined
from shared.events.desk import EntitlementDefined, TopicDefined, TriageRule
from shared.postgres import Pool
from shared.sql import load_queries
from shared.together import Together

QUERIES = load_queries(__file__)

PROJECTIONS = (Submissions(), Register(), Triage(), Clarifications())

CANDIDATES_MAX = 50
"""How many open tickets of a person are compared with a new one."""

MATCHES_MAX = 300
"""How many open tickets of anybody are looked at that share a rare word with a new one."""

SHARES_SECONDS = 60.0
"""How long it is remembered which words are common."""

Words = dict[tuple[UUID, str], Sequence[str]]
"""The words of tickets, by their id and number."""

Similar = tuple[str, Sequence[str], Words]
"""A ticket's number and words, and the words of others by their id and number."""


class Finders:
    """What can be asked of the read models."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._people: Together[UUID, Described] = Together(self._people_by_id)
        self._shares: dict[str, float] = {}
        self._shares_at = -SHARES_SECONDS
        self._numbers: Together[str, UUID] = Together(self._tickets_of_numbers)

    async def topics(self) -> Topics:
        """The topics of the desk, also those no longer offered; entitlements, organisations."""
        rows = await self._pool.fetch(QUERIES.topics)
        topics = [TopicDefined.model_validate(row["definition"]) for row in rows]
        rows = await self._pool.fetch(QUERIES.entitlements)
        entitled = [EntitlementDefined.model_validate(row["definition"]) for row in rows]
        rows = await self._pool.fetch(QUERIES.organisations)
        organisations = [OrganisationDefined.model_validate(row["definition"]) for row in rows]
        defined = await self._pool.fetchrow(QUERIES.rules)
        written = defined["definition"] if defined else ()
        return Topics(
            {topic.topic_id: topic for topic in topics},
            {each.plan_id: each for each in entitled},
            rules=[TriageRule.model_validate(rule) for rule in written],
            rules_revision=defined["revision"] if defined else 0,
            organisations={each.organisation_id: each for each in organisations},
        )

    async def person(self, person_id: UUID) -> Described:
        """What is known of somebody beyond their tickets."""
        return await self._people.get(person_id) or NOTHING_KNOWN

    async def _people_by_id(self, people: Sequence[UUID]) -> dict[UUID, Described]:
        rows = await self._pool.fetch(QUERIES.people, people)
        return {
            row["subject"]: Described(
                {UUID(one["person_id"]): one["address"] for one in row["linked"]},
                row["language"],
                row["timezone"],
            )
            for row in rows
        }

    async def open_by_topic(self) -> dict[str, int]:
        """How many tickets are open under each topic."""
        rows = await self._pool.fetch(QUERIES.open_by_topic)
        return {row["topic_id"]: row["tickets"] for row in rows}

    async def open_like(self, ticket_ids: Sequence[UUID]) -> dict[UUID, Similar]:
        """The words of tickets that triage knows, and those of their requesters' other open
        tickets."""
        rows = await self._pool.fetch(QUERIES.open_of_requesters, ticket_ids, CANDIDATES_MAX)
        found: dict[UUID, Similar] = {}
        for row in rows:
            _, _, others = found.setdefault(
                row["asked"], (row["asked_number"], row["asked_words"], {})
            )
            if row["subject"] is not None:
                others[row["subject"], row["number"]] = row["words"]
        return found

    async def open_with_words(self, asked: Mapping[UUID, Sequence[str]]) -> dict[UUID, Words]:
        """The words of other people's open tickets that share some with those asked about."""
        wanted = {subject: words for subject, words in asked.items() if words}
        texts = [" | ".join(f"'{word}'" for word in words) for words in wanted.values()]
        rows = await self._pool.fetch(
            QUERIES.open_with_words, list(wanted), texts, MATCHES_MAX, CANDIDATES_MAX
        )
        found: dict[UUID, Words] = {}
        for row in rows:
            others = found.setdefault(row["asked"], {})
            others[row["subject"], row["number"]] = row["words"]
        return found

    async def word_shares(self) -> dict[str, float]:
        """The words that many tickets have, and the share of tickets that each is in: as the
        database's own statistics know it, so that no language needs a list of its own."""
        now = monotonic_seconds()
        if now - self._shares_at >= SHARES_SECONDS:
            row = await self._pool.fetchrow(QUERIES.word_shares)
            words, shares = (row["words"], row["shares"]) if row else (None, None)
            # Behind the shares of the words stand the least and the greatest of them.
            self._shares = dict(zip(words or (), shares or (), strict=False))
            self._shares_at = now
        return self._shares

    async def ticket_of_number(self, number: str) -> UUID | None:
        """The ticket with this number, as we write numbers."""
        return await self._numbers.get(number)

    async def _tickets_of_numbers(self, numbers: Sequence[str]) -> dict[str, UUID]:
        rows = await self._pool.fetch(QUERIES.tickets_of_numbers, numbers)
        return {row["number"]: row["subject"] for row in rows}

    async def tickets_of_mails(self, message_ids: Sequence[str]) -> list[UUID]:
        """The tickets that mails with these Message-IDs belong to, the newest mail first."""
        if not message_ids:
            return []
        rows = await self._pool.fetch(QUERIES.tickets_of_message_ids, list(message_ids))
        return list(dict.fromkeys(row["subject"] for row in rows))

    async def is_blocked(self, person_id: UUID) -> bool:
        """Whether no mail is taken from this person."""
        return bool(await self._pool.fetchval(QUERIES.is_blocked, person_id))

    async def count_refusal(self, person_id: UUID, now: datetime) -> None:
        """A mail of somebody who is blocked was refused."""
        await self._pool.execute(QUERIES.count_refusal, person_id, now)

    async def is_customer(self, person_id: UUID) -> bool:
        """Whether this person has ever opened a ticket."""
        return bool(await self._pool.fetchval(QUERIES.is_customer, person_id))

    async def is_proven(self, person_id: UUID) -> bool:
        """Whether this person has ever shown that their address is theirs."""
        return bool(await self._pool.fetchval(QUERIES.is_proven, person_id))

    async def opened_lately(self, person_id: UUID) -> int:
        """How many tickets this person opened by mail in the last hour."""
        found: int = await self._pool.fetchval(QUERIES.opened_lately, person_id)
        return found

    async def quarantine(
        self, before: datetime | None, before_id: UUID | None, limit: int
    ) -> list[dict[str, Any]]:
        """What is quarantined, the newest first."""
        rows = await self._pool.fetch(QUERIES.quarantine, before, before_id, limit)
        return [dict(row) for row in rows]

    async def quarantined(self, subject: UUID) -> dict[str, Any] | None:
        """One quarantined submission."""
        row = await self._pool.fetchrow(QUERIES.quarantined, subject)
        return dict(row) if row else None

    async def blocked(self) -> list[dict[str, Any]]:
        """From whom no mail is taken, since when, and how many mails were refused since."""
        return [dict(row) for row in await self._pool.fetch(QUERIES.blocked)]

    async def file_named(self, file_id: str) -> tuple[str, str]:
        """Name and content type that a file came with; of raw mail, else of unnamed bytes."""
        row = await self._pool.fetchrow(QUERIES.file_named, file_id)
        if row is not None:
            return row["name"], row["content_type"]
        if await self._pool.fetchval(QUERIES.is_quarantined_file, file_id):
            return "message.eml", "message/rfc822"
        return "file", "application/octet-stream"
