"""What notify knows of a ticket, folded from its events: enough to write a letter."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import reduce
from typing import Final
from uuid import UUID

from shared.events import Event, Person, Priority, Unknown
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
    Channel,
    CustomerMessageReceived,
    TicketCategorised,
    TicketOpened,
    TicketPrioritised,
    Verdict,
)
from shared.events.participants import AddressConfirmed, CopyConfirmed, CopyEnded, CopyInvited
from shared.events.relations import TicketMerged, TicketUnmerged
from shared.events.resolution import (
    AgentReplied,
    ProgressReported,
    ResolutionRejected,
    TicketFollowed,
    TicketReopened,
    TicketResolved,
    TicketUnfollowed,
)
from shared.events.sla import (
    ClockKind,
    ClockPaused,
    ClockResumed,
    ClockStarted,
    ClockStopped,
    SlaPlanApplied,
    TargetMet,
)
from shared.log.records import Recorded

MESSAGE_ID: Final = re.compile(r"<[!-;=?-~]{1,250}>")
"""What may be quoted in a header of ours: printable ASCII in angle brackets."""

_WRITTEN_BY_AGENTS: Final = frozenset({AgentReplied, ProgressReported, TicketResolved})


@dataclass(frozen=True)
class Agent:
    """The agent who has the ticket, as assignment said."""

    agent_id: str
    name: str
    team_id: str
    team_name: str
    tier: int


@dataclass(frozen=True)
class Running:
    """A clock of the ticket, as far as a promise can be made of it."""

    due_at: datetime
    paused: bool = False


@dataclass(frozen=True)
class Story:
    """A ticket, as far as letters tell of it."""

    ticket_id: UUID
    opened: TicketOpened | None = None
    agent: Agent | None = None
    last_agent: Agent | None = None
    """Who has it, or had it last."""
    participants: frozenset[str] = frozenset()
    followers: frozenset[str] = frozenset()
    """Ids of agents who want to know what becomes of it."""
    team_id: str = ""
    team_name: str = ""
    tier: int = 1
    priority: Priority | None = None
    plan_wanted: str | None = None
    close_after_minutes: float | None = None
    plan: SlaPlanApplied | None = None
    clocks: Mapping[ClockKind, Running] = field(default_factory=dict)
    met: frozenset[ClockKind] = frozenset()
    invited: Mapping[UUID, Person] = field(default_factory=dict)
    """People whom the requester wants to take part, until they agree."""
    copied: Mapping[UUID, Person] = field(default_factory=dict)
    """People in copy: they have agreed."""
    merged_into: str = ""
    rejected: bool = False
    """The customer rejected the last solution, and no new one was offered since."""
    language: str = ""
    """The requester's (BCP 47); empty when unknown."""
    opening_id: UUID | None = None
    """Id of the event that opened it."""
    introduced: str = ""
    """Id of the agent who had it before the present one, and whom the customer knows."""
    mailed_at: datetime | None = None
    """When the customer last wrote by mail: the address took no harm since."""
    proven: bool = False
    """Whoever opened it has the requester's address: they have shown it on this ticket."""
    opening_message_id: str = ""
    """Message-ID of the mail that opened the ticket."""
    customer_message_id: str = ""
    """Message-ID of the customer's latest mail."""
    heard: Mapping[UUID, type] = field(default_factory=dict)
    """Class of each event, by its id."""

    @property
    def requester(self) -> Person | None:
        """Who opened the ticket."""
        return self.opened.requester if self.opened else None

    @property
    def agent_wrote(self) -> bool:
        """Whether somebody of the desk has read it, and written to the customer."""
        return not _WRITTEN_BY_AGENTS.isdisjoint(self.heard.values())


def story_of(ticket_id: UUID, past: Iterable[Recorded]) -> Story:
    """The story of a ticket, from what this service's log knows of it."""
    return reduce(step, past, Story(ticket_id))


def step(story: Story, recorded: Recorded) -> Story:
    """The story after what the log holds next."""
    after = evolve(story, recorded.event)
    opening_id = after.opening_id
    if after.opened is not None and opening_id is None:
        opening_id = recorded.id
    heard = {**story.heard, recorded.id: type(recorded.event)}
    return replace(after, opening_id=opening_id, heard=heard)


