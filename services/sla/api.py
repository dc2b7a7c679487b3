"""The inner HTTP API of sla: choose a plan, define the desk's plans, ask for due times."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response
from fastapi.responses import JSONResponse

from services.sla import desk, finders
from services.sla.bodies import Calc, ChoosePlan, DeskBody, Reapply
from services.sla.commands import ApplyPlan, Reterm
from services.sla.domain import DECIDER
from services.sla.preview import preview
from services.sla.why import shown
from shared.asked import ByManager
from shared.events import Event
from shared.events.assignment import Role
from shared.ids import desk_id
from shared.service import Runtime
from shared.web import After, Caller, Invalid, etag


def routes(runtime: Runtime) -> APIRouter:
    """Every route of sla but the core's own."""
    router = APIRouter(prefix="/v1")
    plans = finders.Plans(runtime.pool)
    _add_ticket(router, runtime, plans)
    _add_desk(router, runtime, plans)
    return router


def _add_ticket(router: APIRouter, runtime: Runtime, plans: finders.Plans) -> None:
    @router.post("/tickets/{ticket_id}/plan")
    async def choose_plan(ticket_id: UUID, body: ChoosePlan, asked: ByManager) -> Response:
        await runtime.wait_for(ticket_id, asked.after)
        now = runtime.clock()
        plan = await plans.one(body.plan_id)
        command = ApplyPlan(plan=plan, at=now, known_at=now, reason=body.reason, by=asked.by)
        outcome = await runtime.handle(
            DECIDER, ticket_id, command, **asked.context(command), revision=plan.revision
        )
        said = [type(event).__name__ for event in outcome.events]
        content = {"ticket_id": str(ticket_id), "events": said}
        return JSONResponse(content, headers=etag(outcome.vector))

    @router.get("/tickets/{ticket_id}/clocks")
    async def clocks(
        ticket_id: UUID, caller: Caller, response: Response, after: After
    ) -> dict[str, Any]:
        caller.require(Role.AGENT)
        await runtime.wait_for(ticket_id, after, projection="clocks")
        ticket = await finders.ticket_of(runtime.pool, ticket_id)
        rows = await finders.clocks_of(runtime.pool, ticket_id)
        response.headers.update(etag(await runtime.log.vector(ticket_id)))
        return shown(ticket, rows)

    @router.get("/clocks")
    async def due_next(
        caller: Caller,
        team_id: str | None = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> list[dict[str, Any]]:
        caller.require(Role.AGENT)
        return await finders.due_next(runtime.pool, team_id, limit)

    @router.post("/plans/{plan_id}/reapply")
    async def reapply(plan_id: str, body: Reapply, caller: Caller) -> dict[str, Any]:
        caller.require(Role.ADMIN)
        plan = await plans.one(plan_id)
        moved = 0
        for ticket_id in await finders.open_of_plan(runtime.pool, plan_id):
            now = runtime.clock()
            command = Reterm(plan=plan, at=now, known_at=now, reason=body.reason)
            outcome = await runtime.handle(
                DECIDER, ticket_id, command, actor=caller.actor, revision=plan.revision
            )
            moved += bool(outcome.events)
        return {"plan_id": plan_id, "revision": plan.revision, "tickets": moved}

    @router.post("/calc")
    async def calc(body: Calc, caller: Caller) -> dict[str, Any]:
        caller.require(Role.AGENT)
        return preview(await plans.one(body.plan_id), body)


def _add_desk(router: APIRouter, runtime: Runtime, plans: finders.Plans) -> None:
    @router.get("/desk")
    async def show(caller: Caller) -> dict[str, Any]:
        caller.require(Role.AGENT)
        calendars = await runtime.pool.fetch(finders.QUERIES.calendars)
        known = await plans.all()
        pasts = await runtime.log.read_many([desk_id("plan", each.plan_id) for each in known])
        definitions = [
            past.events[-1].event.model_dump(mode="json") for past in pasts.values() if past.events
        ]
        return {
            "calendars": [dict(row) for row in calendars],
            "plans": known,
            "definitions": definitions,
            "open_tickets": await finders.open_by_plan(runtime.pool),
        }

    @router.put("/desk")
    async def define(body: DeskBody, caller: Caller) -> dict[str, Any]:
        caller.require(Role.ADMIN)
        known = await plans.calendar_ids() | {each.calendar_id for each in body.calendars}
        _check(body, known)
        said: list[Event] = []
        about: dict[str, Any] = {"actor": caller.actor, "revision": body.revision}
        for calendar in body.calendars:
            subject = desk_id("calendar", calendar.calendar_id)
            hours = desk.DefineCalendar(calendar.defined(body.revision, runtime.clock().year))
            said += (await runtime.handle(desk.CALENDARS, subject, hours, **about)).events
        for plan in body.plans:
            subject = desk_id("plan", plan.plan_id)
            promise = desk.DefinePlan(plan.defined(body.revision))
            said += (await runtime.handle(desk.PLANS, subject, promise, **about)).events
        return {"revision": body.revision, "events": [type(event).__name__ for event in said]}


def _check(body: DeskBody, calendar_ids: set[str]) -> None:
    """What a single plan can't tell: every mistake at once. Raises `Invalid`."""
    errors = [
        (f"plans.{index}.calendar_id", f"there is no calendar {plan.calendar_id}")
        for index, plan in enumerate(body.plans)
        if plan.calendar_id not in calendar_ids
    ]
    taken: dict[str, str] = {}
    for index, plan in enumerate(body.plans):
        for priority in plan.default_for:
            first = taken.setdefault(priority.value, plan.plan_id)
            if first != plan.plan_id:
                message = f"{first} is the default for {priority.value} already"
                errors.append((f"plans.{index}.default_for", message))
    if errors:
        raise Invalid(errors)
