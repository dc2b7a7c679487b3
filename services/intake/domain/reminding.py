"""A customer who was asked something is reminded, and after a while we go on without it."""

from dataclasses import dataclass
from datetime import datetime

from services.intake.domain.ticket import Facts, Ticket, Waiting
from services.intake.domain.topics import Topics
from services.intake.domain.triage import accepted
from shared.events import Event
from shared.events.intake import ClarificationLapsed, ClarificationReminded


@dataclass(frozen=True)
class RemindOfClarification:
    """Ask once more, if nothing was answered of what was asked then."""

    asked_at: datetime
    reminder: int
    ends_at: datetime | None
    now: datetime


@dataclass(frozen=True)
class LetClarificationLapse:
    """Wait no longer, if nothing was answered of what was asked then."""

    asked_at: datetime
    now: datetime


@dataclass(frozen=True)
class AcceptAsItIs:
    """Go on with what there is, as nobody answered."""

    topics: Topics
    now: datetime


def decide_reminding(
    command: RemindOfClarification | LetClarificationLapse | AcceptAsItIs, state: Ticket
) -> list[Event]:
    """What is newly true of a ticket that waits for answers."""
    match command:
        case RemindOfClarification():
            return remind(command, state)
        case LetClarificationLapse():
            return lapse(command, state)
        case AcceptAsItIs():
            return accept_as_it_is(command, state)


def remind(c: RemindOfClarification, state: Ticket) -> list[Event]:
    """Each reminder once; an answer in between ends them."""
    facts = _still_asked(state, c.asked_at)
    if facts is None or c.reminder <= facts.reminders:
        return []
    return [
        ClarificationReminded(
            questions=facts.questions,
            reminder=c.reminder,
            ends_at=c.ends_at,
            reminded_at=c.now,
        )
    ]


def lapse(c: LetClarificationLapse, state: Ticket) -> list[Event]:
    """Nothing more is waited for."""
    facts = _still_asked(state, c.asked_at)
    if facts is None:
        return []
    return [ClarificationLapsed(questions=facts.questions, lapsed_at=c.now)]


def accept_as_it_is(c: AcceptAsItIs, state: Ticket) -> list[Event]:
    """Verified, categorised and prioritised; what stayed open is named."""
    if not isinstance(state, Waiting) or not state.facts.lapsed:
        return []
    facts = state.facts
    topic = c.topics.of(facts.topic_id)
    organisation = c.topics.organisations.get(facts.organisation)
    return accepted(facts, topic, c.now, c.topics.rules, facts.questions, organisation)


def _still_asked(state: Ticket, asked_at: datetime) -> Facts | None:
    if not isinstance(state, Waiting) or state.facts.lapsed or not state.facts.questions:
        return None
    return state.facts if state.facts.asked_at == asked_at else None
