"""The heads of streams, remembered: what this process saw last of the subjects that move now.

A lower bound, as heads only grow and other processes move them, too. So an event that is old
by what is remembered is old; one that seems to be next is looked at again by the append; and
one that seems early is looked at again in the database.
"""

from collections import OrderedDict
from collections.abc import Iterable
from uuid import UUID

from shared.log.records import NewEvent

Head = tuple[int, UUID | None]
"""Version and id of the newest event of a stream."""

SUBJECTS_MAX = 2_000
SAID_MAX = 5_000


class Heads:
    """What is remembered of the heads in one log."""

    def __init__(self) -> None:
        self._of: OrderedDict[UUID, dict[str, Head]] = OrderedDict()
        self._said: OrderedDict[UUID, tuple[UUID, int]] = OrderedDict()

    def of(self, subject: UUID) -> dict[str, Head] | None:
        """By author, how far the subject's streams had come; None if it is not remembered."""
        found = self._of.get(subject)
        if found is not None:
            self._of.move_to_end(subject)
        return found

    def said(self, event_id: UUID, subject: UUID, version: int) -> bool:
        """Whether this process is known to have appended this event as the service's own."""
        return self._said.get(event_id) == (subject, version)

    def remember(self, subject: UUID, heads: dict[str, Head]) -> None:
        """So they stand in the database."""
        self._of[subject] = heads
        self._of.move_to_end(subject)
        if len(self._of) > SUBJECTS_MAX:
            self._of.popitem(last=False)

    def appended(self, events: Iterable[NewEvent], *, heard: bool) -> None:
        """These are in the log now."""
        for event in events:
            known = self._of.get(event.subject)
            if known is not None and event.version > known.get(event.author, (0, None))[0]:
                known[event.author] = (event.version, event.id)
            if not heard:
                self._said[event.id] = (event.subject, event.version)
        while len(self._said) > SAID_MAX:
            self._said.popitem(last=False)
