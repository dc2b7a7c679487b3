"""Who else is concerned: other teams that got the mail, and the ticket that it is about."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.intake.domain.ticket import Ticket, known
from shared.events import Event
from shared.events.desk import TopicDefined
from shared.events.relations import OutsiderWrote, TicketShared


@dataclass(frozen=True)
class ShareTicket:
    """The mail that opened it came to the mailboxes of these topics, too."""

    topics: tuple[TopicDefined, ...]
    now: datetime


@dataclass(frozen=True)
class TellOfOutsider:
    """Somebody who takes no part wrote about this ticket, in a ticket of their own."""

    ticket_id: UUID
    number: str
    now: datetime


def share(c: ShareTicket, state: Ticket) -> list[Event]:
    """Each further team, once."""
    facts = known(state).facts
    first = {facts.category.team_id} if facts.category else set()
    others = [topic for topic in c.topics if topic.topic_id != facts.topic_id]
    return [*sharings(others, first | facts.shared_with, c.now)]


def sharings(
    topics: Iterable[TopicDefined], knowing: Iterable[str], now: datetime
) -> Iterable[TicketShared]:
    """The teams of these topics that don't see the ticket yet."""
    seen = set(knowing)
    for topic in topics:
        if topic.team_id not in seen:
            seen.add(topic.team_id)
            yield TicketShared(
                team_id=topic.team_id,
                team_name=topic.team_name,
                topic_id=topic.topic_id,
                shared_at=now,
            )


def tell_of_outsider(c: TellOfOutsider, state: Ticket) -> list[Event]:
    """That somebody else wrote about it, once for each of their tickets."""
    if c.ticket_id in known(state).facts.outsiders:
        return []
    return [OutsiderWrote(ticket_id=c.ticket_id, number=c.number, written_at=c.now)]
