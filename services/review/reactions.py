"""What review does about what it hears: closed tickets that a colleague should look at."""

from collections.abc import Sequence
from typing import ClassVar

from services.review.domain import Command, SelectForReview
from services.review.quality import RulesInForce
from shared.events import Event
from shared.events.resolution import TicketClosed
from shared.events.sla import TargetBreached
from shared.followers.contracts import Directed
from shared.log.records import Past, Recorded


class Select:
    """Each closing is looked at once, by the rules in force then; so is a breach that is heard
    of later."""

    name: ClassVar[str] = "select"
    hears: ClassVar[frozenset[type[Event]]] = frozenset({TicketClosed, TargetBreached})

    def __init__(self, rules: RulesInForce) -> None:
        self._rules = rules

    async def react(self, recorded: Recorded, _past: Past) -> Sequence[Directed[Command]]:
        rules = await self._rules.get()
        command = SelectForReview(
            by="rules", now=recorded.occurred_at, ticket_id=recorded.subject, rules=rules
        )
        return [Directed(recorded.subject, command)]
