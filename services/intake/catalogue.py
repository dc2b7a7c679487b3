"""The topics of the desk, remembered for a moment between two looks."""

from services.intake.domain.topics import Topics
from services.intake.projection import Finders
from shared.clock import monotonic_seconds


class Catalogue:
    """What the projection `triage` says the topics are, at most `fresh_seconds` ago."""

    def __init__(self, finders: Finders, fresh_seconds: float) -> None:
        self._finders = finders
        self._fresh_seconds = fresh_seconds
        self._topics: Topics | None = None
        self._looked_at = 0.0

    async def topics(self) -> Topics:
        """The topics of the desk."""
        now = monotonic_seconds()
        if self._topics is None or now - self._looked_at > self._fresh_seconds:
            self._topics = await self._finders.topics()
            self._looked_at = now
        return self._topics

    def forget(self) -> None:
        """Look again next time."""
        self._topics = None
