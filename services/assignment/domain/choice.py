"""Choosing an agent for a ticket: whoever is asked first, else by the queue's strategy.

Only those are chosen from who can take the ticket now. Asked first are, in this order, who
had it before, the customer's own agent, and who last helped the requester.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from services.assignment.domain.people import Agent, Need, unavailable
from services.assignment.domain.ranks import RANKS
from shared.events.assignment import Candidate, Strategy

CANDIDATES_MAX: Final = 25
"""Candidates an event names; the reason counts all of them."""

_CHOSEN: Final = "chosen"
_FREE: Final = "free"


class Found(NamedTuple):
    """What was found of a candidate, as an event tells it."""

    agent_id: str
    load: int
    capacity: int
    verdict: str


class Preferred(NamedTuple):
    """Somebody who is asked before others."""

    agent_id: str
    strategy: str
    why: str


class Chosen(NamedTuple):
    """Who takes the ticket, and why."""

    agent: Agent
    strategy: str
    why: str


def best(
    candidates: Iterable[Agent],
    need: Need,
    *,
    weight: int = 1,
    strategy: Strategy = Strategy.LEAST_LOADED,
    prefer: Sequence[Preferred] = (),
) -> Agent | None:
    """Whom `choose` would choose, without saying why."""
    free = {a.agent_id: a for a in candidates if unavailable(a, need, weight) is None}
    first = next((free[one.agent_id] for one in prefer if one.agent_id in free), None)
    return first or min(free.values(), key=RANKS[strategy].of, default=None)


def choose(
    candidates: Iterable[Agent],
    need: Need,
    *,
    weight: int = 1,
    strategy: Strategy = Strategy.LEAST_LOADED,
    prefer: Sequence[Preferred] = (),
) -> tuple[Chosen | None, list[Found]]:
    """Who takes the ticket, if anybody can, and what was found of each candidate.

    Those in `prefer` are chosen before any other, if they can take it now, in that order.
    The chosen one is first in the list, then those who were free, then the others by name.
    """
    looked_at = {agent.agent_id: agent for agent in candidates}
    why_not = {each.agent_id: unavailable(each, need, weight) for each in looked_at.values()}
    rank = RANKS[strategy]
    free = sorted((a for a in looked_at.values() if why_not[a.agent_id] is None), key=rank.of)
    others = sorted((a for a in looked_at.values() if why_not[a.agent_id] is not None), key=_name)
    busy = [_found(agent, why_not[agent.agent_id] or "") for agent in others]
    if not free:
        return None, busy
    known = {agent.agent_id: agent for agent in free}
    first = next((one for one in prefer if one.agent_id in known), None)
    agent = known[first.agent_id] if first else free[0]
    chosen = Chosen(agent, *_why(agent, len(free), strategy, first))
    behind = [each for each in free if each is not agent]
    shown = [_found(a, f"{_FREE}, {rank.behind(a, agent)}") for a in behind[:CANDIDATES_MAX]]
    rest = [_found(a, _FREE) for a in behind[CANDIDATES_MAX:]]
    return chosen, [_found(agent, _CHOSEN), *shown, *rest, *busy]


def _why(agent: Agent, free: int, strategy: Strategy, first: Preferred | None) -> tuple[str, str]:
    """How the agent was found, and one sentence: why this agent has the ticket."""
    load = f"{agent.load} of {agent.capacity} places taken"
    if first is not None:
        return first.strategy, f"{first.why}, {load}"
    best = f"{RANKS[strategy].best} of {free} free" if free > 1 else "the only one free"
    return strategy.value, f"{best}, {load}"


def why_queued(need: Need, verdicts: Sequence[Found]) -> str:
    """One sentence: why nobody has the ticket."""
    counts = Counter(verdict.verdict for verdict in verdicts)
    if not counts:
        return f"there is nobody in {need.team_name}"
    found = ", ".join(f"{count} {verdict}" for verdict, count in sorted(counts.items()))
    return f"nobody in {need.team_name} is free: {found}"


def told(verdicts: Sequence[Found]) -> tuple[Candidate, ...]:
    """The candidates that an event names."""
    return tuple(Candidate(**one._asdict()) for one in verdicts[:CANDIDATES_MAX])


def _found(agent: Agent, verdict: str) -> Found:
    return Found(agent.agent_id, agent.load, agent.capacity, verdict)


def _name(agent: Agent) -> str:
    return agent.agent_id
