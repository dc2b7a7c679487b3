"""Who is to be forgotten: a subject of its own for each person."""

from dataclasses import dataclass
from datetime import datetime

from shared.decider import Decider
from shared.events import Event, Unknown
from shared.events.access import PersonErased, PersonExported


@dataclass(frozen=True)
class ErasePerson:
    """Forget this person; again, if they have come back since."""

    by: str
    now: datetime


@dataclass(frozen=True)
class RecordExport:
    """Somebody is given all that is known of this person."""

    by: str
    now: datetime


Command = ErasePerson | RecordExport


def decide(command: Command, _state: None) -> list[Event]:
    """Each time anew: what was written since the last time goes, too."""
    match command:
        case ErasePerson():
            return [PersonErased(erased_by=command.by, erased_at=command.now)]
        case RecordExport():
            return [PersonExported(exported_by=command.by, exported_at=command.now)]


def evolve(state: None, _event: Event | Unknown) -> None:
    """Nothing need be known of what was forgotten."""
    return state


PEOPLE_DECIDER: Decider[Command, None] = Decider(None, decide, evolve)
