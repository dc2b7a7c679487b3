"""Steps before and after a target, and which plan a ticket gets: policies as data."""

from dataclasses import replace
from typing import Any

import pytest

from services.sla.commands import Reterm
from services.sla.facts import Facts
from services.sla.plans import Plan
from services.sla.reactions import choose
from shared.events import Priority, TicketType
from shared.events.sla import EscalationStep, TargetApproaching, TargetBreached, TargetOverdue
from tests.unit.sla.story import (
    FIRST,
    LAST,
    STANDARD,
    Desk,
    at,
    closed,
    held,
    plan,
    prioritised,
    replied,
    resumed,
)

STEPS = (
    EscalationStep(share=2, tell=("managers",), raise_priority_to=Priority.CRITICAL),
    EscalationStep(share=0.5, tell=("agent",)),
    EscalationStep(share=0.9, tell=("agent", "managers"), clocks=(LAST,)),
    EscalationStep(share=1, tell=("managers",), raise_tier=True),
)
STRICT = replace(STANDARD, escalation=STEPS)


def steps(desk: Desk) -> list[tuple[str, float, Any]]:
    """What was said of steps, in order, with the minute it is dated."""
    told: list[tuple[str, float, Any]] = []
    for event in desk.said:
        match event:
            case TargetApproaching(warned_at=when, tell=tell):
                told.append(("warned", (when - at(0)).total_seconds() / 60, tell))
            case TargetBreached(breached_at=when, tell=tell):
                told.append(("breached", (when - at(0)).total_seconds() / 60, tell))
            case TargetOverdue(reached_at=when, tell=tell):
                told.append(("overdue", (when - at(0)).total_seconds() / 60, tell))
    return told


def test_each_step_is_said_at_its_share_with_whom_to_tell() -> None:
    desk = Desk(STRICT).open().hear(replied(5), 5).pass_time(1000)
    assert steps(desk) == [
        ("warned", 120, ("agent",)),
        ("warned", 216, ("agent", "managers")),
        ("breached", 240, ("managers",)),
        ("overdue", 480, ("managers",)),
    ]
    breached, overdue = desk.said[-2:]
    assert isinstance(breached, TargetBreached)
    assert (breached.escalate, breached.raise_priority_to) == (True, None)
    assert isinstance(overdue, TargetOverdue)
    assert overdue.raise_priority_to is Priority.CRITICAL


def test_a_step_is_about_the_targets_that_it_names() -> None:
    desk = Desk(STRICT).open().pass_time(59)
    assert steps(desk) == [("warned", 30, ("agent",))]
    assert [each["share"] for each in desk.row(FIRST).steps] == [2.0]


def test_a_pause_moves_the_steps_that_are_still_to_come() -> None:
    desk = Desk(STRICT).open().hear(replied(5), 5).hear(held(200), 200).hear(resumed(300), 300)
    desk.pass_time(1000)
    assert [minute for _, minute, _ in steps(desk)] == [120, 316, 340, 580]


def test_of_the_steps_that_a_change_leaves_behind_the_last_is_said() -> None:
    desk = Desk(STRICT).open().hear(replied(5), 5).hear(prioritised(Priority.CRITICAL), 110)
    desk.pass_time(119)
    assert steps(desk) == [("warned", 110, ("agent", "managers"))]


def test_a_step_after_the_target_waits_for_the_breach_to_be_said() -> None:
    """Both were due while the service was down, and the later timer came first."""
    desk = Desk(STRICT).open().hear(replied(5), 5)
    late = next(
        t for t in desk.rows()["timers"] if t.kind == "overdue" and t.command["clock"] == LAST
    )
    desk.fire(late)
    assert [what for what, _, _ in steps(desk)] == ["breached", "overdue"]
    desk.pass_time(1000)
    assert [what for what, _, _ in steps(desk)] == ["breached", "overdue"]


def tickets(**facts: Any) -> Facts:
    return Facts(**{"topic_id": "printers", "type": TicketType.TECHNICAL, **facts})


GOLD = plan("gold", organisations=frozenset({"bank"}))
GOLD_PRINTERS = plan(
    "gold-printers", organisations=GOLD.organisations, topics=frozenset({"printers"})
)
PRINTERS = plan("printers", topics=frozenset({"printers"}))
TECHNICAL = plan("technical", types=frozenset({TicketType.TECHNICAL}))
ALL = [GOLD, GOLD_PRINTERS, PRINTERS, STANDARD, TECHNICAL]


@pytest.mark.parametrize(
    ("plans", "facts", "chosen"),
    [
        (ALL, tickets(organisation="bank"), "gold-printers"),
        (ALL, tickets(organisation="bank", plan_wanted="technical"), "gold-printers"),
        (
            ALL,
            tickets(organisation="bank", plan_wanted="technical", customers_plan="technical"),
            "technical",
        ),
        (ALL, tickets(organisation="bank", topic_id="cups", plan_wanted="printers"), "printers"),
        (ALL, tickets(organisation="bank", topic_id="cups"), "gold"),
        (ALL, tickets(), "printers"),
        (ALL, tickets(topic_id="cups"), "technical"),
        (ALL, tickets(topic_id="cups", type=TicketType.BILLING), "standard"),
        (ALL, tickets(organisation="baker", topic_id="cups", type=None), "standard"),
    ],
)
def test_the_plan_that_says_most_about_the_ticket_is_chosen(
    plans: list[Plan], facts: Facts, chosen: str
) -> None:
    assert choose(plans, None, facts, Priority.HIGH)[0].plan_id == chosen
    assert choose(plans, "standard", facts, Priority.HIGH)[0].plan_id == "standard"


def test_a_plan_that_is_defined_anew_holds_when_it_is_applied_again() -> None:
    desk = Desk().open()
    targets = tuple(
        each.model_copy(update={"resolution_minutes": 100.0}) for each in STANDARD.targets
    )
    quicker = replace(STANDARD, targets=targets, revision=2)
    anew = Reterm(quicker, at(30), at(30), "the contract has changed")
    desk.command(anew, at(30))
    row = desk.row(LAST)
    assert (row.due_at, row.previous_due_at, row.reason) == (
        at(100), at(240), "the contract has changed",
    )  # fmt: skip
    assert desk.command(anew, at(31)) == []
    assert desk.command(replace(anew, plan=replace(quicker, plan_id="other")), at(31)) == []
    desk.hear(closed(40), 40)
    assert desk.command(replace(anew, plan=STANDARD), at(41)) == []
