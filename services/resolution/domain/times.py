"""When silence closes a ticket, and when the customer is reminded of that. Pure."""

from datetime import datetime, timedelta

from shared.events.resolution import ClosingRules


def closing_times(
    close_after_minutes: float, rules: ClosingRules, now: datetime
) -> tuple[datetime | None, datetime | None]:
    """When a ticket resolved `now` closes by silence, and when the customer is reminded of it.

    Both None where the desk has no rule: then the topic's real time counts, as it stands.
    """
    if rules.calendar is None and rules.remind_minutes_before is None:
        return None, None
    closes_at = now + timedelta(minutes=close_after_minutes)
    before = rules.remind_minutes_before
    if before is None or before >= close_after_minutes:
        return closes_at, None
    return closes_at, now + timedelta(minutes=close_after_minutes - before)
