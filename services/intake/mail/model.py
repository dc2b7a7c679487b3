"""What a mail was understood to be: plain frozen data, with nothing of MIME left in it."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Kind(StrEnum):
    """Who, or what, is writing to us."""

    PERSON = "person"
    AUTO_REPLY = "auto_reply"
    """Out of office, "we got your mail", a read receipt, a report of success."""
    BOUNCE = "bounce"
    """A mail of ours, or in our name, was not delivered and won't be."""
    DELAY_WARNING = "delay_warning"
    """It was not delivered yet."""
    FEEDBACK_REPORT = "feedback_report"
    """Somebody called a mail of ours spam (RFC 5965)."""
    LIST = "list"
    """Sent to many: a mailing list or a newsletter."""
    LOOP = "loop"
    """A mail of ours, or of another Ledgerdesk."""


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A name and an address as they stand in a header."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Attachment:
    """A part of the mail that isn't its text; images in the text are attachments too."""

    filename: str
    """Without folders and control characters; empty when the sender gave none."""
    content_type: str
    content_id: str
    """Without angle brackets; what `cid:` in the HTML refers to."""
    payload: bytes = field(repr=False)
    inline: bool
    """Shown in the text (by `cid:` or by its disposition), not listed below it."""


@dataclass(frozen=True, slots=True)
class Failure:
    """What a mail system says of one recipient."""

    recipient: str
    action: str
    """failed, delayed, delivered, relayed or expanded (RFC 3464, 2.3.3)."""
    status: str
    """Enhanced status code (RFC 3463) such as `5.1.1`; empty when none was given."""
    reply_code: str
    """SMTP reply code such as `550`; empty when none was given."""
    reason: str
    """One of `bounce_reasons.REASONS`, the names that Sisimai uses."""
    hard: bool
    """The address is dead: no further mail should be sent there."""
    diagnostic: str


@dataclass(frozen=True, slots=True)
class Bounce:
    """What a delivery report says."""

    failures: tuple[Failure, ...]
    original_message_id: str
    """Of the mail that wasn't delivered, without angle brackets; empty when unknown."""
    original_subject: str

    @property
    def failed_recipients(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(one.recipient for one in self.failures if one.recipient))


@dataclass(frozen=True, slots=True)
class LoopHeaders:
    """The headers that tell who is allowed to be answered, in lower case."""

    auto_submitted: str = ""
    precedence: str = ""
    x_loop: tuple[str, ...] = ()
    list_id: str = ""
    x_auto_response_suppress: str = ""
    ledgerdesk: tuple[tuple[str, str], ...] = ()
    """Our own headers (`Ledgerdesk-…`): name without prefix, value as it is."""
    return_path: str | None = None
    """Empty for `<>`; None when the header is missing."""
    received_count: int = 0


@dataclass(frozen=True, slots=True)
class ParsedMail:
    """One mail, understood as well as it can be."""

    from_address: str = ""
    from_name: str = ""
    to: tuple[Mailbox, ...] = ()
    cc: tuple[Mailbox, ...] = ()
    reply_to: tuple[Mailbox, ...] = ()
    subject: str = ""
    language: str = ""
    """What `Content-Language` says, as it stands there."""
    date: datetime | None = None
    """What the sender claims; only data, never a time we rely on."""
    message_id: str = ""
    """Without angle brackets, as are the next two."""
    in_reply_to: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    text: str = ""
    html: str | None = None
    """Safe to show: sanitised, with no remote content."""
    reply_text: str = ""
    """What this mail adds: without quotes and signature."""
    signature_text: str = ""
    attachments: tuple[Attachment, ...] = ()
    kind: Kind = Kind.PERSON
    kind_because: str = ""
    """What in the mail says that it is of this kind."""
    out_of_office: bool = False
    bounce: Bounce | None = None
    loop_headers: LoopHeaders = LoopHeaders()
    authentication_results: tuple[str, ...] = ()
    """Topmost first; which ones to believe is for whoever runs the mail server to say."""
    signed: bool = False
    encrypted: bool = False
    fingerprint: str = ""
    """Digest of what the parts hold, without white space: the same whichever way the mail
    came, and whatever later versions make of it; empty when it was not understood."""
    defects: tuple[str, ...] = ()
    several_authors: bool = False
    """More than one `From`, of which readers and servers may each believe another."""
    problem: str | None = None
    """Why this can't be taken as a mail from anyone; None for everything else."""

    @property
    def auto_response_allowed(self) -> bool:
        """Whether a machine may answer (RFC 3834, 2): only a person, and nobody who declines."""
        headers = self.loop_headers
        suppressed = {item.strip() for item in headers.x_auto_response_suppress.split(",")}
        return (
            self.kind is Kind.PERSON
            and self.problem is None
            and headers.return_path != ""
            and not suppressed & {"all", "autoreply", "oof"}
        )
