"""Business time: which instants are open, and how many seconds lie between two of them.

Pure arithmetic. What counts is real elapsed time inside open intervals, exact to the
microsecond, also on the days when clocks change:

- A wall time that a spring change leaves out is read with the offset before the change,
  as `zoneinfo` does: 02:30 that never was is 03:30. An interval that thereby ends before
  it starts is empty on that day.
- A wall time that an autumn change shows twice is its first occurrence.
- Intervals that come to overlap (only a change of the clocks does that) count once.

A year of open intervals is laid out once, with running totals, when it is first asked
about; after that two years cost two look-ups, as an hour does.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache, cached_property
from importlib.resources import files
from itertools import accumulate
from typing import Final
from zoneinfo import ZoneInfo

from shared.errors import Rejected

DAY_MINUTES: Final = 24 * 60
YEARS_AHEAD_MAX: Final = 100
"""How far `add` looks, in either direction, before it says that the time never comes."""
YEAR_MIN: Final = 1900
YEAR_MAX: Final = 9000

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ZONE_PART = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*")
_MICROSECOND = timedelta(microseconds=1)
_SECOND_MICROSECONDS = 1_000_000

Minutes = tuple[int, int]
"""An open interval within a day: minutes of wall time from midnight, end excluded."""


@cache
def zone_of(name: str) -> ZoneInfo:
    """The IANA zone as the pinned package `tzdata` knows it, never the machine's own: every
    process counts alike. Raises `ValueError` if there is none of that name."""
    parts = name.split("/")
    if not all(_ZONE_PART.fullmatch(part) for part in parts):
        raise ValueError(name)
    try:
        with files("tzdata").joinpath("zoneinfo", *parts).open("rb") as data:
            return ZoneInfo.from_file(data, key=name)
    except OSError as error:
        raise ValueError(name) from error


class NeverOpen(Rejected):
    """The business hours are not open for long enough within {years} years."""

    http_status = 422


@dataclass(frozen=True)
class Calendar:
    """Business hours: open intervals per weekday in a zone, holidays, and special days.

    Compared and hashed by value. Made and checked by `shared.business_time.hours.calendar`.
    """

    zone: str
    week: tuple[tuple[Minutes, ...], ...]
    """Open intervals, Monday first; those of a day in order and apart."""
    closed: frozenset[date] = frozenset()
    closed_yearly: frozenset[tuple[int, int]] = frozenset()
    """(month, day) of the holidays of every year."""
    special: tuple[tuple[date, tuple[Minutes, ...]], ...] = ()
    """Dates with hours of their own, in order; they win over holidays and weekdays."""
    _years: dict[int, "_Year"] = field(
        default_factory=dict, init=False, repr=False, compare=False, hash=False
    )

    def between(self, start: datetime, end: datetime) -> float:
        """Business seconds from `start` to `end`; 0 if `end` is not after `start`."""
        first, last = _microseconds(start), _microseconds(end)
        if last <= first:
            return 0.0
        begun, ended = self._year_of(first), self._year_of(last)
        years = sum(self._year(each).total for each in range(begun.number, ended.number))
        open_for = years + ended.total_until(last) - begun.total_until(first)
        return open_for / _SECOND_MICROSECONDS

    def add(self, start: datetime, seconds: float) -> datetime:
        """The first instant by which `seconds` of business time have passed since `start`.

        0 is the next open instant: `start` itself when open. Less than 0 goes back, to the
        last instant with that much business time until `start`. Raises `NeverOpen` when
        there is not that much of it within `YEARS_AHEAD_MAX` years.
        """
        instant, amount = _microseconds(start), round(seconds * _SECOND_MICROSECONDS)
        found = self._forward(instant, amount) if amount >= 0 else self._back(instant, -amount)
        return _EPOCH + timedelta(microseconds=found)

    def is_open(self, instant: datetime) -> bool:
        """Whether `instant` is inside business hours."""
        return self.add(instant, 0) == instant

    def _forward(self, instant: int, amount: int) -> int:
        year = self._year_of(instant)
        wanted = year.total_until(instant) + amount
        for _ in range(YEARS_AHEAD_MAX):
            found = year.first_after(wanted) if amount else year.last_after(wanted)
            if found is not None:
                return found
            wanted -= year.total
            year = self._year(year.number + 1)
        raise NeverOpen(years=YEARS_AHEAD_MAX)

    def _back(self, instant: int, amount: int) -> int:
        year = self._year_of(instant)
        wanted = year.total_until(instant) - amount
        for _ in range(YEARS_AHEAD_MAX):
            found = year.last_after(wanted) if wanted >= 0 else None
            if found is not None:
                return found
            year = self._year(year.number - 1)
            wanted += year.total
        raise NeverOpen(years=YEARS_AHEAD_MAX)

    def _year_of(self, instant: int) -> "_Year":
        local = (_EPOCH + timedelta(microseconds=instant)).astimezone(self._zone)
        year = self._year(local.year)
        # A change of the clocks at New Year shows the last hour of a year twice.
        while instant < year.begins:
            year = self._year(year.number - 1)
        while instant >= year.until:
            year = self._year(year.number + 1)
        return year

    def _year(self, number: int) -> "_Year":
        year = self._years.get(number)
        if year is None:
            if not YEAR_MIN <= number <= YEAR_MAX:
                raise NeverOpen(years=YEARS_AHEAD_MAX)
            year = self._years[number] = self._lay_out(number)
        return year

    def _lay_out(self, number: int) -> "_Year":
        begins = self._instant(date(number, 1, 1), 0)
        until = self._instant(date(number + 1, 1, 1), 0)
        starts: list[int] = []
        ends: list[int] = []
        # Two days more on either side: a change of the clocks may shift hours over New Year.
        around = self._intervals(date(number - 1, 12, 30), date(number + 1, 1, 2))
        for opens, closes in sorted(around):
            start = max(opens, begins, *ends[-1:])
            end = min(closes, until)
            if start < end:
                starts.append(start)
                ends.append(end)
        lengths = (end - start for start, end in zip(starts, ends, strict=True))
        return _Year(number, begins, until, starts, ends, list(accumulate(lengths, initial=0)))

    def _intervals(self, first: date, last: date) -> Iterator[tuple[int, int]]:
        day = first
        while day <= last:
            for start, end in self._hours_on(day):
                opens, closes = self._instant(day, start), self._instant(day, end)
                if opens < closes:
                    yield opens, closes
            day += timedelta(days=1)

    def _hours_on(self, day: date) -> tuple[Minutes, ...]:
        special = self._special.get(day)
        if special is not None:
            return special
        if day in self.closed or (day.month, day.day) in self.closed_yearly:
            return ()
        return self.week[day.weekday()]

    def _instant(self, day: date, minutes: int) -> int:
        if minutes == DAY_MINUTES:
            day, minutes = day + timedelta(days=1), 0
        hour, minute = divmod(minutes, 60)
        return _microseconds(
            datetime(day.year, day.month, day.day, hour, minute, tzinfo=self._zone)
        )

    @cached_property
    def _zone(self) -> ZoneInfo:
        return zone_of(self.zone)

    @cached_property
    def _special(self) -> dict[date, tuple[Minutes, ...]]:
        return dict(self.special)


@dataclass(frozen=True)
class _Year:
    """The open intervals of one local year, in microseconds of Unix time."""

    number: int
    begins: int
    until: int
    starts: Sequence[int]
    ends: Sequence[int]
    before: Sequence[int]
    """How much of the year was open before each interval, and at last in all of them."""

    @property
    def total(self) -> int:
        return self.before[-1]

    def total_until(self, instant: int) -> int:
        """How much of the year was open before `instant`."""
        index = bisect_right(self.starts, instant) - 1
        if index < 0:
            return 0
        return self.before[index] + min(instant, self.ends[index]) - self.starts[index]

    def first_after(self, wanted: int) -> int | None:
        """The first instant before which `wanted` (more than 0) was open."""
        return self._at(bisect_left(self.before, wanted) - 1, wanted)

    def last_after(self, wanted: int) -> int | None:
        """The last such instant: an open one, never the end of an interval."""
        return self._at(bisect_right(self.before, wanted) - 1, wanted)

    def _at(self, index: int, wanted: int) -> int | None:
        if index >= len(self.starts):
            return None
        return self.starts[index] + wanted - self.before[index]


def _microseconds(instant: datetime) -> int:
    return (instant - _EPOCH) // _MICROSECOND
