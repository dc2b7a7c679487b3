"""Shifts and leave, by the wall clock of the agent's zone."""

from datetime import UTC, datetime
from typing import Any

import pytest

from services.assignment.domain.hours import away

DAY = {"start": "08:00", "end": "16:00"}
NIGHT = {"start": "22:00", "end": "06:00"}
ROUND = {"start": "00:00", "end": "00:00"}


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("shifts", "now", "why"),
    [
        ({}, "2026-03-02T03:00", ""),
        ({"mon": [DAY]}, "2026-03-02T08:00", ""),
        ({"mon": [DAY]}, "2026-03-02T16:00", "off shift"),
        ({"mon": [DAY]}, "2026-03-02T07:59", "off shift"),
        ({"mon": [DAY]}, "2026-03-03T09:00", "off shift"),
        ({"mon": [NIGHT]}, "2026-03-02T23:00", ""),
        ({"mon": [NIGHT]}, "2026-03-03T05:59", ""),
        ({"mon": [NIGHT]}, "2026-03-03T06:00", "off shift"),
        ({"mon": [NIGHT]}, "2026-03-02T05:00", "off shift"),
        ({"mon": [ROUND]}, "2026-03-02T12:00", ""),
        ({"mon": [DAY, {"start": "18:00", "end": "20:00"}]}, "2026-03-02T19:00", ""),
    ],
)
def test_who_is_on_shift(shifts: dict[str, Any], now: str, why: str) -> None:
    assert away(at(now), "UTC", shifts, []) == why


def test_shifts_follow_the_wall_clock_over_a_clock_change() -> None:
    sunday = {"sun": [DAY]}
    assert away(at("2026-03-22T07:30"), "Europe/Berlin", sunday, []) == ""
    assert away(at("2026-03-22T06:30"), "Europe/Berlin", sunday, []) == "off shift"
    assert away(at("2026-03-29T06:30"), "Europe/Berlin", sunday, []) == ""


def test_leave_is_whole_days_where_the_agent_is_and_stands_above_shifts() -> None:
    leave = [{"first": "2026-03-03", "last": "2026-03-04"}]
    shifts = {"tue": [ROUND]}
    assert away(at("2026-03-02T22:59"), "Europe/Berlin", {}, leave) == ""
    assert away(at("2026-03-02T23:00"), "Europe/Berlin", {}, leave) == "on leave"
    assert away(at("2026-03-04T22:59"), "Europe/Berlin", {}, leave) == "on leave"
    assert away(at("2026-03-03T12:00"), "Europe/Berlin", shifts, leave) == "on leave"
    assert away(at("2026-03-04T23:00"), "Europe/Berlin", {}, leave) == ""
