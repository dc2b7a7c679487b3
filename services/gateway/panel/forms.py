"""The forms of a ticket's page: which command each gives, and what it says."""

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from starlette.datastructures import FormData, UploadFile

from services.gateway.commands import BY_NAME, Command

FILE_BYTES_MAX: Final = 10 * 1024 * 1024
"""Largest file that can be attached to a reply."""

FILES_MAX: Final = 20
"""Files that can be attached to one reply."""

_MENTION: Final = re.compile(r"(?<![\w@.])@([a-z0-9][a-z0-9_-]{0,62})\b")
"""`@anna`, but no mail address."""

Fields = Mapping[str, str]


@dataclass(frozen=True)
class Form:
    """A form, the command it gives, and how its fields become the command's body."""

    name: str
    command: Command
    done: str
    """What the page says once it is done."""
    body: Callable[[Fields], dict[str, Any]] = field(default=lambda _: {})
    careful: bool = False
    """It must not be sent by somebody who has not seen what is new."""

    def path_of(self, typed: Fields) -> dict[str, str]:
        """The parts of the command's path that come from fields."""
        return {name: typed.get(name, "") for name in self.command.placeholders}


def _of(*names: str) -> Callable[[Fields], dict[str, Any]]:
    """A body of these fields, as they are."""
    return lambda typed: {name: typed.get(name, "").strip() for name in names}


def _given(*names: str) -> Callable[[Fields], dict[str, Any]]:
    """A body of those of these fields that are not empty."""
    return lambda typed: {
        name: typed[name].strip() for name in names if typed.get(name, "").strip()
    }


def _form(name: str, command: str, done: str, **more: Any) -> Form:
    return Form(name, BY_NAME[command], done, **more)


def _reply(typed: Fields) -> dict[str, Any]:
    return {
        "text": typed.get("text", ""),
        "awaits_customer": "awaits_customer" in typed,
        "seen": typed.get("seen", ""),
    }


def _note(typed: Fields) -> dict[str, Any]:
    text = typed.get("text", "")
    return {"text": text, "pinned": "pinned" in typed, "mentions": mentions_in(text)}


def mentions_in(text: str) -> list[str]:
    """Ids of agents that the text names with an @ before them."""
    return list(dict.fromkeys(_MENTION.findall(text)))[:20]


def _tags(typed: Fields) -> dict[str, Any]:
    """`vip -printer`: one goes on, the other comes off."""
    words = typed.get("tags", "").replace(",", " ").lower().split()
    return {
        "add": [word.lstrip("+") for word in words if not word.startswith("-")],
        "remove": [word[1:] for word in words if word.startswith("-")],
    }


def _spent(typed: Fields) -> dict[str, Any]:
    minutes = typed.get("minutes", "").strip().replace(",", ".")
    try:
        return {"minutes": float(minutes), **_of("note")(typed)}
    except ValueError:
        return {"minutes": None, **_of("note")(typed)}


def _verify(typed: Fields) -> dict[str, Any]:
    said = _of("method", "result")(typed)
    return {**said, "passed": typed.get("passed") == "yes"}


def _score(typed: Fields) -> dict[str, Any]:
    score = typed.get("score", "")
    return {"score": int(score) if score.isdecimal() else None, **_of("comment")(typed)}


def _verdict(typed: Fields) -> dict[str, Any]:
    return {"approved": typed.get("approved") == "yes", **_of("comment")(typed)}


