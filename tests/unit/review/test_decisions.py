"""Stage 8, command by command and state by state."""

import pytest

from services.review.articles import (
    ArticleNotFound,
    ArticleNotReviewed,
    ArticleSentBack,
    AuthorReviewsNot,
    DraftArticle,
    LinkArticle,
    PublishArticle,
    ReviewArticle,
    WithdrawArticle,
)
from services.review.domain import (
    DECIDER,
    GiveFeedback,
    NotTheRequester,
    RequestFollowUp,
    ReviewerWorkedOnTicket,
    ReviewQuality,
    SelectForReview,
)
from services.review.refusals import TicketNotClosed, TicketNotFound, TicketNotResolved
from services.review.rules import RULES, DefineRules, why_review
from services.review.states import Closed
from shared.events import Event
from shared.events.review import (
    ArticleDrafted,
    ArticleLinked,
    ArticlePublished,
    ArticleReviewed,
    ArticleWithdrawn,
    FeedbackReceived,
    FollowUpRequested,
    QualityReviewed,
    QualityReviewRequested,
    QualityRulesDefined,
)
from shared.ids import derived_id
from shared.testing.spec import TICKET, given
from tests.unit.review import story
from tests.unit.review.story import (
    CLOSED,
    CLOSED_UNSOLVED,
    CUSTOMER,
    MERGED,
    OPEN,
    REOPENED,
    RESOLVED,
    at,
)

NOW = at(120)
FOLLOW_UP = RequestFollowUp(by="timer", now=NOW, closed_at=at(20))
RATE = GiveFeedback(by=CUSTOMER, now=NOW, ticket_id=TICKET, rating=4)
REVIEW = ReviewQuality(by="ben", now=NOW, score=3)
DRAFT = DraftArticle(
    by="anna", now=NOW, article_id="full-disk", title="Full disk", body="Free some space."
)
PUBLISH = PublishArticle(by="ben", now=NOW, article_id="full-disk")

NOT_CLOSED = {"open": OPEN, "resolved": RESOLVED, "reopened": REOPENED}


@pytest.mark.parametrize("command", [RATE, REVIEW, DRAFT, PUBLISH], ids=lambda c: type(c).__name__)
def test_nobody_looks_back_on_what_nobody_knows(command: object) -> None:
    assert given(DECIDER).when(command).rejected(TicketNotFound).http_status == 404


@pytest.mark.parametrize("past", [CLOSED, CLOSED_UNSOLVED], ids=["solved", "closed by hand"])
def test_a_closed_ticket_is_followed_up_as_of_the_due_time(past: tuple[Event, ...]) -> None:
    given(DECIDER, *past).when(FOLLOW_UP).then(FollowUpRequested(requested_at=NOW))


def test_a_ticket_is_followed_up_once() -> None:
    given(DECIDER, *CLOSED, story.followed_up()).when(FOLLOW_UP).nothing()


def test_a_merged_ticket_is_not_followed_up() -> None:
    given(DECIDER, *MERGED).when(FOLLOW_UP).nothing()


@pytest.mark.parametrize("past", [(), *NOT_CLOSED.values()], ids=["unknown", *NOT_CLOSED])
def test_what_is_not_closed_is_not_followed_up(past: tuple[Event, ...]) -> None:
    given(DECIDER, *past).when(FOLLOW_UP).nothing()


def test_the_follow_up_of_an_earlier_closing_is_not_that_of_a_later_one() -> None:
    again = (*REOPENED, story.resolved(), story.closed(minutes=50))
    given(DECIDER, *again).when(FOLLOW_UP).nothing()
    later = RequestFollowUp(by="timer", now=NOW, closed_at=at(50))
    given(DECIDER, *again).when(later).then(FollowUpRequested)


def test_each_closing_is_followed_up() -> None:
    past = (*CLOSED, story.followed_up(), story.reopened(), story.closed(minutes=100))
    later = RequestFollowUp(by="timer", now=NOW, closed_at=at(100))
    given(DECIDER, *past).when(later).then(FollowUpRequested)


