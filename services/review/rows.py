"""The rows of the read model `reviews`: their fields are its tables' columns."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from shared.events.intake import TicketCategorised
from shared.followers.view import Table

FOLLOW_UP_AFTER_MINUTES: Final[float] = TicketCategorised.model_fields[
    "follow_up_after_minutes"
].default


@dataclass(frozen=True)
class ReviewRow:
    """How a ticket was followed up and judged."""

    subject: UUID
    number: str
    topic_id: str
    topic_name: str
    agent_id: str | None = None
    """Who has or had it last."""
    workers: Sequence[str] = ()
    """Everybody who had it, took part in it or worked on it, in the order of their ids."""
    closings: int = 0
    reopenings: int = 0
    breaches: int = 0
    closed_at: datetime | None = None
    how: str | None = None
    follow_up_after_minutes: float = FOLLOW_UP_AFTER_MINUTES
    followed_up_at: datetime | None = None
    rating: int | None = None
    recurred: bool = False
    score: int | None = None
    """The latest quality review's."""
    reviewed_by: str | None = None
    reviewed_at: datetime | None = None
    why_review: str = ""
    """breached, rated low, reopened or sampled; empty when it needs no review."""


@dataclass(frozen=True)
class RatingRow:
    """What the customer thought of one closing: their last word on it."""

    id: UUID
    subject: UUID
    closing: int
    """1 for the ticket's first closing."""
    agent_id: str | None
    topic_id: str
    topic_name: str
    rating: int
    comment: str
    recurred: bool
    given_at: datetime


@dataclass(frozen=True)
class ArticleRow:
    """An article drafted from a ticket."""

    id: UUID
    subject: UUID
    article_id: str
    title: str
    body: str
    drafted_by: str
    drafted_at: datetime
    published_title: str = ""
    published_body: str = ""
    """What customers read, while a newer draft may be in the making."""
    published_at: datetime | None = None


REVIEWS: Final = Table("tickets", ReviewRow)
RATINGS: Final = Table("ratings", RatingRow, key="id")
ARTICLES: Final = Table("articles", ArticleRow, key="id")
