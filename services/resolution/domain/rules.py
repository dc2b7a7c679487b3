"""What the desk gives its agents: canned responses, macros, and how tickets close. Pure."""

from dataclasses import dataclass
from typing import Final

from shared.decider import Decider
from shared.events import Event, Unknown
from shared.events.resolution import WorkRulesDefined

VARIABLES: Final = {
    "ticket": {"number": "LD-7KQ4M-2XR9C-5", "subject": "The shop is down", "topic": "Outage"},
    "requester": {"name": "Carla Sommer", "first_name": "Carla"},
    "agent": {"name": "Anna Berg", "first_name": "Anna"},
}
"""What a text can show, by examples."""

NO_RULES = WorkRulesDefined(revision=0)


@dataclass(frozen=True)
class DefineRules:
    """The rules are to be these; their revision counts only if anything else differs."""

    rules: WorkRulesDefined


def _decide(command: DefineRules, last: WorkRulesDefined) -> list[Event]:
    wanted = command.rules
    same = wanted == last.model_copy(update={"revision": wanted.revision})
    return [] if same else [wanted]


def _evolve(last: WorkRulesDefined, event: Event | Unknown) -> WorkRulesDefined:
    return event if isinstance(event, WorkRulesDefined) else last


RULES: Decider[DefineRules, WorkRulesDefined] = Decider(
    initial_state=NO_RULES, decide=_decide, evolve=_evolve
)
