"""What is promised again and again: an answer to each message, and progress every so often."""

from dataclasses import replace

from services.sla.commands import ApplyPlan
from shared.events import Priority
from shared.events.sla import ClockPaused, ClockStarted, ClockStopped, Stops, TargetMet
from tests.unit.sla.story import (
    LAST,
    NEXT,
    PROGRESS,
    STANDARD,
    Desk,
    at,
    categorised,
    closed,
    held,
    message,
    opened,
    prioritised,
    progress,
    promising,
    rejected,
    reopened,
    replied,
    resolved,
    resumed,
)

PLAN = promising()


def test_a_message_after_the_first_response_is_owed_an_answer() -> None:
    desk = Desk(PLAN).open().hear(message(5), 5)
    assert f"ClockStarted {NEXT}" not in desk.told()
    desk.hear(replied(10), 10).hear(message(20), 20).hear(message(25), 25)
    row = desk.row(NEXT)
    assert (row.state, row.due_at) == ("running", at(50))
    desk.hear(replied(40), 40)
    assert desk.row(NEXT).state == "met"


def test_each_message_is_owed_an_answer_of_its_own() -> None:
    desk = Desk(PLAN).open().hear(replied(10), 10).hear(message(20), 20)
    desk.hear(replied(70), 70).hear(message(80), 80)
    row = desk.row(NEXT)
    assert (row.cycle, row.breached_at, row.due_at) == (2, None, at(110))
    assert row.breaches == 1
    desk.hear(replied(100), 100)
    assert (desk.row(NEXT).state, desk.row(NEXT).breaches) == ("met", 1)


def test_an_automatic_message_is_owed_nothing() -> None:
    desk = Desk(PLAN).open().hear(replied(10), 10).hear(message(20, automatic=True), 20)
    assert f"ClockStarted {NEXT}" not in desk.told()


def test_a_reply_that_crossed_with_the_message_is_no_answer_to_it() -> None:
    """It was heard after the message, and written before it."""
    desk = Desk(PLAN).open().hear(replied(10), 10).hear(message(30), 30)
    desk.hear(replied(29), 29, late=31)
    assert desk.row(NEXT).state == "running"


def test_a_message_that_is_heard_after_its_answer_was_answered() -> None:
    desk = Desk(PLAN).open().hear(replied(10), 10)
    desk.hear(replied(35), 35).hear(message(20), 20, late=40)
    row = desk.row(NEXT)
    assert (row.state, row.elapsed_seconds) == ("met", 15 * 60)


def test_a_solution_answers_and_what_the_customer_refuses_is_owed_an_answer() -> None:
    desk = Desk(PLAN).open().hear(replied(10), 10).hear(message(20), 20).hear(resolved(30), 30)
    assert desk.row(NEXT).state == "met"
    desk.hear(message(35), 35)
    assert desk.row(NEXT).state == "met"
    desk.hear(rejected(40), 40).hear(reopened(40), 40)
    assert (desk.row(NEXT).state, desk.row(NEXT).due_at) == ("running", at(70))


def test_progress_is_owed_from_the_first_response_on_and_after_each() -> None:
    desk = Desk(PLAN).open()
    assert f"ClockStarted {PROGRESS}" not in desk.told()
    desk.hear(replied(10), 10)
    assert desk.row(PROGRESS).due_at == at(100)
    desk.hear(progress(60), 60)
    assert desk.said[-2:] == [
        TargetMet(clock=PROGRESS, met_at=at(60), due_at=at(100), elapsed_seconds=50 * 60),
        ClockStarted(
            clock=PROGRESS,
            target_minutes=90,
            started_at=at(60),
            due_at=at(150),
            warn_at=at(127.5),
            cycle=2,
            reason="the customer heard from us",
            steps=desk.said[-1].steps,  # type: ignore[attr-defined]
        ),
    ]


