"""The journal of an outside client: what it knows of each submission, a line for each step.

A submission that was begun and never ended is unknown, as is one whose client was killed.
"""

import json
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Self, TextIO


class Way(StrEnum):
    """How it was sent."""

    HTTP = "http"
    FORM = "form"
    SMTP = "smtp"


class Outcome(StrEnum):
    """What the desk said of it."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    PUT_OFF = "put off"
    """429, and not sent again."""
    UNKNOWN = "unknown"


@dataclass
class Pen:
    """Writes the journal."""

    file: TextIO

    def begun(self, key: str, way: Way, *, malformed: bool) -> None:
        self._write(key=key, way=way, malformed=malformed)

    def asked(self, status: int) -> None:
        """No answer, or none that says anything: it will be asked again."""
        self._write(asked=status)

    def ended(self, key: str, outcome: Outcome, status: int, tries: int, seconds: float) -> None:
        self._write(key=key, outcome=outcome, status=status, tries=tries, seconds=round(seconds, 3))

    def _write(self, **facts: object) -> None:
        self.file.write(json.dumps(facts) + "\n")


@dataclass
class Journal:
    """A journal, read."""

    ways: dict[str, Way] = field(default_factory=dict)
    malformed: set[str] = field(default_factory=set)
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)
    """How long it took until each outcome was known."""
    asked_again: Counter[int] = field(default_factory=Counter)
    """By the answer that was none: 0 for no connection, else a status."""

    @classmethod
    def read(cls, path: Path) -> Self:
        made = cls()
        for line in path.read_text().splitlines():
            facts = json.loads(line)
            if "asked" in facts:
                made.asked_again[facts["asked"]] += 1
            elif "outcome" in facts:
                made.outcomes[facts["key"]] = Outcome(facts["outcome"])
                made.seconds.append(facts["seconds"])
            else:
                made.ways[facts["key"]] = Way(facts["way"])
                if facts["malformed"]:
                    made.malformed.add(facts["key"])
        return made

    def of(self, outcome: Outcome) -> set[str]:
        """The keys of the submissions that came to this."""
        return {k for k in self.ways if self.outcomes.get(k, Outcome.UNKNOWN) is outcome}

    def __str__(self) -> str:
        counts = ", ".join(f"{len(self.of(outcome))} {outcome}" for outcome in Outcome)
        ways = ", ".join(f"{n} by {way}" for way, n in Counter(self.ways.values()).items())
        return f"{counts} ({ways}); asked again {sum(self.asked_again.values())} times"
