"""Review, put together: the only place where its parts are built."""

from datetime import datetime
from typing import Final

from services.review.api import routes
from services.review.domain import DECIDER, Command, RequestFollowUp
from services.review.projection import HEARS, SAID, Reviews
from services.review.quality import QualityRules, RulesInForce
from services.review.reactions import Select
from services.review.settings import Settings
from services.review.trends import Trends
from shared.events.review import QualityRulesDefined
from shared.followers.contracts import Timer
from shared.running import run
from shared.service import Reacts, Service, Timers


def due(timer: Timer) -> Command:
    """What to do about a timer, dated by when it was due."""
    closed_at = datetime.fromisoformat(timer.command["closed_at"])
    return RequestFollowUp(by="timer", now=timer.due_at, closed_at=closed_at)


SERVICE: Final = Service(
    name="review",
    hears=HEARS | (Trends.hears - SAID),
    says=SAID | {QualityRulesDefined},
    projections=[Reviews(), QualityRules(), Trends()],
    reactions=lambda rt: [Reacts(Select(RulesInForce(rt.pool)), DECIDER, actor="rules")],
    timers=Timers("reviews", due, DECIDER),
    routers=lambda runtime: [routes(runtime)],
)


def main() -> None:
    """Run review until it is told to stop."""
    run(SERVICE, Settings())