def test_progress_that_is_missed_counts_and_is_reminded_of_before() -> None:
    desk = Desk(PLAN).open().hear(replied(10), 10).pass_time(101)
    assert desk.told()[-2:] == [f"TargetApproaching {PROGRESS}", f"TargetBreached {PROGRESS}"]
    desk.hear(progress(120), 120)
    assert isinstance(desk.said[-2], ClockStopped)
    assert desk.said[-2].late
    row = desk.row(PROGRESS)
    assert (row.state, row.breaches, row.breached_at) == ("running", 1, None)


def test_progress_waits_for_the_customer_and_not_for_a_hold() -> None:
    desk = Desk(PLAN).open().hear(replied(10), 10).hear(held(20), 20)
    assert desk.row(PROGRESS).state == "running"
    desk.hear(replied(30, awaits=True), 30)
    assert desk.row(PROGRESS).state == "paused"
    desk.hear(progress(50), 50)
    row = desk.row(PROGRESS)
    assert (row.state, row.cycle, row.remaining_seconds) == ("paused", 3, 90 * 60)
    desk.hear(message(60), 60)
    assert desk.row(PROGRESS).due_at == at(150)


def test_nothing_more_is_owed_once_there_is_a_solution_until_it_is_refused() -> None:
    desk = Desk(PLAN).open().hear(replied(10), 10).hear(resolved(30), 30)
    assert desk.row(PROGRESS).state == "met"
    desk.hear(replied(40), 40)
    assert desk.row(PROGRESS).state == "met"
    desk.hear(rejected(90), 90)
    assert desk.row(PROGRESS).due_at == at(180)
    desk.hear(closed(100), 100)
    assert [desk.row(kind).state for kind in (NEXT, PROGRESS)] == ["stopped", "stopped"]


def test_a_plan_that_comes_later_takes_up_what_is_owed() -> None:
    desk = Desk(PLAN).hear(opened(), 0).hear(replied(5), 5).hear(message(7), 7)
    desk.hear(categorised(), 9).hear(prioritised(), 9)
    assert (desk.row(NEXT).due_at, desk.row(PROGRESS).due_at) == (at(37), at(95))


def test_a_plan_that_promises_less_calls_off_and_one_that_promises_more_begins() -> None:
    desk = Desk(PLAN).open().hear(replied(5), 5).hear(message(7), 7)

    def choose(plan, minutes):  # type: ignore[no-untyped-def]
        desk.command(ApplyPlan(plan, at(minutes), at(minutes), "because", by="mona"), at(minutes))

    choose(replace(STANDARD, plan_id="less"), 20)
    assert [desk.row(kind).state for kind in (NEXT, PROGRESS)] == ["stopped", "stopped"]
    desk.hear(message(25), 25)
    assert desk.row(NEXT).state == "stopped"


def test_what_a_clock_stands_still_for_is_data() -> None:
    stops = (Stops(clock=LAST, waits=("customer",)), Stops(clock=PROGRESS, waits=("hold",)))
    desk = Desk(promising(stops=stops)).open().hear(replied(10), 10).hear(held(20), 20)
    assert [desk.row(kind).state for kind in (LAST, PROGRESS)] == ["running", "paused"]
    desk.hear(resumed(30), 30).hear(replied(40, awaits=True), 40)
    assert [desk.row(kind).state for kind in (LAST, PROGRESS)] == ["paused", "running"]


def test_a_plan_that_stops_for_something_else_pauses_at_once() -> None:
    stops = (Stops(clock=LAST, waits=("customer",)),)
    desk = Desk(replace(STANDARD, stops=stops)).open().hear(held(20), 20)
    assert desk.row(LAST).state == "running"
    usual = ApplyPlan(STANDARD, at(30), at(30), "because", by="mona", priority=Priority.HIGH)
    desk.command(replace(usual, plan=replace(STANDARD, plan_id="usual")), at(30))
    assert isinstance(desk.said[-1], ClockPaused)
    assert desk.row(LAST).remaining_seconds == 210 * 60
