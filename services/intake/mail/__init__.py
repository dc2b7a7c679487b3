"""Owns what a mail means: from raw bytes to who wrote what, as which kind of mail.

Pure: no database, no network, no clock. The only entrance is `understand`.
"""

from services.intake.mail.model import Attachment, Bounce, Failure, Kind, Mailbox, ParsedMail
from services.intake.mail.parse import understand

__all__ = ["Attachment", "Bounce", "Failure", "Kind", "Mailbox", "ParsedMail", "understand"]
