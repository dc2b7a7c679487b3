"""What follows from what is heard, with a log and a directory that tests can see into."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import pytest

from services.assignment import account
from services.assignment.directory import Directory
from services.assignment.domain.commands import By, EscalateTicket, ReleaseClosed, RouteTicket
from services.assignment.domain.decisions import TICKETS
from services.assignment.domain.line import Place
from services.assignment.domain.people import Agent, Need
from services.assignment.domain.policy import NO_POLICY, Policy
from services.assignment.reactions import Escalate, Release, Route
from shared.events import Event
from shared.events.assignment import AgentUnassigned
from shared.events.resolution import EscalationRequested
from shared.events.sla import ClockKind, TargetBreached, TargetOverdue
from shared.ids import uuid7
from shared.log import Log, Past, Recorded, Vector
from shared.testing.spec import T0, given, recorded
from tests.unit.assignment.story import (
    CLOSED,
    DUE,
    NOW,
    OPENED,
    QUEUED,
    READY,
    SUPPORT,
    agent,
    assigned,
    at,
    categorised,
    prioritised,
)


class SeenDirectory(Directory):
    """Knows the agents it is given, and counts how often it was asked."""

    def __init__(self, *agents: Agent, queued: Sequence[tuple[Need, Place]] = ()) -> None:
        self.staff = agents
        self.waiting = queued
        self.asked = 0
        self.helps = False

    async def agents(self) -> tuple[Agent, ...]:
        self.asked += 1
        return self.staff

    async def agents_of(self, team_id: str) -> tuple[Agent, ...]:
        return tuple(a for a in self.staff if team_id in a.team_ids)

    async def queued(self) -> list[tuple[Need, Place]]:
        return list(self.waiting)

    async def policy(self) -> Policy:
        return NO_POLICY

    async def helped_before(self, requesters: Mapping[UUID, UUID]) -> dict[UUID, str]:
        return dict.fromkeys(requesters, "ben") if self.helps else {}


class SeenLog(Log):
    """Knows the tickets that a test puts there."""

    def __init__(self) -> None:
        self.known: dict[UUID, Past] = {}

    async def read_many(self, subjects: Sequence[UUID]) -> dict[UUID, Past]:
        return {subject: self.known[subject] for subject in subjects}


LOG = SeenLog()


def page_of(*events: Event, first: int = 1) -> list[Recorded]:
    """A ticket's past in the log, from the position `first` on."""
    subject = uuid7()
    shown = recorded(*events, subject=subject)
    for place, one in enumerate(shown):
        object.__setattr__(one, "position", first + place)
    return shown


