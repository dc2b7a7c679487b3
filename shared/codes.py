"""Codes that are mailed, to be typed in: whoever can read the address's mail knows the code.

Nobody stores one. It follows from the person, and from the challenge that the asking page made;
the service that mails it and the one that checks it make it anew. How long a challenge stands,
and how often somebody may guess, is the business of whoever checks.
"""

import hmac
from hashlib import sha256
from typing import Final
from uuid import UUID

DIGITS: Final = 8


def code_for(secret: str, person_id: UUID, challenge: UUID) -> str:
    """The code, as it is mailed: `1234 5678`."""
    message = f"ledgerdesk code\x00{person_id.hex}\x00{challenge.hex}".encode()
    number = int.from_bytes(hmac.digest(secret.encode(), message, sha256)) % 10**DIGITS
    text = f"{number:0{DIGITS}d}"
    return f"{text[:4]} {text[4:]}"


def is_code(secret: str, person_id: UUID, challenge: UUID, typed: str) -> bool:
    """Whether this was typed, with or without spaces and dashes."""
    digits = "".join(filter(str.isdecimal, typed))
    wanted = code_for(secret, person_id, challenge).replace(" ", "")
    return hmac.compare_digest(digits.encode(), wanted.encode())