@pytest.mark.parametrize("past", [CLOSED, (*CLOSED, story.followed_up())])
def test_the_requester_rates_a_closed_ticket(past: tuple[Event, ...]) -> None:
    """Before or after they are asked."""
    said = FeedbackReceived(rating=4, given_by=CUSTOMER, given_at=NOW)
    given(DECIDER, *past).when(RATE).then(said)


@pytest.mark.parametrize("past", NOT_CLOSED.values(), ids=NOT_CLOSED)
def test_only_a_closed_ticket_is_rated(past: tuple[Event, ...]) -> None:
    given(DECIDER, *past).when(RATE).rejected(TicketNotClosed)


@pytest.mark.parametrize("by", [story.STRANGER, "anna"])
def test_nobody_rates_for_the_requester(by: str) -> None:
    given(DECIDER, *CLOSED).when(GiveFeedback(by=by, now=NOW, ticket_id=TICKET, rating=5)).rejected(
        NotTheRequester
    )


def test_the_same_rating_again_is_no_news() -> None:
    given(DECIDER, *CLOSED, story.rated()).when(RATE).nothing()


def test_a_second_thought_takes_the_place_of_the_first() -> None:
    past = (*CLOSED, story.rated())
    second = GiveFeedback(
        by=CUSTOMER, now=NOW, ticket_id=TICKET, rating=2, comment="It was slow, after all."
    )
    given(DECIDER, *past).when(second).then(FeedbackReceived, QualityReviewRequested)
    given(DECIDER, *past, story.rated(2, "It was slow, after all.")).when(second).nothing()


def test_the_next_closing_is_rated_anew() -> None:
    past = (*CLOSED, story.rated(), story.reopened(), story.closed(minutes=95))
    given(DECIDER, *past).when(RATE).then(FeedbackReceived)


def test_a_colleague_reviews_a_closed_ticket() -> None:
    given(DECIDER, *CLOSED).when(REVIEW).then(QualityReviewed)


@pytest.mark.parametrize("past", NOT_CLOSED.values(), ids=NOT_CLOSED)
def test_only_a_closed_ticket_is_reviewed(past: tuple[Event, ...]) -> None:
    given(DECIDER, *past).when(REVIEW).rejected(TicketNotClosed)


@pytest.mark.parametrize(
    ("worker", "event"),
    [
        ("eve", story.assigned("eve")),
        ("cleo", story.joined("cleo")),
        ("dora", story.replied("dora")),
        ("fred", story.started("fred")),
        ("gus", story.resolved("gus")),
    ],
)
def test_whoever_worked_on_a_ticket_does_not_review_it(worker: str, event: Event) -> None:
    past = (*OPEN, event, story.resolved(), story.closed())
    theirs = ReviewQuality(by=worker, now=NOW, score=5)
    given(DECIDER, *past).when(theirs).rejected(ReviewerWorkedOnTicket)
    given(DECIDER, *CLOSED).when(theirs).then(QualityReviewed)


def test_whoever_closed_it_by_hand_worked_on_it() -> None:
    past = (story.opened(), *CLOSED_UNSOLVED[-1:])
    theirs = ReviewQuality(by="anna", now=NOW, score=5)
    given(DECIDER, *past).when(theirs).rejected(ReviewerWorkedOnTicket)


def test_work_before_a_reopening_is_work_all_the_same() -> None:
    past = (*OPEN, story.replied("dora"), story.closed(), story.reopened(), story.closed())
    theirs = ReviewQuality(by="dora", now=NOW, score=5)
    given(DECIDER, *past).when(theirs).rejected(ReviewerWorkedOnTicket)


def test_the_same_judgement_again_is_no_news_and_another_one_is() -> None:
    given(DECIDER, *CLOSED, story.judged()).when(REVIEW).nothing()
    revised = ReviewQuality(by="ben", now=NOW, score=4)
    given(DECIDER, *CLOSED, story.judged()).when(revised).then(QualityReviewed)
    given(DECIDER, *CLOSED, story.judged(), story.judged(4)).when(REVIEW).then(QualityReviewed)
    other = ReviewQuality(by="eve", now=NOW, score=3)
    given(DECIDER, *CLOSED, story.judged()).when(other).then(QualityReviewed)