@pytest.fixture(autouse=True)
def one_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow this machine is, events of these tests are of one page."""
    monkeypatch.setattr(account, "PAUSE_SECONDS", 60.0)


def past_of(page: Sequence[Recorded]) -> Past:
    return Past(page, Vector())


async def route(reaction: Route, page: Sequence[Recorded], place: int = -1) -> RouteTicket | None:
    """What follows from one event of a ticket, by default the last, when all of it is known."""
    directed = await reaction.react(page[place], past_of(page))
    if not directed:
        return None
    (only,) = directed
    assert isinstance(only.command, RouteTicket)
    return only.command


def loads(command: RouteTicket | None) -> dict[str, int]:
    assert command is not None
    return {a.agent_id: a.load for a in command.candidates}


async def test_tickets_of_one_page_see_what_was_given_away_before_them() -> None:
    pages = [page_of(*READY, first=1 + 10 * number) for number in range(3)]
    directory = SeenDirectory(agent("anna", capacity=1), agent("ben", capacity=1))
    reaction = Route(directory, lambda: NOW, LOG)
    seen = [loads(await route(reaction, page)) for page in pages]
    assert seen == [{"anna": 0, "ben": 0}, {"anna": 1, "ben": 0}, {"anna": 1, "ben": 1}]
    assert directory.asked == 1


async def test_a_ticket_is_decided_once_though_several_of_its_events_stand_in_one_page() -> None:
    page = page_of(*READY)
    reaction = Route(SeenDirectory(agent("anna")), lambda: NOW, LOG)
    assert loads(await route(reaction, page, 2)) == {"anna": 0}
    assert await route(reaction, page, 3) is None


async def test_an_event_that_comes_again_is_decided_with_agents_looked_up_again() -> None:
    page = page_of(*READY)
    directory = SeenDirectory(agent("anna", capacity=1))
    reaction = Route(directory, lambda: NOW, LOG)
    assert loads(await route(reaction, page, 3)) == {"anna": 0}
    directory.staff = (agent("anna", capacity=1, load=1),)
    assert loads(await route(reaction, page, 3)) == {"anna": 1}
    assert directory.asked == 2


async def test_a_ticket_that_is_not_ready_or_that_somebody_has_needs_no_routing() -> None:
    early = page_of(OPENED, categorised())
    held = page_of(*READY, assigned("anna"), prioritised(), first=11)
    reaction = Route(SeenDirectory(agent("anna")), lambda: NOW, LOG)
    assert await route(reaction, early) is None
    assert await route(reaction, held) is None


async def test_a_recategorised_ticket_is_looked_at_again() -> None:
    held = page_of(*READY, assigned("anna"), categorised("billing"))
    bill = agent("bill", team_ids=("billing",))
    reaction = Route(SeenDirectory(agent("anna"), bill), lambda: NOW, LOG)
    assert loads(await route(reaction, held)) == {"bill": 0}


@pytest.mark.parametrize(
    ("theirs", "goes_behind"),
    [((at(60), -1), False), ((at(30), 0), False), ((at(30), -1), True), ((at(10), 0), True)],
)
async def test_a_newcomer_goes_behind_those_whose_turn_is_sooner(
    theirs: Place, goes_behind: bool
) -> None:
    page = page_of(*READY, DUE)
    directory = SeenDirectory(agent("anna"), queued=[(SUPPORT, theirs)])
    page = [*page[:3], page[4], page[3]]
    command = await route(Route(directory, lambda: NOW, LOG), page)
    assert command is not None
    assert command.others_ahead is goes_behind


async def test_nobody_is_ahead_who_waits_for_somebody_else() -> None:
    page = page_of(*READY)
    elsewhere = Need("support", "Support", skills=("sap",))
    directory = SeenDirectory(agent("anna"), queued=[(elsewhere, (T0, -3))])
    command = await route(Route(directory, lambda: NOW, LOG), page)
    assert command is not None
    assert command.others_ahead is False


async def test_who_helped_the_requester_before_is_looked_up_once_a_page() -> None:
    page = page_of(*READY)
    LOG.known[page[0].subject] = past_of(page)
    directory = SeenDirectory(agent("anna"), agent("ben", load=3))
    directory.helps = True
    reaction = Route(directory, lambda: NOW, LOG)
    await reaction.look_ahead(page)
    command = await route(reaction, page)
    assert command is not None
    assert command.helped_before == "ben"


async def test_what_an_agent_asks_for_and_a_broken_promise_demands_goes_up_a_tier() -> None:
    asked = EscalationRequested(reason="too deep", requested_by="anna", requested_at=T0)
    breached = TargetBreached(
        clock=ClockKind.FIRST_RESPONSE, due_at=T0, breached_at=T0, escalate=True
    )
    step = {"due_at": T0, "share": 1.5, "reached_at": T0, "escalate": True}
    overdue = TargetOverdue(clock=ClockKind.PROGRESS, **step)  # type: ignore[arg-type]
    for event, by, reason in [
        (overdue, By("sla", manager=True), "150% of the progress time has passed"),
        (asked, By("anna", manager=True), "too deep"),
        (breached, By("sla", manager=True), "the first response target was missed"),
    ]:
        page = page_of(*READY, assigned("anna"), event)
        reaction = Escalate(SeenDirectory(agent("anna")), lambda: NOW)
        (directed,) = await reaction.react(page[-1], past_of(page))
        assert isinstance(directed.command, EscalateTicket)
        assert (directed.command.by, directed.command.reason) == (by, reason)
        assert [a.agent_id for a in directed.command.candidates] == ["anna"]


async def test_a_breach_that_asks_for_nothing_or_comes_too_late_escalates_nothing() -> None:
    mild = TargetBreached(clock=ClockKind.RESOLUTION, due_at=T0, breached_at=T0)
    late = mild.model_copy(update={"escalate": True})
    for past in [(*READY, QUEUED, mild), (*READY, assigned("anna"), CLOSED, late)]:
        page = page_of(*past)
        reaction = Escalate(SeenDirectory(agent("anna")), lambda: NOW)
        assert await reaction.react(page[-1], past_of(page)) == []


async def test_a_closed_ticket_is_released() -> None:
    page = page_of(*READY, assigned("anna"), CLOSED)
    (directed,) = await Release(None, lambda: NOW).react(page[-1], past_of(page))  # type: ignore[arg-type]
    assert directed.command == ReleaseClosed(now=NOW)


async def test_a_ticket_given_away_while_its_closing_was_heard_is_released() -> None:
    page = page_of(*READY, CLOSED, assigned("anna"))
    (directed,) = await Release(None, lambda: NOW).react(page[-1], past_of(page))  # type: ignore[arg-type]
    events = [known.event for known in page]
    (said,) = given(TICKETS, *events).when(directed.command).then(AgentUnassigned)
    assert isinstance(said, AgentUnassigned)
    assert said.agent_id == "anna"
    given(TICKETS, *READY, assigned("anna")).when(directed.command).nothing()
