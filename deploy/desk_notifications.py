"""Notifications in the desk's file: who hears of what, by which way, and quiet hours."""

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from services.notify.preferences import QuietTimeWrong, check_quiet
from services.notify.rules import Audience, Way, troubles
from shared.events.notify import NotificationKind, NotificationRule, QuietTime


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Quiet(_Part):
    """Hours in which agents get nothing but what is urgent."""

    start: str = Field(description="20:00, by the clocks of the zone.")
    end: str = Field(description="07:00; on the next day if it is not after the start.")
    timezone: str
    weekends: bool = Field(False, description="Saturdays and Sundays, too.")


class Hearing(_Part):
    """Who hears of one kind of thing, and how."""

    to: tuple[Audience, ...]
    by: tuple[Way, ...] = (Way.MAIL,)
    urgent: bool = Field(False, description="In quiet hours, too; nobody can mute it.")


class Notifications(_Part):
    quiet: Quiet | None = None
    kinds: dict[NotificationKind, Hearing] = Field(
        {}, description="What is left out stays as it is without a rule."
    )

    def as_defined(self) -> dict[str, Any]:
        """The section, as notify takes it."""
        return {
            "rules": [rule.model_dump(mode="json") for rule in self._rules()],
            "quiet": None if self.quiet is None else self.quiet.model_dump(mode="json"),
        }

    def untrue(self) -> Iterator[tuple[tuple[str, ...], str]]:
        """What no part can tell by itself."""
        for rule in self._rules():
            yield from ((("notifications", "kinds", rule.kind.value), t) for t in troubles([rule]))
        if self.quiet is not None:
            try:
                check_quiet(QuietTime(**self.quiet.model_dump()))
            except QuietTimeWrong as wrong:
                yield ("notifications", "quiet"), wrong.message

    def _rules(self) -> Iterator[NotificationRule]:
        for kind, heard in self.kinds.items():
            yield NotificationRule(
                kind=kind,
                to=tuple(each.value for each in heard.to),
                by=tuple(each.value for each in heard.by),
                urgent=heard.urgent,
            )
