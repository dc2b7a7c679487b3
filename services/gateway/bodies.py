"""What the bodies of commands hold, for the description of the API.

The owners check bodies, each its own; a test holds these against what the owners say.
"""

from typing import Literal

from pydantic import BaseModel, Field


class Reason(BaseModel):
    reason: str = Field(description="Why, in words that stay on record.")


class OptionalReason(BaseModel):
    reason: str = ""


class Priority(BaseModel):
    impact: Literal["low", "medium", "high"] | None = None
    urgency: Literal["low", "medium", "high"] | None = None
    priority: Literal["low", "medium", "high", "critical"] | None = Field(
        None, description="Overrides impact × urgency; critical is shown as Emergency."
    )
    reason: str


class Category(BaseModel):
    topic_id: str | None = None
    type: Literal["technical", "billing", "general"] | None = None
    reason: str


class Merge(BaseModel):
    into_ticket_id: str = Field(description="Id or number of the ticket to go on in.")
    reason: str


class Assign(BaseModel):
    agent_id: str
    reason: str


class Transfer(BaseModel):
    team_id: str
    reason: str


class Escalate(BaseModel):
    reason: str
    tier: int | None = Field(None, description="The tier it needs; by default the next one.")


class Participant(BaseModel):
    agent_id: str


class Plan(BaseModel):
    plan_id: str
    reason: str


class Attachment(BaseModel):
    name: str
    content_type: str
    content_base64: str


class Reply(BaseModel):
    text: str
    awaits_customer: bool = Field(
        default=False, description="The customer has to answer before work can go on."
    )
    attachments: list[Attachment] = []


class Note(BaseModel):
    text: str
    pinned: bool = False


class Progress(BaseModel):
    kind: Literal["step", "finding", "workaround"]
    text: str


class Resolve(BaseModel):
    kind: Literal["fix", "workaround"]
    cause: str
    note: str


class Verify(BaseModel):
    method: str
    result: str
    passed: bool


class Comment(BaseModel):
    comment: str = ""


class CloseNote(BaseModel):
    note: str


class QualityReview(BaseModel):
    score: int = Field(ge=1, le=5)
    comment: str = ""


class Article(BaseModel):
    title: str
    body: str
