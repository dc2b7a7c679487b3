"""Reads of notify's read models. What letters look up is remembered for a moment, as there
are few of it and many letters."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from asyncpg import Record

from services.notify.directory import Contact, Directory, Promise
from services.notify.own_words import NO_OWN_WORDS, OwnWords
from services.notify.rules import Rules
from services.notify.story import Story
from shared.clock import monotonic_seconds
from shared.events import Event, Priority
from shared.events.assignment import ParticipantAdded, Role
from shared.events.notify import (
    NotificationPreferencesSet,
    NotificationRulesDefined,
    QuietTime,
)
from shared.events.resolution import NoteAdded
from shared.ids import person_id
from shared.postgres import Pool
from shared.sql import load_queries

QUERIES = load_queries(__file__)

FRESH_SECONDS: Final = 1.0
"""How long a look at the desk is good for."""

TIMES_LOOKING: Final = 10
"""And at least so many times as long as looking took: most of the time goes to letters."""


NAMELESS: Final = "Help desk"
"""What a desk is called that was not configured yet."""


@dataclass(frozen=True)
class Colleague:
    """Somebody of the desk, and what they are there."""

    contact: Contact
    role: str
    team_ids: frozenset[str]
    active: bool


@dataclass(frozen=True)
class Known:
    """The desk, and addresses that took no mail, as of a moment ago."""

    colleagues: Mapping[str, Colleague] = field(default_factory=dict)
    team_emails: Mapping[str, Contact] = field(default_factory=dict)
    promises: Mapping[tuple[str, Priority], Promise] = field(default_factory=dict)
    defaults: Mapping[Priority, str] = field(default_factory=dict)
    mailboxes: frozenset[str] = frozenset()
    name: str = NAMELESS
    rules: Rules = field(default_factory=lambda: Rules.of(None))
    words: OwnWords = NO_OWN_WORDS
    quiet: QuietTime | None = None
    """The desk's quiet hours."""
    preferences: Mapping[str, NotificationPreferencesSet] = field(default_factory=dict)
    """Of agents, by whom."""
    bounced: Mapping[str, datetime] = field(default_factory=dict)
    """When the last mail to an address failed for good, by the address."""
    until_seconds: float = 0.0

    def managers(self, team_id: str) -> tuple[Contact, ...]:
        """The managers of a team; the team's own address if it has none."""
        found = [
            each.contact
            for each in self.colleagues.values()
            if each.active and each.role == Role.MANAGER and team_id in each.team_ids
        ]
        if not found and team_id in self.team_emails:
            found = [self.team_emails[team_id]]
        return tuple(found)


class Finder:
    """Reads `deliveries` and `directory`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._known = Known()
        self._looking = asyncio.Lock()

    async def directory(self, story: Story, event: Event) -> Directory:
        """Whatever a letter about this event on this ticket may have to look up."""
        known = await self._look()
        asked = {*story.participants, *story.followers}
        if story.last_agent is not None:
            asked.add(story.last_agent.agent_id)
        if isinstance(event, NoteAdded):
            asked.update(event.mentions)
        if isinstance(event, ParticipantAdded):
            asked.add(event.agent_id)
        if not asked <= known.colleagues.keys():
            known = await self._look(anew=True)
        found = [known.colleagues[each] for each in asked if each in known.colleagues]
        return Directory(
            agents={each.contact.agent_id: each.contact for each in found},
            managers=known.managers(story.team_id),
            promises=known.promises,
            defaults=known.defaults,
        )

    async def unwanted(
        self, addresses: Sequence[str], bounced_since: datetime
    ) -> tuple[frozenset[str], frozenset[str]]:
        """Our own mailboxes' local parts, and those of the addresses that took no mail lately."""
        known = await self._look()
        asked = {address.casefold() for address in addresses}
        bounced = {
            address
            for address in asked
            if address in known.bounced and known.bounced[address] > bounced_since
        }
        return known.mailboxes, frozenset(bounced)

    async def desk_name(self) -> str:
        """What the desk calls itself."""
        return (await self._look()).name

    async def rules(self) -> Rules:
        """Who hears what."""
        return (await self._look()).rules

    async def own_words(self) -> OwnWords:
        """What mails say in the desk's own words."""
        return (await self._look()).words

    async def preferences(
        self, whom: str
    ) -> tuple[NotificationPreferencesSet | None, QuietTime | None]:
        """What an agent wants, and the hours of whoever has set none."""
        known = await self._look()
        return known.preferences.get(whom), known.quiet

    async def muted(self, whom: str) -> frozenset[str]:
        """Kinds that a customer does not want."""
        wanted = await self._pool.fetchval(QUERIES.preferences_of, whom)
        return frozenset(wanted["muted"]) if wanted else frozenset()

    async def of_ticket(self, ticket_id: UUID) -> list[Record]:
        """The notifications on a ticket, oldest first."""
        return await self._pool.fetch(QUERIES.of_ticket, ticket_id)

    async def stats(self) -> list[Record]:
        """How many notifications of each kind are at each stage."""
        return await self._pool.fetch(QUERIES.stats)

    async def _look(self, *, anew: bool = False) -> Known:
        async with self._looking:
            if anew or monotonic_seconds() > self._known.until_seconds:
                started = monotonic_seconds()
                looked = await self._pool.fetchrow(QUERIES.desk)
                bounced = await self._pool.fetch(QUERIES.bounced)
                assert looked is not None, "a row without a table is always there"
                now = monotonic_seconds()
                until = now + max(FRESH_SECONDS, TIMES_LOOKING * (now - started))
                self._known = _known(looked, bounced, until)
            return self._known


def _known(desk: Record, bounced: Sequence[Record], until: float) -> Known:
    plans = desk["plans"] or ()
    defined = desk["rules"]
    rules = NotificationRulesDefined.model_validate(defined) if defined else None
    lifted = {
        UUID(each["subject"]): datetime.fromisoformat(each["lifted_at"])
        for each in desk["lifted"] or ()
    }
    return Known(
        colleagues={each["agent_id"]: _colleague(each) for each in desk["agents"] or ()},
        team_emails={
            each["team_id"]: Contact(f"team:{each['team_id']}", each["name"], each["email"])
            for each in desk["teams"] or ()
        },
        promises={
            (plan["plan_id"], Priority(priority)): Promise(*minutes)
            for plan in plans
            for priority, minutes in plan["promises"].items()
        },
        defaults={
            Priority(each): plan["plan_id"] for plan in plans for each in plan["default_for"]
        },
        mailboxes=frozenset(desk["mailboxes"] or ()),
        name=desk["name"] or NAMELESS,
        rules=Rules.of(rules),
        words=OwnWords.of(rules.templates) if rules else NO_OWN_WORDS,
        quiet=rules.quiet if rules else None,
        preferences={
            each["whom"]: NotificationPreferencesSet.model_validate(each["wanted"])
            for each in desk["preferences"] or ()
        },
        bounced={
            each["recipient"]: each["settled_at"] for each in bounced if not is_lifted(each, lifted)
        },
        until_seconds=until,
    )


def is_lifted(bounced: Any, lifted: Mapping[UUID, datetime]) -> bool:
    """Whether mail is sent again to an address since it took none."""
    since = lifted.get(person_id(bounced["recipient"]))
    return since is not None and since >= bounced["settled_at"]


def _colleague(row: Mapping[str, Any]) -> Colleague:
    contact = Contact(row["agent_id"], row["name"], row["email"])
    return Colleague(contact, row["role"], frozenset(row["team_ids"]), row["active"])
