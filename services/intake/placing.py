"""Where a mail belongs: what it is taken for, and the clues to the ticket it answers. Pure."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

import orjson

from services.intake.domain.conversation import Undelivered
from services.intake.mail import Kind, Mailbox, ParsedMail
from services.intake.text import cleaned, one_line
from shared.events import Person
from shared.ids import derived_id, person_id
from shared.mail_ids import read_message_id, read_reply_token
from shared.numbers import find_numbers

HOPS_MAX: Final = 50
"""A mail that has come through more servers is going round in circles."""

COPIED_MAX: Final = 50
UNDELIVERED_MAX: Final = 50
"""Recipients that one report is believed about: our mails have one each."""

CLUES_MAX: Final = 50
NAME_LENGTH_MAX: Final = 200
ADDRESS_LENGTH_MAX: Final = 320

_NO_REPLY = re.compile(r"(?:no|do-?not)[-_.]?reply", re.IGNORECASE)
_MESSAGE_ID = re.compile(r"[!-;=?-~]{1,500}")


class Taken(StrEnum):
    """What a mail is taken for."""

    LETTER = "letter"
    """Somebody writes: it opens a ticket, or joins the one it answers."""
    AUTOMATIC = "automatic"
    """A machine answers: it is kept with the ticket it answers, and opens none."""
    BOUNCE = "bounce"
    QUARANTINE = "quarantine"


@dataclass(frozen=True)
class Envelope:
    """Who gave us the mail for whom, as the SMTP dialogue said."""

    sender: str
    """Empty for a report (`MAIL FROM:<>`)."""
    recipients: tuple[str, ...]
    peer: str = ""
    """The address that it was sent from; empty when it was fetched, or handed over here."""
    helo: str = ""
    """What the sending server calls itself."""


@dataclass(frozen=True)
class Us:
    """What a mail of ours is known by."""

    secret: bytes = b""
    """What our Message-IDs are signed with."""
    domains: tuple[str, ...] = ()


NOBODY: Final = Us()


@dataclass(frozen=True)
class Clues:
    """What in a mail points to a ticket, the surest first."""

    proven: tuple[UUID, ...]
    """Tickets whose ids we have signed ourselves."""
    message_ids: tuple[str, ...]
    """Mails that it answers, in brackets, as the read model has them."""
    numbers: tuple[str, ...]
    notification_id: UUID | None = None
    """Our own mail that it answers, or reports on."""

    @property
    def any(self) -> bool:
        """Whether there is a clue at all."""
        return bool(self.proven or self.message_ids or self.numbers)


def taken_for(mail: ParsedMail, envelope: Envelope, us: Us = NOBODY) -> tuple[Taken, str]:
    """What the mail is taken for, and why, in a word."""
    if mail.kind is Kind.LOOP or _comes_back(mail, envelope, us):
        return Taken.QUARANTINE, "loop"
    if mail.kind in {Kind.BOUNCE, Kind.DELAY_WARNING}:
        return Taken.BOUNCE, mail.kind.value
    if mail.kind is Kind.FEEDBACK_REPORT:
        return Taken.QUARANTINE, mail.kind.value
    if mail.problem is not None:
        return Taken.QUARANTINE, mail.problem
    if mail.kind is Kind.AUTO_REPLY:
        return Taken.AUTOMATIC, "automatic"
    if mail.kind is Kind.LIST and mail.loop_headers.auto_submitted not in {"", "no"}:
        return Taken.AUTOMATIC, "automatic"
    return Taken.LETTER, mail.kind.value


def _comes_back(mail: ParsedMail, envelope: Envelope, us: Us) -> bool:
    """Whether it is a mail of our own, or goes round in circles."""
    ours = {mailbox_of(address) for address in envelope.recipients}
    passed = {mailbox_of(value.strip("<>")) for value in mail.loop_headers.x_loop}
    return (
        mail.loop_headers.received_count > HOPS_MAX
        or mailbox_of(mail.from_address) in ours
        or not ours.isdisjoint(passed)
        or read_message_id(us.secret, mail.message_id) is not None
    )


def clues(mail: ParsedMail, envelope: Envelope, secret: bytes) -> Clues:
    """What points to a ticket: our reply address, our Message-IDs, others', our numbers."""
    addresses = [*envelope.recipients, *(box.address for box in (*mail.to, *mail.cc))]
    tokens = (token_of(address) for address in addresses[:CLUES_MAX])
    by_address = [read_reply_token(secret, token) for token in tokens if token]
    answered = [*mail.in_reply_to, *reversed(mail.references)][:CLUES_MAX]
    if mail.bounce is not None and mail.bounce.original_message_id:
        answered.insert(0, mail.bounce.original_message_id)
    ours = [found for one in answered if (found := read_message_id(secret, one)) is not None]
    proven = [ticket for ticket in by_address if ticket] + [ticket for ticket, _ in ours]
    bounced_subject = mail.bounce.original_subject if mail.bounce is not None else ""
    return Clues(
        proven=tuple(dict.fromkeys(proven)),
        message_ids=tuple(filter(None, map(bracketed, dict.fromkeys(answered)))),
        numbers=find_numbers(f"{mail.subject}\n{bounced_subject}")[:CLUES_MAX],
        notification_id=ours[0][1] if ours else None,
    )


