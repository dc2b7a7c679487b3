"""What customers and agents of the demo write: from `texts.yaml`, put together from a seed."""

import random  # noqa: TID251 - seeded, so that every demo plays the same
import re
from functools import cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict

ADDRESS = re.compile(r"demo-\d+-\d+@customers\.example")
"""Of a customer of some demo."""

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


class Texts(_Frozen):
    """All texts of the demo."""

    first_names: Lines
    last_names: Lines
    shops: Lines
    greetings: Lines
    thanks: Lines
    first_replies: Lines
    praise: Lines
    upset: str
    matters: tuple[Matter, ...]


class Customer(_Frozen):
    """Somebody who writes to the desk."""

    name: str
    email: str
    shop: str


@cache
def texts() -> Texts:
    """The texts, read once."""
    return Texts.model_validate(yaml.safe_load(FILE.read_text(encoding="utf-8")))


def customer(dice: random.Random, number: int, run: str) -> Customer:
    """A customer with an address of their own, new in every run."""
    known = texts()
    return Customer(
        name=f"{dice.choice(known.first_names)} {dice.choice(known.last_names)}",
        email=f"demo-{run}-{number}@customers.example",
        shop=dice.choice(known.shops),
    )


def letter(dice: random.Random, matter: Matter, who: Customer) -> tuple[str, str]:
    """A subject and a text about the matter."""
    known = texts()
    text = (
        f"{dice.choice(known.greetings)}\n\n{dice.choice(matter.stories)}\n\n"
        f"{dice.choice(known.thanks)}\n{who.name}, {who.shop}"
    )
    return dice.choice(matter.subjects), text
