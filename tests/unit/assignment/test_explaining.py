"""Why an agent has a ticket, or why it waits, as people read it."""

from dataclasses import asdict
from typing import Any

from cli.why import lines
from services.assignment.explaining import told
from services.assignment.projection import Queues
from shared.events import Event
from shared.events.assignment import Candidate, TicketRouted
from shared.testing.spec import T0, fold
from tests.unit.assignment.story import (
    CLOSED,
    DUE,
    OPENED,
    QUEUED,
    READY,
    assigned,
    categorised,
    prioritised,
)

ROUTED = TicketRouted(
    rule="gold",
    team_id="support",
    team_name="Support",
    skills=("sap", "vpn"),
    levels={"sap": 2},
    routed_at=T0,
)


def row(*events: Event) -> dict[str, Any]:
    (found,) = fold(Queues(), *events)["tickets"]
    return asdict(found)


def test_who_waits_is_told_the_place_in_line_what_is_needed_and_why_nobody_has_it() -> None:
    assert told(row(*READY, ROUTED, QUEUED, DUE), "Gold customers", 2) == [
        (
            "It waits for Support since 2026-03-02 09:00 UTC: 2 with the same need are before it; "
            "it is due at 2026-03-02 09:30 UTC."
        ),
        "Nobody is free.",
        (
            "It needs tier 1 of Support, skill sap at level 2, skill vpn, "
            "by the routing rule Gold customers."
        ),
    ]
    (where, *_) = told(row(*READY, QUEUED), "", 0)
    assert where == (
        "It waits for Support since 2026-03-02 09:00 UTC: it is the next in line; "
        "nothing is promised: its place in line is 2026-03-04 09:00 UTC."
    )


def test_who_has_it_is_told_with_how_they_were_found_and_what_was_passed_over() -> None:
    changes = {"strategy": "by_hand", "overrides": ("offline",), "weight": 2}
    forced = assigned("anna").model_copy(update=changes)
    assert told(row(*READY, forced), "", 0) == [
        "anna has it since 2026-03-02 09:00 UTC: the only one free.",
        "Asked for was whoever was named.",
        "Whoever named them passed over: offline.",
        "It takes 2 places, being of medium priority.",
        "It needs tier 1 of Support, as its topic says.",
    ]


def test_what_nobody_can_have_says_so() -> None:
    early = row(OPENED, categorised(), prioritised())
    assert told(early, "", 0)[0].startswith("It is still being verified")
    assert told(row(*READY, CLOSED), "", 0)[0] == "It is closed: nobody needs to have it."


def test_the_command_line_shows_the_candidates_of_then_and_now() -> None:
    then = [Candidate(agent_id="ben", load=1, capacity=10, verdict="chosen").model_dump()]
    now = {"reason": "nobody in Support is free: 1 full", "candidates": [{**then[0], "load": 10}]}
    why = {"number": "LD-7", "told": ["It waits."], "now": now, "candidates": then}
    assert lines(why) == [
        "LD-7",
        "  It waits.",
        "",
        "  now: nobody in Support is free: 1 full",
        "    ben   10 of 10   chosen",
        "",
        "  when it was decided:",
        "    ben    1 of 10   chosen",
    ]
