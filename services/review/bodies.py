"""What the bodies of review's commands hold."""

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints


def _without_nul(value: object) -> object:
    """Postgres keeps no NUL in text; nobody means one."""
    return value.replace("\x00", "") if isinstance(value, str) else value


Text = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=50_000),
    BeforeValidator(_without_nul),
]
Needed = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=50_000),
    BeforeValidator(_without_nul),
]
Title = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    BeforeValidator(_without_nul),
]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,79}$")]
TopicId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
Language = Annotated[str, StringConstraints(pattern=r"^([a-z]{2})?$")]
Stars = Annotated[int, Field(ge=1, le=5, description="1 (bad) to 5 (good).")]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Feedback(Body):
    rating: Stars
    comment: Text = ""
    recurred: bool = Field(False, description="The problem came back: the ticket is reopened.")


class Judgement(Body):
    score: Stars
    comment: Text = ""


class Draft(Body):
    title: Title
    body: Needed
    topics: Annotated[tuple[TopicId, ...], Field(max_length=20)] = Field(
        (), description="Ids of the topics it helps with; by default the ticket's own."
    )
    language: Language = Field("", description="Of the text, as `en` or `de`.")
    article_id: Slug | None = Field(None, description="Of an earlier draft that this replaces.")


class Verdict(Body):
    approved: bool
    comment: Text = ""


class Withdrawal(Body):
    reason: Text = ""
