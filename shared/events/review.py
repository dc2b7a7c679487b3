"""What review says: stage 8, whether it held and how well it was done."""

from typing import ClassVar

from shared.events.base import DESK, Event, Moment, Personal


class _ReviewEvent(Event):
    author: ClassVar[str] = "review"


class FollowUpRequested(_ReviewEvent):
    """Some time after closing, the customer is asked whether it held, and for a rating."""

    public: ClassVar[bool] = True

    requested_at: Moment


class FeedbackReceived(_ReviewEvent):
    """The customer rated the ticket."""

    public: ClassVar[bool] = True

    rating: int
    """1 (bad) to 5 (good)."""
    comment: Personal = ""
    recurred: bool = False
    given_by: str
    given_at: Moment
    low: bool = False
    """By the desk's rule then in force: managers hear of it."""
    reopens: bool = False
    """By the desk's rule then in force, the ticket is worked on again."""


class QualityReviewRequested(_ReviewEvent):
    """A colleague is to look at how the ticket was worked on."""

    why: str
    """breached, rated low, reopened or sampled: the rule that chose it."""
    rules_revision: int
    """The desk revision in which the rules were last defined."""
    requested_at: Moment


class QualityReviewed(_ReviewEvent):
    """A colleague looked at how the ticket was worked on."""

    score: int
    """1 (bad) to 5 (good)."""
    comment: Personal = ""
    reviewed_by: str
    reviewed_at: Moment


class ArticleDrafted(_ReviewEvent):
    """An article for the knowledge base was drafted from this ticket."""

    article_id: str
    title: Personal
    body: Personal
    topics: tuple[str, ...] = ()
    """Ids of the topics it helps with; empty when nobody said."""
    language: str = ""
    """Of its text, as `en` or `de`; empty when nobody said."""
    drafted_by: str
    drafted_at: Moment


class ArticleReviewed(_ReviewEvent):
    """A colleague of whoever drafted it has read the article, and approves of it or not."""

    article_id: str
    approved: bool
    comment: Personal = ""
    reviewed_by: str
    reviewed_at: Moment


class ArticlePublished(_ReviewEvent):
    """The article drafted from this ticket can be read by customers."""

    public: ClassVar[bool] = True

    article_id: str
    title: str
    body: str
    topics: tuple[str, ...] = ()
    language: str = ""
    published_by: str
    published_at: Moment


class ArticleWithdrawn(_ReviewEvent):
    """Customers read the article no more."""

    public: ClassVar[bool] = True

    article_id: str
    reason: Personal = ""
    withdrawn_by: str
    withdrawn_at: Moment


class ArticleLinked(_ReviewEvent):
    """A published article, drafted from another ticket, solved this one, too."""

    article_id: str
    title: str
    linked_by: str
    linked_at: Moment


class QualityRulesDefined(_ReviewEvent):
    """Which closed tickets a colleague looks at, and what a low rating leads to.

    Its subject is the rules themselves.
    """

    topic: ClassVar[str] = DESK

    sample_share: float = 0.1
    """Of the closed tickets that nothing was special about: from 0 to 1."""
    breached: bool = True
    """All that broke a promise."""
    rated_low: bool = True
    reopened: bool = True
    low_rating_at_most: int = 2
    """The best rating that is a low one; 0: none is."""
    low_rating_reopens: bool = False
    """A low rating begins the work anew, as if the customer had said that it came back."""
    revision: int
