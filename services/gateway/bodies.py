"""What the bodies of commands hold, for the description of the API.

The owners check bodies, each its own; a test holds these against what the owners say.
"""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Reason(_Body):
    reason: str = Field(description="Why, in words that stay on record.")


class OptionalReason(_Body):
    reason: str = ""


class Priority(_Body):
    impact: Literal["low", "medium", "high"] | None = None
    urgency: Literal["low", "medium", "high"] | None = None
    priority: Literal["low", "medium", "high", "critical"] | None = Field(
        None, description="Overrides impact × urgency; critical is shown as Emergency."
    )
    reason: str


class Category(_Body):
    topic_id: str | None = None
    type: Literal["technical", "billing", "general"] | None = None
    reason: str


class Merge(_Body):
    into_ticket_id: str = Field(description="Id or number of the ticket to go on in.")
    reason: str


class Link(_Body):
    other_ticket_id: str = Field(description="Id or number of the other ticket.")
    kind: Literal["related", "duplicate", "blocks", "blocked by"] = "related"
    reason: str = ""


class Split(_Body):
    message_id: UUID = Field(description="`id` of a customer's message in the conversation.")
    subject: str
    topic_id: str | None = Field(None, description="By default that of this ticket.")
    reason: str


class Sender(_Body):
    address: str = Field(description="From which no mail is to be taken.")


class Address(_Body):
    address: str = Field(description="Another address of the requester.")
    proof: str = Field(description="How it is known that it is theirs.")


class Requester(_Body):
    language: str = Field("", description="BCP 47; empty: as they say themselves.")
    timezone: str = Field("", description="IANA; empty: as they say themselves.")


class Assign(_Body):
    agent_id: str
    reason: str


class Transfer(_Body):
    team_id: str
    reason: str


class Escalate(_Body):
    reason: str
    tier: int | None = Field(None, description="The tier it needs; by default the next one.")


class Participant(_Body):
    agent_id: str


class Plan(_Body):
    plan_id: str
    reason: str


class Attachment(_Body):
    name: str
    content_type: str
    content_base64: str


class Reply(_Body):
    text: str
    awaits_customer: bool = Field(
        default=False, description="The customer has to answer before work can go on."
    )
    attachments: list[Attachment] = []
    seen: str = Field(
        default="",
        description="ETag of the ticket as you had it in sight: 409 `conversation_moved_on` if more"
        " was said since. It stays on record.",
    )
    sent_anyway: bool = Field(default=False, description="Send it whatever was said since.")


class Note(_Body):
    text: str
    pinned: bool = Field(
        default=False, description="Stands on top of every ticket of this requester."
    )
    mentions: list[str] = Field([], description="Ids of agents whom it is meant for.")
    attachments: list[Attachment] = []


class Tags(_Body):
    add: list[str] = []
    remove: list[str] = []


class Follower(_Body):
    agent_id: str | None = Field(None, description="By default you.")


class Spent(_Body):
    minutes: float = Field(description="Below 0 takes back a mistake.")
    note: str = ""


class Run(_Body):
    seen: str = ""
    sent_anyway: bool = False


class ParentTicket(_Body):
    parent_ticket_id: UUID


class Progress(_Body):
    kind: Literal["step", "finding", "workaround"]
    text: str


class Resolve(_Body):
    kind: Literal["fix", "workaround"]
    cause: str
    note: str


class Verify(_Body):
    method: str
    result: str
    passed: bool


class Comment(_Body):
    comment: str = ""


class CloseNote(_Body):
    note: str


class QualityReview(_Body):
    score: int = Field(ge=1, le=5)
    comment: str = ""


class Article(_Body):
    title: str
    body: str
    topics: list[str] = Field(
        [], description="Ids of the topics it helps with; by default the ticket's own."
    )
    language: str = Field("", description="Of the text, as `en` or `de`.")
    article_id: str | None = Field(None, description="Of an earlier draft that this replaces.")


class Verdict(_Body):
    approved: bool
    comment: str = ""


class Presence(_Body):
    online: bool
