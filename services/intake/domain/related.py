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
from shared.events.relations import Relation, TicketAbsorbed, TicketMerged, TicketsRelated

WORDS_MAX: Final = 100
WORD_LENGTH_MIN: Final = 3
WORD_LENGTH_MAX: Final = 50
"""A longer one is no word, but a key or an address."""
TEXT_LENGTH_READ: Final = 4_000
SCORE_MIN: Final = 0.25
"""Share of words in common from which two tickets seem to be about the same."""
COMMON_WORDS_MIN: Final = 2
OTHERS_SCORE_MIN: Final = 0.4
"""The same for tickets of different people, which must tell more to be about the same."""
OTHERS_COMMON_WORDS_MIN: Final = 3
DUPLICATE_SCORE_MIN: Final = 0.8
RELATED_MAX: Final = 5
TOLD_MAX: Final = 20
"""So many relations of a ticket are noted: in an outage hundreds are alike, and say no more."""
RARE_WORDS_MAX: Final = 16
COMMON_SHARE_MIN: Final = 0.05
"""A word that this share of all tickets has tells nothing."""

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
    also: frozenset[UUID] = frozenset()
    """The same requester under other addresses."""


def words_of(subject: str, description: str) -> tuple[str, ...]:
    """The words that tell what a ticket is about, each once, in alphabetical order."""
    found = _WORD.findall(f"{subject} {description[:TEXT_LENGTH_READ]}".casefold())
    telling = (
        w for w in found if WORD_LENGTH_MIN <= len(w) <= WORD_LENGTH_MAX and w not in _STOPWORDS
    )
    return tuple(sorted(list(dict.fromkeys(telling))[:WORDS_MAX]))


def similarity(one: Iterable[str], other: Iterable[str]) -> float:
    """Words in common over all words of both, 0 to 1 (Jaccard's index)."""
    left, right = set(one), set(other)
    common = len(left & right)
    return common / len(left | right) if common >= COMMON_WORDS_MIN else 0.0


def rare_words(words: Iterable[str], shares: Mapping[str, float]) -> tuple[str, ...]:
    """The words that tell most, the rarest first, by the share of tickets that each is in."""
    telling = [word for word in words if shares.get(word, 0.0) < COMMON_SHARE_MIN]
    telling.sort(key=lambda word: (shares.get(word, 0.0), -len(word), word))
    return tuple(telling[:RARE_WORDS_MAX])


def alike_elsewhere(
    words: Iterable[str],
    others: Mapping[tuple[UUID, str], Sequence[str]],
    shares: Mapping[str, float],
) -> tuple[Relation, ...]:
    """Tickets of other people that share enough of the words that tell; the likest first."""
    common = {word for word, share in shares.items() if share >= COMMON_SHARE_MIN}
    own = set(words) - common
    found = []
    for (ticket_id, number), theirs in others.items():
        telling = set(theirs) - common
        score = round(similarity(own, telling), 3)
        if score >= OTHERS_SCORE_MIN and len(own & telling) >= OTHERS_COMMON_WORDS_MIN:
            relation = Relation(
                ticket_id=ticket_id, number=number, score=score, same_requester=False
            )
            found.append(relation)
    return _likest(found)


def most_similar(
    words: Sequence[str], others: Mapping[tuple[UUID, str], Sequence[str]]
) -> tuple[Relation, ...]:
    """The others, by id and number, that share enough words; the likest first."""
    found = []
    for (ticket_id, number), theirs in others.items():
        score = round(similarity(words, theirs), 3)
        if score >= SCORE_MIN:
            again = score >= DUPLICATE_SCORE_MIN
            relation = Relation(ticket_id=ticket_id, number=number, score=score, duplicate=again)
            found.append(relation)
    return _likest(found)


def _likest(found: list[Relation]) -> tuple[Relation, ...]:
    found.sort(key=lambda relation: (-relation.score, relation.number))
    return tuple(found[:RELATED_MAX])


def relate(c: RelateTickets, state: Ticket) -> list[Event]:
    """What is known already, or no longer matters, is not said."""
    match state:
        case Waiting(facts) | Open(facts):
            room = TOLD_MAX - len(facts.related)
            new = [one for one in c.related if one.ticket_id not in facts.related]
            told = tuple(new[: max(0, room)])
            return [TicketsRelated(related=told)] if told else []
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
    if facts.requester.person_id not in {c.source_requester, *c.also}:
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
