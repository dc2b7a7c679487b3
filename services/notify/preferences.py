"""What somebody wants to hear, and when: muted kinds, quiet hours, language. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from uuid import UUID

from services.notify.rules import DEFAULTS, Audience
from services.notify.speaking import ENGLISH, language_of
from shared.business_time.calendar import zone_of
from shared.decider import Decider
from shared.errors import Rejected
from shared.events import Event, Unknown
from shared.events.notify import NotificationKind as Kind
from shared.events.notify import NotificationPreferencesSet, QuietTime
from shared.ids import derived_id

AGENT: Final = "agent:"
CUSTOMER: Final = "customer:"

FOR_CUSTOMERS: Final = frozenset({Kind.PROGRESS})
"""What customers can do without: whatever else they get asks something of them, or ends it."""

LONGEST: Final = 10
"""Quiet times that may follow one another: a night, a weekend, a night."""


class CannotBeMuted(Rejected):
    """These can't be muted: {kinds}."""

    http_status = 422


class QuietTimeWrong(Rejected):
    """The quiet hours can't be kept: {what}."""

    http_status = 422


@dataclass(frozen=True)
class Wish:
    """What somebody's preferences say of one letter."""

    language: str = ENGLISH
    withheld: str = ""
    """Why it must not be sent; empty if it may."""
    not_before: datetime | None = None


NO_WISH: Final = Wish()


def wish_of(
    wanted: NotificationPreferencesSet | None,
    quiet: QuietTime | None,
    kind: Kind,
    now: datetime,
    *,
    urgent: bool,
) -> Wish:
    """What an agent's preferences say of a letter; `quiet` are the desk's hours, for whoever
    has set none. What is urgent is sent at once."""
    language = language_of(wanted.language if wanted else "")
    if urgent:
        return Wish(language)
    muted = wanted is not None and kind in wanted.muted
    own = wanted.quiet if wanted is not None and wanted.quiet is not None else quiet
    return Wish(language, "muted" if muted else "", quiet_until(own, now))


@dataclass(frozen=True)
class SetPreferences:
    """What somebody wants from now on."""

    wanted: NotificationPreferencesSet


def subject_of(whom: str) -> UUID:
    """The subject of somebody's preferences."""
    return derived_id("notification preferences", whom)


def can_be_muted(kind: Kind, whom: str) -> bool:
    """Whether somebody can do without it."""
    if whom.startswith(CUSTOMER):
        return kind in FOR_CUSTOMERS
    rule = DEFAULTS.get(kind)
    return rule is not None and not rule.urgent and set(rule.to) != {Audience.CUSTOMER}


def quiet_until(quiet: QuietTime | None, now: datetime) -> datetime | None:
    """When the quiet time that `now` is in is over; None if it is in none."""
    if quiet is None:
        return None
    end = now
    for _ in range(LONGEST):
        ends = [until for since, until in _around(quiet, end) if since <= end < until]
        if not ends:
            break
        end = max(ends)
    return None if end == now else end


def check_quiet(quiet: QuietTime | None) -> None:
    """Raises `QuietTimeWrong`."""
    if quiet is None:
        return
    try:
        zone_of(quiet.timezone)
        start, end = _time(quiet.start), _time(quiet.end)
    except ValueError as error:
        raise QuietTimeWrong(what=f"{error} is no time like 20:00, or no IANA zone") from error
    if start == end:
        raise QuietTimeWrong(what="they begin when they end")


def _time(text: str) -> time:
    try:
        return time.fromisoformat(text)
    except ValueError:
        raise ValueError(text) from None


def _around(quiet: QuietTime, now: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The quiet times near an instant."""
    zone = zone_of(quiet.timezone)
    start, end = _time(quiet.start), _time(quiet.end)

    def instant(day: date, at: time) -> datetime:
        return datetime.combine(day, at, zone).astimezone(UTC)

    today = now.astimezone(zone).date()
    for days in (-1, 0, 1):
        day = today + timedelta(days=days)
        yield instant(day, start), instant(day + timedelta(days=end <= start), end)
        if quiet.weekends and day.weekday() >= 5:
            yield instant(day, time()), instant(day + timedelta(days=1), time())


def _decide(command: SetPreferences, last: NotificationPreferencesSet | None) -> list[Event]:
    wanted = command.wanted
    refused = [kind.value for kind in wanted.muted if not can_be_muted(kind, wanted.whom)]
    if refused:
        raise CannotBeMuted(kinds=", ".join(refused))
    check_quiet(wanted.quiet)
    same = {"set_by": wanted.set_by, "set_at": wanted.set_at}
    if last is not None and wanted == last.model_copy(update=same):
        return []
    return [wanted]


def _evolve(
    last: NotificationPreferencesSet | None, event: Event | Unknown
) -> NotificationPreferencesSet | None:
    return event if isinstance(event, NotificationPreferencesSet) else last


PREFERENCES: Decider[SetPreferences, NotificationPreferencesSet | None] = Decider(
    initial_state=None, decide=_decide, evolve=_evolve
)
