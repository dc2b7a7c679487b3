"""What the desk calls itself on every page: as the desk's configuration says, looked up again
every few seconds."""

from typing import Final

from services.portal.finders import Finders
from services.portal.reader import reader
from services.portal.speaking import said, say
from shared.clock import monotonic_seconds
from shared.outages import OUTAGES

NAMELESS: Final = said("Help desk")
"""A desk that was not configured yet."""

FRESH_SECONDS: Final = 5.0


class DeskName:
    """The name, as last looked up."""

    def __init__(self, finders: Finders) -> None:
        self._finders = finders
        self._look_at = 0.0
        self._name = ""

    def shown(self) -> str:
        """For whoever reads the page."""
        return self._name or say(reader().language, NAMELESS)

    async def look(self) -> None:
        """Look it up, if that was a while ago; while the database is away, it stays."""
        if monotonic_seconds() < self._look_at:
            return
        try:
            self._name = await self._finders.desk_name() or ""
        except OUTAGES:
            return
        self._look_at = monotonic_seconds() + FRESH_SECONDS