def undelivered(mail: ParsedMail) -> tuple[Undelivered, ...]:
    """Whom a mail of ours did not reach; somebody unknown, if the report does not say."""
    failures = mail.bounce.failures if mail.bounce is not None else ()
    found = [
        Undelivered(cleaned(f.recipient)[:ADDRESS_LENGTH_MAX], cleaned(f.status)[:20], f.hard)
        for f in failures
        if f.action in {"failed", "delayed", ""}
    ]
    return tuple(found[:UNDELIVERED_MAX]) or (Undelivered("", "", hard=False),)


def identity(mail: ParsedMail, raw: bytes) -> UUID:
    """What makes it this mail, and no other, whichever way and however often it comes.

    Its Message-ID and its content, as ids are missing and used again; not the traces that
    servers leave on it. Of a mail that was not understood, all bytes count.
    """
    said = [mail.from_address, mail.subject, str(mail.date), mail.fingerprint]
    content = repr(said).encode("utf-8", "backslashreplace")
    known = mail.problem is None and mail.fingerprint
    digest = hashlib.sha256(content if known else raw).hexdigest()
    return derived_id("mail", mail.message_id, digest)


def content_digest(event_id: UUID) -> str:
    """The digest of a submission that came by mail."""
    return hashlib.sha256(orjson.dumps(["mail", str(event_id)])).hexdigest()


def author_of(mail: ParsedMail) -> Person:
    """Who writes. `Reply-To` has no say: anybody may name anybody there."""
    return person(Mailbox(mail.from_name, mail.from_address))


def contact_of(mail: ParsedMail) -> Person:
    """Whom a new ticket is for: of a form that mails as no-reply, who is to be answered.

    Never a proof of who writes, so never a way into a ticket that exists.
    """
    if _NO_REPLY.match(mail.from_address) and len(mail.reply_to) == 1:
        return person(mail.reply_to[0])
    return author_of(mail)


def copied(
    mail: ParsedMail, envelope: Envelope, our_domains: Sequence[str], sender: Person
) -> tuple[Person, ...]:
    """The other people the mail was sent to: neither its sender nor we ourselves."""
    ours = {address.casefold() for address in envelope.recipients}
    people: dict[UUID, Person] = {}
    for box in (*mail.to, *mail.cc):
        address = box.address.casefold()
        if "@" not in address or address in ours or address.rpartition("@")[2] in our_domains:
            continue
        one = person(box)
        if one.person_id != sender.person_id:
            people.setdefault(one.person_id, one)
    return tuple(people.values())[:COPIED_MAX]


def person(box: Mailbox) -> Person:
    """The person behind a name and an address, as they stand in a header."""
    address = one_line(box.address)[:ADDRESS_LENGTH_MAX]
    name = one_line(box.name)[:NAME_LENGTH_MAX] or address.partition("@")[0]
    return Person(person_id=person_id(address), name=name, email=address)


def token_of(address: str) -> str:
    """What stands behind the plus of an address; empty if there is none."""
    return address.rpartition("@")[0].partition("+")[2]


def mailbox_of(address: str) -> str:
    """The address without what stands behind its plus."""
    local, _, domain = address.rpartition("@")
    return f"{local.partition('+')[0]}@{domain}".casefold()


def bracketed(message_id: str) -> str | None:
    """The Message-ID as it stands in headers; None for one that can't be said again."""
    return f"<{message_id}>" if _MESSAGE_ID.fullmatch(message_id) else None
