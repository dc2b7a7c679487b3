"""Ticket numbers that people read out: `LD-7KQ4M-2XR9C-5`.

Fifty bits of a keyed hash of the ticket's id, in Crockford's base 32 (no I, L, O or U), and
a check character: the number modulo 37, as Crockford has it. Thirty-seven is prime, so one
wrong character and two swapped neighbours are always noticed. Crockford's five extra check
symbols (`*~$=U`) can't be read out, so hashes that would need one are drawn again.

A number is the same for the same ticket, so that no table is needed, and can't be guessed
without the key. Among a million tickets two share one with a probability of 1 in 2,000: who
opens a ticket draws another id when its number is taken.
"""

import hmac
import re
from hashlib import sha256
from uuid import UUID

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
PREFIX = "LD"
DIGITS = 10
GROUP = 5
CHECK_MODULUS = 37

_VALUES = {letter: value for value, letter in enumerate(ALPHABET)} | {"O": 0, "I": 1, "L": 1}
_LETTER = "[0-9A-HJ-NP-TV-Za-hj-np-tv-zOoIiLl]"
_GAP = r"[ \t.\u2010-\u2015\u00a0_-]?"
_NUMBER = re.compile(
    rf"(?<![0-9A-Za-z]){PREFIX}{_GAP}{_LETTER}{{{GROUP}}}{_GAP}{_LETTER}{{{GROUP}}}{_GAP}{_LETTER}"
    r"(?![0-9A-Za-z])",
    re.IGNORECASE,
)
_IGNORED = re.compile(r"[\s.\u2010-\u2015_-]+")
_TYPED_LENGTH_MAX = 64


def number_for(ticket_id: UUID, secret: bytes) -> str:
    """The ticket's number, always the same one for the same `secret`."""
    attempt = 0
    while True:
        message = b"ledgerdesk ticket number\x00" + ticket_id.bytes + attempt.to_bytes(2, "big")
        digest = hmac.digest(secret, message, sha256)
        value = int.from_bytes(digest[:8], "big") >> (64 - 5 * DIGITS)
        if value % CHECK_MODULUS < len(ALPHABET):
            return _written(value)
        attempt += 1


def normalise(text: str) -> str | None:
    """The number as we write it, or None if `text` isn't one or its check fails.

    Takes what people type: lower case, gaps anywhere, O for 0, I or L for 1, no prefix.
    """
    if len(text) > _TYPED_LENGTH_MAX:
        return None
    letters = _IGNORED.sub("", text).upper()
    if len(letters) == len(PREFIX) + DIGITS + 1:
        if not letters.startswith(PREFIX):
            return None
        letters = letters[len(PREFIX) :]
    if len(letters) != DIGITS + 1 or any(letter not in _VALUES for letter in letters):
        return None
    value = 0
    for letter in letters[:-1]:
        value = value * len(ALPHABET) + _VALUES[letter]
    return _written(value) if value % CHECK_MODULUS == _VALUES[letters[-1]] else None


def find_numbers(text: str) -> tuple[str, ...]:
    """The valid numbers in `text` that carry the prefix, as we write them, each once."""
    found = (normalise(match.group()) for match in _NUMBER.finditer(text))
    return tuple(dict.fromkeys(number for number in found if number is not None))


def _written(value: int) -> str:
    letters = "".join(ALPHABET[value >> shift & 31] for shift in range(5 * (DIGITS - 1), -1, -5))
    check = ALPHABET[value % CHECK_MODULUS]
    return f"{PREFIX}-{letters[:GROUP]}-{letters[GROUP:]}-{check}"
