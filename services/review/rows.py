"""The rows of the read model `reviews`: their fields are its tables' columns."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
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
    """Of business time, by the ticket's SLA plan."""
    calendar: dict[str, Any] | None = None
    """The plan's business hours, as they stood when it was applied; None: any time counts."""
    followed_up_at: datetime | None = None
    rating: int | None = None
    recurred: bool = False
    score: int | None = None
    """The latest quality review's."""
    reviewed_by: str | None = None
    reviewed_at: datetime | None = None
    why_review: str = ""
    """breached, rated low, reopened or sampled; empty when no review was asked for."""


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
    number: str
    """Of the ticket."""
    article_id: str
    title: str
    body: str
    drafted_by: str
    drafted_at: datetime
    topics: Sequence[str] = ()
    language: str = ""
    verdict: str = ""
    """approved or sent back; empty while no colleague has read this draft."""
    reviewed_by: str = ""
    review_comment: str = ""
    published_title: str = ""
    published_body: str = ""
    """What customers read, while a newer draft may be in the making."""
    published_topics: Sequence[str] = ()
    published_language: str = ""
    published_by: str = ""
    published_at: datetime | None = None
    withdrawn_at: datetime | None = None
    withdrawn_because: str = ""
    waits: bool = True
    """This draft waits to be reviewed, published or drafted anew."""


@dataclass(frozen=True)
class LinkRow:
    """A ticket that an article, drafted from another one, solved, too."""

    id: UUID
    subject: UUID
    number: str
    article_id: str
    linked_by: str
    linked_at: datetime


REVIEWS: Final = Table("tickets", ReviewRow)
RATINGS: Final = Table("ratings", RatingRow, key="id")
ARTICLES: Final = Table("articles", ArticleRow, key="id")
LINKS: Final = Table("article_links", LinkRow, key="id")
