"""`submissions`, stage 1: everything that came in, the files with it, the quarantine."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from shared.events import Attachment, Event
from shared.events.intake import (
    BounceReceived,
    ClarificationProvided,
    CustomerMessageReceived,
    SubmissionQuarantined,
    TicketOpened,
)
from shared.events.resolution import (
    AgentReplied,
)
from shared.followers.view import Table, View
from shared.ids import derived_id
from shared.log import Recorded


@dataclass(frozen=True)
class Received:
    """Something that came in, and what it became."""

    id: UUID
    """The event's."""
    subject: UUID
    kind: str
    """ticket, message, automatic, answers, bounce or quarantined."""
    channel: str
    sender: str
    """A mail address, or the id of what bounced."""
    message_id: str | None
    received_at: datetime


@dataclass(frozen=True)
class Quarantined:
    """Something that can't be understood."""

    subject: UUID
    reason: str
    raw_file_id: str
    size_bytes: int
    envelope_from: str
    envelope_to: Sequence[str]
    received_at: datetime


@dataclass(frozen=True)
class StoredFile:
    """A file that came with a ticket."""

    id: UUID
    subject: UUID
    file_id: str
    name: str
    content_type: str
    size_bytes: int


class Submissions:
    """What came in, event by event."""

    name: ClassVar[str] = "submissions"
    received: ClassVar[Table[Received]] = Table("received", Received, key="id", append_only=True)
    quarantine: ClassVar[Table[Quarantined]] = Table("quarantine", Quarantined, append_only=True)
    files: ClassVar[Table[StoredFile]] = Table("files", StoredFile, key="id", append_only=True)
    tables: ClassVar[Sequence[Table[Any]]] = (received, quarantine, files)
    hears: ClassVar[frozenset[type[Event]]] = frozenset(
        {
            TicketOpened,
            CustomerMessageReceived,
            ClarificationProvided,
            BounceReceived,
            SubmissionQuarantined,
            AgentReplied,
        }
    )

    def fold(self, view: View, recorded: Recorded) -> None:
        match recorded.event:
            case TicketOpened() as event:
                self._row(
                    view, recorded, "ticket", event.channel, event.requester.email, event.message_id
                )
                self._files(view, recorded, event.attachments)
            case CustomerMessageReceived() as event:
                kind = "automatic" if event.automatic else "message"
                self._row(view, recorded, kind, event.channel, event.sender.email, event.message_id)
                self._files(view, recorded, event.attachments)
            case ClarificationProvided():
                self._row(view, recorded, "answers")
            case BounceReceived() as event:
                self._row(view, recorded, "bounce", "email", event.recipient)
            case SubmissionQuarantined() as event:
                self._row(view, recorded, "quarantined", "email", event.envelope_from)
                fields = event.model_dump()
                view.put(self.quarantine, Quarantined(subject=view.subject, **fields))
            case AgentReplied() as event:
                self._files(view, recorded, event.attachments)
            case _:
                pass

    def _row(
        self,
        view: View,
        recorded: Recorded,
        kind: str,
        channel: str = "",
        sender: str = "",
        message_id: str | None = None,
    ) -> None:
        row = Received(
            id=recorded.id,
            subject=view.subject,
            kind=kind,
            channel=str(channel),
            sender=sender,
            message_id=message_id,
            received_at=recorded.occurred_at,
        )
        view.put(self.received, row)

    def _files(self, view: View, recorded: Recorded, files: Sequence[Attachment]) -> None:
        for ordinal, file in enumerate(files):
            row = StoredFile(
                id=derived_id("file", recorded.id, ordinal),
                subject=view.subject,
                file_id=file.file_id,
                name=file.name,
                content_type=file.content_type,
                size_bytes=file.size_bytes,
            )
            view.put(self.files, row)
