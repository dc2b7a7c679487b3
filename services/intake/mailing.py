"""What becomes of a mail: a ticket, a message on one, a bounce, or a place in quarantine."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from typing import Final
from uuid import UUID

import structlog

from services.intake.domain import OpenTicket
from services.intake.domain.quarantine import (
    QUARANTINE_DECIDER,
    QuarantineSubmission,
    ReleaseSubmission,
    SubmissionIsSettled,
)
from services.intake.joining import Joining
from services.intake.language import guessed, preferred
from services.intake.mail import understand
from services.intake.mail_content import Arrived, Text, stored
from services.intake.parts import Parts
from services.intake.placing import (
    Clues,
    Envelope,
    Taken,
    Us,
    author_of,
    bracketed,
    clues,
    contact_of,
    content_digest,
    copied,
    identity,
    mailbox_of,
    taken_for,
)
from services.intake.refusals import Refusal, SenderIsBlocked
from services.intake.text import one_line
from shared.errors import DuplicateEvent
from shared.events import Person
from shared.events.desk import TopicDefined
from shared.events.intake import (
    Authenticity,
    Channel,
    CustomerMessageReceived,
    TicketOpened,
    Verdict,
)
from shared.events.relations import Relation
from shared.events.submissions import SubmissionQuarantined, SubmissionReleased
from shared.ids import derived_id, person_id

log = structlog.get_logger()

LARGE_BYTES: Final = 50_000
"""A mail from which on it is understood in a thread, so that others are served meanwhile."""

NOT_PROVEN: Final = "sender_not_proven"
"""Why a mail is quarantined that is not by whom it says."""

_LARGE: Final = ThreadPoolExecutor(max_workers=1, thread_name_prefix="large-mails")
"""One after the other, so that large ones never take more than their share of the processor."""


class Mailing:
    """Takes mails, one by one: each is in the log when `take` returns."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._us = Us(parts.link_secret, (parts.settings.mail_domain, *parts.settings.smtp_domains))
        self._joining = Joining(parts, self._us)

    async def take(self, raw: bytes, envelope: Envelope) -> UUID:
        """The id of the event that the mail led to; the same for the same mail again.

        Raises a `Refusal` for what is not taken at all, and what the database or the disk
        raise: then nothing was taken.
        """
        arrived = await self._understood(raw, envelope)
        forged = None
        if await self._is_known(arrived):
            forged = await self._forged_before(arrived)
            if forged is None:
                self._count("again")
                log.info("mail_again", event_id=arrived.event_id)
                return arrived.event_id
        try:
            await self._admit(arrived)
        except Refusal:
            self._count("refused")
            raise
        found = await self._parts.authenticator.of(raw, arrived.mail, envelope)
        arrived = replace(arrived, authenticity=found)
        if forged is not None:
            if _is_refuted(arrived):
                return arrived.event_id
            arrived = replace(arrived, event_id=derived_id("proven", arrived.event_id))
        try:
            what = await self._place(arrived)
        except DuplicateEvent as duplicate:
            # Another copy was faster, with another subject.
            if duplicate.event_id != arrived.event_id:
                raise
            await self._is_known(arrived)
            what = "again"
        if forged is not None:
            await self._came_after_all(arrived, forged)
        self._count(what)
        log.info("mail_taken", event_id=arrived.event_id, what=what, size_bytes=len(raw))
        return arrived.event_id

    async def quarantine(self, raw: bytes, envelope: Envelope, reason: str = "not_handled") -> UUID:
        """Keep what we failed to handle, which is our own mistake, or what nobody can refuse."""
        arrived = await self._understood(raw, envelope)
        await self._quarantine(arrived, reason)
        self._count(reason)
        return arrived.event_id

    async def release(self, raw: bytes, envelope: Envelope, into: UUID | None) -> UUID:
        """Take a mail on an agent's word: into a ticket, or as one of its own; the ticket."""
        arrived = await self._understood(raw, envelope)
        arrived = replace(arrived, event_id=derived_id("released", arrived.event_id))
        known = await self._parts.runtime.log.find(arrived.event_id)
        if known is not None:
            return known.subject
        if into is not None:
            return await self._joining.vouched(arrived, into)
        return await self._opened(arrived, ())

    def _count(self, result: str) -> None:
        self._parts.runtime.log.metrics.mail_in.labels(result).inc()

    async def _understood(self, raw: bytes, envelope: Envelope) -> Arrived:
        if len(raw) > LARGE_BYTES:
            loop = asyncio.get_running_loop()
            mail = await loop.run_in_executor(_LARGE, understand, raw)
        else:
            mail = understand(raw)
        return Arrived(raw, mail, envelope, identity(mail, raw))

    async def _is_known(self, arrived: Arrived) -> bool:
        """Whether it was taken before; to another team's mailbox, that team sees it, too."""
        known = await self._parts.runtime.log.find(arrived.event_id)
        if known is None:
            return False
        if isinstance(known.event, TicketOpened):
            topics = await self._topics_of(arrived.envelope)
            await self._joining.share(known.subject, topics, arrived)
        return True

    async def _forged_before(self, arrived: Arrived) -> UUID | None:
        """The quarantined copy of it that somebody else had sent first; None if there is none,
        or an agent has taken that. What others send must not keep the mail itself out."""
        runtime = self._parts.runtime
        known = await runtime.log.find(arrived.event_id)
        if known is None or not isinstance(known.event, SubmissionQuarantined):
            return None
        if known.event.reason != NOT_PROVEN:
            return None
        if await runtime.log.find(derived_id("proven", arrived.event_id)) is not None:
            return None
        past = await runtime.log.read(known.subject)
        state = QUARANTINE_DECIDER.fold([each.event for each in past.events])
        return None if isinstance(state.settled, SubmissionReleased) else known.subject

    async def _came_after_all(self, arrived: Arrived, forged: UUID) -> None:
        """Nobody need look at the copy any more: the mail itself has come."""
        runtime = self._parts.runtime
        taken = await runtime.log.find(arrived.event_id)
        if taken is None or not isinstance(taken.event, TicketOpened | CustomerMessageReceived):
            return
        command = ReleaseSubmission(
            ticket_id=taken.subject,
            number=self._parts.number_of(taken.subject),
            by="mail",
            now=runtime.clock(),
        )
        with suppress(SubmissionIsSettled):
            await runtime.handle(QUARANTINE_DECIDER, forged, command, actor="mail")

    async def _admit(self, arrived: Arrived) -> None:
        """Raises a `Refusal` for what nobody here wants, and says so to its sender."""
        author = person_id(arrived.mail.from_address)
        if await self._parts.finders.is_blocked(author):
            await self._parts.finders.count_refusal(author, self._parts.runtime.clock())
            raise SenderIsBlocked
        await self._parts.scan([file.payload for file in arrived.mail.attachments])

    async def _place(self, arrived: Arrived) -> str:
        taken, why = taken_for(arrived.mail, arrived.envelope, self._us)
        found = clues(arrived.mail, arrived.envelope, self._us.secret)
        match taken:
            case Taken.QUARANTINE:
                await self._quarantine(arrived, why)
            case Taken.BOUNCE:
                if not await self._joining.bounced(arrived, found):
                    await self._quarantine(arrived, f"{why}_without_ticket")
            case Taken.AUTOMATIC:
                if not await self._answered_by_itself(arrived, found):
                    await self._quarantine(arrived, why)
            case Taken.LETTER:
                return await self._letter(arrived, found)
        return taken.value

    async def _answered_by_itself(self, arrived: Arrived, found: Clues) -> bool:
        """Whether it was kept with the ticket whose mail a machine answered."""
        if await self._is_forged(arrived, found):
            return False
        joined = await self._joining.joined(arrived, found, automatic=True)
        return joined.into is not None

    async def _letter(self, arrived: Arrived, found: Clues) -> str:
        """A person's letter: on the ticket that it answers, else one of its own."""
        if await self._is_forged(arrived, found):
            await self._quarantine(arrived, NOT_PROVEN)
            return "quarantine"
        joined = await self._joining.joined(arrived, found, automatic=False)
        if joined.into:
            return Taken.LETTER.value
        if await self._is_flood(arrived):
            await self._quarantine(arrived, "too_many")
            return "quarantine"
        for ticket_id in joined.without_part:
            await self._joining.tell_of_outsider(ticket_id, arrived)
        await self._opened(arrived, joined.about)
        return Taken.LETTER.value

    async def _is_forged(self, arrived: Arrived, found: Clues) -> bool:
        """Whether somebody pretends to be a customer whom we know; or anybody, where the
        domain asks that nobody believe it."""
        authenticity = arrived.authenticity
        if authenticity is None or not _is_refuted(arrived):
            return False
        if authenticity.policy == "reject" or found.any:
            return True
        return await self._parts.finders.is_customer(author_of(arrived.mail).person_id)

    async def _is_flood(self, arrived: Arrived) -> bool:
        most = self._parts.settings.mail_tickets_per_sender_hour_max
        opened = await self._parts.finders.opened_lately(contact_of(arrived.mail).person_id)
        return opened >= most

    async def _opened(self, arrived: Arrived, about: tuple[Relation, ...]) -> UUID:
        parts, mail, envelope = self._parts, arrived.mail, arrived.envelope
        topics = await parts.catalogue.topics()
        mailboxes = [mailbox_of(address) for address in envelope.recipients]
        topic = topics.for_mail([mailbox.partition("@")[0] for mailbox in mailboxes])
        text = Text.of(mail, mail.text)
        attachments = await stored(parts, arrived, cut=text.cut)
        now = parts.runtime.clock()
        contact = contact_of(mail)
        known = await parts.finders.person(contact.person_id)
        speaks = preferred(mail.language) or guessed(f"{mail.subject}\n{mail.reply_text}")
        others = await self._topics_of(envelope)

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
                copied=self._others(arrived, contact),
                rules=topics.rules,
                organisation=topics.organisation_of(contact.email, tuple(known.linked)),
                language=known.language or speaks,
                timezone=known.timezone,
                auto_response_allowed=mail.auto_response_allowed and envelope.sender != "",
                authenticity=_of_requester(arrived),
                shared_with=others,
                about=about,
            )

        outcome = await parts.open_ticket(
            arrived.makes,
            command,
            actor=arrived.actor,
            first_id=arrived.event_id,
            revision=topics.revision,
        )
        return outcome.subject

    def _others(self, arrived: Arrived, contact: Person) -> tuple[Person, ...]:
        """Whom it was sent to, too; nobody, if its author is not who they say, or wrote it for
        somebody else."""
        if _is_refuted(arrived) or _is_for_another(arrived):
            return ()
        return copied(arrived.mail, arrived.envelope, self._us.domains, contact)

    async def _topics_of(self, envelope: Envelope) -> tuple[TopicDefined, ...]:
        """The topics whose mailboxes it was sent to."""
        topics = await self._parts.catalogue.topics()
        local_parts = [mailbox_of(one).partition("@")[0] for one in envelope.recipients]
        return topics.of_mailboxes(local_parts)

    async def _quarantine(self, arrived: Arrived, reason: str) -> None:
        (file_id,) = await self._parts.store.put(arrived.raw)
        command = QuarantineSubmission(
            reason=reason,
            raw_file_id=file_id,
            size_bytes=len(arrived.raw),
            envelope_from=one_line(arrived.envelope.sender),
            envelope_to=tuple(map(one_line, arrived.envelope.recipients)),
            now=self._parts.runtime.clock(),
            authenticity=arrived.authenticity,
        )
        await self._parts.runtime.handle(
            QUARANTINE_DECIDER,
            derived_id("quarantine", arrived.event_id),
            command,
            actor="mail",
            first_id=arrived.event_id,
        )


def _is_refuted(arrived: Arrived) -> bool:
    """Whether it is not by whom it names as its author."""
    found = arrived.authenticity
    return found is not None and found.verdict is Verdict.FAILED


def _is_for_another(arrived: Arrived) -> bool:
    """Whether somebody else is to be answered, as of a form that mails: anybody may name them."""
    return contact_of(arrived.mail).person_id != author_of(arrived.mail).person_id


def _of_requester(arrived: Arrived) -> Authenticity | None:
    """What is known of the requester: a proof of who sent a mail is none of whom it is for."""
    found = arrived.authenticity
    if found is None or not _is_for_another(arrived):
        return found
    return found.model_copy(update={"verdict": Verdict.NONE})
