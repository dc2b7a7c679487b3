"""From a notification to the bytes of a mail: always the same bytes for the same one.

Headers follow RFC 5322, and RFC 3834 for what machines send: no machine shall answer what
no person wrote, and people's programs keep the conversation together.
"""

import re
from binascii import b2a_qp
from dataclasses import dataclass
from email.header import Header
from email.headerregistry import Address
from email.policy import SMTP
from email.utils import format_datetime
from functools import lru_cache
from typing import Final
from uuid import UUID

from services.notify.recipients import is_address
from services.notify.story import MESSAGE_ID
from services.notify.words import NAME_LENGTH_MAX, clean, line
from shared.events.notify import NotificationKind, NotificationRequested

_PLAIN: Final = re.compile(r"[ -~]{0,5000}")
"""What may stand in a header of ours: the library would encode an identifier that is longer
than a line, so such headers are written as they are."""

_SHORT: Final = 72
_SIMPLE_SUBJECT: Final = re.compile(r"[!-~]+(?: [!-~]+)*")
_SIMPLE_ADDRESS: Final = re.compile(
    r"(?:[A-Za-z0-9]+(?: [A-Za-z0-9]+)* <(?=.*>$)|(?=.*[^>]$))"
    r"[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*@[A-Za-z0-9.-]+>?"
)
"""What people wrote that needs no encoding, quoting or folding: most of it."""

REFERENCES_MAX: Final = 6


@dataclass(frozen=True)
class Origin:
    """Whom mails come from."""

    name: str
    address: str
    domain: str


@dataclass(frozen=True)
class Outgoing:
    """A mail, as it is handed to a mail server."""

    envelope_from: str
    recipient: str
    message: bytes

    @property
    def needs_utf8(self) -> bool:
        """Whether an address needs SMTPUTF8 (RFC 6531)."""
        return not (self.recipient.isascii() and self.envelope_from.isascii())


def outgoing(event: NotificationRequested, ticket_id: UUID, sender: Origin) -> Outgoing:
    """The mail of a notification. Raises ValueError for an address that no mail can go to.

    Mails that come back go where answers go, so that they find their ticket.
    """
    utf8 = not event.recipient.isascii()
    reply_to = [("Reply-To", event.reply_to)] if event.reply_to else []
    boundary = f"=_{event.notification_id.hex}"
    head = [
        _from(sender, utf8=utf8),
        _of_people("To", _recipient(event), utf8=utf8),
        *(_ours(name, value) for name, value in reply_to),
        _of_people("Subject", line(event.subject, 250), utf8=utf8),
        _ours("Date", format_datetime(event.requested_at)),
        _ours("Message-ID", event.message_id),
        *(_ours(name, value) for name, value in _threading(event)),
        *(_ours(name, value) for name, value in _automatic(event, sender)),
        _ours("Ledgerdesk-Ticket", str(ticket_id)),
        _ours("Ledgerdesk-Notification", str(event.notification_id)),
        _ours("MIME-Version", "1.0"),
        _ours("Content-Type", f'multipart/alternative; boundary="{boundary}"'),
    ]
    parts = [_part("plain", event.text), *([_part("html", event.html)] if event.html else [])]
    start = f"\r\n--{boundary}\r\n".encode()
    body = b"".join(start + part for part in parts) + f"\r\n--{boundary}--\r\n".encode()
    return Outgoing(event.reply_to or sender.address, event.recipient, b"".join(head) + body)


@lru_cache(maxsize=2)
def _from(sender: Origin, *, utf8: bool) -> bytes:
    own = Address(line(sender.name, NAME_LENGTH_MAX), addr_spec=sender.address)
    return _of_people("From", str(own), utf8=utf8)


def _ours(name: str, value: str) -> bytes:
    """A header that no person wrote."""
    if not _PLAIN.fullmatch(value):
        raise ValueError(f"{name} is not plain text")
    text = value.replace(" ", "\r\n ") if name == "References" else value
    return f"{name}: {text}\r\n".encode("ascii")


def _of_people(name: str, value: str, *, utf8: bool) -> bytes:
    """A header with words of people: encoded and folded by the library where it has to be."""
    simple = _SIMPLE_SUBJECT if name == "Subject" else _SIMPLE_ADDRESS
    if len(name) + len(value) <= _SHORT and "=?" not in value and simple.fullmatch(value):
        return f"{name}: {value}\r\n".encode("ascii")
    if name == "Subject" and not (utf8 or value.isascii()):
        # The library's own folding loses the space between two words that it encodes.
        encoded = Header(value, "utf-8", header_name=name).encode(linesep=SMTP.linesep)
        return f"{name}: {encoded}{SMTP.linesep}".encode("ascii")
    policy = SMTP.clone(utf8=utf8)
    return policy.fold_binary(*policy.header_store_parse(name, value))


def _part(kind: str, text: str) -> bytes:
    encoded = b2a_qp(clean(text).encode("utf-8"), istext=True)
    head = (
        f'Content-Type: text/{kind}; charset="utf-8"\r\n'
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    )
    return head.encode() + encoded.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def _recipient(event: NotificationRequested) -> str:
    name = line(event.recipient_name, NAME_LENGTH_MAX)
    local, _, domain = event.recipient.rpartition("@")
    if not is_address(event.recipient):
        raise ValueError("not an address")
    plain = f"{name} <{event.recipient}>" if name else event.recipient
    if _SIMPLE_ADDRESS.fullmatch(plain):
        return plain
    return str(Address(name, username=local, domain=domain))


def _threading(event: NotificationRequested) -> list[tuple[str, str]]:
    """What it answers: only identifiers that are safe to quote."""
    known = [one for one in event.references if MESSAGE_ID.fullmatch(one)][-REFERENCES_MAX:]
    answered = event.in_reply_to if MESSAGE_ID.fullmatch(event.in_reply_to) else ""
    headers = [("In-Reply-To", answered)] if answered else []
    return [*headers, ("References", " ".join(known))] if known else headers


def _automatic(event: NotificationRequested, sender: Origin) -> list[tuple[str, str]]:
    """What tells machines to keep out of it.

    What an agent wrote is not automatic (RFC 3834, 2): a desk at the other end shall read
    it. Holiday notices are unwanted all the same.
    """
    if event.written_by_a_person:
        return [("X-Auto-Response-Suppress", "OOF, AutoReply"), ("X-Loop", sender.address)]
    answers = event.kind is NotificationKind.ACKNOWLEDGMENT and bool(event.in_reply_to)
    submitted = "auto-replied" if answers else "auto-generated"
    return [
        ("Auto-Submitted", submitted),
        ("Precedence", "bulk"),
        ("X-Auto-Response-Suppress", "All"),
        ("X-Loop", sender.address),
        ("List-Id", f"<tickets.{sender.domain}>"),
    ]
