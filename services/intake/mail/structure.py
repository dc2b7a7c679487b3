"""From raw bytes to a tree of parts, in one pass over the lines that are boundaries.

Not `email.feedparser`: it tests each line against every open boundary, one generator deep
per level, so that 400 KB nested a hundred levels deep take it two seconds, and 10 MB a
minute. Here one expression finds the delimiters of all open boundaries at once.
Bounded: `DEPTH_MAX` levels and `PARTS_MAX` parts; what is deeper stays undivided.
"""

import re
from dataclasses import dataclass, field
from functools import lru_cache

from services.intake.mail.headers import Block, Headers, read_block, skip_envelope
from services.intake.mail.parameters import Parameters, read_parameters

DEPTH_MAX = 30
PARTS_MAX = 1_000

_BOUNDARY_IN_VALUE = re.compile(
    rb"boundary\s*=\s*(?:\"([^\"]{1,300})\"|([^\s;\"]{1,300}))", re.IGNORECASE
)
_LOOKS_LIKE_BOUNDARY = re.compile(
    rb"(?:^|(?<=[\r\n]))--([^\r\n]{1,200}?)[ \t]*\r?\n(?=content-[a-z-]{2,30}:)", re.IGNORECASE
)
_GUESSES_MAX = 3
_GUESSED_WITHIN = 64 * 1024
_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,100}/[a-z0-9!#$&^_.+-]{1,100}")


@dataclass(slots=True)
class Part:
    """One MIME part; `body` is still transfer-encoded, and empty for one with children."""

    headers: Headers
    type: Parameters
    disposition: Parameters
    default_type: str = "text/plain"
    body: bytes = b""
    children: list["Part"] = field(default_factory=list)

    @property
    def content_type(self) -> str:
        value = self.type.value
        if _TYPE.fullmatch(value):
            return value
        # `text` alone, or nothing, or nonsense.
        return self.default_type if value in {"", "text"} else "application/octet-stream"

    @property
    def is_multipart(self) -> bool:
        return bool(self.children)


@dataclass(slots=True)
class _Open:
    """A multipart whose closing delimiter hasn't been seen."""

    part: Part
    boundary: bytes
    preamble_start: int


@dataclass(slots=True)
class Tree:
    root: Part
    defects: list[str]


def read_tree(raw: bytes) -> Tree:
    """The parts of a whole mail."""
    return _Reader(_readable(raw)).read()


def read_headers(raw: bytes) -> Headers:
    """The header block alone, such as that of a returned message."""
    return read_block(raw, skip_envelope(raw), len(raw), frozenset()).headers


def _readable(raw: bytes) -> bytes:
    """`raw` as something with lines of bytes: UTF-16 mails exist."""
    for mark, codec in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if raw.startswith(mark):
            return raw.decode(codec, "replace").encode("utf-8", "replace")
    if raw[:4096].count(b"\x00") and not raw[:4096].replace(b"\x00", b"").strip():
        return raw.replace(b"\x00", b"")
    return raw


@lru_cache(maxsize=64)
def _delimiter(boundaries: frozenset[bytes]) -> re.Pattern[bytes]:
    """Finds the lines that delimit one of `boundaries`, in a single pass."""
    any_of = b"|".join(re.escape(one) for one in sorted(boundaries, key=lambda one: -len(one)))
    return re.compile(rb"(?:^|(?<=[\r\n]))--((?:" + any_of + rb")(?:--)?)[ \t]*+(?=[\r\n]|\Z)")


class _Reader:
    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self.defects: list[str] = []
        self.open: list[_Open] = []
        self.levels: dict[bytes, list[int]] = {}
        self.parts = 0
        self.guesses = 0
        self.delimiter = _delimiter(frozenset())
        self.leaf: tuple[Part, int] | None = None

    def read(self) -> Tree:
        root = self._begin(skip_envelope(self.raw), "text/plain")
        if self.open:
            self._split()
        self._end_leaf(len(self.raw))
        self._close_to(0, len(self.raw), complete=False)
        return Tree(root, list(dict.fromkeys(self.defects)))

    def _split(self) -> None:
        position = 0
        while self.open:
            match = self.delimiter.search(self.raw, position)
            if match is None:
                return
            position = match.end()
            level, closing = self._level_of(match[1])
            if self.leaf is not None and match.start() < self.leaf[1]:
                # Inside of a header block that was read already.
                continue
            self._end_leaf(self._line_break_before(match.start()))
            if closing:
                self._close_to(level, match.start(), complete=True)
                continue
            self._close_to(level + 1, match.start(), complete=False)
            if self.parts >= PARTS_MAX:
                self.defects.append("too_many_parts")
                self._keep_rest(level, self._line_after(position))
                return
            parent = self.open[level].part
            digest = parent.content_type == "multipart/digest"
            start = self._line_after(position)
            part = self._begin(start, "message/rfc822" if digest else "text/plain")
            parent.children.append(part)

    def _level_of(self, token: bytes) -> tuple[int, bool]:
        """The innermost open level that a delimiter line belongs to, and whether it closes."""
        levels = self.levels.get(token)
        if levels:
            return levels[-1], False
        return self.levels[token.removesuffix(b"--")][-1], True

    def _begin(self, start: int, default_type: str) -> Part:
        """Read the header at `start`; what follows is a leaf or the preamble of a multipart."""
        self.parts += 1
        block: Block = read_block(self.raw, start, len(self.raw), frozenset(self.levels))
        self.defects += block.defects
        part = Part(
            block.headers,
            read_parameters(block.headers.raw("content-type")),
            read_parameters(block.headers.raw("content-disposition")),
            default_type,
        )
        boundary = b""
        if part.content_type.startswith("multipart/"):
            boundary = self._used_boundary(_boundary(part), block.body_start)
        if boundary and len(self.open) >= DEPTH_MAX:
            self.defects.append("too_deep")
            boundary = b""
        if boundary:
            self.levels.setdefault(boundary, []).append(len(self.open))
            self.delimiter = _delimiter(frozenset(self.levels))
            self.open.append(_Open(part, boundary, block.body_start))
        self.leaf = (part, block.body_start)
        return part

    def _used_boundary(self, declared: bytes, start: int) -> bytes:
        """The boundary that is really used: the declared one, unless it never occurs."""
        if self.guesses >= _GUESSES_MAX:
            return declared
        if declared and self.raw.find(b"--" + declared, start) >= 0:
            return declared
        self.guesses += 1
        self.defects.append("boundary_not_used" if declared else "boundary_missing")
        found = _LOOKS_LIKE_BOUNDARY.search(self.raw, start, start + _GUESSED_WITHIN)
        return found[1] if found else declared

    def _end_leaf(self, end: int) -> None:
        """Give the part at hand its body; a multipart's preamble is kept until it has children."""
        if self.leaf is not None:
            part, start = self.leaf
            if not part.children:
                part.body = self.raw[start : max(start, end)]
            self.leaf = None

    def _close_to(self, level: int, end: int, *, complete: bool) -> None:
        """Close all multiparts from `level` on, the outermost of them as it is told."""
        while len(self.open) > level:
            closed = self.open.pop()
            levels = self.levels[closed.boundary]
            levels.pop()
            if not levels:
                del self.levels[closed.boundary]
                self.delimiter = _delimiter(frozenset(self.levels))
            if closed.part.children:
                closed.part.body = b""
            else:
                self.defects.append("multipart_without_parts")
                closed.part.body = closed.part.body or self.raw[closed.preamble_start : end]
            if not (complete and len(self.open) == level):
                self.defects.append("boundary_not_closed")

    def _keep_rest(self, level: int, start: int) -> None:
        """All that follows as one undivided part, so that nothing is lost."""
        rest = Part(
            Headers(), Parameters("application/octet-stream", {}), Parameters("attachment", {})
        )
        self.open[level].part.children.append(rest)
        self.leaf = (rest, start)

    def _line_break_before(self, position: int) -> int:
        """The line break before a delimiter belongs to the delimiter."""
        if position and self.raw[position - 1 : position] == b"\n":
            position -= 1
        if position and self.raw[position - 1 : position] == b"\r":
            position -= 1
        return position

    def _line_after(self, position: int) -> int:
        if self.raw[position : position + 2] == b"\r\n":
            return position + 2
        return min(position + 1, len(self.raw))


def _boundary(part: Part) -> bytes:
    """The boundary as bytes; looked for by hand where the header is too broken to read."""
    boundary = part.type.get("boundary").encode("utf-8", "replace")
    raw = part.headers.raw("content-type")
    if not boundary or not boundary.isascii():
        match = _BOUNDARY_IN_VALUE.search(raw)
        boundary = (match[1] or match[2]) if match else boundary
    return boundary.rstrip(b" \t")
