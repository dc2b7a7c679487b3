"""Tickets that are about the same: noticed by their words, merged by people."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from services.intake.domain.ticket import (
    Archived,
    Closed,
    Merged,
    Nothing,
    Open,
    Ticket,
    Waiting,
    workable,
)
from shared.errors import Rejected
from shared.events import Event
from shared.events.intake import Relation, TicketAbsorbed, TicketMerged, TicketsRelated

WORDS_MAX: Final = 100
WORD_LENGTH_MIN: Final = 3
TEXT_LENGTH_READ: Final = 4_000
SCORE_MIN: Final = 0.25
"""Share of words in common from which two tickets seem to be about the same."""
COMMON_WORDS_MIN: Final = 2
RELATED_MAX: Final = 5

_WORD = re.compile(r"\w+")
_STOPWORDS: Final = frozenset(
    word
    for line in (
        "the and for that this with you your are was were have has had not but can could would",
        "please thanks thank hello dear hi regards best from our all any its when what since",
        "der die das und ist nicht ein eine den dem des mit von ich wir sie ihr bitte danke hallo",
        "sehr geehrte damen herren mein meine unser unsere auf für bei aus seit wie was kann hat",
        "grüße freundlichen",
    )
    for word in line.split()
)


class DifferentRequesters(Rejected):
    """Tickets of different people are not merged: one would read the other's letters."""


class AddressNotConfirmed(Rejected):
    """The requester has not confirmed the address of that ticket: somebody else may have opened
    it in their name, and would read what is merged into it."""


class NotIntoItself(Rejected):
    """A ticket can't be merged into itself."""

    http_status = 422


@dataclass(frozen=True)
class RelateTickets:
    """These tickets seem to be about the same."""

    related: tuple[Relation, ...]


@dataclass(frozen=True)
class MergeInto:
    """This ticket goes on in another; goes with `Absorb` on that one."""

    into_ticket_id: UUID
    into_number: str
    reason: str
    by: str


@dataclass(frozen=True)
class Absorb:
    """Another ticket goes on in this one."""

    source_ticket_id: UUID
    source_number: str
    source_requester: UUID
    reason: str
    by: str


def words_of(subject: str, description: str) -> tuple[str, ...]:
    """The words that tell what a ticket is about, each once, in alphabetical order."""
    found = _WORD.findall(f"{subject} {description[:TEXT_LENGTH_READ]}".casefold())
    telling = (w for w in found if len(w) >= WORD_LENGTH_MIN and w not in _STOPWORDS)
    return tuple(sorted(list(dict.fromkeys(telling))[:WORDS_MAX]))


def similarity(one: Iterable[str], other: Iterable[str]) -> float:
    """Words in common over all words of both, 0 to 1 (Jaccard's index)."""
    left, right = set(one), set(other)
    common = len(left & right)
    return common / len(left | right) if common >= COMMON_WORDS_MIN else 0.0


def most_similar(
    words: Sequence[str], others: Mapping[tuple[UUID, str], Sequence[str]]
) -> tuple[Relation, ...]:
    """The others, by id and number, that share enough words; the likest first."""
    scored = (
        Relation(ticket_id=ticket_id, number=number, score=round(similarity(words, theirs), 3))
        for (ticket_id, number), theirs in others.items()
    )
    alike = [relation for relation in scored if relation.score >= SCORE_MIN]
    alike.sort(key=lambda relation: (-relation.score, relation.number))
    return tuple(alike[:RELATED_MAX])


def relate(c: RelateTickets, state: Ticket) -> list[Event]:
    """What is known already, or no longer matters, is not said."""
    match state:
        case Waiting(facts) | Open(facts):
            new = tuple(one for one in c.related if one.ticket_id not in facts.related)
            return [TicketsRelated(related=new)] if new else []
        case Nothing() | Closed() | Archived() | Merged():
            return []


def merge_into(c: MergeInto, state: Ticket) -> list[Event]:
    """The source's half of a merge."""
    if isinstance(state, Merged) and state.into == c.into_ticket_id:
        return []
    workable(state)
    merged = TicketMerged(
        into_ticket_id=c.into_ticket_id,
        into_number=c.into_number,
        reason=c.reason,
        merged_by=c.by,
    )
    return [merged]


def absorb(c: Absorb, state: Ticket) -> list[Event]:
    """The target's half of a merge."""
    facts = workable(state).facts
    if c.source_ticket_id in facts.absorbed:
        return []
    if c.source_requester != facts.requester.person_id:
        raise DifferentRequesters
    if not facts.confirmed:
        raise AddressNotConfirmed
    absorbed = TicketAbsorbed(
        source_ticket_id=c.source_ticket_id,
        source_number=c.source_number,
        reason=c.reason,
        merged_by=c.by,
    )
    return [absorbed]
