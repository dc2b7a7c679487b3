"""What customers and agents of the demo write: from `texts.yaml`, put together from a seed."""

import random  # noqa: TID251 - seeded, so that every demo plays the same
import re
from functools import cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict

ADDRESS = re.compile(r"demo-\d+-\d+@(customers|kaufhaus-linde)\.example")
"""Of a customer of some demo; the second are members of an organisation of the desk."""

FILE = Path(__file__).with_name("texts.yaml")

Lines = tuple[str, ...]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Matter(_Frozen):
    """Something that customers write about, and what becomes of it."""

    subjects: Lines
    stories: Lines
    finding: str
    question: str
    answer: str
    cause: str
    solution: str
    still_wrong: str
    again: str


class Phrases(_Frozen):
    """What people say in one language."""

    greetings: Lines
    thanks: Lines
    first_replies: Lines
    praise: Lines
    more: Lines
    """What comes to a customer's mind while the agent is writing."""
    more_seen: str
    """What the agent writes who has seen that."""
    gratitude: Lines
    """No more than thanks."""
    works: str
    """What a customer says who confirms a solution."""
    sorry: str
    """What the agent writes when it did not hold."""
    away: str
    """What a mail program answers by itself."""
    matters: tuple[Matter, ...]


class Texts(Phrases):
    """All texts of the demo; English where it isn't said otherwise."""

    first_names: Lines
    last_names: Lines
    shops: Lines
    upset: str
    mention: str
    mention_answered: str
    late: str
    outage: Matter
    """What the one incident is about."""
    german: Phrases


class Customer(_Frozen):
    """Somebody who writes to the desk."""

    name: str
    email: str
    shop: str


@cache
def texts() -> Texts:
    """The texts, read once."""
    return Texts.model_validate(yaml.safe_load(FILE.read_text(encoding="utf-8")))


def customer(dice: random.Random, number: int, run: str, *, german: bool = False) -> Customer:
    """A customer with an address of their own, new in every run."""
    known = texts()
    return Customer(
        name=f"{dice.choice(known.first_names)} {dice.choice(known.last_names)}",
        email=f"demo-{run}-{number}@{'kaufhaus-linde' if german else 'customers'}.example",
        shop="Kaufhaus Linde" if german else dice.choice(known.shops),
    )


def letter(dice: random.Random, phrases: Phrases, matter: Matter, who: Customer) -> tuple[str, str]:
    """A subject and a text about the matter."""
    text = (
        f"{dice.choice(phrases.greetings)}\n\n{dice.choice(matter.stories)}\n\n"
        f"{dice.choice(phrases.thanks)}\n{who.name}, {who.shop}"
    )
    return dice.choice(matter.subjects), text
