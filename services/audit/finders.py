"""What can be asked of the sequence of all events."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import orjson

from services.audit.words import names_in
from shared.errors import NotFound
from shared.events.assignment import AgentDefined
from shared.events.intake import TicketOpened
from shared.ids import desk_id
from shared.log import Log, Recorded
from shared.numbers import normalise
from shared.postgres import Pool
from shared.privacy.sealing import ERASED
from shared.sql import load_queries

QUERIES = load_queries(__file__)


async def ticket_id(pool: Pool, given: str) -> UUID:
    """The ticket that is meant: by its id, or by its number however it is typed.

    Raises `NotFound`.
    """
    try:
        return UUID(given)
    except ValueError:
        pass
    number = normalise(given)
    found: UUID | None = await pool.fetchval(QUERIES.ticket_by_number, number or given)
    if found is None:
        raise NotFound(what="ticket")
    return found


async def numbers_of(pool: Pool, events: Sequence[Recorded]) -> dict[UUID, str]:
    """The numbers of the tickets that the events are about, also of one just opened."""
    subjects = list({event.subject for event in events})
    rows = await pool.fetch(QUERIES.numbers, subjects)
    numbers: dict[UUID, str] = {row["subject"]: row["number"] for row in rows}
    for event in events:
        if event.type == TicketOpened.__name__:
            numbers[event.subject] = str(orjson.loads(event.data).get("number", ""))
    return numbers


async def names_of(log: Log, events: Sequence[Recorded]) -> dict[str, str]:
    """Names of the people whom events of a ticket name, by their ids: its requester, and agents
    as they were last defined. Nobody who was forgotten has one."""
    names: dict[str, str] = {}
    ids: set[str] = set()
    for recorded in events:
        if recorded.type == TicketOpened.__name__:
            # As JSON: what no version of ours would say is told all the same.
            person = orjson.loads(recorded.text).get("requester") or {}
            names[str(person.get("person_id", ""))] = str(person.get("name", ""))
        ids |= {each.removeprefix("agent:") for each in names_in(orjson.loads(recorded.data))}
        ids.add(recorded.actor.removeprefix("agent:"))
    pasts = await log.read_many([desk_id("agent", each) for each in ids])
    for past in pasts.values():
        for recorded in past.events:
            if isinstance(recorded.event, AgentDefined):
                names[recorded.event.agent_id] = recorded.event.name
    return {who: name for who, name in names.items() if name and name != ERASED}


def shown(event: Recorded, number: str | None) -> dict[str, Any]:
    """An event with its envelope, as JSON; `data` is its text, readable as far as nobody
    whom it is about was forgotten, `sealed` the text that it was said as."""
    return {
        "position": event.position,
        "number": number,
        "subject": event.subject,
        "author": event.author,
        "version": event.version,
        "id": event.id,
        "previous": event.previous,
        "topic": event.topic,
        "type": event.type,
        "actor": event.actor,
        "occurred_at": event.occurred_at,
        "recorded_at": event.recorded_at,
        "revision": event.revision,
        "after": event.after,
        "correlation": event.correlation,
        "causation": event.causation,
        "traceparent": event.traceparent,
        "data": event.text,
        "sealed": event.data if event.keys else None,
    }
