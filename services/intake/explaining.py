"""What was understood of a mail, what would be done with it, and why: in lines for a person.

Pure, and without the desk's database: whether somebody takes part in a ticket is decided when
the mail is taken, so it stands here as a condition.
"""

from collections.abc import Iterator, Sequence

from services.intake.mail import ParsedMail, understand
from services.intake.placing import (
    Clues,
    Envelope,
    Taken,
    Us,
    author_of,
    clues,
    copied,
    identity,
    taken_for,
)

SHOWN_LENGTH_MAX = 400
LISTED_MAX = 10

Line = tuple[str, str]
"""What it is about, and what there is to say."""


def explain(
    raw: bytes, envelope: Envelope, secret: bytes, our_domains: Sequence[str] = ()
) -> list[Line]:
    """The mail, line by line. `secret` signed our Message-IDs and reply addresses."""
    mail = understand(raw)
    found = clues(mail, envelope, secret)
    return [
        *_who(mail, envelope, our_domains),
        *_what(mail),
        ("kind", f"{mail.kind.value.replace('_', ' ')}: {mail.kind_because or mail.problem}"),
        *_failures(mail),
        *(("points to", text) for text in _pointers(found)),
        ("would", _would(mail, envelope, found, Us(secret, tuple(our_domains)))),
        ("a machine may answer", "yes" if mail.auto_response_allowed else "no"),
        ("known again as", str(identity(mail, raw))),
    ]


def _who(mail: ParsedMail, envelope: Envelope, our_domains: Sequence[str]) -> Iterator[Line]:
    yield "from", f"{mail.from_name} <{mail.from_address}>".strip()
    if envelope.sender and envelope.sender.casefold() != mail.from_address.casefold():
        yield "envelope from", envelope.sender
    yield "to", ", ".join(envelope.recipients) or "nobody known"
    others = copied(mail, envelope, our_domains, author_of(mail))[:LISTED_MAX]
    if others:
        yield "in copy", ", ".join(person.email for person in others)
    yield "subject", mail.subject
    if mail.message_id:
        yield "message id", f"<{mail.message_id}>"


def _what(mail: ParsedMail) -> Iterator[Line]:
    text = mail.reply_text or mail.text
    yield "says", text if len(text) <= SHOWN_LENGTH_MAX else f"{text[:SHOWN_LENGTH_MAX]}…"
    if mail.reply_text and len(mail.reply_text) < len(mail.text):
        left = len(mail.text) - len(mail.reply_text)
        yield "left out", f"{left} characters of quotes and signature"
    for file in mail.attachments[:LISTED_MAX]:
        name = file.filename or "(no name)"
        yield "file", f"{name}, {file.content_type}, {len(file.payload)} bytes"
    if mail.signed or mail.encrypted:
        yield "sealed", "encrypted" if mail.encrypted else "signed"
    if mail.defects:
        yield "defects", ", ".join(mail.defects)


def _failures(mail: ParsedMail) -> Iterator[Line]:
    for one in mail.bounce.failures[:LISTED_MAX] if mail.bounce else ():
        how = "for good" if one.hard else "for now"
        code = one.status or one.reply_code or "no code"
        yield "undelivered", f"{one.recipient or 'somebody'} {how}: {one.reason} ({code})"


def _pointers(found: Clues) -> Iterator[str]:
    yield from (f"ticket {one}, by an id of ours with its signature" for one in found.proven)
    yield from (f"whatever {one} belongs to" for one in found.message_ids[:LISTED_MAX])
    yield from (f"ticket {one}, by its number" for one in found.numbers[:LISTED_MAX])


def _would(mail: ParsedMail, envelope: Envelope, found: Clues, us: Us) -> str:
    taken, why = taken_for(mail, envelope, us)
    match taken:
        case Taken.QUARANTINE:
            return f"be quarantined: {why}"
        case Taken.BOUNCE if found.proven:
            return "be recorded as undelivered on that ticket"
        case Taken.BOUNCE:
            return f"be quarantined: {why} without a mail of ours in it"
        case Taken.AUTOMATIC if found.any:
            return "be kept with that ticket, if its author takes part in it; else be quarantined"
        case Taken.AUTOMATIC:
            return f"be quarantined: {why}, and it answers nothing of ours"
        case Taken.LETTER if found.any:
            return (
                "join that ticket, if its author takes part in it; else open one of its own that "
                "is related to it"
            )
        case Taken.LETTER:
            return "open a ticket"