FORMS: Final = {
    form.name: form
    for form in (
        _form("reply", "replies", "Your reply is on its way.", body=_reply, careful=True),
        _form("note", "notes", "Your note is there.", body=_note),
        _form("progress", "progress", "The customer is told.", body=_of("kind", "text")),
        _form("start", "start", "You work on it now."),
        _form("hold", "hold", "On hold.", body=_of("reason")),
        _form("resume", "resume", "Work goes on.", body=_of("reason")),
        _form("escalate", "escalation", "A higher tier is asked for.", body=_of("reason")),
        _form(
            "resolve",
            "resolve",
            "Resolved: the customer is asked to confirm.",
            body=_of("kind", "cause", "note"),
            careful=True,
        ),
        _form("verify", "verify", "The verification is on record.", body=_verify),
        _form("confirm", "confirm", "Confirmed for the customer.", body=_of("comment")),
        _form("reject", "reject", "Rejected for the customer.", body=_of("reason")),
        _form("reopen", "reopen", "Reopened.", body=_of("reason")),
        _form("close", "close", "Closed.", body=_of("note"), careful=True),
        _form("archive", "archive", "Archived."),
        _form("macro", "macros/{macro_id}", "Done, all of it.", body=_of("seen"), careful=True),
        _form("tags", "tags", "The tags are changed.", body=_tags),
        _form("follow", "followers", "You follow it now.", body=_given("agent_id")),
        _form("unfollow", "followers/{agent_id}", "Followed no longer."),
        _form("time", "time", "The time is on record.", body=_spent),
        _form("unpin", "pins/{note_id}", "Unpinned."),
        _form(
            "parent",
            "parent",
            "It is part of the incident now.",
            body=_of("parent_ticket_id"),
        ),
        _form("orphan", "parent/unlink", "It is part of no incident now."),
        _form("claim", "claim", "It is yours."),
        _form("assign", "assign", "Assigned.", body=_of("agent_id", "reason")),
        _form("give-back", "give-back", "Back in the queue.", body=_of("reason")),
        _form("transfer", "transfer", "Transferred.", body=_of("team_id", "reason")),
        _form("take-part", "participants", "Takes part now.", body=_of("agent_id")),
        _form("leave", "participants/{agent_id}", "Takes part no longer."),
        _form(
            "priority",
            "priority",
            "The priority is set.",
            body=_given("impact", "urgency", "priority", "reason"),
        ),
        _form("plan", "plan", "The plan is set.", body=_of("plan_id", "reason")),
        _form("category", "category", "Recategorised.", body=_given("topic_id", "type", "reason")),
        _form("merge", "merge", "Merged.", body=_of("into_ticket_id", "reason"), careful=True),
        _form("link", "addresses", "The address is linked.", body=_of("address", "proof")),
        _form("ask-copy", "copies/suggested/{person}", "They are asked by mail."),
        _form("unlink", "addresses/{person}", "The address is linked no more."),
        _form("requester", "requester", "It is noted down.", body=_of("language", "timezone")),
        _form("quality", "quality-review", "The review is on record.", body=_score),
        _form("article", "articles", "The draft is there.", body=_of("title", "body")),
        _form("article-review", "articles/{article_id}/review", "Reviewed.", body=_verdict),
        _form("publish", "articles/{article_id}/publish", "Published."),
        _form("withdraw", "articles/{article_id}/withdraw", "Withdrawn.", body=_of("reason")),
        _form("article-link", "articles/{article_id}/link", "Linked."),
    )
}
"""By name."""


@dataclass(frozen=True)
class Typed:
    """What came in with a form."""

    fields: dict[str, str]
    files: list[UploadFile]

    @classmethod
    def of(cls, data: FormData) -> "Typed":
        """Texts and files of a form; an empty file field is none."""
        fields = {name: _text(value) for name, value in data.items() if isinstance(value, str)}
        files = [value for value in data.getlist("files") if isinstance(value, UploadFile)]
        return cls(fields, [file for file in files if file.filename])

    def get(self, name: str) -> str:
        return self.fields.get(name, "")


def _text(value: str) -> str:
    """Browsers send texts with CRLF."""
    return value.replace("\r\n", "\n")


async def attachments(files: list[UploadFile]) -> list[dict[str, str]]:
    """The files, as commands take them."""
    return [
        {
            "name": file.filename or "file",
            "content_type": file.content_type or "application/octet-stream",
            "content_base64": base64.b64encode(await file.read(FILE_BYTES_MAX + 1)).decode(),
        }
        for file in files
    ]