@pytest.mark.parametrize("past", [RESOLVED, CLOSED], ids=["resolved", "closed"])
def test_an_article_is_drafted_from_a_solution(past: tuple[Event, ...]) -> None:
    given(DECIDER, *past).when(DRAFT).then(ArticleDrafted)


@pytest.mark.parametrize("past", [OPEN, REOPENED, CLOSED_UNSOLVED, MERGED])
def test_no_article_is_drafted_without_a_solution(past: tuple[Event, ...]) -> None:
    given(DECIDER, *past).when(DRAFT).rejected(TicketNotResolved)


def test_the_same_draft_again_is_no_news_and_another_one_is() -> None:
    given(DECIDER, *CLOSED, story.drafted()).when(DRAFT).nothing()
    given(DECIDER, *CLOSED, story.drafted("Buy a disk.")).when(DRAFT).then(ArticleDrafted)


def test_a_draft_is_published_as_it_stands() -> None:
    (said,) = given(DECIDER, *CLOSED, story.drafted()).when(PUBLISH).then(ArticlePublished)
    assert said == ArticlePublished(
        article_id="full-disk",
        title="Full disk",
        body="Free some space.",
        topics=("outage",),
        published_by="ben",
        published_at=NOW,
    )


def test_what_is_published_is_published_already_until_it_is_drafted_anew() -> None:
    past = (*CLOSED, story.drafted(), story.published())
    given(DECIDER, *past).when(PUBLISH).nothing()
    given(DECIDER, *past).when(DRAFT).nothing()
    given(DECIDER, *past, story.drafted("Buy a disk.")).when(PUBLISH).then(ArticlePublished)


def test_what_was_never_drafted_is_not_published() -> None:
    given(DECIDER, *CLOSED).when(PUBLISH).rejected(ArticleNotFound)


def test_nothing_is_published_while_the_ticket_is_open_again() -> None:
    past = (*CLOSED, story.drafted(), story.reopened())
    given(DECIDER, *past).when(PUBLISH).rejected(TicketNotResolved)
    given(DECIDER, *past, story.resolved()).when(PUBLISH).then(ArticlePublished)


APPROVE = ReviewArticle(by="ben", now=NOW, article_id="full-disk", approved=True)
OWN = PublishArticle(by="anna", now=NOW, article_id="full-disk")
WITHDRAW = WithdrawArticle(by="ben", now=NOW, article_id="full-disk", reason="It is wrong.")


def test_nobody_publishes_an_own_draft_that_no_colleague_has_approved_of() -> None:
    past = (*CLOSED, story.drafted())
    given(DECIDER, *past).when(OWN).rejected(ArticleNotReviewed)
    given(DECIDER, *past, story.read()).when(OWN).then(ArticlePublished)


def test_whoever_drafted_it_does_not_review_it() -> None:
    own = ReviewArticle(by="anna", now=NOW, article_id="full-disk", approved=True)
    given(DECIDER, *CLOSED, story.drafted()).when(own).rejected(AuthorReviewsNot)
    given(DECIDER, *CLOSED, story.drafted()).when(APPROVE).then(ArticleReviewed)
    given(DECIDER, *CLOSED, story.drafted(), story.read()).when(APPROVE).nothing()


def test_what_was_sent_back_is_published_once_it_was_drafted_anew_or_approved_of() -> None:
    past = (*CLOSED, story.drafted(), story.read(approved=False))
    for publish in (OWN, PUBLISH):
        given(DECIDER, *past).when(publish).rejected(ArticleSentBack)
    given(DECIDER, *past, story.drafted("Buy a disk.")).when(PUBLISH).then(ArticlePublished)
    given(DECIDER, *past, story.read()).when(OWN).then(ArticlePublished)


def test_an_approval_is_of_one_draft() -> None:
    past = (*CLOSED, story.drafted(), story.read(), story.drafted("Buy a disk."))
    given(DECIDER, *past).when(OWN).rejected(ArticleNotReviewed)


