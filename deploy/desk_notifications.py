"""Notifications in the desk's file: who hears of what, by which way, and quiet hours."""

from collections.abc import Iterator
from typing import Annotated, Any, Final

from pydantic import Field, StringConstraints

from deploy.desk_parts import Part
from services.notify.own_words import troubles as wrong_words
from services.notify.preferences import QuietTimeWrong, check_quiet
from services.notify.rules import Audience, Way, troubles
from shared.events.notify import MailTemplate, NotificationKind, NotificationRule, QuietTime

_TEMPLATE: Final = r"^[a-z][a-z_]{0,40}(\.[a-z]{2})?$"


class Quiet(Part):
    """Hours in which agents get nothing but what is urgent."""

    start: str = Field(description="20:00, by the clocks of the zone.")
    end: str = Field(description="07:00; on the next day if it is not after the start.")
    timezone: str
    weekends: bool = Field(False, description="Saturdays and Sundays, too.")


class Hearing(Part):
    """Who hears of one kind of thing, and how."""

    to: tuple[Audience, ...]
    by: tuple[Way, ...] = (Way.MAIL,)
    urgent: bool = Field(False, description="In quiet hours, too; nobody can mute it.")


class Template(Part):
    """What a mail says in the desk's own words: Jinja, with the facts that our own text uses."""

    subject: str = Field("", description="Empty: as it is. It must hold {{ number }}.")
    text: str = Field(
        "", description="Between greeting and link; blank lines part paragraphs. Empty: as it is."
    )


class Notifications(Part):
    quiet: Quiet | None = None
    kinds: dict[NotificationKind, Hearing] = Field(
        {}, description="What is left out stays as it is without a rule."
    )

    templates: dict[Annotated[str, StringConstraints(pattern=_TEMPLATE)], Template] = Field(
        {}, description="By the mail's name, such as acknowledgment, or acknowledgment.de."
    )

    def as_defined(self) -> dict[str, Any]:
        """The section, as notify takes it."""
        return {
            "rules": [rule.model_dump(mode="json") for rule in self._rules()],
            "quiet": None if self.quiet is None else self.quiet.model_dump(mode="json"),
            "templates": [each.model_dump(mode="json") for each in self._templates()],
        }

    def untrue(self) -> Iterator[tuple[tuple[str, ...], str]]:
        """What no part can tell by itself."""
        for rule in self._rules():
            yield from ((("notifications", "kinds", rule.kind.value), t) for t in troubles([rule]))
        for name, what in wrong_words(tuple(self._templates())):
            yield ("notifications", "templates", name), what
        if self.quiet is not None:
            try:
                check_quiet(QuietTime(**self.quiet.model_dump()))
            except QuietTimeWrong as wrong:
                yield ("notifications", "quiet"), wrong.message

    def _templates(self) -> Iterator[MailTemplate]:
        for key, each in self.templates.items():
            name, _, language = key.partition(".")
            yield MailTemplate(name=name, language=language, subject=each.subject, text=each.text)

    def _rules(self) -> Iterator[NotificationRule]:
        for kind, heard in self.kinds.items():
            yield NotificationRule(
                kind=kind,
                to=tuple(each.value for each in heard.to),
                by=tuple(each.value for each in heard.by),
                urgent=heard.urgent,
            )
