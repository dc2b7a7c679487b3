"""`ledgerdesk mail deliver|explain`: a mail from a pipe or a file, to intake or to a reader.

`deliver` is for a mail server's pipe transport or a filter: it hands the mail to intake by
SMTP, so it is taken, limited and refused as any other, and ends as such programs must: 0 when
it is committed, 75 to be tried again, 69 when it is refused for good (sysexits.h).
"""

import os
import re
import smtplib
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from deploy.local.folder import data_folder
from deploy.local.services import choose_ports
from services.intake.explaining import explain
from services.intake.mail import ParsedMail, understand
from services.intake.placing import Envelope
from services.intake.traces import recipient_of, sender_of

DONE: Final = 0
REFUSED: Final = 69
TRY_AGAIN: Final = 75
TIMEOUT_SECONDS: Final = 120

_LINE_END: Final = re.compile(rb"\r\n|\r|\n")
_MBOX_FROM: Final = re.compile(rb"\AFrom [^\r\n]{0,500}\r?\n")


def main(arguments: Sequence[str]) -> int:
    parser = ArgumentParser("ledgerdesk mail", description="Mail by hand.")
    what = parser.add_subparsers(required=True, metavar="deliver|explain")
    for name, about, command in (
        ("deliver", "hand a mail to intake", deliver),
        ("explain", "what it is, what would be done with it, and why", explained),
    ):
        one = what.add_parser(name, help=about, description=about)
        one.add_argument("file", nargs="?", default="-", help="the mail; - is standard input")
        one.add_argument("--from", dest="sender", help="envelope sender; else Return-Path or From")
        one.add_argument("--to", action="append", help="envelope recipient; else Delivered-To, To")
        one.set_defaults(command=command)
    chosen = parser.parse_args(arguments)
    return int(chosen.command(chosen))


def deliver(chosen: Namespace) -> int:
    """Hand the mail over; the exit code is a pipe transport's."""
    raw = _read(chosen.file)
    envelope = _envelope(raw, chosen)
    host = os.environ.get("INTAKE_SMTP_HOST", "127.0.0.1")
    port = choose_ports(data_folder(), os.environ)["INTAKE_SMTP_PORT"]
    try:
        with smtplib.SMTP(host, port, timeout=TIMEOUT_SECONDS) as server:
            answer = _hand_over(server, raw, envelope)
    except smtplib.SMTPResponseException as error:
        return _refused(error.smtp_code, error.smtp_error)
    except (OSError, smtplib.SMTPException) as error:
        return _refused(451, f"intake does not answer at {host}:{port}: {error}".encode())
    print(answer.decode(errors="replace"))
    return DONE


def _hand_over(server: smtplib.SMTP, raw: bytes, envelope: Envelope) -> bytes:
    """The server's answer; raises for any but success."""
    server.ehlo()
    options = ["SMTPUTF8"] if not _ascii(envelope) and server.has_extn("smtputf8") else []
    server.command_encoding = "utf-8" if options else "ascii"
    _expect(server.mail(envelope.sender, options))
    for recipient in envelope.recipients:
        _expect(server.rcpt(recipient))
    # Lines end with CRLF and nothing else, so that no line of the mail ends the mail.
    return _expect(server.data(_LINE_END.sub(b"\r\n", raw)))


def _expect(answer: tuple[int, bytes]) -> bytes:
    code, text = answer
    if not 200 <= code < 300:
        raise smtplib.SMTPResponseException(code, text)
    return text


def _refused(code: int, reason: bytes | str) -> int:
    told = reason.decode(errors="replace") if isinstance(reason, bytes) else reason
    print(f"✗ {code} {told}", file=sys.stderr)
    return REFUSED if code >= 500 else TRY_AGAIN


def explained(chosen: Namespace) -> int:
    """Print what was understood."""
    raw = _read(chosen.file)
    folder = data_folder()
    known = folder.secrets(["link"])["link"] if (folder.root / "secrets.json").exists() else ""
    secret = os.environ.get("LEDGERDESK_LINK_SECRET", known)
    for name, text in explain(raw, _envelope(raw, chosen), secret.encode(), (_our_domain(),)):
        first, *rest = text.splitlines() or [""]
        print(f"{name:>20}  {first}")
        for line in rest:
            print(f"{'':>20}  {line}")
    return DONE


def _read(file: str) -> bytes:
    raw = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    return _MBOX_FROM.sub(b"", raw, count=1)


def _envelope(raw: bytes, chosen: Namespace) -> Envelope:
    """As given, else as the headers say."""
    mail = understand(raw)
    sender = chosen.sender if chosen.sender is not None else sender_of(raw)
    sender = mail.from_address if sender is None else sender
    return Envelope(sender.strip("<>"), tuple(chosen.to or _recipients(raw, mail)))


def _recipients(raw: bytes, mail: ParsedMail) -> list[str]:
    """Whom a mail server says it was for; else those of its recipients that are of our domain;
    else the first of them."""
    traced = recipient_of(raw)
    if traced:
        return [traced]
    to = [box.address for box in (*mail.to, *mail.cc) if "@" in box.address]
    ours = [one for one in to if one.casefold().endswith(f"@{_our_domain()}")]
    return list(dict.fromkeys(ours or to[:1]))


def _our_domain() -> str:
    return os.environ.get("LEDGERDESK_MAIL_DOMAIN", "desk.localhost").casefold()


def _ascii(envelope: Envelope) -> bool:
    return all(map(str.isascii, (envelope.sender, *envelope.recipients)))
