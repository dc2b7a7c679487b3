"""Resolution's section of the desk: what it gives its agents, and how tickets close."""

from collections.abc import Iterator
from typing import Any

from fastapi import APIRouter

from services.resolution import bodies
from services.resolution.domain.rules import RULES, VARIABLES, DefineRules
from services.resolution.macros import KNOWN
from services.resolution.rules import SUBJECT, in_force
from shared.asked import ByAdmin, ByAgent
from shared.business_time.hours import CalendarNotValid, calendar_of
from shared.events.resolution import WorkRulesDefined
from shared.sandbox import TemplateNotAllowed, check
from shared.service import Runtime
from shared.web import Invalid


def desk_routes(runtime: Runtime) -> APIRouter:
    """The rules of work, shown and defined."""
    router = APIRouter(prefix="/v1")

    @router.get("/desk")
    async def show(_asked: ByAgent) -> dict[str, Any]:
        return (await in_force(runtime)).model_dump(mode="json")

    @router.put("/desk")
    async def define(body: bodies.RulesDefinition, asked: ByAdmin) -> dict[str, Any]:
        """Define the rules; only a difference is said."""
        if wrong := list(_wrong(body)):
            raise Invalid(wrong)
        rules = WorkRulesDefined(**body.model_dump())
        outcome = await runtime.handle(
            RULES,
            SUBJECT,
            DefineRules(rules),
            actor=asked.caller.actor,
            revision=body.revision,
        )
        said = [type(event).__name__ for event in outcome.events]
        return {"revision": body.revision, "events": said}

    return router


def _wrong(body: bodies.RulesDefinition) -> Iterator[tuple[str, str]]:
    """Texts that can't be rendered, steps that nobody knows, hours that can't be kept."""
    if body.closing.calendar is not None:
        try:
            calendar_of(body.closing.calendar)
        except CalendarNotValid as error:
            yield "closing.calendar", error.message
    texts = [(f"responses.{one.response_id}", one.text) for one in body.responses]
    for macro in body.macros:
        for index, step in enumerate(macro.steps):
            place = f"macros.{macro.macro_id}.{index}"
            if step.do not in KNOWN:
                yield place, f"there is no step {step.do}"
            texts += [(f"{place}.{name}", text) for name, text in step.fields.items()]
    for place, text in texts:
        try:
            check(text, VARIABLES)
        except TemplateNotAllowed as error:
            yield place, error.message
