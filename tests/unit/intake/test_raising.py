"""A plan's step may raise a priority, and never lowers it."""

import pytest

from services.intake.raising import raised
from shared.events import Level, Priority
from shared.events.intake import TicketPrioritised
from shared.events.sla import ClockKind, TargetApproaching, TargetBreached, TargetOverdue
from shared.testing.spec import T0

LAST = ClockKind.RESOLUTION


def prioritised(priority: Priority) -> TicketPrioritised:
    return TicketPrioritised(impact=Level.LOW, urgency=Level.LOW, priority=priority)


def breached(to: Priority | None) -> TargetBreached:
    return TargetBreached(clock=LAST, due_at=T0, breached_at=T0, raise_priority_to=to)


def test_a_step_raises_the_priority_and_says_why() -> None:
    past = [prioritised(Priority.LOW)]
    critical = Priority.CRITICAL
    assert raised(breached(critical), past) == (critical, "The resolution target was missed.")
    overdue = TargetOverdue(
        clock=LAST, due_at=T0, share=1.5, reached_at=T0, raise_priority_to=critical
    )
    assert raised(overdue, past) == (critical, "150% of the resolution time has passed.")
    soon = TargetApproaching(
        clock=ClockKind.NEXT_RESPONSE,
        due_at=T0,
        warned_at=T0,
        remaining_seconds=60,
        share=0.5,
        raise_priority_to=critical,
    )
    assert raised(soon, past) == (critical, "50% of the next response time has passed.")


@pytest.mark.parametrize(
    ("to", "now"),
    [
        (None, Priority.LOW),
        (Priority.HIGH, Priority.HIGH),
        (Priority.LOW, Priority.MEDIUM),
    ],
)
def test_what_asks_for_nothing_higher_changes_nothing(to: Priority | None, now: Priority) -> None:
    assert raised(breached(to), [prioritised(now)]) is None


def test_a_ticket_without_a_priority_has_none_to_raise() -> None:
    assert raised(breached(Priority.HIGH), []) is None
