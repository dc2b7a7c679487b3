"""What was heard → who is to be told; and what came back → what failed."""

from collections.abc import Sequence
from typing import ClassVar

from services.notify.copies import with_copies
from services.notify.directory import Directory
from services.notify.domain import RecordBounce, RequestNotifications
from services.notify.following import HEARD_OF, all_letters
from services.notify.letters import LOOKED_UP_FOR, Occasion, cause_of
from services.notify.settings import Settings
from services.notify.story import Story, step
from services.notify.writing import Writer
from shared.events import Event
from shared.events.submissions import BounceReceived
from shared.followers.contracts import Directed
from shared.log.records import Past, Recorded
from shared.service import Runtime


class Tell:
    """Everything that somebody is told of."""

    name: ClassVar[str] = "tell"
    hears: ClassVar[frozenset[type[Event]]] = HEARD_OF

    def __init__(self, runtime: Runtime, settings: Settings) -> None:
        self._zone = settings.timezone
        self._writer = Writer(runtime, settings)

    async def react(
        self, recorded: Recorded, past: Past
    ) -> Sequence[Directed[RequestNotifications]]:
        """One command with every letter that the event leads to."""
        event, ticket_id = recorded.event, recorded.subject
        assert isinstance(event, Event)
        story = past.fold(Story, Story(ticket_id), step)
        directory = Directory()
        if type(event) in LOOKED_UP_FOR or story.followers:
            directory = await self._writer.finder.directory(story, event)
        cause = cause_of(recorded.causation, story)
        about = Occasion(event, story, directory, self._zone, cause)
        rules = await self._writer.finder.rules()
        letters = rules.applied(with_copies(all_letters(about), story), about)
        if not letters:
            return []
        command = await self._writer.write(letters, story, recorded.id, recorded.occurred_at)
        return [Directed(ticket_id, command)]


class Bounced:
    """A mail that came back for good."""

    name: ClassVar[str] = "bounced"
    hears: ClassVar[frozenset[type[Event]]] = frozenset({BounceReceived})

    async def react(self, recorded: Recorded, _past: Past) -> Sequence[Directed[RecordBounce]]:
        """The notification failed, if the bounce is final."""
        event = recorded.event
        if not isinstance(event, BounceReceived) or not event.hard:
            return []
        reason = f"bounced {event.status}".strip()
        bounce = RecordBounce(event.notification_id, event.recipient, reason, event.received_at)
        return [Directed(recorded.subject, bounce)]
