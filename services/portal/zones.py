"""The time zone that moments are told in."""

from functools import cache
from zoneinfo import available_timezones

from shared.business_time.calendar import zone_of


def is_zone(name: str) -> bool:
    """Whether there is a zone of this name (IANA), here and for the other services."""
    try:
        return name in _names() and zone_of(name) is not None
    except ValueError:
        return False


def zone_of_reader(theirs: str, desks: str) -> str:
    """The requester's zone, where it is known; else the desk's."""
    return theirs if is_zone(theirs) else desks


@cache
def _names() -> frozenset[str]:
    return frozenset(available_timezones())
