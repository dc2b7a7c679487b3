"""Business time keeps its laws in every zone, on every day, over every change of clocks."""

import time
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from shared.business_time.calendar import Calendar, NeverOpen
from shared.business_time.hours import WEEKDAYS, CalendarNotValid, calendar, calendar_of
from shared.events.sla import CalendarValues, Interval

LAW = settings(deadline=None)
OFFICE = {day: [("09:00", "17:00")] for day in WEEKDAYS[:5]}
ALWAYS = {day: [("00:00", "24:00")] for day in WEEKDAYS}
ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/Sao_Paulo",  # once changed its clocks at midnight
    "Africa/Cairo",
    "Pacific/Apia",  # skipped 30 December 2011
    "Australia/Lord_Howe",  # changes by half an hour
    "Asia/Kathmandu",
)


def at(text: str, zone: str = "UTC") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def text_of(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


@st.composite
def intervals(draw: st.DrawFn) -> list[tuple[str, str]]:
    edges = draw(st.lists(st.integers(0, 1440), max_size=6, unique=True).map(sorted))
    return [(text_of(a), text_of(b)) for a, b in zip(edges[::2], edges[1::2], strict=False)]


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    hours = {day: draw(intervals()) for day in WEEKDAYS}
    assume(any(hours.values()))
    days = st.dates(date(2010, 1, 1), date(2013, 12, 31)).map(str)
    holidays = draw(st.lists(days, max_size=5)) + draw(
        st.lists(days.map(lambda day: f"-{day[4:]}"), max_size=3)
    )
    special = draw(st.dictionaries(days, intervals(), max_size=3))
    return calendar(draw(st.sampled_from(ZONES)), hours, holidays, special)


instants = st.integers(0, 3 * 366 * 86_400).map(lambda s: at("2010-06-01") + timedelta(seconds=s))
seconds = st.integers(0, 60 * 86400 * 1_000_000).map(lambda micro: micro / 1_000_000)


def counted(made: Calendar, start: datetime, end: datetime) -> float:
    """The plain way: every interval of every day, those that touch joined."""
    zone = ZoneInfo(made.zone)
    day = start.astimezone(zone).date() - timedelta(days=3)
    spans = []
    while day <= end.astimezone(zone).date() + timedelta(days=3):
        for first, last in made._hours_on(day):
            midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
            edges = [(midnight + timedelta(minutes=m)).astimezone(UTC) for m in (first, last)]
            if edges[0] < edges[1]:
                spans.append(edges)
        day += timedelta(days=1)
    total, until = timedelta(), start
    for opens, closes in sorted(spans):
        begin, finish = max(opens, until), min(closes, end)
        if begin < finish:
            total += finish - begin
            until = finish
    return total.total_seconds()


@LAW
@given(calendars(), instants, seconds)
def test_what_was_added_lies_between(made: Calendar, start: datetime, amount: float) -> None:
    assert made.between(start, made.add(start, amount)) == amount


@LAW
@given(calendars(), instants, seconds)
def test_what_was_taken_lies_between(made: Calendar, end: datetime, amount: float) -> None:
    assume(amount > 0)
    assert made.between(made.add(end, -amount), end) == amount


@LAW
@given(calendars(), instants, instants, instants)
def test_times_add_up(made: Calendar, one: datetime, two: datetime, three: datetime) -> None:
    first, middle, last = sorted((one, two, three))
    whole = made.between(first, last)
    assert whole == pytest.approx(made.between(first, middle) + made.between(middle, last))


@LAW
@given(calendars(), instants, seconds, seconds)
def test_adding_in_two_steps_is_adding_at_once(
    made: Calendar, start: datetime, first: float, then: float
) -> None:
    assume(then > 0)
    assert made.add(made.add(start, first), then) == made.add(start, round(first + then, 6))


@LAW
@given(calendars(), instants, seconds, seconds)
def test_more_time_is_never_earlier(
    made: Calendar, start: datetime, less: float, more: float
) -> None:
    less, more = sorted((less, more))
    assert start <= made.add(start, less) <= made.add(start, more)


@LAW
@given(calendars(), instants, instants, seconds)
def test_a_later_start_is_never_due_earlier(
    made: Calendar, early: datetime, late: datetime, amount: float
) -> None:
    early, late = sorted((early, late))
    assert made.add(early, amount) <= made.add(late, amount)


@LAW
@given(calendars(), instants, st.integers(0, 200 * 24 * 3600))
def test_it_is_what_counting_day_by_day_gives(made: Calendar, start: datetime, length: int) -> None:
    end = start + timedelta(seconds=length)
    assert made.between(start, end) == counted(made, start, end)


@LAW
@given(calendars(), instants)
def test_zero_is_the_next_open_instant(made: Calendar, start: datetime) -> None:
    opens = made.add(start, 0)
    assert made.is_open(opens)
    assert made.between(start, opens) == 0


def test_a_reversed_time_is_none() -> None:
    made = calendar("UTC", ALWAYS)
    assert made.between(at("2026-03-03"), at("2026-03-02")) == 0


def test_a_day_of_25_hours_has_25_hours() -> None:
    made = calendar("Europe/Paris", ALWAYS)
    day = at("2020-10-25", "Europe/Paris"), at("2020-10-26", "Europe/Paris")
    assert made.between(*day) == 25 * 3600


def test_an_interval_over_a_spring_change_is_an_hour_shorter() -> None:
    made = calendar("Europe/Berlin", {"sun": [("00:00", "06:00")]})
    night = at("2026-03-29", "Europe/Berlin")
    assert made.between(night, at("2026-03-30", "Europe/Berlin")) == 5 * 3600
    assert made.add(night, 3 * 3600) == at("2026-03-29T04:00", "Europe/Berlin")


def test_intervals_that_a_change_makes_overlap_count_once() -> None:
    made = calendar("Europe/Berlin", {"sun": [("02:00", "02:30"), ("03:00", "04:00")]})
    day = at("2026-03-29", "Europe/Berlin"), at("2026-03-30", "Europe/Berlin")
    assert made.between(*day) == 3600


def test_special_hours_win_over_a_holiday() -> None:
    made = calendar("UTC", OFFICE, ["--12-24"], {"2026-12-24": [("09:00", "12:00")]})
    assert made.between(at("2026-12-24"), at("2026-12-25")) == 3 * 3600
    assert made.between(at("2027-12-24"), at("2027-12-25")) == 0


def test_equal_values_share_one_calendar() -> None:
    def values() -> CalendarValues:
        return CalendarValues(
            timezone="UTC", hours={"mon": (Interval(start="09:00", end="17:00"),)}
        )

    assert calendar_of(values()) is calendar_of(values())


@pytest.mark.parametrize(
    ("hours", "holidays", "zone", "told"),
    [
        ({}, [], "UTC", "no day of the week"),
        ({"mon": []}, [], "UTC", "no day of the week"),
        ({"monday": [("09:00", "17:00")]}, [], "UTC", "'monday' is not one of mon"),
        ({"mon": [("17:00", "09:00")]}, [], "UTC", "ends before it starts"),
        ({"mon": [("24:00", "24:00")]}, [], "UTC", "ends before it starts"),
        ({"mon": [("9", "17")]}, [], "UTC", "is not two times"),
        ({"mon": [("09:00", "24:30")]}, [], "UTC", "is not two times"),
        ({"mon": [("09:00", "12:00"), ("11:00", "13:00")]}, [], "UTC", "overlap"),
        (OFFICE, ["2026-13-01"], "UTC", "'2026-13-01' is not a date"),
        (OFFICE, ["--02-30"], "UTC", "is not a date"),
        (OFFICE, [], "Europe/Atlantis", "is not an IANA zone"),
        (OFFICE, [], "../etc/passwd", "is not an IANA zone"),
        (OFFICE, [], "", "is not an IANA zone"),
    ],
)
def test_what_is_wrong_is_named(
    hours: dict[str, list[tuple[str, str]]], holidays: list[str], zone: str, told: str
) -> None:
    with pytest.raises(CalendarNotValid, match=told):
        calendar(zone, hours, holidays)


def test_everything_that_is_wrong_is_named_at_once() -> None:
    with pytest.raises(CalendarNotValid) as error:
        calendar("Mars/Base", {"mon": [("9", "17")]}, ["tomorrow"])
    assert all(text in str(error.value) for text in ("mon 9-17", "'tomorrow'", "'Mars/Base'"))


def test_a_calendar_of_holidays_only_never_opens() -> None:
    leap_year = [date(2000, 1, 1) + timedelta(days=day) for day in range(366)]
    with pytest.raises(CalendarNotValid, match="a holiday"):
        calendar("UTC", OFFICE, [f"--{day:%m-%d}" for day in leap_year])


def test_more_time_than_there_is_is_refused() -> None:
    with pytest.raises(NeverOpen):
        calendar("UTC", {"mon": [("09:00", "09:01")]}).add(at("2026-01-01"), 1e9)


def test_two_years_cost_about_what_an_hour_costs() -> None:
    made = calendar("Europe/Berlin", OFFICE)
    start = at("2026-03-02T09:00")

    def cost(amount: float) -> float:
        made.between(start, made.add(start, amount))
        best = []
        for _ in range(5):
            begun = time.perf_counter()
            for _ in range(200):
                made.between(start, made.add(start, amount))
            best.append(time.perf_counter() - begun)
        return min(best)

    assert cost(2 * 52 * 5 * 8 * 3600) < 5 * cost(3600)
