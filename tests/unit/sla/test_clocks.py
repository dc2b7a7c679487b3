"""A ticket's clocks, from opening to closing: what is said when, and dated how."""

from dataclasses import replace

import pytest

from services.sla.commands import (
    ApplyPlan,
    Breach,
    CallOff,
    NoPriorityYet,
    ReceiveResponse,
    Restart,
    TicketOver,
    Warn,
)
from services.sla.domain import DECIDER
from services.sla.plans import BY_RULE, Plan, PlanWithoutTargets
from services.sla.reactions import PLAN_WAIT, NoPlanForPriority
from shared.errors import NotFound, NotYet, VersionConflict
from shared.events import Priority
from shared.events.sla import (
    BreachRetracted,
    ClockPaused,
    ClockResumed,
    ClockStarted,
    ClockStopped,
    DueStep,
    SlaPlanApplied,
    TargetApproaching,
    TargetBreached,
    TargetMet,
)
from shared.testing.spec import given
from tests.unit.sla import story
from tests.unit.sla.story import (
    EMERGENCY,
    FIRST,
    LAST,
    OFFICE,
    STANDARD,
    Desk,
    answered,
    asked,
    at,
    categorised,
    closed,
    held,
    message,
    opened,
    plan,
    prioritised,
    progress,
    rejected,
    reopened,
    replied,
    resolved,
    resumed,
)

OPENED = (opened(), categorised(), prioritised())
APPLY = ApplyPlan(plan=STANDARD, at=at(0), known_at=at(0), reason="the plan for High priority")


def test_a_plan_starts_both_clocks_at_the_opening() -> None:
    applied, first, last = (
        given(DECIDER, *OPENED)
        .when(replace(APPLY, at=at(1)))
        .then(SlaPlanApplied, ClockStarted, ClockStarted)
    )
    assert isinstance(applied, SlaPlanApplied)
    assert (applied.plan_id, applied.priority, applied.calendar) == (
        "standard", Priority.HIGH, STANDARD.calendar,
    )  # fmt: skip
    assert first == ClockStarted(
        clock=FIRST,
        target_minutes=60,
        started_at=at(0),
        due_at=at(60),
        warn_at=at(45),
        reason="the plan for High priority",
        steps=(DueStep(share=0.75, at=at(45)),),
    )
    assert isinstance(last, ClockStarted)
    assert (last.due_at, last.warn_at) == (at(240), at(180))


def test_the_same_plan_again_says_nothing() -> None:
    desk = Desk().open()
    assert desk.command(APPLY, at(5)) == []


def test_a_plan_for_a_ticket_that_is_not_there_is_refused() -> None:
    given(DECIDER).when(APPLY).rejected(NotFound)


def test_a_plan_needs_a_priority() -> None:
    given(DECIDER, opened()).when(APPLY).rejected(NoPriorityYet)


def test_a_plan_that_promises_nothing_for_the_priority_is_refused() -> None:
    given(DECIDER, *OPENED).when(replace(APPLY, plan=EMERGENCY)).rejected(PlanWithoutTargets)


def test_a_closed_ticket_gets_no_plan() -> None:
    given(DECIDER, *OPENED, closed(5)).when(APPLY).rejected(TicketOver)


def test_the_rule_looks_again_when_a_person_has_chosen_meanwhile() -> None:
    chosen = Desk().open()
    chosen.command(replace(APPLY, by="mona"), at(1))
    with pytest.raises(VersionConflict):
        DECIDER.decide(replace(APPLY, plan=plan("other")), chosen.state)


def test_nothing_happens_to_clocks_before_a_plan_is_known() -> None:
    given(DECIDER, *OPENED, replied(3)).when(ReceiveResponse(at(3), at(3))).nothing()


@pytest.mark.parametrize("response", [replied(10), progress(10), resolved(10)])
def test_a_response_meets_the_first_target(response) -> None:  # type: ignore[no-untyped-def]
    desk = Desk().open().hear(response, 10)
    met = TargetMet(clock=FIRST, met_at=at(10), due_at=at(60), elapsed_seconds=600)
    assert desk.said[3] == met
    assert desk.row(FIRST).state == "met"


