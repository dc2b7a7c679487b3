"""Reads of the API: who works here, what waits, tickets and their parts."""

from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field

from services.gateway import queues, shapes
from services.gateway.context import Gateway
from services.gateway.finders import COUNT_MAX
from services.gateway.http import AsOf, Seen, SignedIn, TicketName, problems, respond
from services.gateway.rows import AgentRow
from shared.events.base import Priority, Status
from shared.log.vector import Vector
from shared.web import etag

QueueName = Literal[
    "mine",
    "with-me",
    "mentioned",
    "following",
    "team",
    "unassigned",
    "breached",
    "waiting",
    "unproven",
    "resolved",
    "all",
    "closed",
    "archived",
]

TIMELINE_PAGE: Final = 500
"""Events of a ticket in one answer."""


class AskQuery(BaseModel):
    """Which tickets; filters can be combined."""

    queue: QueueName = "all"
    status: Status | None = None
    priority: Priority | None = None
    team: str | None = Field(None, description="A team's id.")
    agent: str | None = Field(None, description="An agent's id; `me` is who asks.")
    requester: str | None = Field(None, description="The requester's mail address.")
    q: str | None = Field(
        None, max_length=500, description="A ticket number, or words that all occur."
    )
    cursor: str | None = Field(None, description="The `next` of the page before.")
    limit: int = Field(queues.LIMIT_DEFAULT, ge=1, le=queues.LIMIT_MAX)

    def ask(self, me: AgentRow) -> queues.Ask:
        """The same, for the readers."""
        return queues.Ask(
            queue=self.queue,
            status=self.status.value if self.status else None,
            priority=self.priority.value if self.priority else None,
            team=self.team or None,
            agent=me.agent_id if self.agent == "me" else self.agent or None,
            requester=self.requester or None,
            q=(self.q or "").strip() or None,
            cursor=self.cursor or None,
            limit=self.limit,
        )


def add_desk(router: APIRouter, gateway: Gateway, agent: SignedIn) -> None:
    """Who I am, who else is here, what waits."""
    me: Any = Depends(agent)

    @router.get("/me", tags=["desk"], response_model=shapes.Agent, responses=problems(401))
    async def who_am_i(me: AgentRow = me) -> Response:
        """Who the token belongs to."""
        return respond(shapes.agent_shape(me))

    @router.get("/agents", tags=["desk"], response_model=shapes.Agents, responses=problems(401))
    async def agents(_me: AgentRow = me) -> Response:
        """Who works here, and how many tickets each has."""
        found = await gateway.finders.agents()
        listed = [{**shapes.agent_shape(row), "load": load} for row, load in found]
        return respond({"agents": listed})

    @router.get(
        "/queues", tags=["desk"], response_model=shapes.QueueCounts, responses=problems(401)
    )
    async def counts(me: AgentRow = me) -> Response:
        """The queues, and how many tickets each has for whoever asks, counted up to 1,000."""
        counted = await gateway.finders.counts(me)
        listed = [
            {"name": name, "label": queues.QUEUES[name], "count": n, "more": n >= COUNT_MAX}
            for name, n in counted.items()
        ]
        return respond({"queues": listed})


def add_tickets(router: APIRouter, gateway: Gateway, agent: SignedIn) -> None:
    """Pages of tickets, and one ticket."""
    me: Any = Depends(agent)

    @router.get(
        "/tickets",
        tags=["tickets"],
        response_model=shapes.TicketPage,
        responses=problems(401, 422),
    )
    async def page(ask: Annotated[AskQuery, Query()], me: AgentRow = me) -> Response:
        """A page of a queue, by due time; closed or found tickets come newest first."""
        found = await gateway.finders.page(ask.ask(me), me)
        tickets = [shapes.ticket_shape(row) for row in found.rows]
        return respond({"tickets": tickets, "next": found.next})

    @router.get(
        "/tickets/{ticket}",
        tags=["tickets"],
        response_model=shapes.Ticket,
        responses={304: {"description": "As the caller knows it."}, **problems(401, 404, 503)},
    )
    async def ticket(
        request: Request, ticket: TicketName, seen: Seen, as_of: AsOf = None, me: AgentRow = me
    ) -> Response:
        """A ticket as it stands; its ETag is what If-Match of a command takes. Or as it stood."""
        if as_of is not None:
            past = await gateway.look_back(ticket, me, as_of)
            return respond(shapes.ticket_shape(past.row))
        row = await gateway.look(ticket, me, seen)
        headers = etag(Vector.parse(row.vector))
        if request.headers.get("if-none-match") == headers["ETag"]:
            return Response(status_code=304, headers=headers)
        return respond(shapes.ticket_shape(row), headers=headers)


def add_parts(router: APIRouter, gateway: Gateway, agent: SignedIn) -> None:
    """The parts of a ticket: conversation, timeline, clocks."""
    me: Any = Depends(agent)
    since = Query(0, ge=0, description="Only what has a later position.")

    @router.get(
        "/tickets/{ticket}/conversation",
        tags=["tickets"],
        response_model=shapes.Messages,
        responses=problems(401, 404, 503),
    )
    async def conversation(
        ticket: TicketName, seen: Seen, since: int = since, as_of: AsOf = None, me: AgentRow = me
    ) -> Response:
        """Messages, replies, notes and solutions, oldest first."""
        if as_of is not None:
            past = await gateway.look_back(ticket, me, as_of)
            told = [shapes.message_shape(m) for m in past.messages if m.position > since]
            return respond({"messages": told})
        row = await gateway.look(ticket, me, seen)
        found = await gateway.finders.conversation(row.subject, since)
        return respond({"messages": [shapes.message_shape(each) for each in found]})

    @router.get(
        "/tickets/{ticket}/timeline",
        tags=["tickets"],
        response_model=shapes.Timeline,
        responses=problems(401, 404, 503),
    )
    async def timeline(
        ticket: TicketName, seen: Seen, since: int = since, as_of: AsOf = None, me: AgentRow = me
    ) -> Response:
        """Every event of the ticket in words, oldest first; `next` is the next page's `since`."""
        if as_of is not None:
            past = await gateway.look_back(ticket, me, as_of)
            found = [line for line in past.timeline if line.position > since]
        else:
            row = await gateway.look(ticket, me, seen)
            found = await gateway.finders.timeline(row.subject, since, TIMELINE_PAGE + 1)
        events = [shapes.happening_shape(each) for each in found[:TIMELINE_PAGE]]
        more = found[TIMELINE_PAGE - 1].position if len(found) > TIMELINE_PAGE else None
        return respond({"events": events, "next": more})

    @router.get(
        "/tickets/{ticket}/clocks",
        tags=["tickets"],
        response_model=shapes.Clocks,
        responses=problems(401, 404, 503),
    )
    async def clocks(
        ticket: TicketName, seen: Seen, as_of: AsOf = None, me: AgentRow = me
    ) -> Response:
        """What was promised, and how it stands."""
        if as_of is not None:
            past = await gateway.look_back(ticket, me, as_of)
            return respond({"clocks": [shapes.clock_shape(each) for each in past.clocks]})
        row = await gateway.look(ticket, me, seen)
        found = await gateway.finders.clocks(row.subject)
        return respond({"clocks": [shapes.clock_shape(each) for each in found]})
