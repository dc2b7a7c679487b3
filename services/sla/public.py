"""Public holidays of a country or a region of it, as the library `holidays` knows them.

They are looked up when a calendar is defined, and the dates themselves are said: a newer
library changes no due time that was promised before, until the calendar is defined again.
"""

from collections.abc import Iterable
from datetime import date
from typing import Final

from shared.business_time.hours import CalendarNotValid

YEARS_AHEAD: Final = 10
"""For so many years after that of the definition are holidays looked up."""

YEARS_BACK_NAMED: Final = 1
YEARS_AHEAD_NAMED: Final = 3
"""The years around its beginning of which a plan that is applied names the holidays."""


def public_holidays(country: str, region: str, year: int) -> tuple[str, ...]:
    """The dates, in order, from the year before `year` on; none without a country.

    `country` is ISO 3166-1 (`DE`), `region` a subdivision of it (`BE`, ISO 3166-2 without the
    country). Raises `CalendarNotValid` for those that the library does not know.
    """
    if not country:
        if region:
            raise CalendarNotValid(what=f"the region {region} is of no country")
        return ()
    # 20 MB and a fifth of a second, for something that happens once a year.
    import holidays

    years = range(year - YEARS_BACK_NAMED, year + YEARS_AHEAD + 1)
    try:
        found = holidays.country_holidays(country, subdiv=region or None, years=years)
    except NotImplementedError as error:
        raise CalendarNotValid(what=f"holidays: {error}") from error
    return tuple(day.isoformat() for day in sorted(found))


def around(dates: Iterable[str], at: date) -> tuple[str, ...]:
    """Those of the dates that a promise which begins `at` can come to depend on."""
    first, last = at.year - YEARS_BACK_NAMED, at.year + YEARS_AHEAD_NAMED
    return tuple(each for each in dates if first <= int(each[:4]) <= last)
