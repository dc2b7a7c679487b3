"""The topics of the desk, remembered for a moment between two looks."""

from collections.abc import Mapping, Sequence

from services.intake.domain.topics import Topics
from services.intake.projection import Finders
from shared.clock import monotonic_seconds
from shared.together import Together


class Catalogue:
    """What the projection `triage` says the topics are, at most `fresh_seconds` ago."""

    def __init__(self, finders: Finders, fresh_seconds: float) -> None:
        self._finders = finders
        self._fresh_seconds = fresh_seconds
        self._topics: Topics | None = None
        self._looked_at = 0.0
        self._together: Together[None, Topics] = Together(self._look)

    async def topics(self) -> Topics:
        """The topics of the desk."""
        now = monotonic_seconds()
        if self._topics is None or now - self._looked_at > self._fresh_seconds:
            return (await self._together.get_all([None]))[None]
        return self._topics

    async def _look(self, _asked: Sequence[None]) -> Mapping[None, Topics]:
        """One look for all who find at the same moment that the last one is too long ago."""
        now = monotonic_seconds()
        self._topics = topics = await self._finders.topics()
        self._looked_at = now
        return {None: topics}

    def forget(self) -> None:
        """Look again next time."""
        self._topics = None
