"""From a notification to the bytes of a mail: always the same bytes for the same one.

Headers follow RFC 5322, and RFC 3834 for what machines send: no machine shall answer what
no person wrote, and people's programs keep the conversation together.
"""

from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy
from typing import Any, Final
from uuid import UUID

from services.notify.recipients import is_address
from services.notify.story import MESSAGE_ID
from services.notify.words import NAME_LENGTH_MAX, clean, line
from shared.events.notify import NotificationKind, NotificationRequested

_OF_IDENTIFIERS: Final = frozenset({"message-id", "in-reply-to", "references", "reply-to"})


class _Policy(EmailPolicy):
    """SMTP's, but one that never encodes an identifier of ours for being longer than a line."""

    def fold_binary(self, name: str, value: Any) -> bytes:
        if name.lower() in _OF_IDENTIFIERS:
            text = str(value).replace(" ", f"{self.linesep} ")
            return f"{name}: {text}{self.linesep}".encode("utf-8" if self.utf8 else "ascii")
        return super().fold_binary(name, value)


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
        mail["Reply-To"] = Address(addr_spec=event.reply_to)
    mail["Subject"] = line(event.subject, 250)
    mail["Date"] = event.requested_at
    mail["Message-ID"] = event.message_id
    for name, value in (*_threading(event), *_automatic(event, sender)):
        mail[name] = value
    mail["Ledgerdesk-Ticket"] = str(ticket_id)
    mail["Ledgerdesk-Notification"] = str(event.notification_id)
    mail.set_content(clean(event.text), subtype="plain", charset="utf-8", cte="quoted-printable")
    if event.html:
        html = clean(event.html)
        mail.add_alternative(html, subtype="html", charset="utf-8", cte="quoted-printable")
        mail.set_boundary(f"=_{event.notification_id.hex}")
    message = mail.as_bytes(policy=_POLICY.clone(utf8=not event.recipient.isascii()))
    return Outgoing(event.reply_to or sender.address, event.recipient, message)


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
