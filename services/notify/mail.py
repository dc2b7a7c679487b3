"""From a notification to the bytes of a mail: always the same bytes for the same one.

Headers follow RFC 5322, and RFC 3834 for what machines send: no machine shall answer what
no person wrote, and people's programs keep the conversation together.
"""

import re
from binascii import b2a_qp
from dataclasses import dataclass
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy
from email.utils import format_datetime
from typing import Any, Final
from uuid import UUID

from services.notify.recipients import is_address
from services.notify.story import MESSAGE_ID
from services.notify.words import NAME_LENGTH_MAX, clean, line
from shared.events.notify import NotificationKind, NotificationRequested

_WRITTEN_BY_PEOPLE: Final = frozenset({"from", "to", "subject"})
_PLAIN: Final = re.compile(r"[ -~]{0,5000}")


class _Policy(EmailPolicy):
    """SMTP's, for headers that are ours alone but for three.

    Those three are encoded and folded by the library. The others are printable ASCII or
    refused, and are written as they are: the library would encode an identifier that is
    longer than a line, and takes four times as long to build a mail.
    """

    def header_store_parse(self, name: str, value: Any) -> tuple[str, Any]:
        if name.lower() in _WRITTEN_BY_PEOPLE:
            return super().header_store_parse(name, value)
        if not _PLAIN.fullmatch(value):
            raise ValueError(f"{name} is not plain text")
        return name, value

    def header_fetch_parse(self, name: str, value: Any) -> Any:
        if name.lower() in _WRITTEN_BY_PEOPLE:
            return super().header_fetch_parse(name, value)
        return value

    def fold_binary(self, name: str, value: Any) -> bytes:
        if name.lower() == "subject" and not (self.utf8 or value.isascii()):
            # The library's own folding loses the space between two words that it encodes.
            encoded = Header(value, "utf-8", header_name=name).encode(linesep=self.linesep)
            return f"{name}: {encoded}{self.linesep}".encode("ascii")
        if name.lower() in _WRITTEN_BY_PEOPLE:
            return super().fold_binary(name, value)
        text = value.replace(" ", f"{self.linesep} ") if name == "References" else value
        return f"{name}: {text}{self.linesep}".encode("ascii")


_POLICY: Final = _Policy(linesep=SMTP.linesep)

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
    mail = EmailMessage(policy=_POLICY)
    mail["From"] = Address(line(sender.name, NAME_LENGTH_MAX), addr_spec=sender.address)
    mail["To"] = _recipient(event)
    if event.reply_to:
        mail["Reply-To"] = event.reply_to
    mail["Subject"] = line(event.subject, 250)
    mail["Date"] = format_datetime(event.requested_at)
    mail["Message-ID"] = event.message_id
    for name, value in (*_threading(event), *_automatic(event, sender)):
        mail[name] = value
    mail["Ledgerdesk-Ticket"] = str(ticket_id)
    mail["Ledgerdesk-Notification"] = str(event.notification_id)
    mail["MIME-Version"] = "1.0"
    mail["Content-Type"] = f'multipart/alternative; boundary="=_{event.notification_id.hex}"'
    mail.attach(_part("plain", event.text))
    if event.html:
        mail.attach(_part("html", event.html))
    message = mail.as_bytes(policy=_POLICY.clone(utf8=not event.recipient.isascii()))
    return Outgoing(event.reply_to or sender.address, event.recipient, message)


def _part(kind: str, text: str) -> EmailMessage:
    part = EmailMessage(policy=_POLICY)
    part["Content-Type"] = f'text/{kind}; charset="utf-8"'
    part["Content-Transfer-Encoding"] = "quoted-printable"
    part.set_payload(b2a_qp(clean(text).encode("utf-8"), istext=True).decode("ascii"))
    return part


def _recipient(event: NotificationRequested) -> Address:
    name = line(event.recipient_name, NAME_LENGTH_MAX)
    local, _, domain = event.recipient.rpartition("@")
    if not is_address(event.recipient):
        raise ValueError("not an address")
    return Address(name, username=local, domain=domain)


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
