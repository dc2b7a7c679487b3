"""What of a mail goes into events and into the store of files."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from services.intake.fields import DESCRIPTION_LENGTH_MAX, SUBJECT_LENGTH_MAX
from services.intake.mail import ParsedMail
from services.intake.parts import Parts
from services.intake.placing import Envelope, author_of
from services.intake.text import cleaned, one_line
from shared.events import Attachment
from shared.events.intake import Authenticity

FILES_MAX: Final = 100
FILE_NAME_LENGTH_MAX: Final = 200
ORIGINAL: Final = "original.eml"
"""The mail itself: attached when not all of it fits into the event."""


@dataclass(frozen=True)
class Arrived:
    """A mail, understood, with what makes it this one."""

    raw: bytes
    mail: ParsedMail
    envelope: Envelope
    event_id: UUID
    authenticity: Authenticity | None = None

    @property
    def actor(self) -> str:
        return f"customer:{author_of(self.mail).person_id}"

    @property
    def makes(self) -> tuple[object, ...]:
        """What the id of the ticket is derived from that it opens."""
        return ("mail", self.event_id)


@dataclass(frozen=True)
class Text:
    """The text of a mail as events may hold it."""

    subject: str
    text: str
    cut: bool

    @classmethod
    def of(cls, mail: ParsedMail, text: str) -> "Text":
        subject, whole = one_line(mail.subject), cleaned(text)
        cut = len(subject) > SUBJECT_LENGTH_MAX or len(whole) > DESCRIPTION_LENGTH_MAX
        return cls(subject[:SUBJECT_LENGTH_MAX], whole[:DESCRIPTION_LENGTH_MAX], cut)


async def stored(parts: Parts, arrived: Arrived, *, cut: bool) -> tuple[Attachment, ...]:
    """The mail's files; and the mail itself, if not all of it is in the event."""
    attached = arrived.mail.attachments
    files: list[tuple[str, str, bytes]] = [
        (
            one_line(part.filename)[:FILE_NAME_LENGTH_MAX] or f"attachment-{ordinal}",
            one_line(part.content_type)[:FILE_NAME_LENGTH_MAX],
            part.payload,
        )
        for ordinal, part in enumerate(attached[:FILES_MAX], start=1)
    ]
    if cut or len(attached) > FILES_MAX:
        files.append((ORIGINAL, "message/rfc822", arrived.raw))
    return _named(files, await parts.store.put(*(content for _, _, content in files)))


def _named(
    files: Sequence[tuple[str, str, bytes]], file_ids: Sequence[str]
) -> tuple[Attachment, ...]:
    return tuple(
        Attachment(file_id=file_id, name=name, content_type=kind, size_bytes=len(content))
        for (name, kind, content), file_id in zip(files, file_ids, strict=True)
    )
