"""Letters to people in copy, who are told what the requester is told. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from services.notify.directory import Contact
from services.notify.letters import Letter
from services.notify.story import Story
from shared.events.notify import NotificationKind as Kind

COPIED: Final = frozenset({Kind.REPLY, Kind.PROGRESS, Kind.RESOLUTION, Kind.CLOSURE})
"""What people in copy are told, too: what the conversation says, not what is asked of the
requester alone."""


def with_copies(letters: Iterable[Letter], story: Story) -> Iterator[Letter]:
    """The letters, and after each those to the people in copy."""
    for letter in letters:
        yield letter
        if not letter.to_customer or letter.kind not in COPIED:
            continue
        for person in story.copied.values():
            yield replace(
                letter,
                to=Contact("", person.name, person.email),
                facts={**letter.facts, "in_copy": True},
                person_id=person.person_id,
            )
