"""Moments as people tell them, in each language and in the zone of whoever reads. Pure."""

from datetime import datetime
from typing import Final

from shared.business_time.calendar import zone_of

GERMAN: Final = "de"

_DAYS: Final = (*("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"),)
_MONTHS: Final = (
    *("Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September"),
    *("Oktober", "November", "Dezember"),
)


def moment(at: datetime, zone: str, language: str) -> str:
    """`Monday 2 March 2026, 14:00 (Europe/Berlin)`, or `Montag, 2. März 2026, 14:00 Uhr (…)`."""
    local, place = at.astimezone(zone_of(zone)), zone.replace("_", " ")
    if language == GERMAN:
        day, month = _DAYS[local.weekday()], _MONTHS[local.month - 1]
        return f"{day}, {local.day}. {month} {local.year}, {local:%H:%M} Uhr ({place})"
    return f"{local:%A} {local.day} {local:%B %Y, %H:%M} ({place})"


def short_moment(at: datetime, zone: str, language: str) -> str:
    """`2 Mar 2026, 14:00`, or `2.3.2026, 14:00`."""
    local = at.astimezone(zone_of(zone))
    if language == GERMAN:
        return f"{local.day}.{local.month}.{local.year}, {local:%H:%M}"
    return f"{local.day} {local:%b %Y, %H:%M}"
