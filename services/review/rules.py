"""Which closed tickets a colleague looks at, and what a low rating leads to: pure.

The desk's rules are data (`quality` in its file). Whoever is asked to look at a ticket, and
why, is an event, so that later rules change nothing that was decided before.
"""

from dataclasses import dataclass
from uuid import UUID

from services.review.states import Closed
from shared.decider import Decider
from shared.events import Event, Unknown
from shared.events.resolution import ClosedHow
from shared.events.review import QualityRulesDefined
from shared.ids import derived_id, desk_id

SUBJECT = desk_id("quality", "rules")
"""The subject of the desk's rules."""

_PARTS = 1_000_000
"""How finely a share is told apart."""

DEFAULT = QualityRulesDefined(revision=0)
"""What holds as long as no desk file says otherwise."""


@dataclass(frozen=True)
class DefineRules:
    """These are the rules from now on."""

    definition: QualityRulesDefined


def why_review(ticket: Closed, ticket_id: UUID, rules: QualityRulesDefined) -> str:
    """Why a colleague should look at a closed ticket; empty when nothing asks for it.

    Which tickets are in the sample depends on their id and the times they were closed alone,
    so nobody can choose them.
    """
    if ticket.how is ClosedHow.MERGED:
        return ""
    if rules.breached and ticket.breaches > 0:
        return "breached"
    if rules.rated_low and ticket.feedback and is_low(ticket.feedback[0], rules):
        return "rated low"
    if rules.reopened and ticket.reopenings > 0:
        return "reopened"
    drawn = derived_id("sample", ticket_id, ticket.reopenings).int % _PARTS
    return "sampled" if drawn < rules.sample_share * _PARTS else ""


def is_low(rating: int, rules: QualityRulesDefined) -> bool:
    """Whether a rating is one that managers hear of."""
    return rating <= rules.low_rating_at_most


def _decide(command: DefineRules, last: QualityRulesDefined | None) -> list[Event]:
    wanted = command.definition
    if last is not None and wanted == last.model_copy(update={"revision": wanted.revision}):
        return []
    return [wanted]


def _evolve(last: QualityRulesDefined | None, event: Event | Unknown) -> QualityRulesDefined | None:
    return event if isinstance(event, QualityRulesDefined) else last


RULES: Decider[DefineRules, QualityRulesDefined | None] = Decider(
    initial_state=None, decide=_decide, evolve=_evolve
)
