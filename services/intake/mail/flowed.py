"""`format=flowed` (RFC 3676): paragraphs that were broken for the way are joined again."""

import re

_QUOTE = re.compile(r">*")


def unflow(text: str, *, delete_space: bool) -> str:
    """`text` with its soft line breaks undone; quote marks stay as they are."""
    lines: list[str] = []
    gathered: list[str] = []
    depth = 0
    for line in text.split("\n"):
        match = _QUOTE.match(line)
        level = match.end() if match else 0
        content = line[level:].removeprefix(" ")
        if gathered and level != depth:
            lines.append(_quoted(depth, gathered))
            gathered = []
        depth = level
        if content.endswith(" ") and content not in {"-- ", "--- "} and content.strip():
            gathered.append(content[:-1] if delete_space else content)
        elif content == "-- ":
            if gathered:
                lines.append(_quoted(depth, gathered))
                gathered = []
            lines.append(_quoted(level, [content]))
        else:
            gathered.append(content)
            lines.append(_quoted(level, gathered))
            gathered = []
    if gathered:
        lines.append(_quoted(depth, gathered))
    return "\n".join(lines)


def _quoted(depth: int, pieces: list[str]) -> str:
    text = "".join(pieces)
    return ">" * depth + (" " if depth and text else "") + text