def evolve(story: Story, event: Event | Unknown) -> Story:
    """The story with one more event; what no letter tells of changes nothing."""
    match event:
        case TicketOpened():
            mail = _message_id(event.message_id or "")
            mailed_at = event.opened_at if event.channel is Channel.EMAIL else None
            return replace(
                story,
                opened=event,
                opening_message_id=mail,
                customer_message_id=mail,
                mailed_at=mailed_at,
                proven=_is_authentic(event),
                language=event.language,
            )
        case AddressConfirmed():
            return replace(story, proven=True)
        case CopyInvited() | CopyConfirmed() | CopyEnded():
            return _copied(story, event)
        case CustomerMessageReceived():
            mail = _message_id(event.message_id or "") or story.customer_message_id
            by_mail = event.channel is Channel.EMAIL and not event.automatic
            mailed_at = event.received_at if by_mail else story.mailed_at
            return replace(story, customer_message_id=mail, mailed_at=mailed_at)
        case TicketCategorised():
            return replace(
                story,
                team_id=event.team_id,
                team_name=event.team_name,
                tier=max(story.tier, event.tier),
                plan_wanted=event.plan_id,
                close_after_minutes=event.close_after_minutes,
                language=event.language or story.language,
            )
        case TicketPrioritised():
            return replace(story, priority=event.priority)
        case TicketMerged():
            return replace(story, merged_into=event.into_number)
        case TicketResolved():
            return replace(story, rejected=False)
        case ResolutionRejected():
            return replace(story, rejected=True)
        case TicketReopened() | TicketUnmerged():
            return replace(story, merged_into="")
        case _:
            return _clocks(_people(story, event), event)


def _copied(story: Story, event: CopyInvited | CopyConfirmed | CopyEnded) -> Story:
    if isinstance(event, CopyInvited):
        return replace(story, invited={**story.invited, event.person.person_id: event.person})
    invited, copied = dict(story.invited), dict(story.copied)
    person = invited.pop(event.person_id, None)
    if isinstance(event, CopyEnded):
        copied.pop(event.person_id, None)
    elif person is not None:
        copied[event.person_id] = person
    return replace(story, invited=invited, copied=copied)


def _people(story: Story, event: Event | Unknown) -> Story:
    match event:
        case AgentAssigned():
            agent = Agent(
                event.agent_id, event.agent_name, event.team_id, event.team_name, event.tier
            )
            return replace(
                story,
                agent=agent,
                last_agent=agent,
                introduced=story.last_agent.agent_id if story.last_agent else "",
                participants=story.participants - {event.agent_id},
                team_id=event.team_id,
                team_name=event.team_name,
            )
        case AgentUnassigned():
            same = story.agent is not None and story.agent.agent_id == event.agent_id
            return replace(story, agent=None) if same else story
        case ParticipantAdded():
            return replace(story, participants=story.participants | {event.agent_id})
        case ParticipantRemoved():
            return replace(story, participants=story.participants - {event.agent_id})
        case TicketFollowed():
            return replace(story, followers=story.followers | {event.agent_id})
        case TicketUnfollowed():
            return replace(story, followers=story.followers - {event.agent_id})
        case TicketTransferred() | TicketQueued():
            return replace(story, team_id=event.team_id, team_name=event.team_name)
        case TicketEscalated():
            return replace(story, tier=event.tier)
        case _:
            return story


def _clocks(story: Story, event: Event | Unknown) -> Story:
    match event:
        case SlaPlanApplied():
            return replace(story, plan=event)
        case ClockStarted() | ClockResumed():
            clocks = {**story.clocks, event.clock: Running(event.due_at)}
            return replace(story, clocks=clocks, met=story.met - {event.clock})
        case ClockPaused():
            running = story.clocks.get(event.clock)
            if running is None:
                return story
            clocks = {**story.clocks, event.clock: replace(running, paused=True)}
            return replace(story, clocks=clocks)
        case ClockStopped():
            clocks = {kind: c for kind, c in story.clocks.items() if kind != event.clock}
            return replace(story, clocks=clocks)
        case TargetMet():
            return replace(story, met=story.met | {event.clock})
        case _:
            return story


def _is_authentic(event: TicketOpened) -> bool:
    """Whether it came by a mail that is by whom it says."""
    found = event.authenticity
    return found is not None and found.verdict is Verdict.PASSED


def _message_id(text: str) -> str:
    """The Message-ID in `text`, in its angle brackets, if it is safe to quote; else nothing."""
    bracketed = f"<{text.strip().strip('<>')}>"
    return bracketed if MESSAGE_ID.fullmatch(bracketed) else ""
