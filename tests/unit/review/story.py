"""What may have happened to a ticket that is looked back on."""

from datetime import datetime, timedelta

from shared.events import Event, Person, Priority, TicketType
from shared.events.assignment import AgentAssigned, ParticipantAdded
from shared.events.intake import Channel, TicketCategorised, TicketOpened
from shared.events.resolution import (
    AgentReplied,
    ClosedHow,
    ResolutionKind,
    TicketClosed,
    TicketReopened,
    TicketResolved,
    WorkStarted,
)
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
)
from shared.events.sla import (
    BreachRetracted,
    CalendarValues,
    ClockKind,
    Interval,
    SlaPlanApplied,
    TargetBreached,
)
from shared.ids import person_id
from shared.testing.spec import T0

CARLA = Person(person_id=person_id("carla@example.com"), name="Carla", email="carla@example.com")
CUSTOMER = f"customer:{CARLA.person_id}"
STRANGER = f"customer:{person_id('mal@example.com')}"


def at(minutes: float) -> datetime:
    return T0 + timedelta(minutes=minutes)


def opened() -> Event:
    return TicketOpened(
        number="LD-7KQ4M-2XR9C-5",
        channel=Channel.WEB,
        topic_id="outage",
        topic_name="Outage",
        requester=CARLA,
        subject="The shop is down",
        description="Nobody can pay.",
        opened_at=T0,
    )


def categorised(follow_up_after: float = 60) -> Event:
    return TicketCategorised(
        type=TicketType.TECHNICAL,
        topic_id="payments",
        topic_name="Payments",
        team_id="ops",
        team_name="Operations",
        follow_up_after_minutes=follow_up_after,
    )


def assigned(agent_id: str = "anna") -> Event:
    return AgentAssigned(
        agent_id=agent_id,
        agent_name=agent_id.capitalize(),
        team_id="ops",
        team_name="Operations",
        tier=1,
        by="routing",
        reason="least loaded",
        assigned_at=T0,
    )


def joined(agent_id: str = "cleo") -> Event:
    return ParticipantAdded(agent_id=agent_id, agent_name="Cleo", by="anna", added_at=T0)


def started(agent_id: str = "anna") -> Event:
    return WorkStarted(started_by=agent_id, started_at=at(1))


def replied(agent_id: str = "dora") -> Event:
    return AgentReplied(replied_by=agent_id, text="On it.", replied_at=at(5))


def resolved(agent_id: str = "anna") -> Event:
    return TicketResolved(
        kind=ResolutionKind.FIX,
        cause="A full disk.",
        note="Restarted the database.",
        resolved_by=agent_id,
        resolved_at=at(10),
    )


def closed(how: ClosedHow = ClosedHow.CONFIRMED, minutes: float = 20) -> Event:
    return TicketClosed(how=how, closed_by="anna", closed_at=at(minutes))


def reopened() -> Event:
    return TicketReopened(reason="Down again.", reopened_by=CUSTOMER, reopened_at=at(30))


def followed_up() -> Event:
    return FollowUpRequested(requested_at=at(80))


def rated(rating: int = 4, comment: str = "", recurred: bool = False) -> Event:
    return FeedbackReceived(
        rating=rating, comment=comment, recurred=recurred, given_by=CUSTOMER, given_at=at(90)
    )


def judged(score: int = 3, by: str = "ben") -> Event:
    return QualityReviewed(score=score, reviewed_by=by, reviewed_at=at(100))


def drafted(body: str = "Free some space.") -> Event:
    return ArticleDrafted(
        article_id="full-disk",
        title="Full disk",
        body=body,
        topics=("outage",),
        drafted_by="anna",
        drafted_at=at(25),
    )


def published(body: str = "Free some space.") -> Event:
    return ArticlePublished(
        article_id="full-disk",
        title="Full disk",
        body=body,
        topics=("outage",),
        published_by="ben",
        published_at=at(26),
    )


def chosen(why: str = "sampled") -> Event:
    return QualityReviewRequested(why=why, rules_revision=0, requested_at=at(21))


def read(approved: bool = True) -> Event:
    return ArticleReviewed(
        article_id="full-disk", approved=approved, reviewed_by="ben", reviewed_at=at(26)
    )


def withdrawn() -> Event:
    return ArticleWithdrawn(
        article_id="full-disk", reason="It is wrong.", withdrawn_by="ben", withdrawn_at=at(27)
    )


def linked() -> Event:
    return ArticleLinked(
        article_id="router", title="The router", linked_by="anna", linked_at=at(28)
    )


OFFICE = CalendarValues(
    timezone="Europe/Berlin",
    hours={day: (Interval(start="09:00", end="17:00"),) for day in ("mon", "tue", "wed", "thu")},
)


def planned(calendar: CalendarValues | None = OFFICE) -> Event:
    return SlaPlanApplied(
        plan_id="standard",
        plan_name="Standard",
        priority=Priority.LOW,
        targets=(),
        calendar_id="office",
        reason="rule",
        applied_at=T0,
        calendar=calendar,
    )


def breached() -> Event:
    return TargetBreached(clock=ClockKind.RESOLUTION, due_at=at(9), breached_at=at(9))


def retracted() -> Event:
    return BreachRetracted(
        clock=ClockKind.RESOLUTION, due_at=at(9), retracted_at=at(10), reason="it was in time"
    )


OPEN = (opened(), assigned(), started())
RESOLVED = (*OPEN, resolved())
CLOSED = (*RESOLVED, closed())
CLOSED_UNSOLVED = (*OPEN, closed(ClosedHow.AGENT))
MERGED = (*OPEN, closed(ClosedHow.MERGED))
REOPENED = (*CLOSED, reopened())

ANYTHING = [
    opened(), categorised(), categorised(5), assigned(), assigned("ben"), joined(), started(),
    replied(), resolved(), closed(), closed(ClosedHow.AGENT, 21), closed(ClosedHow.MERGED, 22),
    reopened(), followed_up(), rated(), rated(1, "no", recurred=True), judged(), judged(5, "eve"),
    drafted(), drafted("Buy a disk."), published(), read(), read(approved=False),
    withdrawn(), linked(), chosen(), planned(),
    planned(None), breached(), retracted(),
]  # fmt: skip
