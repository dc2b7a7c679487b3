"""Plans and calendars: what is valid is said once, what is not is named."""

from typing import Any

import pytest

from services.sla.desk import CALENDARS, PLANS, DefineCalendar, DefinePlan, PlanNotValid
from services.sla.projection import Desk
from services.sla.rows import CalendarRow, PlanRow
from shared.business_time.hours import CalendarNotValid
from shared.events import Priority
from shared.events.sla import (
    CalendarDefined,
    ClockKind,
    EscalationStep,
    Interval,
    PlanTargets,
    SlaPlanDefined,
    Stops,
)
from shared.ids import desk_id
from shared.testing.spec import fold, given

TARGETS = PlanTargets(priority=Priority.HIGH, first_response_minutes=60, resolution_minutes=240)


def hours(revision: int = 1, **changes: Any) -> CalendarDefined:
    values: dict[str, Any] = {
        "calendar_id": "office",
        "timezone": "Europe/Berlin",
        "hours": {"mon": (Interval(start="09:00", end="17:00"),)},
        "holidays": ("--12-25",),
        **changes,
    }
    return CalendarDefined(**values, revision=revision)


def plan(revision: int = 1, **changes: Any) -> SlaPlanDefined:
    values: dict[str, Any] = {
        "plan_id": "standard",
        "name": "Standard",
        "calendar_id": "office",
        "targets": (TARGETS,),
        "default_for": (Priority.HIGH,),
        **changes,
    }
    return SlaPlanDefined(**values, revision=revision)


def test_a_calendar_is_defined() -> None:
    given(CALENDARS).when(DefineCalendar(hours())).then(hours())


def test_the_same_calendar_in_a_later_revision_says_nothing() -> None:
    given(CALENDARS, hours(1)).when(DefineCalendar(hours(2))).nothing()


def test_a_changed_calendar_is_defined_anew() -> None:
    changed = hours(2, holidays=("--12-25", "--12-26"))
    given(CALENDARS, hours(1)).when(DefineCalendar(changed)).then(changed)


def test_a_calendar_that_never_opens_is_refused() -> None:
    rejection = given(CALENDARS).when(DefineCalendar(hours(hours={}))).rejected(CalendarNotValid)
    assert "open on no day" in rejection.message


def test_a_plan_is_defined_once() -> None:
    given(PLANS).when(DefinePlan(plan())).then(plan())
    given(PLANS, plan(1)).when(DefinePlan(plan(9))).nothing()
    given(PLANS, plan(1)).when(DefinePlan(plan(9, name="Other"))).then(plan(9, name="Other"))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"targets": ()}, "has no targets"),
        ({"targets": (TARGETS, TARGETS)}, "targets twice"),
        (
            {"targets": (TARGETS.model_copy(update={"resolution_minutes": 0}),)},
            "a target of no time",
        ),
        ({"default_for": (Priority.LOW,)}, "default for low"),
        ({"warn_at_share": 0}, "share"),
        ({"warn_at_share": 1.1}, "share"),
        (
            {"targets": (TARGETS.model_copy(update={"progress_every_minutes": 0}),)},
            "a target of no time",
        ),
        ({"escalation": (EscalationStep(share=0),)}, "a share that is not above 0"),
        (
            {"escalation": (EscalationStep(share=1), EscalationStep(share=1))},
            "at the same share",
        ),
        (
            {"stops": (Stops(clock=ClockKind.PROGRESS, waits=("weather",)),)},
            "can't stop for 'weather', only for clarification, customer, hold, verdict",
        ),
    ],
)
def test_a_plan_that_cannot_be_kept_is_refused(changes: dict[str, Any], told: str) -> None:
    rejection = given(PLANS).when(DefinePlan(plan(**changes))).rejected(PlanNotValid)
    assert told in rejection.message


def test_the_desk_is_as_last_defined() -> None:
    subject = desk_id("calendar", "office")
    (row,) = fold(Desk(), hours(1), hours(2, timezone="UTC"), subject=subject)["calendars"]
    assert row == CalendarRow(
        subject=subject,
        calendar_id="office",
        timezone="UTC",
        hours={"mon": [{"start": "09:00", "end": "17:00"}]},
        holidays=["--12-25"],
        special_hours={},
        revision=2,
    )


def test_a_plan_is_shown_with_its_targets() -> None:
    (row,) = fold(Desk(), plan())["plans"]
    assert isinstance(row, PlanRow)
    assert row.targets == [TARGETS.model_dump(mode="json")]
    assert row.default_for == ["high"]
