"""Whom the requester's mails went to, too: suggested, and never let in by that alone.

Who is in copy reads the whole conversation, and a mail is soon sent to one too many. So an agent
asks them into the ticket, or the requester does on its page, and they take part once they agree.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from services.intake.domain.ticket import Facts
from shared.events import Event, Person
from shared.events.participants import CopySuggested

SUGGESTED_MAX: Final = 20
"""People whom the mails of one ticket suggest to be asked into it, at most."""


def suggested(facts: Facts, copied: Sequence[Person], now: datetime) -> list[Event]:
    """Those of them who are new to the ticket, as far as there is room."""
    known = {*facts.participants, *facts.invited, *facts.suggested}
    new: dict[UUID, Person] = {}
    for person in copied:
        if person.person_id not in known:
            new.setdefault(person.person_id, person)
    people = tuple(new.values())[: max(0, SUGGESTED_MAX - len(facts.suggested))]
    return [CopySuggested(people=people, suggested_at=now)] if people else []
