"""Whoever has a ticket held until they show that the address is theirs is asked for it again; after
a while an agent decides.

    held ──► reminded ──► lapsed ──► an agent takes it as it is, or closes it
      └──────────┴──────────┴──► proven, and the ticket goes on
"""

from dataclasses import dataclass
from datetime import datetime

from services.intake.domain.ticket import Facts, Ticket, Waiting
from services.intake.domain.topics import when_to_remind
from shared.events import Event
from shared.events.desk import TopicDefined
from shared.events.participants import (
    AddressProofLapsed,
    AddressProofReminded,
    AddressProofRequested,
)


@dataclass(frozen=True)
class RemindOfProof:
    """Ask once more, if the address is not proven."""

    reminder: int
    ends_at: datetime | None
    now: datetime


@dataclass(frozen=True)
class LetProofLapse:
    """Wait no longer for the requester alone, if the address is not proven."""

    now: datetime


def proof_requested(topic: TopicDefined, now: datetime) -> list[Event]:
    """When the requester of a held ticket is reminded, and how long that is waited for."""
    remind_at, ends_at = when_to_remind(topic, now)
    return [AddressProofRequested(requested_at=now, remind_at=remind_at, ends_at=ends_at)]


def decide_proving(c: RemindOfProof | LetProofLapse, state: Ticket) -> list[Event]:
    """Each reminder once, and the end once; nothing when the ticket waits no longer."""
    facts = _still_held(state)
    if facts is None:
        return []
    match c:
        case LetProofLapse():
            return [AddressProofLapsed(lapsed_at=c.now)]
        case RemindOfProof() if c.reminder > facts.proof_reminders:
            return [AddressProofReminded(reminder=c.reminder, ends_at=c.ends_at, reminded_at=c.now)]
        case _:
            return []


def _still_held(state: Ticket) -> Facts | None:
    if not isinstance(state, Waiting) or not state.facts.held:
        return None
    facts = state.facts
    return None if facts.verified or facts.confirmed or facts.proof_lapsed else facts
