"""How clocks begin, and begin again: at the opening, with each message, with each answer. Pure."""

from datetime import datetime

from services.sla.clocks import NotStarted, Over, Paused, Running
from services.sla.facts import Facts
from services.sla.ticking import Ticking
from shared.events.sla import ClockKind

ANSWER_OWED = "the customer wrote"
PROGRESS_OWED = "the customer heard from us"


def begin(clock: Ticking, facts: Facts, known_at: datetime, reason: str) -> Ticking:
    """Start a clock that did not run yet, as if its plan had held from the beginning."""
    match clock.kind:
        case ClockKind.FIRST_RESPONSE:
            return _begin_at(clock, facts, facts.opened_at, facts.responded_at, known_at, reason)
        case ClockKind.RESOLUTION:
            return _begin_at(clock, facts, facts.opened_at, facts.resolved_at, known_at, reason)
        case ClockKind.NEXT_RESPONSE:
            return answer(clock, facts, known_at)
        case ClockKind.PROGRESS:
            heard = facts.responses[-1] if facts.responses and not facts.resolved_at else None
            return _begin_at(clock, facts, heard, None, known_at, PROGRESS_OWED)


def _begin_at(
    clock: Ticking,
    facts: Facts,
    since: datetime | None,
    done_at: datetime | None,
    known_at: datetime,
    reason: str,
) -> Ticking:
    """Start at an instant, leaving out what was waited for until it is done."""
    if since is None:
        return clock
    elapsed, stops = 0.0, clock.terms.stops_for(clock.kind)
    waits = None
    for wait in sorted(facts.waits_for(stops), key=lambda wait: wait.since):
        if waits is not None or (done_at is not None and wait.since >= done_at):
            break
        if wait.until is None:
            waits = wait
        elif wait.until > since:
            elapsed += clock.terms.calendar.between(since, wait.since)
            since = wait.until
    clock = clock.start(since, reason, elapsed)
    if waits is not None:
        clock = clock.pause(waits.since, known_at, waits.reason.value)
    return clock if done_at is None else clock.meet(done_at, known_at)


def answer(clock: Ticking, facts: Facts, known_at: datetime) -> Ticking:
    """The clock of the next response, brought up to what the customer wrote and heard.

    It starts with the first message that is not answered, from the first response on, and is
    met by the first response after that; whatever was written between is answered with it.
    """
    if facts.over:
        return clock
    while (turned := _turn(clock, facts, known_at)) is not None:
        clock = turned
    return clock


def _turn(clock: Ticking, facts: Facts, known_at: datetime) -> Ticking | None:
    """The next message or response that changes it; None if there is none."""
    match clock.clock:
        case Running(began=began) | Paused(began=began):
            answered_at = facts.answer_to(began)
            return None if answered_at is None else clock.meet(answered_at, known_at)
        case Over(ended_at=ended_at):
            message = facts.message_after(ended_at)
        case NotStarted():
            first = facts.responded_at
            message = None if first is None else facts.message_after(first)
    return None if message is None else owe(clock, facts, message, known_at, ANSWER_OWED)


def renew(clock: Ticking, facts: Facts, at: datetime, known_at: datetime) -> Ticking:
    """The clock of progress, as the customer heard something: the next is owed from then."""
    match clock.clock:
        case Running(began=began) | Paused(began=began) if at > began:
            clock = clock.meet(at, known_at)
        case NotStarted():
            pass
        case _:
            return clock
    return owe(clock, facts, at, known_at, PROGRESS_OWED)


def owe(clock: Ticking, facts: Facts, at: datetime, known_at: datetime, reason: str) -> Ticking:
    """The clock started anew; it stands still at once if the ticket waits for something."""
    started = clock.start_anew(at, reason)
    waits = facts.waiting(clock.terms.stops_for(clock.kind), at)
    return started if waits is None else started.pause(at, known_at, waits.reason.value)
