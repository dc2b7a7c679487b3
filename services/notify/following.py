"""Letters to agents who follow a ticket: what happens on it, in a sentence. Pure."""

from collections.abc import Callable
from typing import Any, Final

from services.notify.directory import CLOCK_NAMES
from services.notify.letters import NOBODY, TOLD_OF, Letter, Occasion, letters_for
from services.notify.speaking import GERMAN, Spoken, spoken
from services.notify.words import line
from shared.events import Event
from shared.events.assignment import AgentAssigned, TicketEscalated, TicketTransferred
from shared.events.intake import ClarificationProvided, CustomerMessageReceived
from shared.events.notify import NotificationKind as Kind
from shared.events.relations import TicketMerged
from shared.events.resolution import (
    AgentReplied,
    NoteAdded,
    ProgressReported,
    ResolutionRejected,
    TicketClosed,
    TicketHeld,
    TicketReopened,
    TicketResolved,
)
from shared.events.sla import TargetBreached

Told = tuple[Spoken, str]
"""What happened, and what was said with it."""


def all_letters(about: Occasion) -> list[Letter]:
    """The letters to whom an event concerns, and then those to who follows the ticket: rules let
    one person have only the first of the two."""
    return [*letters_for(about), *_followed(about)]


def _followed(about: Occasion) -> list[Letter]:
    tell = _TOLD.get(type(about.event))
    if tell is None or about.story.opened is None or not about.story.followers:
        return []
    if isinstance(about.event, CustomerMessageReceived) and about.event.automatic:
        return []
    if isinstance(about.event, TicketReopened) and (
        about.cause is CustomerMessageReceived or about.story.rejected
    ):
        return []  # They have just been told what the customer wrote.
    happened, body = tell(about.event)
    facts = {"happened": happened, "body": body}
    return [Letter(Kind.FOLLOWED, Kind.FOLLOWED.value, NOBODY, facts=facts)]


def _did(name: str, english: str, german: str) -> Spoken:
    name = line(name)
    return spoken(f"{name} {english}", f"{name} {german}")


def _breached(event: TargetBreached) -> Told:
    clock = CLOCK_NAMES[event.clock]
    german = f"Ein Ziel wurde verfehlt: {clock.texts[GERMAN]}"
    return spoken(f"The {clock} target was missed", german), ""


def _answered(event: ClarificationProvided) -> Told:
    answers = [*event.answers.values(), event.text]
    words = "\n".join(answer for answer in answers if answer)
    return spoken("The customer answered", "Der Kunde hat geantwortet"), words


_TOLD: Final[dict[type[Event], Callable[[Any], Told]]] = {
    CustomerMessageReceived: lambda e: (
        spoken("The customer wrote", "Der Kunde hat geschrieben"),
        e.text,
    ),
    ClarificationProvided: _answered,
    ResolutionRejected: lambda e: (
        spoken("The customer rejected the solution", "Der Kunde hat die Lösung abgelehnt"),
        e.reason,
    ),
    AgentReplied: lambda e: (
        _did(e.agent_name or e.replied_by, "wrote to the customer", "hat dem Kunden geschrieben"),
        e.text,
    ),
    NoteAdded: lambda e: (
        _did(e.agent_name or e.noted_by, "wrote a note", "hat eine Notiz geschrieben"),
        e.text,
    ),
    ProgressReported: lambda e: (
        _did(e.agent_name or e.reported_by, "reported progress", "hat über den Stand berichtet"),
        e.text,
    ),
    AgentAssigned: lambda e: (
        _did(e.agent_name or e.agent_id, "has it now", "hat es jetzt"),
        e.reason,
    ),
    TicketTransferred: lambda e: (
        spoken(f"It is with {line(e.team_name)} now", f"Es ist jetzt bei {line(e.team_name)}"),
        e.reason,
    ),
    TicketEscalated: lambda e: (
        spoken(f"It was escalated to tier {e.tier}", f"Es wurde an Stufe {e.tier} eskaliert"),
        e.reason,
    ),
    TicketHeld: lambda e: (spoken("It is on hold", "Es ist angehalten"), e.reason),
    TargetBreached: _breached,
    TicketResolved: lambda e: (spoken("It was resolved", "Es wurde gelöst"), e.note),
    TicketReopened: lambda e: (spoken("It was reopened", "Es wurde wieder geöffnet"), e.reason),
    TicketMerged: lambda e: (
        spoken(f"It goes on in {e.into_number}", f"Es geht in {e.into_number} weiter"),
        "",
    ),
    TicketClosed: lambda e: (spoken("It was closed", "Es wurde geschlossen"), e.note),
}

HEARD_OF: Final[frozenset[type[Event]]] = TOLD_OF | frozenset(_TOLD)
"""The events that somebody is told of, those who follow the ticket included."""
