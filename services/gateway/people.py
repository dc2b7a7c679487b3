"""People are forgotten at their wish: asked for here by an admin, done by all services."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, Field

from services.gateway.auth import identity_of
from services.gateway.context import Gateway
from services.gateway.http import SignedIn, problems, relayed, respond
from services.gateway.rows import AgentRow
from shared.errors import Rejected
from shared.events.assignment import Role
from shared.ids import desk_id, person_id


class Erasure(BaseModel):
    email: str = Field(min_length=3, max_length=320, description="Whose address it is.")


class AgentStillWorks(Rejected):
    """{agent_id} still works at the desk: take them out of its configuration first."""


def add_people(router: APIRouter, gateway: Gateway, agent: SignedIn) -> None:
    """The one route."""
    signed_in: Any = Depends(agent)

    @router.post(
        "/people/erasure", tags=["people"], status_code=202, responses=problems(401, 403, 409, 503)
    )
    async def erase(body: Erasure, me: AgentRow = signed_in) -> Response:
        """Forget whoever has a mail address, as a customer, under other addresses of theirs, too,
        and as an agent who has left.

        It takes a while; asked again, what was written since is forgotten, too. Takes at
        least the role admin, and is on record.
        """
        identity_of(me).require(Role.ADMIN)
        persons = await _behind(gateway, body.email)
        for person in persons:
            path = f"/v1/people/{person}/erasure"
            answer = await gateway.send(me, "intake", "POST", path, body=b"", headers={})
            if answer.status >= 400:
                return relayed(answer)
        return respond({"persons": [str(person) for person in persons]}, 202)


async def _behind(gateway: Gateway, email: str) -> list[UUID]:
    """Whoever stands behind an address. Raises `AgentStillWorks`."""
    customer = await gateway.finders.person(person_id(email))
    linked = [UUID(each["person_id"]) for each in customer.linked]
    persons = [customer.subject, *linked]
    for agent_id, active in await gateway.finders.agents_of_address(email):
        if active:
            raise AgentStillWorks(agent_id=agent_id)
        persons.append(desk_id("agent", agent_id))
    return persons
