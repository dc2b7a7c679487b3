"""When agents are at work: shifts and leave, in their own time zone. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
OFF_SHIFT: Final = "off shift"
ON_LEAVE: Final = "on leave"

Shifts = Mapping[str, Sequence[Mapping[str, str]]]
"""By weekday."""


def away(now: datetime, zone: str, shifts: Shifts, leave: Sequence[Mapping[str, str]]) -> str:
    """Why somebody is not at work at `now`; empty if they are. Without shifts they always are.

    Shifts and leave are as `AgentDefined` says them, in JSON.

    What counts is the wall clock of their zone: an hour that a clock change repeats is worked
    twice, one that it skips not at all.
    """
    if not shifts and not leave:
        return ""
    there = now.astimezone(ZoneInfo(zone))
    day = there.date().isoformat()
    if any(each["first"] <= day <= each["last"] for each in leave):
        return ON_LEAVE
    return "" if not shifts or any(_works(there, shifts)) else OFF_SHIFT


def _works(there: datetime, shifts: Shifts) -> Iterator[bool]:
    clock = there.strftime("%H:%M")
    for shift in shifts.get(WEEKDAYS[there.weekday()], ()):
        start, end = shift["start"], shift["end"]
        yield start <= clock and (clock < end or end <= start)
    for shift in shifts.get(WEEKDAYS[(there - timedelta(days=1)).weekday()], ()):
        yield shift["end"] <= shift["start"] and clock < shift["end"]
