"""When silence closes a ticket, and when the customer is reminded of that. Pure."""

from datetime import datetime, timedelta

from shared.business_time.hours import calendar_of
from shared.events.resolution import ClosingRules


def closing_times(
    close_after_minutes: float, rules: ClosingRules, now: datetime
) -> tuple[datetime | None, datetime | None]:
    """When a ticket resolved `now` closes by silence, and when the customer is reminded of it.

    Both None where the desk has no rule: then the topic's real time counts, as it stands.
    """
    if rules.calendar is None and rules.remind_minutes_before is None:
        return None, None
    closes_at = _after(now, close_after_minutes, rules)
    before = rules.remind_minutes_before
    if before is None or before >= close_after_minutes:
        return closes_at, None
    return closes_at, _after(now, close_after_minutes - before, rules)


def _after(now: datetime, minutes: float, rules: ClosingRules) -> datetime:
    """So many minutes of the rules' business time later; of real time, where they name none."""
    if rules.calendar is None:
        return now + timedelta(minutes=minutes)
    return calendar_of(rules.calendar).add(now, minutes * 60)
