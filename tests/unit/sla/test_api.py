"""What sla answers: due times beforehand, and why a clock is due when it is."""

from dataclasses import asdict
from typing import Any

import pytest
from pydantic import ValidationError

from services.sla.app import SERVICE
from services.sla.bodies import Calc, DeskBody
from services.sla.plans import PlanWithoutTargets
from services.sla.preview import preview
from services.sla.why import shown
from shared.events import Priority
from shared.events.sla import Interval
from tests.unit.sla.story import (
    EMERGENCY,
    FIRST,
    LAST,
    OFFICE,
    Desk,
    at,
    held,
    plan,
    prioritised,
    resumed,
)


def test_a_preview_tells_due_times() -> None:
    answer = preview(
        plan(calendar=OFFICE),
        Calc(plan_id="standard", priority=Priority.HIGH, start=at(7 * 60)),
    )
    assert answer["due"]["first_response"] == {
        "target_seconds": 3600, "due_at": at(8 * 60), "warn_at": at(7 * 60 + 45),
        "steps": [{"share": 0.75, "at": at(7 * 60 + 45)}],
    }  # fmt: skip
    assert answer["due"]["resolution"]["due_at"] == at(27 * 60)
    assert answer["open_at_start"]


def test_a_preview_needs_targets_for_the_priority() -> None:
    with pytest.raises(PlanWithoutTargets):
        preview(EMERGENCY, Calc(plan_id="emergency", priority=Priority.LOW, start=at(0)))


def why(desk: Desk, kind: str) -> dict[str, Any]:
    rows = desk.rows()
    clocks = [asdict(row) for row in rows["clocks"]]
    answer = shown(asdict(rows["tickets"][0]), clocks)
    (clock,) = [each for each in answer["clocks"] if each["clock"] == kind]
    assert isinstance(clock, dict)
    return clock


def test_a_clock_says_why_it_is_due_then() -> None:
    desk = Desk().open().hear(held(10), 10).hear(resumed(30), 30)
    desk.hear(prioritised(Priority.CRITICAL), 40)
    clock = why(desk, LAST)
    assert (clock["state"], clock["due_at"], clock["breached"]) == ("running", at(140), False)
    assert clock["why"]["pauses"] == [
        {"since": "2026-03-02T09:10:00Z", "until": "2026-03-02T09:30:00Z", "reason": "on hold"}
    ]
    assert clock["why"]["moved"] == [
        {
            "at": "2026-03-02T09:40:00Z",
            "from": "2026-03-02T13:20:00Z",
            "to": "2026-03-02T11:20:00Z",
            "elapsed_seconds": 1200.0,
            "reason": "the plan for Emergency priority",
        }
    ]
    assert clock["why"]["text"] == (
        "Due 2026-03-02 11:20:00 UTC; 2:00:00 of business time (UTC) under the plan Standard, "
        "revision 0, hours hours; "
        "moved at 2026-03-02 09:40:00 UTC (the plan for Emergency priority); "
        "stood still 1 time."
    )


def test_a_clock_that_stands_still_says_for_what() -> None:
    desk = Desk().open().hear(held(10), 10)
    assert why(desk, LAST)["why"]["text"].startswith("Stands still with 3:50:00 left: on hold")
    assert why(desk, FIRST)["state"] == "running"


def test_hours_are_written_in_three_ways() -> None:
    body = DeskBody.model_validate(
        {
            "revision": 3,
            "calendars": [
                {
                    "calendar_id": "office",
                    "timezone": "UTC",
                    "hours": {
                        "mon": [["09:00", "17:00"]],
                        "tue": ["09:00-17:00"],
                        "wed": [{"start": "09:00", "end": "17:00"}],
                    },
                }
            ],
        }
    )
    defined = body.calendars[0].defined(body.revision, 2026)
    assert set(defined.hours.values()) == {(Interval(start="09:00", end="17:00"),)}
    assert defined.revision == 3


def test_a_misspelt_field_is_refused() -> None:
    with pytest.raises(ValidationError, match="holidayz"):
        DeskBody.model_validate(
            {"revision": 1, "calendars": [{"calendar_id": "x", "timezone": "UTC", "hours": {},
                                           "holidayz": []}]}
        )  # fmt: skip


def test_it_hears_whom_the_architecture_says() -> None:
    assert {cls.author for cls in SERVICE.hears} == {"intake", "assignment", "resolution"}
    assert {cls.author for cls in SERVICE.says} == {"sla"}
