"""Further addresses of a requester, as agents or they themselves say; language, time zone."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter

from services.intake import bodies
from services.intake.domain import DECIDER
from services.intake.domain.persons import (
    PERSONS_DECIDER,
    Command,
    DescribePerson,
    LinkAddress,
    UnlinkAddress,
)
from services.intake.domain.ticket import known
from services.intake.parts import Parts
from shared.asked import Asked, ByAgent, ByCustomerOrAgent
from shared.decider import Context, handle_all
from shared.errors import Rejected
from shared.events import Person
from shared.ids import person_id

SHOWN: Final = "They used a link that was mailed there, asked for while signed in with the other."
"""How it is known that an address that customers have added themselves is theirs."""


class AddressNotShown(Rejected):
    """Only a link that was mailed to an address shows whose it is."""

    http_status = 403


def person_routes(parts: Parts) -> APIRouter:
    """Commands on the person behind a ticket."""
    router = APIRouter(tags=["people"])

    @router.get("/people/{person:uuid}")  # and not /people/keys
    async def show(person: UUID, _asked: ByAgent) -> dict[str, Any]:
        """What is known of somebody beyond their tickets."""
        found = await parts.finders.person(person)
        return {
            "person_id": person,
            "linked": [{"person_id": k, "address": v} for k, v in found.linked.items()],
            "language": found.language,
            "timezone": found.timezone,
        }

    @router.post("/tickets/{ticket_id}/addresses")
    async def link(ticket_id: UUID, body: bodies.AddressOrder, asked: ByAgent) -> dict[str, Any]:
        """The requester has another address, too; the agent says how that is known.

        Whoever writes from it takes part in all their tickets: so without proof, never.
        """
        requester = await _requester(parts, ticket_id)
        commands = await _linking(parts, requester, body.address, body.proof, asked.by)
        return await _all(parts, ticket_id, commands, asked, "link address")

    @router.post("/tickets/{ticket_id}/addresses/own")
    async def link_own(
        ticket_id: UUID, body: bodies.OwnAddress, asked: ByCustomerOrAgent
    ) -> dict[str, Any]:
        """The requester, signed in at the portal, had a link mailed to another address of theirs,
        and whoever has that acted through it: so both are one person's."""
        requester = await _requester(parts, ticket_id)
        by_link = asked.caller.issuer == "portal" and asked.person_id == person_id(body.address)
        if not by_link or requester.person_id != body.requester:
            raise AddressNotShown
        commands = await _linking(parts, requester, body.address, SHOWN, asked.by)
        return await _all(parts, ticket_id, commands, asked, "link own address")

    @router.delete("/tickets/{ticket_id}/addresses/{person}")
    async def unlink(ticket_id: UUID, person: UUID, asked: ByAgent) -> dict[str, Any]:
        """It is somebody else's address after all: it is linked with none of theirs."""
        requester = await _requester(parts, ticket_id)
        now = parts.runtime.clock()
        mine = await parts.finders.person(requester.person_id)
        rest = [requester.person_id, *(one for one in mine.linked if one != person)]
        commands: list[tuple[UUID, Command]] = []
        for one in rest:
            commands += [
                (one, UnlinkAddress(person, asked.by, now)),
                (person, UnlinkAddress(one, asked.by, now)),
            ]
        return await _all(parts, ticket_id, commands, asked, "unlink address")

    @router.post("/tickets/{ticket_id}/requester")
    async def describe(ticket_id: UUID, body: bodies.PersonOrder, asked: ByAgent) -> dict[str, Any]:
        """What the requester speaks, and where they are: it holds for their next tickets."""
        requester = await _requester(parts, ticket_id)
        now = parts.runtime.clock()
        command = DescribePerson(body.language or "", body.timezone or "", asked.by, now)
        return await _all(
            parts, ticket_id, [(requester.person_id, command)], asked, "describe requester"
        )

    return router


async def _linking(
    parts: Parts, requester: Person, address: str, proof: str, by: str
) -> list[tuple[UUID, Command]]:
    """Each address of the requester with each of whoever has the other, both ways."""
    now = parts.runtime.clock()
    ours = await _addresses(parts, requester.email)
    theirs = await _addresses(parts, address)
    commands: list[tuple[UUID, Command]] = []
    for one, other in ((one, other) for one in ours for other in theirs if one != other):
        there = LinkAddress(one, other, proof, by, now)
        back = LinkAddress(other, one, proof, by, now)
        commands += [(person_id(one), there), (person_id(other), back)]
    alone = LinkAddress(requester.email, address, proof, by, now)
    return commands or [(requester.person_id, alone)]


async def _requester(parts: Parts, ticket_id: UUID) -> Person:
    past = await parts.past(ticket_id)
    return known(DECIDER.fold([recorded.event for recorded in past])).facts.requester


async def _addresses(parts: Parts, address: str) -> list[str]:
    """All addresses of whoever has this one."""
    found = await parts.finders.person(person_id(address))
    return [address, *found.linked.values()]


async def _all(
    parts: Parts,
    ticket_id: UUID,
    commands: Sequence[tuple[UUID, Command]],
    asked: Asked,
    what: str,
) -> dict[str, Any]:
    """Carry out all of it or nothing, and answer once it is in force here."""
    named = f"{what} {ticket_id}"
    context = Context(**asked.context(named) | {"seen": None}, now=parts.runtime.clock())
    outcomes = await handle_all(parts.runtime.log, PERSONS_DECIDER, commands, context)
    last = outcomes[-1]
    await parts.runtime.wait_for(last.subject, last.vector, "triage")
    said = [type(event).__name__ for outcome in outcomes for event in outcome.events]
    return {"ticket_id": ticket_id, "events": said}
