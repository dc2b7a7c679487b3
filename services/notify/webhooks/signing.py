"""Secrets and signatures, as Standard Webhooks has them.

A webhook's secret is derived from the desk's key, the webhook's id and the number of the
secret, so that it stands in no log and no backup, and an admin can be shown it again.
"""

import base64
import hmac
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final
from uuid import UUID

PREFIX: Final = "whsec_"

OVERLAP: Final = timedelta(days=1)
"""How long a new secret and the one before both sign."""


def key_of(desk_secret: str, webhook_id: UUID, generation: int) -> bytes:
    """The bytes that a webhook's signatures are made with."""
    message = f"ledgerdesk webhook\x00{webhook_id}\x00{generation}".encode()
    return hmac.digest(desk_secret.encode(), message, sha256)


def secret_of(desk_secret: str, webhook_id: UUID, generation: int) -> str:
    """The same, as its receiver is given it."""
    return PREFIX + base64.b64encode(key_of(desk_secret, webhook_id, generation)).decode("ascii")


def generations(newest: int, rotated_at: datetime | None, now: datetime) -> list[int]:
    """The numbers of the secrets that sign now, the newest first."""
    both = newest > 1 and rotated_at is not None and now - rotated_at < OVERLAP
    return [newest, newest - 1] if both else [newest]


def headers(keys: list[bytes], message_id: str, now: datetime, body: bytes) -> dict[str, str]:
    """What a receiver checks: the message's id, when it was sent, and a signature a key."""
    timestamp = str(int(now.timestamp()))
    signed = f"{message_id}.{timestamp}.".encode() + body
    signatures = [
        "v1," + base64.b64encode(hmac.digest(key, signed, sha256)).decode("ascii") for key in keys
    ]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(signatures),
    }