def test_only_the_first_response_counts() -> None:
    desk = Desk().open().hear(replied(10), 10).hear(replied(20), 20)
    assert desk.told().count("TargetMet first_response") == 1


def test_a_response_at_the_very_instant_is_in_time() -> None:
    desk = Desk().open().hear(replied(60), 60, late=59.9)
    assert desk.row(FIRST).state == "met"


def test_a_resolution_meets_both_targets() -> None:
    desk = Desk().open().hear(resolved(30), 30)
    assert desk.told()[3:] == ["TargetMet first_response", "TargetMet resolution"]


def test_a_warning_then_a_breach_then_done_late() -> None:
    desk = Desk().open().hear(resolved(300), 300)
    assert desk.said[3:] == [
        TargetApproaching(
            clock=FIRST, due_at=at(60), warned_at=at(45), remaining_seconds=900, share=0.75
        ),
        TargetBreached(clock=FIRST, due_at=at(60), breached_at=at(60), escalate=True),
        TargetApproaching(
            clock=LAST, due_at=at(240), warned_at=at(180), remaining_seconds=3600, share=0.75
        ),
        TargetBreached(clock=LAST, due_at=at(240), breached_at=at(240), escalate=True),
        ClockStopped(
            clock=FIRST,
            stopped_at=at(300),
            reason="done after the target",
            late=True,
            elapsed_seconds=300 * 60,
            due_at=at(60),
        ),
        ClockStopped(
            clock=LAST,
            stopped_at=at(300),
            reason="done after the target",
            late=True,
            elapsed_seconds=300 * 60,
            due_at=at(240),
        ),
    ]
    assert desk.row(LAST).state == "late"
    assert desk.rows()["timers"] == []


def test_a_plan_may_ask_for_no_escalation() -> None:
    quiet = replace(STANDARD, escalate_on_breach=False)
    desk = Desk(quiet).open().pass_time(61)
    assert isinstance(desk.said[-1], TargetBreached)
    assert not desk.said[-1].escalate


def test_a_timer_of_a_target_that_has_moved_says_nothing() -> None:
    state = Desk().open().state
    assert DECIDER.decide(Breach(FIRST, at(61)), state) == []
    assert DECIDER.decide(Warn(FIRST, at(61), at(45), 0.75), state) == []


def test_a_late_breach_is_said_before_what_came_after_it() -> None:
    """The timer has not fired: the service was down."""
    desk = Desk().open()
    heard = desk.hear_only(held(250), 250)
    desk.react(heard)
    assert desk.told()[3:] == ["TargetBreached resolution", "ClockPaused resolution"]
    assert isinstance(desk.said[-1], ClockPaused)
    assert desk.said[-1].remaining_seconds == -600


def test_a_hold_pauses_the_resolution_only() -> None:
    desk = Desk().open().hear(replied(1), 1).hear(held(20), 20).hear(resumed(50), 50)
    assert desk.said[4:] == [
        ClockPaused(clock=LAST, paused_at=at(20), remaining_seconds=220 * 60, reason="on hold"),
        ClockResumed(
            clock=LAST,
            resumed_at=at(50),
            due_at=at(270),
            warn_at=at(210),
            steps=(DueStep(share=0.75, at=at(210)),),
        ),
    ]


def test_asking_the_customer_pauses_until_they_answer() -> None:
    desk = Desk().open().hear(replied(10, awaits=True), 10)
    assert desk.told()[3:] == ["TargetMet first_response", "ClockPaused resolution"]
    desk.hear(message(15, automatic=True), 15)
    assert desk.row(LAST).state == "paused"
    desk.hear(message(40), 40)
    assert desk.row(LAST).due_at == at(270)


def test_clarification_pauses_both() -> None:
    desk = Desk().open().hear(asked(10), 10).hear(answered(30), 30)
    assert [desk.row(kind).due_at for kind in (FIRST, LAST)] == [at(80), at(260)]


