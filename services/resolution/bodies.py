"""What people may send with a command: checked here, so that events hold only good text."""

from typing import Annotated
from uuid import UUID

from pydantic import Base64Bytes, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from shared.events.resolution import (
    CannedResponse,
    ClosingRules,
    Macro,
    ProgressKind,
    ResolutionKind,
)


def _without_nul(value: object) -> object:
    """Postgres keeps no NUL in text; nobody means one."""
    return value.replace("\x00", "") if isinstance(value, str) else value


Line = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=1_000),
    BeforeValidator(_without_nul),
]
"""Something said in a sentence or two."""

Text = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=50_000),
    BeforeValidator(_without_nul),
]
"""Something said at length."""

Maybe = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=50_000),
    BeforeValidator(_without_nul),
]
"""Something that need not be said."""


AgentId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]

Tag = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]

MediaType = Annotated[
    str, StringConstraints(pattern=r"^[a-zA-Z0-9_.+-]+/[a-zA-Z0-9_.+-]+$", max_length=200)
]
"""ASCII alone: counted repeats of what Unicode calls a word take this process 18 MB."""

Vectored = Annotated[str, StringConstraints(strip_whitespace=True, max_length=1_000)]
"""The ETag of a ticket."""


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class File(_Body):
    name: Annotated[Line, Field(description="The file's name, as people see it.")]
    content_type: MediaType = "application/octet-stream"
    content_base64: Base64Bytes


class Reply(_Body):
    text: Text
    awaits_customer: bool = Field(
        False, description="The customer has to answer before work can go on."
    )
    attachments: tuple[File, ...] = Field((), max_length=20)
    seen: Vectored = Field(
        "", description="ETag of the ticket as it was in sight: refused if more was said since."
    )
    sent_anyway: bool = Field(False, description="Send it whatever was said since.")


class Note(_Body):
    text: Text
    pinned: bool = Field(
        False, description="Stands on top of every ticket of this requester until it is unpinned."
    )
    mentions: tuple[AgentId, ...] = Field((), max_length=20, description="Whom it is meant for.")
    attachments: tuple[File, ...] = Field((), max_length=20)


class Progress(_Body):
    kind: ProgressKind
    text: Text


class Reason(_Body):
    reason: Line


class MaybeReason(_Body):
    reason: Maybe = ""


class Solution(_Body):
    kind: ResolutionKind
    cause: Text
    note: Text = Field(description="What the customer is told.")


class Verification(_Body):
    method: Line
    result: Line
    passed: bool


class Comment(_Body):
    comment: Maybe = ""


class Objection(_Body):
    reason: Text


class ClosingNote(_Body):
    note: Maybe = Field("", description="Needed unless the ticket is resolved.")


class Tags(_Body):
    add: tuple[Tag, ...] = Field((), max_length=30)
    remove: tuple[Tag, ...] = Field((), max_length=30)


class Follower(_Body):
    agent_id: AgentId | None = Field(None, description="By default whoever asks.")


class Spent(_Body):
    minutes: float = Field(ge=-1_440, le=1_440, description="Below 0 takes back a mistake.")
    note: Maybe = ""


class ParentTicket(_Body):
    parent_ticket_id: UUID


class Run(_Body):
    seen: Vectored = ""
    sent_anyway: bool = False


class RulesDefinition(_Body):
    """Resolution's section of the desk."""

    revision: int
    responses: tuple[CannedResponse, ...] = ()
    macros: tuple[Macro, ...] = ()
    closing: ClosingRules = ClosingRules()
