"""Quality reviews: a manager looks at what the desk chose, never at work of their own."""

import asyncio
from dataclasses import dataclass, field
from typing import Final

from cli.demo.agents import Refused
from cli.demo.part import Stage

LOOK_SECONDS: Final = 4.0
PAGE: Final = 200
SCORES: Final = (5, 4, 4, 3, 5, 2)
COMMENT: Final = "Quick, friendly, and the customer knew what came next."


@dataclass
class Reviewing:
    """Whoever reviews, on this demo's tickets."""

    stage: Stage
    _looked_at: set[str] = field(default_factory=set)

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            await self.look()

    async def look(self) -> None:
        """Review what waits; a second manager takes what the first one has worked on."""
        for reviewer in self.stage.agents.reviewers:
            for waiting in await self.stage.agents.listed(reviewer, "/reviews", limit=PAGE):
                number = waiting["number"]
                if number in self.stage.finished and number not in self._looked_at:
                    await self._review(reviewer, number)

    async def _review(self, reviewer: str, number: str) -> None:
        self._looked_at.add(number)
        score = SCORES[len(self._looked_at) % len(SCORES)]
        body = {"score": score, "comment": COMMENT}
        path = f"/tickets/{number}/quality-review"
        try:
            await self.stage.agents.say(reviewer, "POST", path, body)
        except Refused as refused:
            if refused.status != 409:
                raise
