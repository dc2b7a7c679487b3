"""When a ticket would be due that is not there: the same sums as for one that is. Pure."""

from typing import Any

from services.sla.bodies import Calc
from services.sla.clocks import MINUTE_SECONDS, NotStarted
from services.sla.plans import BY_RULE, Plan, terms_of
from services.sla.ticking import Ticking
from shared.events.sla import ClockStarted


def preview(plan: Plan, body: Calc) -> dict[str, Any]:
    """When a ticket opened at `start` would be due. Raises `PlanWithoutTargets`."""
    applied = plan.applied(body.priority, body.start, "preview", BY_RULE)
    terms = terms_of(applied)
    assert terms is not None
    due: dict[str, Any] = {}
    for kind in terms.target_minutes:
        for event in Ticking(kind, terms, NotStarted()).start(body.start, "preview").said:
            if isinstance(event, ClockStarted):
                due[kind.value] = {
                    "target_seconds": event.target_minutes * MINUTE_SECONDS,
                    "due_at": event.due_at,
                    "warn_at": event.warn_at,
                    "steps": [step.model_dump() for step in event.steps],
                }
    return {
        "plan_id": plan.plan_id,
        "plan_name": plan.name,
        "priority": body.priority,
        "start": body.start,
        "open_at_start": terms.calendar.is_open(body.start),
        "calendar_id": plan.calendar_id,
        "calendar": applied.calendar,
        "due": due,
    }
