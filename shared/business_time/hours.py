"""Business hours as people write them, read into a `Calendar`: all mistakes named at once."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from functools import lru_cache
from itertools import pairwise
from typing import Final

from shared.business_time.calendar import DAY_MINUTES, Calendar, Minutes, NeverOpen, zone_of
from shared.errors import Rejected
from shared.events.sla import CalendarValues, Interval

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_TIME = re.compile(r"([01]\d|2[0-4]):([0-5]\d)")
_LEAP_YEAR = 2000
_PROBE = datetime(2024, 1, 1, tzinfo=UTC)

Written = tuple[str, str]
"""An open interval as people write it: `("09:00", "17:00")`; `24:00` ends the day."""


class CalendarNotValid(Rejected):
    """The business hours can't be kept: {what}."""

    http_status = 422


def calendar_of(values: CalendarValues) -> Calendar:
    """The calendar with these values: the same one for the same values."""
    hours, special = tuple(values.hours.items()), tuple(values.special_hours.items())
    return _calendar_of(values.timezone, hours, values.holidays, special)


Days = tuple[tuple[str, tuple[Interval, ...]], ...]


@lru_cache(maxsize=256)
def _calendar_of(
    timezone: str, hours: Days, holidays: tuple[str, ...], special_hours: Days
) -> Calendar:
    return calendar(timezone, _written(hours), holidays, _written(special_hours))


def _written(days: Days) -> dict[str, list[Written]]:
    return {day: [(each.start, each.end) for each in intervals] for day, intervals in days}


def calendar(
    zone: str,
    hours: Mapping[str, Iterable[Written]],
    holidays: Iterable[str] = (),
    special_hours: Mapping[str, Iterable[Written]] | None = None,
) -> Calendar:
    """The calendar of `hours` per weekday (`mon` to `sun`; absent: closed).

    `holidays` are closed: `2026-12-25`, or `--12-25` for every year. `special_hours` by
    date win over both. Raises `CalendarNotValid`, naming everything that is wrong.
    """
    wrong: list[str] = []
    week = {day: _intervals(day, written, wrong) for day, written in hours.items()}
    wrong += [f"{day!r} is not one of {', '.join(WEEKDAYS)}" for day in week.keys() - WEEKDAYS]
    special = {
        _date(day, wrong): _intervals(day, written, wrong)
        for day, written in (special_hours or {}).items()
    }
    listed = list(holidays)
    closed = frozenset(_date(each, wrong) for each in listed if not each.startswith("--"))
    yearly = frozenset(_yearly(each, wrong) for each in listed if each.startswith("--"))
    _check_zone(zone, wrong)
    if wrong:
        raise CalendarNotValid(what="; ".join(wrong))
    made = Calendar(
        zone=zone,
        week=tuple(week.get(day, ()) for day in WEEKDAYS),
        closed=closed,
        closed_yearly=yearly,
        special=tuple(sorted(special.items())),
    )
    _check_opens(made)
    return made


def _intervals(day: str, written: Iterable[Written], wrong: list[str]) -> tuple[Minutes, ...]:
    read = []
    for start, end in written:
        opens, closes = _minutes(start), _minutes(end)
        if opens is None or closes is None:
            wrong.append(f"{day} {start}-{end} is not two times from 00:00 to 24:00")
        elif opens >= closes:
            wrong.append(
                f"{day} {start}-{end} ends before it starts (split it where the day ends, at 24:00)"
            )
        else:
            read.append((opens, closes))
    for earlier, later in pairwise(sorted(read)):
        if later[0] < earlier[1]:
            wrong.append(f"{day} has intervals that overlap")
    return tuple(sorted(read))


def _minutes(text: str) -> int | None:
    match = _TIME.fullmatch(text)
    if match is None:
        return None
    minutes = int(match[1]) * 60 + int(match[2])
    return minutes if minutes <= DAY_MINUTES else None


def _date(text: str, wrong: list[str]) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        wrong.append(f"{text!r} is not a date like 2026-12-25, or --12-25 for every year")
        return date.min


def _yearly(text: str, wrong: list[str]) -> tuple[int, int]:
    day = _date(f"{_LEAP_YEAR}{text[1:]}", wrong)
    return day.month, day.day


def _check_zone(zone: str, wrong: list[str]) -> None:
    try:
        zone_of(zone)
    except ValueError:
        wrong.append(f"{zone!r} is not an IANA zone like Europe/Berlin")


def _check_opens(made: Calendar) -> None:
    if not any(made.week):
        raise CalendarNotValid(what="it is open on no day of the week")
    if len(made.closed_yearly) >= 300:
        try:
            made.add(_PROBE, 1)
        except NeverOpen as error:
            raise CalendarNotValid(what="every day that it opens on is a holiday") from error
