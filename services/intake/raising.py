"""What a plan's escalation asks of intake: a higher priority, once so much time has passed."""

from collections.abc import Sequence
from typing import ClassVar

from services.intake.domain import OverridePriority
from services.intake.projection import Finders
from shared.events import Event, Priority
from shared.events.intake import TicketPrioritised
from shared.events.sla import TargetApproaching, TargetBreached, TargetOverdue
from shared.followers.contracts import Directed
from shared.log import Past, Recorded
from shared.service import Runtime

Step = TargetApproaching | TargetBreached | TargetOverdue

BY = "sla"


class RaisePriority:
    """A step of the plan that asks for a priority gets it, unless the ticket's is as high."""

    name: ClassVar[str] = "raise_priority"
    hears: ClassVar[frozenset[type[Event]]] = frozenset(
        {TargetApproaching, TargetBreached, TargetOverdue}
    )

    def __init__(self, runtime: Runtime) -> None:
        self._finders = Finders(runtime.pool)

    async def react(self, recorded: Recorded, past: Past) -> Sequence[Directed[OverridePriority]]:
        """Under the topics and rules that are in force now."""
        wanted = raised(recorded.event, [each.event for each in past.events])
        if wanted is None:
            return []
        priority, reason = wanted
        command = OverridePriority(
            impact=None,
            urgency=None,
            priority=priority,
            reason=reason,
            by=BY,
            topics=await self._finders.topics(),
            now=recorded.occurred_at,
        )
        return [Directed(recorded.subject, command)]


def raised(event: object, past: Sequence[object]) -> tuple[Priority, str] | None:
    """The priority that a step asks for and why; None where it asks for none, or no higher."""
    if not isinstance(event, Step) or event.raise_priority_to is None:
        return None
    now = [each.priority for each in past if isinstance(each, TicketPrioritised)]
    if not now or event.raise_priority_to.rank <= now[-1].rank:
        return None
    return event.raise_priority_to, _reason(event)


def _reason(event: Step) -> str:
    promise = event.clock.value.replace("_", " ")
    if isinstance(event, TargetBreached):
        return f"The {promise} target was missed."
    return f"{event.share:.0%} of the {promise} time has passed."