def test_what_customers_read_can_be_withdrawn_at_any_time_and_brought_back() -> None:
    read = (*CLOSED, story.drafted(), story.read(), story.published())
    given(DECIDER, *read, story.reopened()).when(WITHDRAW).then(ArticleWithdrawn)
    given(DECIDER, *read, story.drafted("Buy a disk.")).when(WITHDRAW).then(ArticleWithdrawn)
    given(DECIDER, *CLOSED, story.drafted()).when(WITHDRAW).nothing()
    past = (*read, story.withdrawn())
    given(DECIDER, *past).when(WITHDRAW).nothing()
    given(DECIDER, *past).when(OWN).rejected(ArticleNotReviewed)
    given(DECIDER, *past).when(PUBLISH).then(ArticlePublished)


def test_an_article_is_linked_once_to_another_ticket_that_it_solved() -> None:
    link = LinkArticle(by="anna", now=NOW, article_id="full-disk", title="Full disk")
    (said,) = given(DECIDER, *OPEN).when(link).then(ArticleLinked)
    given(DECIDER, *OPEN, said).when(link).nothing()
    given(DECIDER, *CLOSED, story.drafted()).when(link).nothing()


NONE = QualityRulesDefined(
    sample_share=0, breached=False, rated_low=False, reopened=False, revision=3
)
BREACHED = (*OPEN, story.breached(), story.resolved(), story.closed())


def select(**rules: object) -> SelectForReview:
    changed = NONE.model_copy(update=rules)
    return SelectForReview(by="rules", now=NOW, ticket_id=TICKET, rules=changed)


@pytest.mark.parametrize(
    ("past", "rule", "why"),
    [
        (BREACHED, {"breached": True}, "breached"),
        ((*CLOSED, story.rated(2)), {"rated_low": True}, "rated low"),
        ((*REOPENED, story.closed(minutes=50)), {"reopened": True}, "reopened"),
        (CLOSED, {"sample_share": 1.0}, "sampled"),
    ],
)
def test_a_rule_chooses_what_a_colleague_looks_at(
    past: tuple[Event, ...], rule: dict[str, object], why: str
) -> None:
    said = QualityReviewRequested(why=why, rules_revision=3, requested_at=NOW)
    given(DECIDER, *past).when(select(**rule)).then(said)
    given(DECIDER, *past, said).when(select(**rule)).nothing()
    given(DECIDER, *past).when(select()).nothing()


@pytest.mark.parametrize("past", [OPEN, RESOLVED, REOPENED, MERGED])
def test_what_is_open_or_merged_is_not_reviewed(past: tuple[Event, ...]) -> None:
    given(DECIDER, *past).when(select(sample_share=1.0, breached=True)).nothing()


def test_a_breach_that_was_none_asks_for_no_review() -> None:
    given(DECIDER, *BREACHED, story.retracted()).when(select(breached=True)).nothing()


def test_the_sample_is_about_the_share_asked_for() -> None:
    ticket = given(DECIDER, *CLOSED).state
    assert isinstance(ticket, Closed)
    rules = NONE.model_copy(update={"sample_share": 0.2})
    ids = [derived_id("ticket", n) for n in range(2_000)]
    drawn = sum(why_review(ticket, each, rules) == "sampled" for each in ids)
    assert 320 < drawn < 480


def test_a_low_rating_is_one_by_the_desks_rule_and_may_begin_the_work_anew() -> None:
    rules = NONE.model_copy(update={"low_rating_at_most": 3, "low_rating_reopens": True})
    for rating, low in ((3, True), (4, False)):
        rate = GiveFeedback(by=CUSTOMER, now=NOW, ticket_id=TICKET, rating=rating, rules=rules)
        (said,) = given(DECIDER, *CLOSED).when(rate).then(FeedbackReceived)
        assert isinstance(said, FeedbackReceived)
        assert (said.low, said.reopens) == (low, low)


def test_the_same_rules_again_are_no_news() -> None:
    given(RULES).when(DefineRules(NONE)).then(NONE)
    later = NONE.model_copy(update={"revision": 4})
    given(RULES, NONE).when(DefineRules(later)).nothing()
    given(RULES, NONE).when(DefineRules(NONE.model_copy(update={"breached": True}))).then(
        QualityRulesDefined
    )