def test_a_clock_waits_for_everything_it_waits_for() -> None:
    desk = Desk().open().hear(held(10), 10).hear(replied(20, awaits=True), 20)
    desk.hear(message(30), 30)
    assert desk.row(LAST).state == "paused"
    desk.hear(resumed(40), 40)
    assert desk.row(LAST).due_at == at(270)


def test_a_pause_outside_of_business_hours_moves_nothing() -> None:
    desk = Desk(plan(calendar=OFFICE, default_for=frozenset(Priority))).open()
    evening, morning = 9 * 60, 23 * 60
    desk.hear(held(evening), evening).hear(resumed(morning), morning)
    assert desk.row(LAST).due_at == at(240)


def test_what_was_waited_for_before_the_plan_is_left_out() -> None:
    desk = Desk()
    for event, minute in ((opened(), 0), (asked(1), 1), (answered(31), 31)):
        desk.hear(event, minute)
    desk.hear(categorised(), 31).hear(prioritised(), 31)
    assert [desk.row(kind).due_at for kind in (FIRST, LAST)] == [at(90), at(270)]
    assert desk.state.clocks[FIRST].elapsed_seconds == 60  # type: ignore[union-attr]


def test_a_plan_that_comes_while_we_wait_starts_a_clock_that_stands_still() -> None:
    desk = Desk().hear(opened(), 0).hear(asked(5), 5)
    desk.hear(categorised(), 6).hear(prioritised(), 6)
    assert [desk.row(kind).state for kind in (FIRST, LAST)] == ["paused", "paused"]
    desk.hear(answered(15), 15)
    assert desk.row(FIRST).due_at == at(70)


def test_a_plan_that_comes_after_the_reply_finds_the_target_met() -> None:
    desk = Desk().hear(opened(), 0).hear(replied(5), 5)
    desk.hear(categorised(), 9).hear(prioritised(), 9)
    assert isinstance(desk.said[2], TargetMet)
    assert desk.said[2].met_at == at(5)


def test_a_plan_waits_until_it_is_defined() -> None:
    desk = Desk(EMERGENCY)
    desk.hear(opened(), 0).hear(categorised(), 0)
    with pytest.raises(NotYet):
        desk.hear(prioritised(), 0)
    desk.plans.append(STANDARD)
    desk.react(desk.log[-1])
    assert desk.row(FIRST).due_at == at(60)


def test_a_plan_that_is_never_defined_gives_way_to_the_default() -> None:
    desk = Desk().hear(opened(), 0).hear(categorised("emergncy"), 0)
    prioritised_ = desk.hear_only(prioritised(), 0)
    with pytest.raises(NotYet):
        desk.react(prioritised_)
    desk.now = at(0.1)
    desk.react(prioritised_)
    assert desk.state.plan is not None
    assert desk.state.plan.reason == ("the plan for High priority, as there is no plan emergncy")


def test_a_priority_without_any_plan_parks_the_ticket() -> None:
    desk = Desk(EMERGENCY).hear(opened(), 0).hear(categorised(), 0)
    prioritised_ = desk.hear_only(prioritised(), 0)
    desk.now = at(0.1)
    with pytest.raises(NoPlanForPriority, match="default for high priority"):
        desk.react(prioritised_)


def test_the_plan_that_is_asked_for_wins_over_the_default() -> None:
    desk = Desk().open(Priority.CRITICAL, "emergency")
    assert desk.row(FIRST).due_at == at(5)


def test_a_plan_without_this_priority_gives_way_to_the_default() -> None:
    desk = Desk().open(Priority.LOW, "emergency")
    assert desk.row(FIRST).due_at == at(480)


