"""Quotes in HTML mails, by the marks that mail programs leave in the markup."""

import re

from services.intake.mail.html import to_text
from services.intake.mail.html_tokens import VOID, Token
from services.intake.mail.phrases import FORWARDED

_CONTAINER_CLASSES = frozenset((
    "cm_quote", "gmail_quote", "gmail_quote_container", "hey-quote", "moz-cite-prefix",
    "ms-outlook-mobile-reference-message", "orimsghtmlseperator", "outlookmessageheader",
    "protonmail_quote", "quoted-message", "tutanota_quote", "wps_quotion", "yahoo_quoted",
    "zmail_extra", "zmail_extra_hr",
))  # fmt: skip
_CONTAINER_IDS = re.compile(
    r"divrplyfwdmsg|olk_src_body_section|isreplycontent|mail-editor-reference-message-container"
    r"|yahoo_quoted_\w*|replysplit|origbody|orimsghtmlseperator|reply-intro|quoted-message"
    r"|_?mailoriginal|ms-outlook-mobile-body-separator-line|aolmsgpart_\w*|ecxdivrplyfwdmsg"
)
_REST_IDS = frozenset(("divrplyfwdmsg", "appendonsend", "stopspelling", "zwchr", "replysplit"))
"""Elements after which all that follows is quoted."""

_OPENING_LENGTH = 80
_OPENING_TOKENS_MAX = 100
_OUTLOOK_RULE = re.compile(
    r"border:\s?none;\s{0,5}border-top:\s?solid #[0-9a-f]{6}|border-top-color:\s?rgb\(|"
    r"border-top:\s?#[0-9a-f]{6} 1px solid|border-top:\s?solid #[0-9a-f]{6}",
    re.IGNORECASE,
)
_LOOKS_FORWARDED = re.compile(rf"[\s>\-_=*]{{0,80}}(?:{FORWARDED})", re.IGNORECASE)
_LOOKS_LIKE_HEADER = re.compile(r"\s*[*_]{0,2}\w[\w ]{0,20}[*_]{0,2}\s?[:\uff1a]")


def without_quotes(tokens: list[Token]) -> tuple[list[Token], bool]:
    """The tokens without what is marked as a quote, and whether there was any.

    A forwarded message is none. When nothing would be left, nothing is cut.
    """
    kept: list[Token] = []
    cut = False
    index = 0
    while index < len(tokens):
        token = tokens[index]
        mark = _mark(token) if token.kind == "open" else ""
        if not mark:
            kept.append(token)
            index += 1
            continue
        end = _end_of(tokens, index) if mark == "container" else len(tokens)
        opening = _opening(tokens, index, end)
        if _LOOKS_FORWARDED.match(opening) or (
            mark == "ruled" and not _LOOKS_LIKE_HEADER.match(opening)
        ):
            kept.append(token)
            index += 1
            continue
        cut = True
        if mark == "container":
            index = end
        else:
            break
    if not cut or not to_text(kept).strip():
        return tokens, False
    return kept, True


def _opening(tokens: list[Token], start: int, end: int) -> str:
    """The first words of an element."""
    words: list[str] = []
    length = 0
    for index in range(start, min(end, start + _OPENING_TOKENS_MAX)):
        if tokens[index].kind == "text":
            words.append(tokens[index].text)
            length += len(tokens[index].text.strip())
            if length >= _OPENING_LENGTH:
                break
    return "".join(words)[:1_000].strip()


def _mark(token: Token) -> str:
    """What an element says about itself: container, rest, ruled, or nothing."""
    if not token.text:
        return ""
    attributes = token.attributes()
    identifier = attributes.get("id", "").lower().removeprefix("x_")
    classes = {name.removeprefix("x_") for name in attributes.get("class", "").lower().split()}
    if identifier in _REST_IDS:
        return "rest"
    if classes & _CONTAINER_CLASSES or _CONTAINER_IDS.fullmatch(identifier):
        return "container"
    if token.name == "blockquote" and attributes.get("type", "").lower() == "cite":
        return "container"
    if attributes.get("name", "").lower() == "quote" and token.name == "div":
        return "container"
    if token.name == "div" and _OUTLOOK_RULE.search(attributes.get("style", "")):
        return "ruled"
    return ""


def _end_of(tokens: list[Token], index: int) -> int:
    """The token after the element that opens at `index`."""
    if tokens[index].name in VOID:
        return index + 1
    depth = 0
    for position in range(index, len(tokens)):
        token = tokens[position]
        if token.kind == "open" and token.name not in VOID:
            depth += 1
        elif token.kind == "close":
            depth -= 1
            if depth == 0:
                return position + 1
    return len(tokens)
