"""Address lists (RFC 5322, 3.4) as people and programs write them.

One pass over the tokens: comments may nest without end, quotes may never close, groups,
routes, missing brackets and unquoted commas in names are taken for what they mean.
"""

import re

from services.intake.mail.headers import clean, decode_words, raw_text
from services.intake.mail.model import Mailbox

ADDRESSES_MAX = 1_000

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|\\.|[(),;<>:"\[\]]|[^"(),;<>:\\\[\]]+', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_BARE = re.compile(r"[^\s<>,;:()\"'@]{1,256}@[^\s<>,;:()\"'@]{1,256}")
_USABLE = re.compile(r"[^\s@<>]{1,64}@[^\s@<>.]{1,63}(?:\.[^\s@<>.]{1,63}){0,20}\.?")
_QUOTED_LOCAL = re.compile(r'"[^"]{1,62}"@[^\s@<>]{1,255}')
_DECORATION = " \t'\"<>.;,"


def read_addresses(raw: bytes) -> tuple[Mailbox, ...]:
    """The mailboxes of an address list, as far as there are any; groups are flattened."""
    text = raw_text(raw)
    if "=?" in text and "@" not in text:
        # The whole list is one encoded word: against the rules, and seen.
        text = decode_words(text)
    found: list[Mailbox] = []
    for phrase, angle, comment in _entries(text):
        mailbox = _mailbox(phrase, angle, comment)
        if mailbox is not None:
            found.append(mailbox)
        if len(found) >= ADDRESSES_MAX:
            break
    return tuple(found)


def is_usable(address: str) -> bool:
    """Whether one could answer to `address` at all."""
    return bool(_USABLE.fullmatch(address) or _QUOTED_LOCAL.fullmatch(address))


class _Entry:
    """What was read of the entry at hand."""

    def __init__(self) -> None:
        self.phrase: list[str] = []
        self.angle: list[str] | None = None
        self.comment: list[str] = []
        self.in_angle = False
        self.has_at = False

    def add(self, token: str) -> None:
        (self.angle if self.in_angle and self.angle is not None else self.phrase).append(token)
        self.has_at = self.has_at or "@" in token

    def open_angle(self) -> None:
        self.in_angle = True
        self.angle = []
        self.has_at = False

    def empty(self) -> bool:
        return self.angle is None and not "".join(self.phrase).strip()

    def done(self) -> tuple[str, str | None, str]:
        angle = None if self.angle is None else "".join(self.angle)
        return "".join(self.phrase), angle, "".join(self.comment)


def _entries(text: str) -> list[tuple[str, str | None, str]]:
    """(what stands before the bracket, what stands in it, comments) of each entry."""
    entries: list[tuple[str, str | None, str]] = []
    entry = _Entry()
    depth = 0
    for match in _TOKEN.finditer(text):
        word = match.group()
        if word == "(" and not entry.in_angle:
            depth += 1
        elif word == ")" and depth:
            depth -= 1
        elif depth:
            entry.comment.append(word)
        elif word == "<" and not entry.in_angle:
            entry.open_angle()
        elif word == ">" and entry.in_angle:
            entry.in_angle = False
        elif _ends_entry(word, entry, text, match.end()):
            if not entry.empty():
                entries.append(entry.done())
            entry = _Entry()
            if len(entries) > ADDRESSES_MAX:
                return entries
        elif word == ":" and not entry.in_angle and not entry.has_at and not _is_scheme(entry):
            # What came before is the name of a group.
            entry = _Entry()
        else:
            entry.add(word)
    if not entry.empty():
        entries.append(entry.done())
    return entries


def _ends_entry(word: str, entry: _Entry, text: str, position: int) -> bool:
    if word not in {",", ";"} or (entry.in_angle and not entry.has_at):
        return False
    return not (word == "," and _is_half_a_name(entry, text, position))


def _is_scheme(entry: _Entry) -> bool:
    """`mailto:` isn't the name of a group; more than a word isn't a scheme."""
    return len(entry.phrase) == 1 and entry.phrase[0].strip().lower() in {"mailto", "smtp"}


_FOLLOWED_BY_ANGLE = re.compile(r"[^,;@<>\"]{0,200}<[^<>]{0,300}@")


def _is_half_a_name(entry: _Entry, text: str, position: int) -> bool:
    """`Doe, John <j@example.com>`: the comma belongs to the name."""
    phrase = "".join(entry.phrase)
    if entry.angle is not None or not phrase.strip() or len(phrase) > 100:
        return False
    if "@" in phrase or "," in phrase or '"' in phrase or "=?" in phrase:
        return False
    return _FOLLOWED_BY_ANGLE.match(text, position) is not None


def _mailbox(phrase: str, angle: str | None, comment: str) -> Mailbox | None:
    name = _name(phrase)
    if angle is not None:
        address = _address(angle)
        if address or name:
            if "@" not in address and "@" in name and _BARE.fullmatch(name.strip(_DECORATION)):
                # `a@example.com <>`
                return Mailbox("", name.strip(_DECORATION))
            return Mailbox(name or _name(comment), address)
        return None
    quoted = phrase.strip()
    if _QUOTED_LOCAL.fullmatch(quoted):
        return Mailbox(_name(comment), quoted)
    bare = _BARE.search(name)
    if bare is None:
        return Mailbox(name or _name(comment), "") if name else None
    rest = name[: bare.start()] + name[bare.end() :]
    address = bare.group().strip(_DECORATION).removeprefix("mailto:")
    return Mailbox(clean(rest).strip(_DECORATION) or _name(comment), address)


def _name(phrase: str) -> str:
    unquoted = _TOKEN.sub(lambda match: _unquoted(match.group()), phrase)
    name = clean(decode_words(unquoted)).strip()
    if len(name) > 1 and name[0] == name[-1] and name[0] in "'\"":
        name = name[1:-1].strip()
    return name.strip('"').strip()


def _unquoted(token: str) -> str:
    if len(token) > 1 and token[0] == '"' and token[-1] == '"':
        return _ESCAPED.sub(r"\1", token[1:-1])
    return token.removeprefix("\\")


def _address(angle: str) -> str:
    """The address in angle brackets, without a route, a scheme or stray white space."""
    address = decode_words(angle) if "=?" in angle else angle
    address = "".join(address.split()).strip("<>'")
    lowered = address.lower()
    for scheme in ("mailto:", "smtp:"):
        if lowered.startswith(scheme):
            address = address[len(scheme) :]
    if address.startswith("@") and ":" in address:
        address = address.partition(":")[2]
    if address.startswith('"') and _plain_local(address):
        address = address.replace('"', "")
    return address.strip(".,;")


def _plain_local(address: str) -> bool:
    """Whether the quotes around the local part are not needed."""
    local = address.rpartition("@")[0].strip('"')
    return bool(local) and re.fullmatch(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}", local) is not None
