"""What happens to each ticket of the demo, decided beforehand from a seed."""

import random  # noqa: TID251 - seeded, so that every demo plays the same
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from cli.demo.texts import Customer, Matter, customer, letter, texts

SHARE: Final = 0.115
"""Of each turn of events: a little more than the tenth that is promised."""

SHARE_MORE: Final = 0.3
"""Of what is not promised but makes a day: questions, notes, holds, silence, two alike."""


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

    def takes(self, turn: Turn) -> bool:
        return turn in self.turns


def plan(count: int, seed: int, run: str) -> list[Scenario]:
    """Scenarios for `count` tickets, the same for the same seed; `run` marks addresses.

    Each turn of events is dealt to a fixed share of the tickets, evenly over channels.
    """
    dice = random.Random(seed)
    turns = _dealt(dice, count)
    return [_scenario(dice, number, turns[number], run) for number in range(count)]


def _dealt(dice: random.Random, count: int) -> list[frozenset[Turn]]:
    dealt: list[set[Turn]] = [set() for _ in range(count)]
    for turn in Turn:
        for number in dice.sample(range(count), round(count * SHARE)):
            dealt[number].add(turn)
    return [frozenset(turns) for turns in dealt]


def _scenario(dice: random.Random, number: int, turns: frozenset[Turn], run: str) -> Scenario:
    who = customer(dice, number, run)
    matter = dice.choice(texts().matters)
    subject, text = letter(dice, matter, who)
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
        asks=dice.random() < SHARE_MORE,
        upset=dice.random() < SHARE_MORE / 2,
        held=dice.random() < SHARE_MORE / 2,
        verified=dice.random() < SHARE_MORE,
        silent=Turn.REJECTED not in turns and dice.random() < SHARE_MORE / 2,
        rating=dice.choices((None, 1, 3, 4, 5), (25, 5, 10, 25, 35))[0],
        related=dice.random() < SHARE_MORE / 3,
        pace=dice.uniform(0.2, 0.9),
    )
