"""What happens to each ticket of the demo, decided beforehand from a seed."""

import random  # noqa: TID251 - seeded, so that every demo plays the same
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from cli.demo.texts import Customer, Matter, customer, letter, texts

SHARE: Final = 0.12
"""Of each turn of events: a little more than the tenth that is promised."""

SHARE_MORE: Final = 0.3
"""Of what is not promised but makes a day: questions, notes, holds, silence, two alike."""

INCIDENT_SHARE: Final = 0.03
INCIDENT_LEAST: Final = 4
"""Tickets of the one incident: itself, and at least three that are part of it."""

ARTICLES: Final = 3
"""How many matters somebody writes an article about: the first ones."""


class Channel(StrEnum):
    HTTP = "HTTP"
    FORM = "form"
    MAIL = "mail"


class Turn(StrEnum):
    """A turn of events that at least a tenth of the tickets takes."""

    REOPENED = "reopened"
    REJECTED = "rejected"
    BREACHED = "breached"
    DUPLICATED = "duplicated"
    BOUNCED = "bounced"
    ESCALATED = "escalated"


class Touch(StrEnum):
    """Something smaller that happens to some tickets, as the demo's last table names it."""

    DRAFT = "a reply kept as a draft, then sent"
    CANNED = "answered with a canned response"
    MACRO = "a macro carried out as one"
    TORN = "a macro refused as one"
    TAGGED = "tagged by hand"
    MENTIONED = "a colleague mentioned, who answered"
    TIMED = "time spent noted"
    ANYWAY = "a stale reply refused, sent anyway"
    REWRITTEN = "a stale reply refused, rewritten"
    AWAY = "out of office: nothing reopened"
    THANKED = "thanks once closed: nothing reopened"
    LATE = "written to once archived: a new one"
    ARTICLE = "an article drafted from it"
    LINKED = "solved by an article there was"
    GERMAN = "in German, by an organisation's"


SHARES: Final[Mapping[Touch, float]] = {
    Touch.DRAFT: 0.05,
    Touch.CANNED: 0.1,
    Touch.MACRO: 0.08,
    Touch.TORN: 0.04,
    Touch.TAGGED: 0.1,
    Touch.MENTIONED: 0.05,
    Touch.TIMED: 0.15,
    Touch.ANYWAY: 0.03,
    Touch.REWRITTEN: 0.03,
    Touch.AWAY: 0.04,
    Touch.THANKED: 0.05,
    Touch.LATE: 0.015,
    Touch.LINKED: 0.06,
    Touch.GERMAN: 0.06,
}
"""Of the tickets; one at least. Articles are so many, however many tickets there are."""

APART: Final[Mapping[Touch, frozenset[Turn | Touch]]] = {
    Touch.CANNED: frozenset({Touch.DRAFT}),
    Touch.TORN: frozenset({Touch.MACRO}),
    Touch.REWRITTEN: frozenset({Touch.ANYWAY}),
    # What a mail program says by itself answers a mail that arrived.
    Touch.AWAY: frozenset({Turn.BOUNCED, Turn.REOPENED, Turn.REJECTED}),
    Touch.THANKED: frozenset({Turn.BOUNCED}),
    Touch.LATE: frozenset({Turn.BOUNCED, Turn.REOPENED, Turn.REJECTED, Touch.AWAY}),
    Touch.ARTICLE: frozenset({Turn.REOPENED, Turn.REJECTED, Touch.LATE}),
    Touch.LINKED: frozenset({Touch.ARTICLE, Turn.REOPENED}),
    # The desk's prepared texts are in English.
    Touch.GERMAN: frozenset({Touch.ARTICLE, Touch.LINKED, Touch.CANNED, Touch.MACRO, Touch.LATE}),
}
"""What a ticket does not go through besides."""

EARLY: Final = frozenset({Touch.LATE, Touch.ARTICLE})
"""Begun in the first half, as something comes of it later."""


@dataclass(frozen=True)
class Scenario:
    """The whole story of a ticket, before it begins."""

    number: int
    channel: Channel
    customer: Customer
    matter: Matter
    subject: str
    text: str
    outage: bool
    """Under the topic Demo outage, not Demo question."""
    impact: str
    urgency: str
    turns: frozenset[Turn]
    touches: frozenset[Touch]
    incident: bool
    """Of the one incident: the first of these is the incident, the others are part of it."""
    asks: bool
    """The agent asks the customer something, and work waits for the answer."""
    upset: bool
    held: bool
    verified: bool
    silent: bool
    """The customer never answers the solution: silence closes the ticket."""
    rating: int | None
    related: bool
    """The customer opens a second ticket about the same, before the first is closed."""
    pace: float
    """Seconds between what people do."""

    def takes(self, turn: Turn | Touch) -> bool:
        return turn in self.turns or turn in self.touches

    @property
    def comes_again(self) -> bool:
        """Its customer has a second ticket."""
        return self.related or self.takes(Touch.LATE)


