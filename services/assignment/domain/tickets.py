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

from services.assignment.domain.people import Need
from services.assignment.domain.policy import NO_FACTS, Facts, kept
from shared.events import Event, Unknown
from shared.events.assignment import (
    AgentAssigned,
    AgentUnassigned,
    ParticipantAdded,
    ParticipantRemoved,
    TicketEscalated,
    TicketQueued,
    TicketRouted,
    TicketTransferred,
)
from shared.events.intake import TicketCategorised, TicketOpened, TicketPrioritised, TicketVerified
from shared.events.relations import TicketMerged
from shared.events.resolution import TicketArchived, TicketClosed, TicketReopened


@dataclass(frozen=True)
class Unheard:
    """Nothing is known of such a ticket."""


@dataclass(frozen=True)
class Incoming:
    """Opened, and not yet known well enough to be given to anybody."""

    verified: bool = False
    prioritised: bool = False
    participants: frozenset[str] = frozenset()
    facts: Facts = NO_FACTS

    @property
    def need(self) -> Need | None:
        return self.facts.asked


@dataclass(frozen=True)
class Waiting:
    """It needs somebody, and nobody has it."""

    need: Need
    queued: bool = False
    """Whether it was said to be queued for this need."""
    had_before: str | None = None
    """Who had it when it was closed."""
    participants: frozenset[str] = field(default=frozenset())
    facts: Facts = NO_FACTS


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
    facts: Facts = NO_FACTS
    weight: int = 1
    """Places that it takes of the agent's capacity."""


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
            released = Waiting(
                before.need, False, before.agent_id, before.participants, before.facts
            )
            return Closed(released)
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
            return Held(
                need,
                event.agent_id,
                event.tier,
                participants=state.participants - {event.agent_id},
                facts=state.facts,
                weight=event.weight,
            )
        case AgentUnassigned() if isinstance(state, Held):
            need = _declined(state.need, event)
            return Waiting(need, participants=state.participants, facts=state.facts)
        case TicketQueued() if isinstance(state, Waiting):
            return replace(state, queued=True)
        case TicketTransferred() if not isinstance(state, Incoming):
            need = _need(event)
            return _with_need(replace(state, facts=replace(state.facts, by_hand=True)), need)
        case TicketRouted() if not isinstance(state, Incoming):
            return _with_need(state, kept(state.need, _routed(event)))
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
    facts = facts_after(state.facts, event)
    match state, event:
        case Incoming(), TicketVerified():
            return _ready(replace(state, verified=True))
        case Incoming(), TicketPrioritised():
            return _ready(replace(state, prioritised=True, facts=facts))
        case Incoming(), TicketCategorised():
            return _ready(replace(state, facts=facts))
        case ((Waiting() | Held()), TicketCategorised()) if _asks_anew(state.facts, facts):
            return _needing(replace(state, facts=replace(facts, by_hand=False)))
        case ((Waiting() | Held()), _):
            return replace(state, facts=facts)
        case _:
            return state


def _asks_anew(before: Facts, facts: Facts) -> bool:
    return (before.topic_id, before.asked) != (facts.topic_id, facts.asked)


def _needing(state: Waiting | Held) -> Open:
    assert state.facts.asked is not None
    need = kept(state.need, state.facts.asked)
    return state if need == state.need else _with_need(state, need)


def facts_after(
    facts: Facts, event: TicketVerified | TicketPrioritised | TicketCategorised
) -> Facts:
    """What rules look at, brought up to date."""
    match event:
        case TicketPrioritised():
            return replace(facts, priority=event.priority.value)
        case TicketCategorised():
            return replace(
                facts,
                asked=_need(event),
                topic_id=event.topic_id,
                type=event.type.value,
                organisation=event.organisation,
                language=event.language,
            )
        case TicketVerified():
            return facts


def _need(event: TicketCategorised | TicketTransferred | TicketRouted) -> Need:
    return Need(event.team_id, event.team_name, tuple(sorted(event.skills)), event.tier)


def _routed(event: TicketRouted) -> Need:
    return replace(
        _need(event),
        levels=tuple(sorted(event.levels.items())),
        strategy=event.strategy,
        owner=event.owner,
        rule=event.rule,
    )


def _ready(state: Incoming) -> Open:
    if state.need is None or not (state.verified and state.prioritised):
        return state
    return Waiting(state.need, participants=state.participants, facts=state.facts)


def _with_need(state: Waiting | Held, need: Need) -> Open:
    match state:
        case Waiting():
            return replace(state, need=need, queued=False, had_before=None)
        case Held():
            return replace(state, need=need, recategorised=True)


def _declined(need: Need, event: AgentUnassigned) -> Need:
    if not event.declined or event.agent_id in need.declined:
        return need
    return replace(need, declined=tuple(sorted([*need.declined, event.agent_id])))
