"""All that the sequence knows of a person: to be shown to them, or before they are forgotten."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from services.audit.finders import QUERIES, shown
from shared.events import Attachment
from shared.events.assignment import AgentDefined
from shared.events.intake import TicketOpened
from shared.events.notify import NotificationRequested
from shared.events.submissions import SubmissionQuarantined
from shared.ids import desk_id, person_id
from shared.log import Log, Recorded
from shared.privacy.sealing import key_name, opened


@dataclass(frozen=True)
class Known:
    """Whoever stands behind a mail address."""

    persons: tuple[UUID, ...]
    """As a customer, and as an agent for each id that the address was an agent's under."""
    active_agents: tuple[str, ...]
    """Ids of agents that still work here under the address."""


async def behind(log: Log, email: str) -> Known:
    """Whoever stands behind a mail address, as far as the desk was told."""
    latest: dict[UUID, AgentDefined] = {}
    for recorded in await log.recorded(await log.pool.fetch(QUERIES.agents)):
        if isinstance(recorded.event, AgentDefined):
            latest[recorded.subject] = recorded.event
    wanted = email.strip().casefold()
    theirs = [agent for agent in latest.values() if agent.email.casefold() == wanted]
    agents = tuple(desk_id("agent", agent.agent_id) for agent in theirs)
    active = tuple(agent.agent_id for agent in theirs if agent.active)
    return Known((person_id(email), *agents), active)


async def events_of(
    log: Log, persons: Sequence[UUID], after: int, limit: int
) -> tuple[list[Recorded], set[str]]:
    """The next events that are about people or by them; and the names of these people's keys."""
    rows = await log.pool.fetch(QUERIES.keys_of, persons)
    names = {key_name(row["key_id"]) for row in rows}
    actors = [f"customer:{person}" for person in persons]
    page = await log.pool.fetch(QUERIES.events_of, list(names), actors, list(persons), after, limit)
    return await log.recorded(page), names


def told(event: Recorded, names: set[str]) -> dict[str, Any]:
    """An event as the person it is about may see it: what is sealed for others stays hidden."""
    text = event.data
    if event.keys:
        text = opened(event.data, event.id, event.secrets or {}, event.keys, only=names)
    return {**shown(event, None), "data": orjson.loads(text), "sealed": None}


def what_it_names(event: Recorded) -> tuple[list[dict[str, Any]], str]:
    """The files that an event names, and the Message-ID of the mail that it asks for."""
    decoded = event.event
    files = [vars(file) for file in getattr(decoded, "attachments", ()) if _is_file(file)]
    if isinstance(decoded, SubmissionQuarantined):
        raw = {"file_id": decoded.raw_file_id, "name": "original.eml"}
        files.append({**raw, "size_bytes": decoded.size_bytes})
    mail = decoded.message_id if isinstance(decoded, NotificationRequested) else ""
    return files, mail


def number_of(event: Recorded) -> str:
    """The number of the ticket that an event opens; empty for any other."""
    return event.event.number if isinstance(event.event, TicketOpened) else ""


def _is_file(value: object) -> bool:
    return isinstance(value, Attachment)