def plan(count: int, seed: int, run: str) -> list[Scenario]:
    """Scenarios for `count` tickets, the same for the same seed; `run` marks addresses.

    Each turn of events is dealt to a fixed share of the tickets, evenly over channels. The
    first few are those of the incident.
    """
    dice = random.Random(seed)
    incident = min(count, max(INCIDENT_LEAST, round(count * INCIDENT_SHARE)))
    others = range(incident, count)
    turns = _turns(dice, others, count)
    touches = _touches(dice, others, count, turns)
    matters = _matters(dice, touches, incident)
    told = []
    for number in range(count):
        happens = (frozenset(turns[number]), frozenset(touches[number]))
        who = customer(dice, number, run, german=Touch.GERMAN in happens[1])
        scenario = _scenario(dice, number, who, matters[number], *happens)
        told.append(scenario if number >= incident else _of_incident(scenario))
    return told


def _turns(dice: random.Random, others: Sequence[int], count: int) -> list[set[Turn]]:
    dealt: list[set[Turn]] = [set() for _ in range(count)]
    for turn in Turn:
        for number in dice.sample(others, min(len(others), round(count * SHARE))):
            dealt[number].add(turn)
    return dealt


def _touches(
    dice: random.Random, others: Sequence[int], count: int, turns: Sequence[set[Turn]]
) -> list[set[Touch]]:
    dealt: list[set[Touch]] = [set() for _ in range(count)]
    for touch in Touch:
        free = [n for n in others if not _apart(touch, turns[n] | dealt[n])]
        if touch in EARLY:
            free = free[: max(1, len(free) // 3)]
        wanted = ARTICLES if touch is Touch.ARTICLE else round(count * SHARES.get(touch, 0))
        for number in dice.sample(free, min(len(free), max(1, wanted))):
            dealt[number].add(touch)
    return dealt


def _apart(touch: Touch, happens: set[Turn | Touch]) -> bool:
    return any(
        each in APART.get(touch, ()) or (isinstance(each, Touch) and touch in APART.get(each, ()))
        for each in happens
    )


def _matters(dice: random.Random, touches: Sequence[set[Touch]], incident: int) -> list[Matter]:
    """Each article is about another matter, and solves some that come later."""
    known, german = texts().matters, texts().german.matters
    about = iter(known[:ARTICLES])

    def matter(number: int) -> Matter:
        if number < incident:
            return texts().outage
        if Touch.ARTICLE in touches[number]:
            return next(about)
        if Touch.GERMAN in touches[number]:
            return dice.choice(german)
        return dice.choice(known[:ARTICLES] if Touch.LINKED in touches[number] else known)

    return [matter(number) for number in range(len(touches))]


def _scenario(
    dice: random.Random,
    number: int,
    who: Customer,
    matter: Matter,
    turns: frozenset[Turn],
    touches: frozenset[Touch],
) -> Scenario:
    phrases = texts().german if Touch.GERMAN in touches else texts()
    subject, text = letter(dice, phrases, matter, who)
    outage = dice.random() < SHARE_MORE / 2
    # A broken promise needs a short one: six seconds for an emergency.
    urgent = Turn.BREACHED in turns
    usual = ("medium", "high") if outage else ("low", "medium")
    return Scenario(
        number=number,
        channel=dice.choices(list(Channel), (45, 30, 25))[0],
        customer=who,
        matter=matter,
        subject=subject,
        text=text,
        outage=outage,
        impact="high" if urgent else dice.choice(usual),
        urgency="high" if urgent else dice.choice(("low", "medium")),
        turns=turns,
        touches=touches,
        incident=False,
        asks=dice.random() < SHARE_MORE,
        upset=dice.random() < SHARE_MORE / 2,
        held=dice.random() < SHARE_MORE / 2,
        verified=dice.random() < SHARE_MORE,
        silent=Turn.REJECTED not in turns and dice.random() < SHARE_MORE / 2,
        rating=dice.choices((None, 1, 3, 4, 5), (25, 5, 10, 25, 35))[0],
        related=_may_be_related(touches) and dice.random() < SHARE_MORE / 3,
        pace=dice.uniform(0.2, 0.9),
    )


def _may_be_related(touches: frozenset[Touch]) -> bool:
    """A second ticket is told in English, and its customer has no third."""
    return touches.isdisjoint({Touch.GERMAN, Touch.LATE})


def _of_incident(scenario: Scenario) -> Scenario:
    return replace(
        scenario, channel=Channel.HTTP, outage=True, incident=True, related=False, silent=False
    )
