"""Public holidays by country and region, as they were known when a calendar was defined."""

import shutil
import zoneinfo
from datetime import UTC, datetime, timedelta
from importlib.resources import as_file, files
from pathlib import Path

import pytest

from services.sla.bodies import CalendarBody
from services.sla.plans import terms_of
from services.sla.public import around, public_holidays
from shared.business_time.calendar import zone_of
from shared.business_time.hours import CalendarNotValid, calendar_of
from shared.events import Priority
from tests.unit.sla.story import OFFICE, at, plan

HAMBURG = public_holidays("DE", "HH", 2026)


def test_holidays_are_those_of_the_country_and_region() -> None:
    assert {"2026-04-03", "2026-10-31", "2026-12-25"} <= set(HAMBURG)
    assert "2026-01-06" not in HAMBURG  # Epiphany is one of Bavaria's
    assert "2026-01-06" in public_holidays("DE", "BY", 2026)
    assert (HAMBURG[0][:4], HAMBURG[-1][:4]) == ("2025", "2036")


def test_a_calendar_without_a_country_keeps_none() -> None:
    assert public_holidays("", "", 2026) == ()


@pytest.mark.parametrize(("country", "region"), [("XX", ""), ("DE", "ZZ"), ("", "BE")])
def test_what_nobody_knows_is_refused(country: str, region: str) -> None:
    with pytest.raises(CalendarNotValid):
        public_holidays(country, region, 2026)


def test_a_definition_says_the_dates_themselves() -> None:
    hours = {"mon": ["09:00-17:00"]}
    body = CalendarBody(calendar_id="x", timezone="UTC", hours=hours, country="DE", region="HH")  # type: ignore[arg-type]
    assert body.defined(3, 2026).public_holidays == HAMBURG


def test_a_promise_names_the_holidays_near_it_and_is_due_after_them() -> None:
    easter = datetime(2026, 4, 2, 16, tzinfo=UTC)  # the Thursday before
    applied = plan(calendar=OFFICE, public_holidays=HAMBURG).applied(Priority.HIGH, easter, "", "")
    assert applied.calendar is not None
    assert applied.calendar.holidays == around(HAMBURG, easter)
    assert {each[:4] for each in applied.calendar.holidays} == {
        "2025", "2026", "2027", "2028", "2029",
    }  # fmt: skip
    terms = terms_of(applied)
    assert terms is not None
    assert terms.calendar.add(easter, 2 * 3600) == datetime(2026, 4, 7, 10, tzinfo=UTC)


def test_holidays_that_are_open_by_special_hours_count() -> None:
    hours = {"2026-04-03": OFFICE.hours["mon"]}
    values = OFFICE.model_copy(update={"holidays": HAMBURG, "special_hours": hours})
    friday = datetime(2026, 4, 3, tzinfo=UTC)
    assert calendar_of(values).between(friday, friday + timedelta(days=4)) == 8 * 3600


def test_zones_are_those_of_the_pinned_package_whatever_the_machine_has(tmp_path: Path) -> None:
    (tmp_path / "Europe").mkdir()
    with as_file(files("tzdata").joinpath("zoneinfo/UTC")) as utc:
        shutil.copy(utc, tmp_path / "Europe/Berlin")
    before = zoneinfo.TZPATH
    zoneinfo.reset_tzpath([str(tmp_path)])
    zone_of.cache_clear()
    try:
        assert zoneinfo.ZoneInfo.no_cache("Europe/Berlin").utcoffset(at(0)) == timedelta()
        assert zone_of("Europe/Berlin").utcoffset(at(0)) == timedelta(hours=1)
    finally:
        zoneinfo.reset_tzpath(before)
