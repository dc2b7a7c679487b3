"""What our mails carry so that answers find their ticket: signed Message-IDs and addresses.

A Message-ID is `<{event_id}.{ticket_id}.{mac}@domain>`, a reply address
`support+{token}@domain`, where the token is the ticket's id and a mac in lower-case base 32,
because gateways on the way may change the case. Both macs are HMAC-SHA256 cut to 96 bits,
each over a purpose of its own, so that neither can stand for the other. A mac that is right
says that we wrote the id; it doesn't say that the sender may see the ticket.
"""

import hmac
import re
from base64 import b32decode, b32encode
from hashlib import sha256
from uuid import UUID

MAC_BYTES = 12

_MESSAGE_ID = re.compile(r"<?([0-9a-f]{32})\.([0-9a-f]{32})\.([0-9a-f]{24})@[^<>@\s]{1,255}>?")
_TOKEN = re.compile(r"[a-z2-7]{45}")


def make_message_id(secret: bytes, ticket_id: UUID, event_id: UUID, domain: str) -> str:
    """The Message-ID, in its angle brackets, of the mail that tells of `event_id`."""
    mac = _mac(secret, b"message id", event_id.bytes + ticket_id.bytes)
    return f"<{event_id.hex}.{ticket_id.hex}.{mac.hex()}@{domain}>"


def read_message_id(secret: bytes, message_id: str) -> tuple[UUID, UUID] | None:
    """(ticket_id, event_id) of a Message-ID that we made with `secret`; None for any other."""
    match = _MESSAGE_ID.fullmatch(message_id.strip().lower())
    if match is None:
        return None
    event_id, ticket_id = UUID(hex=match[1]), UUID(hex=match[2])
    mac = _mac(secret, b"message id", event_id.bytes + ticket_id.bytes)
    return (ticket_id, event_id) if hmac.compare_digest(mac, bytes.fromhex(match[3])) else None


def make_reply_token(secret: bytes, ticket_id: UUID) -> str:
    """What stands after the plus of the address that answers about a ticket go to."""
    mac = _mac(secret, b"reply address", ticket_id.bytes)
    return b32encode(ticket_id.bytes + mac).decode("ascii").rstrip("=").lower()


def read_reply_token(secret: bytes, token: str) -> UUID | None:
    """The ticket's id of a token that we made with `secret`; None for any other."""
    token = token.strip().lower()
    if _TOKEN.fullmatch(token) is None:
        return None
    decoded = b32decode(token.upper() + "=" * (-len(token) % 8))
    mac = _mac(secret, b"reply address", decoded[:16])
    return UUID(bytes=decoded[:16]) if hmac.compare_digest(mac, decoded[16:]) else None


def make_reply_address(secret: bytes, ticket_id: UUID, mailbox: str) -> str:
    """The address in `mailbox` (`support@example.com`) that answers about a ticket go to."""
    local, _, domain = mailbox.rpartition("@")
    return f"{local}+{make_reply_token(secret, ticket_id)}@{domain}"


def _mac(secret: bytes, purpose: bytes, message: bytes) -> bytes:
    return hmac.digest(secret, b"ledgerdesk " + purpose + b"\x00" + message, sha256)[:MAC_BYTES]
