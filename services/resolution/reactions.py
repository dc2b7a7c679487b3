"""What resolution does about what it hears."""

from collections.abc import Sequence
from typing import ClassVar

from services.resolution.domain.commands import CloseMerged, Command, HearCustomer, TakeUpUnmerged
from shared.events import Event
from shared.events.intake import CustomerMessageReceived, TicketMerged, TicketUnmerged
from shared.events.review import FeedbackReceived
from shared.followers.contracts import Directed
from shared.log.records import Past, Recorded


class CustomerSpeaks:
    """An answer goes on with the work, an objection begins it anew, a merger ends it until
    it is undone."""

    name: ClassVar[str] = "customer_speaks"
    hears: ClassVar[frozenset[type[Event]]] = frozenset(
        {CustomerMessageReceived, FeedbackReceived, TicketMerged, TicketUnmerged}
    )

    async def react(self, recorded: Recorded, _past: Past) -> Sequence[Directed[Command]]:
        return [Directed(recorded.subject, command) for command in _commands(recorded)]


def _commands(recorded: Recorded) -> list[Command]:
    now = recorded.occurred_at
    match recorded.event:
        case CustomerMessageReceived(automatic=False, sender=sender):
            by = f"customer:{sender.person_id}"
            return [HearCustomer(by=by, now=now, reason="The customer wrote.")]
        case FeedbackReceived(recurred=True, given_by=by):
            return [HearCustomer(by=by, now=now, reason="The problem came back.")]
        case FeedbackReceived(reopens=True, given_by=by):
            return [HearCustomer(by=by, now=now, reason="The customer was not satisfied.")]
        case TicketMerged(into_number=number, merged_by=by):
            return [CloseMerged(by=by, now=now, into_number=number)]
        case TicketUnmerged(from_number=number, unmerged_by=by):
            reason = f"It goes on by itself again, not in {number}."
            return [TakeUpUnmerged(by=by, now=now, reason=reason)]
        case _:
            return []
