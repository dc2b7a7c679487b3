"""A ticket as assignment sees it, and what leads from one state to the next.

    Unheard ── opened ──► Incoming ── verified, categorised, prioritised ──► Waiting
                                                                             │     ▲
                                                     assigned ◄──────────────┘     │
                                                        ▼                          │
                                                      Held ── unassigned ──────────┘

Closed keeps the state beneath it, and reopening goes back there.
"""

from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

from services.assignment.domain.choice import Need
from shared.events import Event, Unknown
from shared.events.assignment import (
    AgentAssigned,
    AgentUnassigned,
    ParticipantAdded,
    ParticipantRemoved,
    TicketEscalated,
    TicketQueued,
    TicketTransferred,
)
from shared.events.intake import (
    TicketCategorised,
    TicketMerged,
    TicketOpened,
    TicketPrioritised,
    TicketVerified,
)
from shared.events.resolution import TicketArchived, TicketClosed, TicketReopened


@dataclass(frozen=True)
class Unheard:
    """Nothing is known of such a ticket."""


@dataclass(frozen=True)
class Incoming:
    """Opened, and not yet known well enough to be given to anybody."""

    verified: bool = False
    prioritised: bool = False
    need: Need | None = None
    participants: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Waiting:
    """It needs somebody, and nobody has it."""

    need: Need
    queued: bool = False
    """Whether it was said to be queued for this need."""
    had_before: str | None = None
    """Who had it when it was closed."""
    participants: frozenset[str] = field(default=frozenset())


@dataclass(frozen=True)
class Held:
    """An agent has it."""

    need: Need
    agent_id: str
    tier: int
    """The agent's."""
    recategorised: bool = False
    """What it needs has changed since the agent got it."""
    participants: frozenset[str] = field(default=frozenset())


Open: TypeAlias = Incoming | Waiting | Held


@dataclass(frozen=True)
class Closed:
    """Closed, merged or archived."""

    before: Open
    """What it was, brought up to date: an agent released meanwhile is not there."""


State: TypeAlias = Unheard | Open | Closed

UNHEARD: Final = Unheard()


def evolve(state: State, event: Event | Unknown) -> State:
    """The state after `event`."""
    match state, event:
        case Unheard(), TicketOpened():
            return Incoming()
        case Unheard(), _:
            return state
        case Closed(before=Waiting() as before), TicketReopened():
            return replace(before, queued=False, need=replace(before.need, declined=()))
        case Closed(before=before), TicketReopened():
            return before
        case Closed(before=Held() as before), AgentUnassigned():
            return Closed(Waiting(before.need, False, before.agent_id, before.participants))
        case Closed(before=before), _:
            return Closed(_evolve_open(before, event))
        case ((Incoming() | Waiting() | Held()), (TicketClosed() | TicketMerged())):
            return Closed(state)
        case ((Incoming() | Waiting() | Held()), TicketArchived()):
            return Closed(state)
        case ((Incoming() | Waiting() | Held()), _):
            return _evolve_open(state, event)


def _evolve_open(state: Open, event: Event | Unknown) -> Open:
    match event:
        case TicketVerified() | TicketPrioritised() | TicketCategorised():
            return _heard_from_intake(state, event)
        case AgentAssigned():
            need = state.need or Need(event.team_id, event.team_name)
            participants = state.participants - {event.agent_id}
            return Held(need, event.agent_id, event.tier, participants=participants)
        case AgentUnassigned() if isinstance(state, Held):
            return Waiting(_declined(state.need, event), participants=state.participants)
        case TicketQueued() if isinstance(state, Waiting):
            return replace(state, queued=True)
        case TicketTransferred() if not isinstance(state, Incoming):
            need = Need(event.team_id, event.team_name, event.skills, event.tier)
            return _with_need(state, need)
        case TicketEscalated() if not isinstance(state, Incoming):
            return replace(state, need=replace(state.need, tier=event.tier))
        case ParticipantAdded():
            return replace(state, participants=state.participants | {event.agent_id})
        case ParticipantRemoved():
            return replace(state, participants=state.participants - {event.agent_id})
        case _:
            return state


def _heard_from_intake(
    state: Open, event: TicketVerified | TicketPrioritised | TicketCategorised
) -> Open:
    match state, event:
        case Incoming(), TicketVerified():
            return _ready(replace(state, verified=True))
        case Incoming(), TicketPrioritised():
            return _ready(replace(state, prioritised=True))
        case Incoming(), TicketCategorised():
            return _ready(replace(state, need=need_after(None, event)))
        case ((Waiting() | Held()), TicketCategorised()):
            need = need_after(state.need, event)
            return state if need == state.need else _with_need(state, need)
        case _:
            return state


def need_after(before: Need | None, event: TicketCategorised) -> Need:
    """What the ticket needs now; within the same team it keeps the tier it had come to."""
    need = Need(event.team_id, event.team_name, event.skills, event.tier)
    if before is None or before.team_id != need.team_id:
        return need
    return replace(need, tier=max(before.tier, need.tier), declined=before.declined)


def _ready(state: Incoming) -> Open:
    if state.need is None or not (state.verified and state.prioritised):
        return state
    return Waiting(state.need, participants=state.participants)


def _with_need(state: Waiting | Held, need: Need) -> Open:
    match state:
        case Waiting():
            return replace(state, need=need, queued=False, had_before=None)
        case Held():
            return replace(state, need=need, recategorised=True)


def _declined(need: Need, event: AgentUnassigned) -> Need:
    if not event.declined or event.agent_id in need.declined:
        return need
    return replace(need, declined=(*need.declined, event.agent_id))
