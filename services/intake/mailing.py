"""What becomes of a mail: a ticket, a message on one, a bounce, or a place in quarantine."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import structlog

from services.intake.domain import DECIDER, OpenTicket, ReceiveMessage, RecordBounce
from services.intake.domain.quarantine import QUARANTINE_DECIDER, QuarantineSubmission
from services.intake.domain.ticket import SenderTakesNoPart, TicketIsArchived, TicketIsMerged
from services.intake.mail import ParsedMail, understand
from services.intake.parts import Parts
from services.intake.placing import (
    Clues,
    Envelope,
    Taken,
    author_of,
    bracketed,
    clues,
    contact_of,
    content_digest,
    copied,
    identity,
    mailbox_of,
    taken_for,
    undelivered,
)
from services.intake.submission import DESCRIPTION_LENGTH_MAX, SUBJECT_LENGTH_MAX
from services.intake.text import cleaned, one_line
from shared.errors import DuplicateEvent, NotFound
from shared.events import Attachment
from shared.events.intake import Channel
from shared.ids import derived_id

log = structlog.get_logger()

LARGE_BYTES: Final = 50_000
"""A mail from which on it is understood in a thread, so that others are served meanwhile."""

FILES_MAX: Final = 100
FILE_NAME_LENGTH_MAX: Final = 200
MERGES_FOLLOWED_MAX: Final = 10
ORIGINAL: Final = "original.eml"
"""The mail itself: attached when not all of it fits into the event."""


@dataclass(frozen=True)
class Arrived:
    """A mail, understood, with what makes it this one."""

    raw: bytes
    mail: ParsedMail
    envelope: Envelope
    event_id: UUID

    @property
    def actor(self) -> str:
        return f"customer:{author_of(self.mail).person_id}"


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


class Mailing:
    """Takes mails, one by one: each is in the log when `take` returns."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._our_domains = (parts.settings.mail_domain, *parts.settings.smtp_domains)

    async def take(self, raw: bytes, envelope: Envelope) -> UUID:
        """The id of the event that the mail led to; the same for the same mail again.

        Raises what the database or the disk raise: then nothing was taken.
        """
        arrived = await self._understood(raw, envelope)
        if await self._parts.runtime.log.find(arrived.event_id) is not None:
            self._count("again")
            log.info("mail_again", event_id=arrived.event_id)
            return arrived.event_id
        try:
            what = await self._place(arrived)
        except DuplicateEvent as duplicate:
            # Another copy was faster, with another subject.
            if duplicate.event_id != arrived.event_id:
                raise
            what = "again"
        self._count(what)
        log.info("mail_taken", event_id=arrived.event_id, what=what, size_bytes=len(raw))
        return arrived.event_id

    async def quarantine(self, raw: bytes, envelope: Envelope) -> UUID:
        """Keep what we failed to handle, which is our own mistake."""
        arrived = await self._understood(raw, envelope)
        await self._quarantine(arrived, "not_handled")
        self._count("not_handled")
        return arrived.event_id

    def _count(self, result: str) -> None:
        self._parts.runtime.log.metrics.mail_in.labels(result).inc()

    async def _understood(self, raw: bytes, envelope: Envelope) -> Arrived:
        if len(raw) > LARGE_BYTES:
            mail = await asyncio.to_thread(understand, raw)
        else:
            mail = understand(raw)
        return Arrived(raw, mail, envelope, identity(mail, raw))

    async def _place(self, arrived: Arrived) -> str:
        taken, why = taken_for(arrived.mail, arrived.envelope)
        found = clues(arrived.mail, arrived.envelope, self._parts.link_secret)
        match taken:
            case Taken.QUARANTINE:
                await self._quarantine(arrived, why)
            case Taken.BOUNCE:
                if not await self._bounced(arrived, found):
                    await self._quarantine(arrived, f"{why}_without_ticket")
            case Taken.AUTOMATIC:
                if not await self._joined(arrived, found, automatic=True):
                    await self._quarantine(arrived, why)
            case Taken.LETTER:
                if not await self._joined(arrived, found, automatic=False):
                    await self._opened(arrived)
        return taken.value

    async def _opened(self, arrived: Arrived) -> None:
        parts, mail, envelope = self._parts, arrived.mail, arrived.envelope
        topics = await parts.catalogue.topics()
        mailboxes = [mailbox_of(address) for address in envelope.recipients]
        topic = topics.for_mail([mailbox.partition("@")[0] for mailbox in mailboxes])
        text = Text.of(mail, mail.text)
        attachments = await self._stored(arrived, cut=text.cut)
        now = parts.runtime.clock()
        contact = contact_of(mail)

        def command(number: str) -> OpenTicket:
            return OpenTicket(
                number=number,
                channel=Channel.EMAIL,
                topic=topic,
                requester=contact,
                subject=text.subject,
                description=text.text,
                submission_digest=content_digest(arrived.event_id),
                now=now,
                attachments=attachments,
                message_id=bracketed(mail.message_id),
                mailbox=mailboxes[0] if mailboxes else None,
                copied=copied(mail, envelope, self._our_domains, contact),
                rules=topics.rules,
                auto_response_allowed=mail.auto_response_allowed and envelope.sender != "",
            )

        await parts.open_ticket(
            ("mail", arrived.event_id),
            command,
            actor=arrived.actor,
            first_id=arrived.event_id,
            revision=topics.revision,
        )

    async def _joined(self, arrived: Arrived, found: Clues, *, automatic: bool) -> bool:
        """Whether the mail joined a ticket in which its author takes part."""
        tickets = await self._candidates(found)
        if not tickets:
            return False
        parts, mail = self._parts, arrived.mail
        topics = await parts.catalogue.topics()
        text = Text.of(mail, mail.reply_text or mail.text)
        author = author_of(mail)
        command = ReceiveMessage(
            sender=author.person_id,
            channel=Channel.EMAIL,
            text=text.text,
            topics=topics,
            now=parts.runtime.clock(),
            automatic=automatic,
            attachments=await self._stored(arrived, cut=text.cut),
            message_id=bracketed(mail.message_id),
            copied=copied(mail, arrived.envelope, self._our_domains, author),
        )
        for ticket_id in tickets:
            if await self._received(ticket_id, command, arrived, topics.revision):
                return True
        return False

    async def _received(
        self, ticket_id: UUID, command: ReceiveMessage, arrived: Arrived, revision: int
    ) -> bool:
        """Whether the ticket, or the one it was merged into, took the message."""
        for _ in range(MERGES_FOLLOWED_MAX):
            try:
                await self._parts.runtime.handle(
                    DECIDER,
                    ticket_id,
                    command,
                    actor=arrived.actor,
                    first_id=arrived.event_id,
                    revision=revision,
                )
            except TicketIsMerged as merged:
                ticket_id = merged.facts["into"]
            except (SenderTakesNoPart, TicketIsArchived, NotFound):
                return False
            else:
                return True
        return False

    async def _bounced(self, arrived: Arrived, found: Clues) -> bool:
        """Whether a ticket took the report; only what we have signed proves that it may."""
        command = RecordBounce(
            notification_id=found.notification_id,
            undelivered=undelivered(arrived.mail),
            now=self._parts.runtime.clock(),
        )
        for ticket_id in found.proven:
            try:
                await self._parts.runtime.handle(
                    DECIDER, ticket_id, command, actor="mail", first_id=arrived.event_id
                )
            except NotFound:
                continue
            return True
        return False

    async def _candidates(self, found: Clues) -> list[UUID]:
        """The tickets that the mail may belong to, the surest first."""
        finders = self._parts.finders
        tickets = [*found.proven, *await finders.tickets_of_mails(found.message_ids)]
        for number in found.numbers:
            ticket = await finders.ticket_of_number(number)
            tickets += [ticket] if ticket else []
        return list(dict.fromkeys(tickets))

    async def _quarantine(self, arrived: Arrived, reason: str) -> None:
        (file_id,) = await self._parts.store.put(arrived.raw)
        command = QuarantineSubmission(
            reason=reason,
            raw_file_id=file_id,
            size_bytes=len(arrived.raw),
            envelope_from=one_line(arrived.envelope.sender),
            envelope_to=tuple(map(one_line, arrived.envelope.recipients)),
            now=self._parts.runtime.clock(),
        )
        await self._parts.runtime.handle(
            QUARANTINE_DECIDER,
            derived_id("quarantine", arrived.event_id),
            command,
            actor="mail",
            first_id=arrived.event_id,
        )

    async def _stored(self, arrived: Arrived, *, cut: bool) -> tuple[Attachment, ...]:
        """The mail's files; and the mail itself, if not all of it is in the event."""
        parts = arrived.mail.attachments
        files: list[tuple[str, str, bytes]] = [
            (
                one_line(part.filename)[:FILE_NAME_LENGTH_MAX] or f"attachment-{ordinal}",
                one_line(part.content_type)[:FILE_NAME_LENGTH_MAX],
                part.payload,
            )
            for ordinal, part in enumerate(parts[:FILES_MAX], start=1)
        ]
        if cut or len(parts) > FILES_MAX:
            files.append((ORIGINAL, "message/rfc822", arrived.raw))
        return _named(files, await self._parts.store.put(*(content for _, _, content in files)))


def _named(
    files: Sequence[tuple[str, str, bytes]], file_ids: Sequence[str]
) -> tuple[Attachment, ...]:
    return tuple(
        Attachment(file_id=file_id, name=name, content_type=kind, size_bytes=len(content))
        for (name, kind, content), file_id in zip(files, file_ids, strict=True)
    )
