"""How a mail joins a ticket that exists: only from those who take part in it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final
from uuid import UUID

from services.intake.domain import (
    DECIDER,
    ReceiveMessage,
    RecordBounce,
    ShareTicket,
    TellOfOutsider,
)
from services.intake.domain.ticket import SenderTakesNoPart, TicketIsArchived, TicketIsMerged
from services.intake.mail_content import Arrived, Text, stored
from services.intake.parts import Parts
from services.intake.placing import Clues, Us, author_of, bracketed, copied, undelivered
from shared.errors import NotFound
from shared.events import Person
from shared.events.desk import TopicDefined
from shared.events.intake import Channel, Verdict
from shared.events.relations import Relation

MERGES_FOLLOWED_MAX: Final = 10
TOLD_MAX: Final = 3
"""Tickets whose agents are told of one mail of an outsider, at most."""


class _Answer(Enum):
    JOINED = 1
    NO_PART = 2
    """Its author takes no part in it."""
    ARCHIVED = 3
    UNKNOWN = 4


@dataclass(frozen=True)
class Joined:
    """Where a mail went; and if nowhere, the tickets that it is about all the same."""

    into: UUID | None = None
    about: tuple[Relation, ...] = ()
    without_part: tuple[UUID, ...] = ()
    """Of those, the ones in which its author takes no part."""


class Joining:
    """Adds mails to tickets."""

    def __init__(self, parts: Parts, us: Us) -> None:
        self._parts = parts
        self._us = us

    async def joined(self, arrived: Arrived, found: Clues, *, automatic: bool) -> Joined:
        """Add the mail to the first ticket that it points to and that takes it."""
        tickets = await self._candidates(found)
        if not tickets:
            return Joined()
        command = await self._message(arrived, automatic=automatic)
        about: dict[UUID, _Answer] = {}
        for candidate in tickets:
            command = replace(command, answers_ours=candidate in found.proven)
            ticket_id, answer = await self._received(candidate, command, arrived)
            if answer is _Answer.JOINED:
                return Joined(into=ticket_id)
            if answer is not _Answer.UNKNOWN:
                about[ticket_id] = answer
        listed = list(about)[:TOLD_MAX]
        return Joined(
            about=tuple(map(self._relation, listed)),
            without_part=tuple(one for one in listed if about[one] is _Answer.NO_PART),
        )

    async def vouched(self, arrived: Arrived, ticket_id: UUID) -> UUID:
        """Add the mail to this ticket, whoever wrote it; the one that took it.

        Raises what the ticket has against it.
        """
        command = await self._message(arrived, automatic=False, vouched_for=author_of(arrived.mail))
        taken_by, answer = await self._received(ticket_id, command, arrived)
        match answer:
            case _Answer.JOINED:
                return taken_by
            case _Answer.ARCHIVED:
                raise TicketIsArchived
            case _:
                raise NotFound(what="ticket")

    async def bounced(self, arrived: Arrived, found: Clues) -> bool:
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

    async def share(
        self, ticket_id: UUID, topics: Sequence[TopicDefined], arrived: Arrived
    ) -> None:
        """Let the teams of these topics see the ticket, too."""
        command = ShareTicket(tuple(topics), self._parts.runtime.clock())
        await self._parts.runtime.handle(
            DECIDER,
            ticket_id,
            command,
            actor="mail",
            derive_from=("shared", arrived.event_id, *(topic.topic_id for topic in topics)),
        )

    async def tell_of_outsider(self, ticket_id: UUID, arrived: Arrived) -> None:
        """Tell of the ticket that the mail is going to open, on the one that it is about.

        Before, not after: who sends the mail again after a crash makes up for what is missing.
        """
        own_id, number = await self._parts.free_number(arrived.makes)
        command = TellOfOutsider(own_id, number, self._parts.runtime.clock())
        await self._parts.runtime.handle(
            DECIDER,
            ticket_id,
            command,
            actor=arrived.actor,
            derive_from=("outsider", arrived.event_id),
        )

    async def _message(
        self, arrived: Arrived, *, automatic: bool, vouched_for: Person | None = None
    ) -> ReceiveMessage:
        mail, authenticity = arrived.mail, arrived.authenticity
        text = Text.of(mail, mail.reply_text or mail.text)
        author = author_of(mail)
        # Who pretends to be the requester would let himself in by naming himself in copy.
        proven = authenticity is not None and authenticity.verdict is Verdict.PASSED
        others = copied(mail, arrived.envelope, self._us.domains, author) if proven else ()
        known = await self._parts.finders.person(author.person_id)
        return ReceiveMessage(
            sender=author.person_id,
            also=frozenset(known.linked),
            channel=Channel.EMAIL,
            text=text.text,
            topics=await self._parts.catalogue.topics(),
            now=self._parts.runtime.clock(),
            automatic=automatic,
            attachments=await stored(self._parts, arrived, cut=text.cut),
            message_id=bracketed(mail.message_id),
            copied=others,
            authenticity=authenticity,
            vouched_for=vouched_for,
        )

    async def _received(
        self, ticket_id: UUID, command: ReceiveMessage, arrived: Arrived
    ) -> tuple[UUID, _Answer]:
        """What the ticket says to it, or the one that it was merged into."""
        for _ in range(MERGES_FOLLOWED_MAX):
            try:
                await self._parts.runtime.handle(
                    DECIDER,
                    ticket_id,
                    command,
                    actor=arrived.actor,
                    first_id=arrived.event_id,
                    revision=command.topics.revision,
                )
            except TicketIsMerged as merged:
                ticket_id = merged.facts["into"]
            except SenderTakesNoPart:
                return ticket_id, _Answer.NO_PART
            except TicketIsArchived:
                return ticket_id, _Answer.ARCHIVED
            except NotFound:
                return ticket_id, _Answer.UNKNOWN
            else:
                return ticket_id, _Answer.JOINED
        return ticket_id, _Answer.UNKNOWN

    async def _candidates(self, found: Clues) -> list[UUID]:
        """The tickets that the mail may belong to, the surest first."""
        finders = self._parts.finders
        tickets = [*found.proven, *await finders.tickets_of_mails(found.message_ids)]
        for number in found.numbers:
            ticket = await finders.ticket_of_number(number)
            tickets += [ticket] if ticket else []
        return list(dict.fromkeys(tickets))

    def _relation(self, ticket_id: UUID) -> Relation:
        return Relation(ticket_id=ticket_id, number=self._parts.number_of(ticket_id), score=1.0)
