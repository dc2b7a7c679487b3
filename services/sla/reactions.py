"""What sla does about what it heard of a ticket."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import ClassVar, Final

from services.sla.commands import (
    ApplyPlan,
    CallOff,
    Command,
    Pause,
    ReceiveMessage,
    ReceiveResponse,
    Resolve,
    Restart,
    Resume,
)
from services.sla.domain import DECIDER
from services.sla.facts import Facts, WaitFor
from services.sla.finders import Plans
from services.sla.plans import BY_RULE, OF_ORGANISATION, Plan
from shared.clock import Clock
from shared.errors import LedgerdeskError, NotYet
from shared.events import Event, Priority
from shared.events.intake import (
    ClarificationLapsed,
    ClarificationProvided,
    ClarificationRequested,
    CustomerMessageReceived,
    TicketCategorised,
    TicketPrioritised,
)
from shared.events.relations import TicketMerged
from shared.events.resolution import (
    AgentReplied,
    ProgressReported,
    ResolutionRejected,
    TicketClosed,
    TicketHeld,
    TicketReopened,
    TicketResolved,
    WorkResumed,
)
from shared.followers.contracts import Directed
from shared.log.records import Past, Recorded

PLAN_WAIT: Final = timedelta(seconds=5)
"""How long a ticket waits for a plan that is not defined yet. All tickets wait with it."""


class NoPlanForPriority(LedgerdeskError):
    """No plan is the default for {priority} priority: define one, then retry the ticket."""


class KeepClocks:
    """One reaction, so that what happens to a ticket's clocks happens in its order."""

    name: ClassVar[str] = "clocks"
    hears: ClassVar[frozenset[type[Event]]] = frozenset(
        {
            TicketCategorised,
            TicketPrioritised,
            ClarificationRequested,
            ClarificationLapsed,
            ClarificationProvided,
            CustomerMessageReceived,
            TicketMerged,
            AgentReplied,
            ProgressReported,
            TicketHeld,
            WorkResumed,
            TicketResolved,
            ResolutionRejected,
            TicketReopened,
            TicketClosed,
        }
    )

    def __init__(self, plans: Plans, clock: Clock) -> None:
        self._plans = plans
        self._clock = clock
        self._known: Sequence[Plan] = ()

    async def look_ahead(self, page: Sequence[Recorded]) -> None:
        """The plans as they are now, for all of the page."""
        if any(isinstance(e.event, TicketCategorised | TicketPrioritised) for e in page):
            self._known = await self._plans.all()

    async def react(self, recorded: Recorded, past: Past) -> Sequence[Directed[Command]]:
        """The one command that follows, if any."""
        if isinstance(recorded.event, TicketCategorised | TicketPrioritised):
            command: Command | None = self._plan_for(recorded, past.events)
        else:
            command = translate(recorded)
        return [] if command is None else [Directed(recorded.subject, command)]

    def _plan_for(self, recorded: Recorded, past: Sequence[Recorded]) -> ApplyPlan | None:
        """The plan that now holds, once both category and priority are known."""
        until_then = [e.event for e in past if e.position <= recorded.position]
        facts = DECIDER.fold(until_then).facts
        if facts.priority is None or not facts.categorised:
            return None
        now = DECIDER.fold([e.event for e in past])
        stays = now.plan.plan_id if now.plan is not None and now.by != BY_RULE else None
        patient = self._clock() - recorded.recorded_at < PLAN_WAIT
        plan, reason = choose(self._known, stays, facts, facts.priority, patient=patient)
        return ApplyPlan(
            plan=plan,
            at=recorded.occurred_at,
            known_at=recorded.recorded_at,
            reason=reason,
            by=now.by if plan.plan_id == stays else BY_RULE,
            priority=facts.priority,
            instead_of=now.by,
        )


def choose(
    plans: Sequence[Plan],
    stays: str | None,
    facts: Facts,
    priority: Priority,
    *,
    patient: bool = False,
) -> tuple[Plan, str]:
    """The plan for a ticket, and why this one. The first of these that covers the priority:

    a person's choice that `stays`; what the customer chose; the plan for this organisation
    and what its ticket is about; what the topic asks for; the plan for the organisation; the
    plan for what it is about; the priority's own.

    Raises `NotYet` while `patient` and a plan that is asked for is not defined, as the desk
    may be about to say so; later another takes its place. Raises `NoPlanForPriority`.
    """
    known = {plan.plan_id: plan for plan in plans}
    missing = ""
    for plan_id, why in _asked_for(plans, stays, facts, priority):
        if plan_id not in known:
            if patient:
                raise NotYet
            missing = f", as there is no plan {plan_id}"
        elif known[plan_id].covers(priority):
            return known[plan_id], f"{why}, {priority.label} priority"
    for plan in plans:
        if priority in plan.default_for:
            return plan, f"the plan for {priority.label} priority{missing}"
    if patient:
        raise NotYet
    raise NoPlanForPriority(priority=priority.value)


def _asked_for(
    plans: Sequence[Plan], stays: str | None, facts: Facts, priority: Priority
) -> Iterator[tuple[str, str]]:
    """Plans by their ids and why, the strongest first."""
    if stays is not None:
        yield stays, "as chosen"
    if facts.customers_plan is not None and facts.customers_plan == facts.plan_wanted:
        yield facts.customers_plan, "as the customer chose"
    fitting = [(p.closeness(facts), p) for p in plans if p.covers(priority)]
    fitting.sort(key=lambda each: -each[0])
    yield from ((p.plan_id, f"for {facts.organisation}") for n, p in fitting if n > OF_ORGANISATION)
    if facts.plan_wanted is not None:
        yield facts.plan_wanted, "as asked for"
    yield from (
        (p.plan_id, f"for {facts.organisation}" if n == OF_ORGANISATION else "for such tickets")
        for n, p in fitting
        if 0 < n <= OF_ORGANISATION
    )


def translate(recorded: Recorded) -> Command | None:
    """The command that follows from what happened to the ticket."""
    at, known_at = recorded.occurred_at, recorded.recorded_at
    match recorded.event:
        case AgentReplied() as replied:
            return ReceiveResponse(at, known_at, replied.awaits_customer)
        case ProgressReported():
            return ReceiveResponse(at, known_at)
        case ClarificationRequested():
            return Pause(at, known_at, WaitFor.CLARIFICATION)
        case TicketHeld():
            return Pause(at, known_at, WaitFor.HOLD)
        case CustomerMessageReceived(automatic=False):
            return ReceiveMessage(at, known_at)
        case ClarificationProvided() | ClarificationLapsed() | WorkResumed():
            return Resume(at)
        case TicketResolved():
            return Resolve(at, known_at)
        case ResolutionRejected():
            return Restart(at, known_at, "the solution was rejected")
        case TicketReopened() as reopened:
            return Restart(at, known_at, f"reopened: {reopened.reason}")
        case TicketMerged():
            return CallOff(at, known_at, "merged into another ticket")
        case TicketClosed():
            return CallOff(at, known_at, "closed")
        case _:
            return None
