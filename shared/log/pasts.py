"""The pasts of subjects, remembered: only what is newer than what is known is read.

Always as of now: the database is asked each time. But a past only grows, and is long and
read again with each of its events.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from uuid import UUID

from shared.log.records import Folded, Past, Recorded
from shared.together import Together

SUBJECTS_MAX = 300
CHARACTERS_MAX = 500_000
"""What is remembered at most: decoded, it takes some ten times as much memory."""

FOLDED_MAX = SUBJECTS_MAX
"""Subjects whose folded states are remembered, also where their events are not any more."""

ReadNewer = Callable[[Sequence[UUID], Sequence[int]], Awaitable[dict[UUID, Past]]]
"""What is behind a position of each subject, and its vector as of now."""


class Pasts:
    """Reads pasts, and remembers those that were asked for lately."""

    def __init__(self, read_newer: ReadNewer) -> None:
        self._read_newer = read_newer
        self._together = Together(self._read)
        self._known: OrderedDict[UUID, list[Recorded]] = OrderedDict()
        self._folded: OrderedDict[UUID, Folded] = OrderedDict()
        self._characters = 0
        self._forgotten = 0
        """How often it had to forget: what was known before is not to be handed out."""

    async def read(self, subjects: Sequence[UUID]) -> dict[UUID, Past]:
        """What is known of each subject, all at one instant."""
        pasts = await self._together.get_all(subjects)
        return {subject: pasts[subject] for subject in subjects}

    async def _read(self, subjects: Sequence[UUID]) -> dict[UUID, Past]:
        while True:
            forgotten = self._forgotten
            known = {subject: self._known.get(subject, []) for subject in subjects}
            ends = [events[-1].position if events else 0 for events in known.values()]
            newer = await self._read_newer(list(known), ends)
            if forgotten == self._forgotten:
                return self._joined(known, newer)

    def _joined(
        self, known: Mapping[UUID, list[Recorded]], newer: Mapping[UUID, Past]
    ) -> dict[UUID, Past]:
        pasts: dict[UUID, Past] = {}
        for subject, past in newer.items():
            # A new list: others may be looking at the old one.
            events = [*known[subject], *past.events] if past.events else known[subject]
            pasts[subject] = Past(events, past.vector, self._folded_of(subject))
            self._remember(subject, events)
        return pasts

    def forget(self) -> None:
        """Remember nothing any more, e.g. because somebody is to be forgotten."""
        self._forgotten += 1
        self._known.clear()
        self._folded.clear()
        self._characters = 0

    def _folded_of(self, subject: UUID) -> Folded:
        folded = self._folded.setdefault(subject, {})
        self._folded.move_to_end(subject)
        if len(self._folded) > FOLDED_MAX:
            self._folded.popitem(last=False)
        return folded

    def _remember(self, subject: UUID, events: list[Recorded]) -> None:
        self._characters += _length(events) - _length(self._known.pop(subject, []))
        self._known[subject] = events
        while len(self._known) > SUBJECTS_MAX or self._characters > CHARACTERS_MAX:
            _, oldest = self._known.popitem(last=False)
            self._characters -= _length(oldest)


def _length(events: Sequence[Recorded]) -> int:
    return sum(len(event.data) for event in events)
