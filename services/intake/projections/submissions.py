"""`submissions`, stage 1: everything that came in, the files with it, the quarantine."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from shared.events import DESK, TICKETS, Attachment, Event
from shared.events.intake import ClarificationProvided, CustomerMessageReceived, TicketOpened
from shared.events.resolution import (
    AgentReplied,
)
from shared.events.submissions import (
    BounceReceived,
    SenderBlocked,
    SenderUnblocked,
    SubmissionQuarantined,
    SubmissionRejected,
    SubmissionReleased,
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
    authenticity: dict[str, Any] | None = None
    settled: str = ""
    """released or rejected; empty as long as nobody has decided."""
    settled_by: str = ""
    settled_at: datetime | None = None
    number: str = ""
    """Of the ticket that it was released into."""


@dataclass(frozen=True)
class Blocked:
    """Somebody from whom no mail is taken; the subject is the person."""

    subject: UUID
    address: str
    blocked_by: str
    blocked_at: datetime


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
    quarantine: ClassVar[Table[Quarantined]] = Table("quarantine", Quarantined, topic=TICKETS)
    blocked: ClassVar[Table[Blocked]] = Table("blocked", Blocked, topic=DESK)
    files: ClassVar[Table[StoredFile]] = Table("files", StoredFile, key="id", append_only=True)
    tables: ClassVar[Sequence[Table[Any]]] = (received, quarantine, files, blocked)
    hears: ClassVar[frozenset[type[Event]]] = frozenset(
        {
            TicketOpened,
            CustomerMessageReceived,
            ClarificationProvided,
            BounceReceived,
            SubmissionQuarantined,
            SubmissionReleased,
            SubmissionRejected,
            SenderBlocked,
            SenderUnblocked,
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
                fields = event.model_dump(mode="python")
                view.put(self.quarantine, Quarantined(subject=view.subject, **fields))
            case SubmissionReleased() as event:
                self._settled(view, "released", event.released_by, event.released_at)
                view.change(self.quarantine, number=event.number)
            case SubmissionRejected() as event:
                self._settled(view, "rejected", event.rejected_by, event.rejected_at)
            case SenderBlocked() as event:
                row = Blocked(view.subject, event.address, event.blocked_by, event.blocked_at)
                view.put(self.blocked, row)
            case SenderUnblocked():
                view.delete(self.blocked)
            case AgentReplied() as event:
                self._files(view, recorded, event.attachments)
            case _:
                pass

    def _settled(self, view: View, how: str, by: str, at: datetime) -> None:
        view.change(self.quarantine, settled=how, settled_by=by, settled_at=at)

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
