"""What was heard → who is to be told; and what came back → what failed."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import ClassVar

from services.notify.compose import Composer
from services.notify.directory import Directory
from services.notify.domain import RecordBounce, RequestNotifications
from services.notify.letters import LOOKED_UP_FOR, TOLD_OF, Occasion, cause_of, letters_for
from services.notify.projection import Finder
from services.notify.settings import Settings
from services.notify.story import story_of
from shared.events import Event
from shared.events.intake import BounceReceived
from shared.followers.contracts import Directed
from shared.log.records import Recorded
from shared.service import Runtime


class Tell:
    """Everything that somebody is told of."""

    name: ClassVar[str] = "tell"
    hears: ClassVar[frozenset[type[Event]]] = TOLD_OF

    def __init__(self, runtime: Runtime, settings: Settings) -> None:
        self._runtime = runtime
        self._settings = settings
        self._finder = Finder(runtime.pool)
        self._composer = composer(settings)

    async def react(self, recorded: Recorded) -> Sequence[Directed[RequestNotifications]]:
        """One command with every letter that the event leads to."""
        event, settings = recorded.event, self._settings
        assert isinstance(event, Event)
        past = await self._runtime.log.read(recorded.subject)
        story = story_of(recorded.subject, past.events)
        wanted = type(event) in LOOKED_UP_FOR
        directory = await self._finder.directory(story, event) if wanted else Directory()
        cause = cause_of(recorded.causation, story)
        occasion = Occasion(event, story, directory, settings.timezone, cause)
        drafts = tuple(
            self._composer.draft(letter, story, recorded.id, recorded.occurred_at)
            for letter in letters_for(occasion)
        )
        if not drafts:
            return []
        now = self._runtime.clock()
        own, bounced = await self._unwanted([draft.recipient for draft in drafts], now)
        return [Directed(recorded.subject, RequestNotifications(drafts, now, own, bounced))]

    async def _unwanted(
        self, addresses: Sequence[str], now: datetime
    ) -> tuple[frozenset[str], frozenset[str]]:
        """Addresses of ours, and those that lately took no mail."""
        settings = self._settings
        since = now - timedelta(days=settings.bounce_days)
        mailboxes, bounced = await self._finder.unwanted(addresses, since)
        ours = {f"{mailbox}@{settings.mail_domain}".casefold() for mailbox in mailboxes}
        return frozenset(ours | {settings.from_address.casefold()}), bounced


class Bounced:
    """A mail that came back for good."""

    name: ClassVar[str] = "bounced"
    hears: ClassVar[frozenset[type[Event]]] = frozenset({BounceReceived})

    async def react(self, recorded: Recorded) -> Sequence[Directed[RecordBounce]]:
        """The notification failed, if the bounce is final."""
        event = recorded.event
        if not isinstance(event, BounceReceived) or not event.hard:
            return []
        reason = f"bounced {event.status}".strip()
        bounce = RecordBounce(event.notification_id, event.recipient, reason, event.received_at)
        return [Directed(recorded.subject, bounce)]


def composer(settings: Settings) -> Composer:
    """The composer of this desk."""
    return Composer(
        desk_name=settings.desk_name,
        from_address=settings.from_address,
        mail_domain=settings.mail_domain,
        portal_url=settings.portal_url.rstrip("/"),
        gateway_url=settings.gateway_url.rstrip("/"),
        link_secret=settings.link_secret,
    )
