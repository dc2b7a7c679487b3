"""Which ticket a mail speaks of, by what only our own mails can have given it.

Best first: the signed reply address it was sent to, our own Message-IDs in `In-Reply-To`
and `References`, the ticket number in the subject. The first two prove that we wrote to
somebody about the ticket, the last only that somebody has seen its number; none of them
proves that the sender takes part in it: that is for the one who knows the ticket to decide.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from services.intake.mail.model import ParsedMail
from shared.mail_ids import read_message_id, read_reply_token
from shared.numbers import find_numbers

REFERENCES_MAX = 20
_TOKENS_MAX = 50


class Evidence(StrEnum):
    """By what a ticket was found."""

    REPLY_ADDRESS = "reply_address"
    MESSAGE_ID = "message_id"
    SUBJECT_NUMBER = "subject_number"
    RETURNED_MESSAGE_ID = "returned_message_id"
    """The mail that a delivery report is about."""


@dataclass(frozen=True, slots=True)
class TicketReference:
    """One ticket that a mail speaks of: its id, or, from a subject, its number."""

    evidence: Evidence
    ticket_id: UUID | None = None
    event_id: UUID | None = None
    number: str = ""

    @property
    def signed(self) -> bool:
        """Whether only a mail of ours can have brought it about."""
        return self.evidence is not Evidence.SUBJECT_NUMBER


def ticket_references(
    mail: ParsedMail, *, secret: bytes, recipients: tuple[str, ...] = ()
) -> tuple[TicketReference, ...]:
    """The tickets that a mail speaks of, best evidence first, each once for each evidence.

    `recipients` are the envelope's: a forwarded or blind copy doesn't name us in its header.
    """
    found: dict[tuple[Evidence, UUID | str], TicketReference] = {}
    for reference in _references(mail, secret, recipients):
        key = (reference.evidence, reference.ticket_id or reference.number)
        found.setdefault(key, reference)
        if len(found) >= REFERENCES_MAX:
            break
    return tuple(found.values())


def _references(
    mail: ParsedMail, secret: bytes, recipients: tuple[str, ...]
) -> Iterator[TicketReference]:
    addresses = (*recipients, *(one.address for one in (*mail.to, *mail.cc)))
    for address in addresses[:_TOKENS_MAX]:
        _, plus, token = address.rpartition("@")[0].rpartition("+")
        ticket_id = read_reply_token(secret, token) if plus else None
        if ticket_id is not None:
            yield TicketReference(Evidence.REPLY_ADDRESS, ticket_id)
    # The newest mail that is answered comes last in `References`.
    for message_id in (*mail.in_reply_to, *reversed(mail.references)):
        ours = read_message_id(secret, message_id)
        if ours is not None:
            yield TicketReference(Evidence.MESSAGE_ID, ours[0], ours[1])
    if mail.bounce is not None:
        ours = read_message_id(secret, mail.bounce.original_message_id)
        if ours is not None:
            yield TicketReference(Evidence.RETURNED_MESSAGE_ID, ours[0], ours[1])
    for number in find_numbers(mail.subject):
        yield TicketReference(Evidence.SUBJECT_NUMBER, number=number)
