"""Which events are part of a ticket's conversation, and what they look like in it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from services.gateway.rows import MessageRow
from services.gateway.words import who
from shared.events import Attachment, Event, intake, resolution, review
from shared.log.records import Recorded


def message_of(
    recorded: Recorded, event: Event, questions: Sequence[Mapping[str, str]] = ()
) -> MessageRow | None:
    """The entry that `event` makes in the conversation, if any; `questions` are those that the
    customer had been asked before it."""
    if isinstance(event, intake.ClarificationProvided):
        fields = _answered(event, {each["field"]: each["text"] for each in questions})
    elif shape := _SHAPES.get(type(event)):
        fields = shape(event)
    else:
        return None
    return MessageRow(
        id=recorded.id,
        subject=recorded.subject,
        position=recorded.position,
        at=recorded.occurred_at,
        stream=recorded.author,
        version=recorded.version,
        public=type(event).public,
        **fields,
    )


def words_of(event: Event) -> str:
    """What `event` adds to the words by which its ticket is found."""
    match event:
        case intake.TicketOpened():
            parts = [event.number, event.subject, event.requester.name, event.requester.email]
            parts += [event.description, *event.custom_fields.values()]
            return "\n".join([*parts, *(a.name for a in event.attachments)])
        case intake.CustomerMessageReceived():
            return f"{event.sender.name}\n{event.text}"
        case intake.ClarificationProvided():
            return "\n".join([event.text, *event.answers.values()])
        case resolution.AgentReplied() | resolution.NoteAdded() | resolution.ProgressReported():
            return event.text
        case resolution.TicketResolved():
            return f"{event.cause}\n{event.note}"
        case _:
            return ""


def _files(attachments: Sequence[Attachment]) -> list[dict[str, Any]]:
    return [each.model_dump() for each in attachments]


def _opened(e: intake.TicketOpened) -> dict[str, Any]:
    return {
        "kind": "opened",
        "author_name": e.requester.name or e.requester.email,
        "text": e.description,
        "label": f"by {e.channel}",
        "attachments": _files(e.attachments),
    }


def _customer(e: intake.CustomerMessageReceived) -> dict[str, Any]:
    return {
        "kind": "customer",
        "author_name": e.sender.name or e.sender.email,
        "text": e.text,
        "label": "automatic answer" if e.automatic else f"by {e.channel}",
        "automatic": e.automatic,
        "attachments": _files(e.attachments),
    }


def _asked(e: intake.ClarificationRequested) -> dict[str, Any]:
    asked = "\n".join(f"- {question.text}" for question in e.questions)
    return {"kind": "clarification", "author_name": "Ledgerdesk", "text": asked, "label": "asks"}


def _answered(e: intake.ClarificationProvided, asked: Mapping[str, str]) -> dict[str, Any]:
    answers = [f"{asked.get(name, f'{name}:')} {answer}" for name, answer in e.answers.items()]
    text = "\n".join([part for part in (e.text, *answers) if part])
    return {"kind": "answer", "author_name": "Customer", "text": text, "label": "answers"}


def _resolved(e: resolution.TicketResolved) -> dict[str, Any]:
    return {
        "kind": "resolution",
        "author_name": e.agent_name or who(e.resolved_by),
        "text": f"{e.note}\n\nCause: {e.cause}" if e.cause else e.note,
        "label": f"resolved with a {e.kind}",
    }


def _closed(e: resolution.TicketClosed) -> dict[str, Any]:
    label = f"closed ({e.how})"
    return {"kind": "closure", "author_name": who(e.closed_by), "text": e.note, "label": label}


def _feedback(e: review.FeedbackReceived) -> dict[str, Any]:
    label = f"rated {e.rating} of 5" + (", and it came back" if e.recurred else "")
    return {"kind": "feedback", "author_name": "Customer", "text": e.comment, "label": label}


_SHAPES: Final[dict[type[Event], Callable[[Any], dict[str, Any]]]] = {
    intake.TicketOpened: _opened,
    intake.CustomerMessageReceived: _customer,
    intake.ClarificationRequested: _asked,
    resolution.AgentReplied: lambda e: {
        "kind": "reply",
        "author_name": e.agent_name or who(e.replied_by),
        "text": e.text,
        "label": "waits for the customer" if e.awaits_customer else "",
        "attachments": _files(e.attachments),
    },
    resolution.NoteAdded: lambda e: {
        "kind": "note",
        "author_name": e.agent_name or who(e.noted_by),
        "text": e.text,
        "label": "pinned note" if e.pinned else "note",
        "pinned": e.pinned,
        "attachments": _files(e.attachments),
    },
    resolution.ProgressReported: lambda e: {
        "kind": "progress",
        "author_name": e.agent_name or who(e.reported_by),
        "text": e.text,
        "label": f"progress: {e.kind}",
    },
    resolution.TicketResolved: _resolved,
    resolution.ResolutionConfirmed: lambda e: {
        "kind": "confirmation",
        "author_name": who(e.confirmed_by),
        "text": e.comment,
        "label": "confirmed the solution",
    },
    resolution.ResolutionRejected: lambda e: {
        "kind": "rejection",
        "author_name": who(e.rejected_by),
        "text": e.reason,
        "label": "rejected the solution",
    },
    resolution.TicketClosed: _closed,
    review.FeedbackReceived: _feedback,
}
