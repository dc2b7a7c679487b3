"""The conversation: what was said between the customer and the desk."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from services.portal.rows import MessageRow
from services.portal.speaking import Said, said
from services.portal.words import clean, first_name, line
from shared.events import Attachment, Event
from shared.events.intake import ClarificationProvided, CustomerMessageReceived, TicketOpened
from shared.events.resolution import (
    AgentReplied,
    ProgressReported,
    ResolutionConfirmed,
    ResolutionRejected,
    TicketClosed,
    TicketResolved,
)
from shared.log.records import Recorded

NONE: Final = said("")
"""The label of what is plainly a message."""

_PROGRESS: Final = {
    "step": said("How far we are"),
    "finding": said("What we found"),
    "workaround": said("A way around it"),
}
_SOLUTION: Final = {"fix": said("Solution"), "workaround": said("Workaround")}


def message_of(event: Event, recorded: Recorded) -> MessageRow | None:
    """What the event says in the conversation, if anything."""
    match event:
        case TicketOpened(requester=person):
            return _customer(recorded, event.description, event.attachments, person.name,
                             person.person_id)  # fmt: skip
        case CustomerMessageReceived(sender=person):
            label = said("Automatic answer") if event.automatic else NONE
            return _customer(recorded, event.text, event.attachments, person.name,
                             person.person_id, label)  # fmt: skip
        case ClarificationProvided():
            answers = "\n".join(filter(None, [*event.answers.values(), event.text]))
            return _customer(recorded, answers, label=said("Answers"))
        case ResolutionConfirmed() if event.comment:
            return _customer(recorded, event.comment, label=said("It works"))
        case ResolutionRejected():
            return _customer(recorded, event.reason, label=said("It does not work"))
        case _:
            return _said_by_desk(event, recorded)


def _said_by_desk(event: Event, recorded: Recorded) -> MessageRow | None:
    match event:
        case AgentReplied():
            label = said("Waits for your answer") if event.awaits_customer else NONE
            return _desk(recorded, event.text, event.agent_name, label, event.attachments)
        case ProgressReported():
            return _desk(recorded, event.text, event.agent_name, _PROGRESS[event.kind.value])
        case TicketResolved():
            message = _desk(recorded, event.note, event.agent_name, _SOLUTION[event.kind.value])
            return replace(message, cause=clean(event.cause))
        case TicketClosed() if event.note:
            return _desk(recorded, event.note, "", said("Closed"))
        case _:
            return None


def _customer(
    recorded: Recorded,
    text: str,
    attachments: Iterable[Attachment] = (),
    name: str = "",
    person_id: UUID | None = None,
    label: Said = NONE,
) -> MessageRow:
    return MessageRow(
        id=recorded.id,
        subject=recorded.subject,
        position=recorded.position,
        at=recorded.occurred_at,
        side="customer",
        person_id=person_id,
        name=line(name, 60),
        label=label.words,
        text=clean(text),
        attachments=_files(attachments),
    )


def _desk(
    recorded: Recorded,
    text: str,
    agent_name: str,
    label: Said,
    attachments: Iterable[Attachment] = (),
) -> MessageRow:
    return MessageRow(
        id=recorded.id,
        subject=recorded.subject,
        position=recorded.position,
        at=recorded.occurred_at,
        side="desk",
        person_id=None,
        name=first_name(agent_name),
        label=label.words,
        text=clean(text),
        attachments=_files(attachments),
    )


def _files(attachments: Iterable[Attachment]) -> list[dict[str, Any]]:
    return [{**file.model_dump(), "name": line(file.name, 120) or "file"} for file in attachments]