def test_a_raised_priority_moves_the_clocks_and_keeps_what_has_passed() -> None:
    desk = Desk().open().hear(held(10), 10).hear(resumed(30), 30)
    desk.hear(prioritised(Priority.CRITICAL), 40)
    assert desk.said[-1] == ClockStarted(
        clock=LAST,
        target_minutes=120,
        started_at=at(40),
        due_at=at(140),
        warn_at=at(110),
        previous_due_at=at(260),
        elapsed_seconds=20 * 60,
        reason="the plan for Emergency priority",
        steps=(DueStep(share=0.75, at=at(110)),),
    )


def test_a_raised_priority_that_leaves_no_time_breaches_at_once() -> None:
    desk = Desk().open().hear(prioritised(Priority.CRITICAL), 20)
    assert desk.told()[3:6] == [
        "SlaPlanApplied", "ClockStarted first_response", "TargetBreached first_response",
    ]  # fmt: skip
    breached = desk.said[5]
    assert isinstance(breached, TargetBreached)
    assert (breached.due_at, breached.breached_at) == (at(15), at(20))


def test_a_lowered_priority_leaves_a_breach_as_it_is() -> None:
    desk = Desk().open().hear(prioritised(Priority.LOW), 100).hear(replied(110), 110)
    assert desk.row(FIRST).breached_at == at(60)
    assert desk.row(FIRST).state == "late"
    assert "BreachRetracted first_response" not in desk.told()


def test_a_paused_clock_moves_and_stays_paused() -> None:
    desk = Desk().open().hear(held(30), 30).hear(prioritised(Priority.CRITICAL), 40)
    row = desk.row(LAST)
    assert (row.state, row.remaining_seconds, row.pause_reason) == ("paused", 90 * 60, "on hold")
    desk.hear(resumed(60), 60)
    assert desk.row(LAST).due_at == at(150)


def test_a_managers_plan_stays_when_the_priority_changes() -> None:
    desk = Desk().open(Priority.CRITICAL)
    desk.command(
        replace(APPLY, plan=EMERGENCY, at=at(2), by="mona", reason="a big customer"), at(2)
    )
    assert desk.row(FIRST).due_at == at(5)
    desk.hear(categorised("standard"), 3)
    assert desk.state.plan is not None
    assert (desk.state.plan.plan_id, desk.state.plan.by) == ("emergency", "mona")


@pytest.mark.parametrize(
    ("plans", "priority"),
    [
        pytest.param([STANDARD, EMERGENCY], Priority.HIGH, id="it has no targets for the priority"),
        pytest.param([STANDARD], Priority.CRITICAL, id="it is no longer offered"),
    ],
)
def test_the_rule_takes_over_from_a_managers_plan_that_cannot_stay(
    plans: list[Plan], priority: Priority
) -> None:
    desk = Desk().open(Priority.CRITICAL)
    desk.command(
        replace(APPLY, plan=EMERGENCY, at=at(2), by="mona", reason="a big customer"), at(2)
    )
    desk.plans = plans
    heard = desk.hear_only(prioritised(priority), 10)
    desk.now += PLAN_WAIT
    desk.react(heard)
    applied = desk.state.plan
    assert applied is not None
    assert (applied.plan_id, applied.by, applied.priority) == ("standard", BY_RULE, priority)
    assert desk.row(LAST).due_at == at(story.MINUTES[priority][1])


def test_a_rejected_solution_goes_on_from_where_it_was() -> None:
    desk = Desk().open().hear(resolved(30), 30).hear(rejected(90), 90).hear(reopened(90), 90)
    assert desk.said[-1] == ClockStarted(
        clock=LAST,
        target_minutes=240,
        started_at=at(90),
        due_at=at(300),
        warn_at=at(240),
        previous_due_at=at(240),
        elapsed_seconds=30 * 60,
        reason="the solution was rejected",
        steps=(DueStep(share=0.75, at=at(240)),),
    )
    assert desk.told().count("ClockStarted resolution") == 2


def test_a_breach_outlives_a_reopening() -> None:
    desk = Desk().open().hear(resolved(250), 250).hear(reopened(260), 260).hear(resolved(270), 270)
    assert desk.row(LAST).state == "late"
    assert desk.told().count("TargetBreached resolution") == 1


