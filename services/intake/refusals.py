"""What is not taken at all, and what its sender is told.

Refusal ─┬─ SenderIsBlocked
         └─ InfectedFile
"""

from typing import ClassVar

from shared.errors import Rejected


class Refusal(Rejected):
    """Not taken."""

    smtp_answer: ClassVar[str] = "550 5.7.1 Not taken"
    quarantined_as: ClassVar[str] = "refused"
    """Why it is in quarantine, where nobody is left who could be told."""


class SenderIsBlocked(Refusal):
    """No mail is taken from this address."""

    http_status = 403
    smtp_answer = "550 5.7.1 We take no mail from this address"
    quarantined_as = "blocked"


class InfectedFile(Refusal):
    """A file was refused by the virus scanner."""

    http_status = 422
    smtp_answer = "554 5.7.1 A file was refused by the virus scanner"
    quarantined_as = "infected"