def test_a_closed_ticket_stops_what_still_runs() -> None:
    desk = Desk().open().hear(closed(20), 20)
    assert desk.told()[3:] == ["ClockStopped first_response", "ClockStopped resolution"]
    assert desk.row(FIRST).state == "stopped"
    assert desk.pass_time(10_000).told()[5:] == []


def test_a_ticket_that_is_reopened_after_closing_is_timed_again() -> None:
    desk = Desk().open().hear(resolved(20), 20).hear(closed(30), 30).hear(reopened(500), 500)
    assert desk.row(LAST).due_at == at(500 + 220)


def test_a_ticket_that_goes_on_by_itself_again_takes_up_all_that_was_called_off() -> None:
    """It was merged, and is not any more: the time between does not count."""
    desk = Desk().open().hear(closed(20), 20).hear(reopened(50), 50)
    assert [desk.row(kind).due_at for kind in (FIRST, LAST)] == [at(90), at(270)]


def test_calling_off_what_is_over_says_nothing() -> None:
    desk = Desk().open().hear(resolved(20), 20)
    assert DECIDER.decide(CallOff(at(30), at(30), "closed"), desk.state) == []
    assert DECIDER.decide(Restart(at(30), at(30), "x"), Desk().open().state) == []


def test_a_reply_that_is_heard_late_takes_the_breach_back() -> None:
    desk = Desk().open().hear(replied(50), 50, late=70)
    assert desk.told()[3:] == [
        "TargetApproaching first_response",
        "TargetBreached first_response",
        "BreachRetracted first_response",
        "TargetMet first_response",
    ]
    retracted, met = desk.said[-2:]
    assert isinstance(retracted, BreachRetracted)
    assert isinstance(met, TargetMet)
    assert (retracted.due_at, retracted.retracted_at) == (at(60), at(70))
    assert (met.met_at, met.elapsed_seconds) == (at(50), 50 * 60)
    assert desk.row(FIRST).state == "met"


def test_a_hold_that_is_heard_late_takes_the_breach_back() -> None:
    desk = Desk().open().hear(replied(1), 1).hear(held(200), 200, late=300)
    assert desk.told()[-2:] == ["BreachRetracted resolution", "ClockPaused resolution"]
    assert desk.row(LAST).remaining_seconds == 40 * 60
    assert desk.row(LAST).breached_at is None


def test_an_earlier_reply_that_is_heard_after_a_late_one_meets_the_target() -> None:
    desk = Desk().open().hear(replied(70), 70).hear(progress(40), 40, late=80)
    assert desk.told()[-2:] == ["BreachRetracted first_response", "TargetMet first_response"]
    assert desk.row(FIRST).state == "met"
    assert desk.row(FIRST).elapsed_seconds == 40 * 60


def test_a_timer_waits_for_what_is_heard_but_not_yet_acted_on() -> None:
    desk = Desk().open()
    answer = desk.hear_only(replied(50), 50)
    pause = desk.hear_only(held(55), 55)
    desk.pass_time(241)
    assert "TargetBreached" not in " ".join(desk.told())
    desk.react(answer)
    desk.react(pause)
    assert desk.told()[-2:] == ["TargetMet first_response", "ClockPaused resolution"]


def test_a_pause_that_moved_nothing_leaves_the_breach_due() -> None:
    """The timer came while hold and resume were heard, but not yet acted on."""
    desk = Desk(plan(calendar=OFFICE, default_for=frozenset(Priority))).open(Priority.MEDIUM)
    evening, morning = 10 * 60, 23 * 60
    waiting = [desk.hear_only(held(evening), evening), desk.hear_only(resumed(morning), morning)]
    due_at = desk.row(LAST).due_at
    assert due_at == at(32 * 60)
    desk.pass_time(32 * 60)
    for heard in waiting:
        desk.react(heard)
    assert desk.row(LAST).due_at == due_at
    desk.pass_time(32 * 60 + 1)
    assert desk.row(LAST).breached_at == due_at
