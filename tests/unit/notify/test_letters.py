"""Who is told what, when."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from services.notify.directory import Contact, Directory, Promise
from services.notify.letters import TOLD_OF, Letter, Occasion, cause_of, letters_for
from services.notify.rules import Rules
from services.notify.story import story_of
from shared.events import Event, Priority
from shared.events.assignment import AgentUnassigned, ParticipantAdded, TicketLeftUntouched
from shared.events.notify import NotificationKind as Kind
from shared.events.notify import NotificationRulesDefined
from shared.events.relations import OutsiderWrote, TicketMerged
from shared.events.resolution import (
    ClosedHow,
    ClosureReminded,
    NoteAdded,
    ResolutionRejected,
    TicketReopened,
)
from shared.events.sla import ClockKind, ClockPaused, TargetApproaching, TargetBreached, TargetMet
from shared.testing.spec import T0, TICKET, recorded
from tests.unit.notify.examples import (
    CUSTOMER,
    assigned,
    categorised,
    clock,
    closed,
    message,
    opened,
    prioritised,
    told_events,
)

DIRECTORY = Directory(
    agents={
        "anna": Contact("anna", "Anna Berg", "anna@desk.example"),
        "ben": Contact("ben", "Ben Ode", "ben@desk.example"),
    },
    managers=(Contact("meg", "Meg Lee", "meg@desk.example"),),
    promises={("emergency", Priority.CRITICAL): Promise(15, 240)},
    defaults={Priority.CRITICAL: "emergency"},
)


def told(
    *past: Event,
    directory: Directory = DIRECTORY,
    causation: UUID | None = None,
    rules: NotificationRulesDefined | None = None,
) -> list[Letter]:
    """The letters of the last event, after all of them were heard."""
    story = story_of(TICKET, recorded(*past))
    cause = cause_of(causation, story)
    about = Occasion(past[-1], story, directory, "UTC", cause)
    return Rules.of(rules).applied(letters_for(about), about)


def whom(letters: list[Letter]) -> list[tuple[Kind, str]]:
    return [(letter.kind, letter.to.email) for letter in letters]


def test_the_agent_is_told_that_somebody_else_wrote_about_the_ticket() -> None:
    outsider = OutsiderWrote(ticket_id=TICKET, number="LD-12345-67890-1", written_at=T0)
    (letter,) = told(opened(), categorised(), assigned(), outsider)
    assert whom([letter]) == [(Kind.CUSTOMER_REPLY, "anna@desk.example")]
    assert "LD-12345-67890-1" in letter.facts["body"]
    assert told(opened(), categorised(), outsider) == []


def test_the_customer_gets_an_acknowledgment_when_the_ticket_opens() -> None:
    (letter,) = told(opened())
    assert (letter.kind, letter.to.email, letter.to_customer) == (
        Kind.ACKNOWLEDGMENT,
        CUSTOMER,
        True,
    )
    assert letter.facts["summary"] == "Nobody can pay since 9:00."


def test_a_mail_that_no_machine_may_answer_gets_no_acknowledgment() -> None:
    assert [letter.withheld for letter in told(opened())] == [""]
    (letter,) = told(opened(auto_response_allowed=False))
    assert letter.withheld == "auto_response_declined"


def test_nothing_is_told_about_a_ticket_that_was_never_seen_to_open() -> None:
    assert told(assigned()) == []


def test_every_event_that_is_told_of_reaches_somebody() -> None:
    before = [opened(), categorised(), prioritised(), assigned("ben", "Ben Ode")]
    reached = {type(event) for event in told_events() if told(*before, event)}
    assert reached | {ParticipantAdded} | {type(e) for e in told_events()} >= TOLD_OF - {
        event for event in TOLD_OF if event.__name__ == "ClarificationProvided"
    }
    assert reached == {type(event) for event in told_events()}


def test_an_assignment_tells_the_customer_who_and_the_agent_what() -> None:
    customer, agent = reversed(told(opened(), categorised(), prioritised(), assigned()))
    assert whom([customer, agent]) == [
        (Kind.ASSIGNMENT, CUSTOMER),
        (Kind.AGENT_ASSIGNMENT, "anna@desk.example"),
    ]
    assert customer.facts["agent"] == "Anna"
    assert customer.facts["team"] == "Operations"


def test_the_expected_answer_is_the_clocks_when_it_was_heard_before_the_assignment() -> None:
    letters = told(opened(), prioritised(), clock(), assigned())
    assert "by Monday 2 March 2026, 09:15 (UTC)" in letters[-1].facts["expected"]


def test_the_expected_answer_is_the_plans_when_the_clock_was_not_heard_yet() -> None:
    letters = told(opened(), prioritised(), assigned())
    assert "within 15 minutes of business time" in letters[-1].facts["expected"]


def test_the_expected_answer_promises_nothing_when_nothing_is_known() -> None:
    letters = told(opened(), prioritised(Priority.LOW), assigned())
    assert letters[-1].facts["expected"] == "We will get back to you as soon as we can."


def test_the_expected_answer_names_no_time_while_the_clock_stands_still() -> None:
    paused = ClockPaused(
        clock=ClockKind.FIRST_RESPONSE, paused_at=T0, remaining_seconds=5, reason="waiting"
    )
    letters = told(opened(), prioritised(), clock(), paused, assigned())
    assert "once we have what we are waiting for" in letters[-1].facts["expected"]


def test_after_the_first_answer_the_solution_is_what_is_expected() -> None:
    met = TargetMet(clock=ClockKind.FIRST_RESPONSE, met_at=T0, due_at=T0, elapsed_seconds=1)
    letters = told(
        opened(), prioritised(), clock(), clock(ClockKind.RESOLUTION, 120), met, assigned()
    )
    assert "a solution by Monday 2 March 2026, 11:00" in letters[-1].facts["expected"]


def test_who_takes_a_ticket_is_not_told_so() -> None:
    assert whom(told(opened(), assigned(by="anna"))) == [(Kind.ASSIGNMENT, CUSTOMER)]
    assert whom(told(opened(), assigned(by="agent:anna"))) == [(Kind.ASSIGNMENT, CUSTOMER)]


def test_the_customer_hears_of_the_same_agent_once() -> None:
    gone = AgentUnassigned(agent_id="anna", by="x", reason="closed", unassigned_at=T0)
    letters = told(opened(), assigned(), gone, assigned())
    assert whom(letters) == [(Kind.AGENT_ASSIGNMENT, "anna@desk.example")]


def test_an_assignment_that_is_over_by_now_is_told_to_nobody() -> None:
    past = [opened(), assigned(), assigned("ben", "Ben Ode")]
    story = story_of(TICKET, recorded(*past))
    assert letters_for(Occasion(past[1], story, DIRECTORY, "UTC")) == []
    letters = letters_for(Occasion(past[2], story, DIRECTORY, "UTC"))
    assert [letter.facts.get("first") for letter in letters] == [None, False]


def test_an_automatic_message_is_told_to_nobody() -> None:
    assert told(opened(), assigned(), message(automatic=True)) == []


def test_a_message_goes_to_the_agent_and_to_nobody_when_there_is_none() -> None:
    assert whom(told(opened(), assigned(), message())) == [
        (Kind.CUSTOMER_REPLY, "anna@desk.example")
    ]
    assert told(opened(), message()) == []


def test_an_escalation_reaches_everyone_concerned_once() -> None:
    takes_part = ParticipantAdded(agent_id="ben", agent_name="Ben Ode", by="meg", added_at=T0)
    escalated = next(e for e in told_events() if type(e).__name__ == "TicketEscalated")
    letters = told(opened(), categorised(), assigned(), takes_part, escalated)
    assert sorted(whom(letters)) == sorted(
        [
            (Kind.ESCALATION, CUSTOMER),
            (Kind.ESCALATION, "anna@desk.example"),
            (Kind.ESCALATION, "ben@desk.example"),
            (Kind.ESCALATION, "meg@desk.example"),
        ]
    )


def test_an_agent_who_manages_the_team_gets_one_letter() -> None:
    both = Contact("anna", "Anna Berg", "Anna@desk.example")
    directory = Directory(agents={"anna": both}, managers=(both,))
    breach = TargetBreached(clock=ClockKind.RESOLUTION, due_at=T0, breached_at=T0)
    assert len(told(opened(), assigned(), breach, directory=directory)) == 1


def test_a_warning_goes_to_the_agent_and_to_managers_only_when_nobody_has_the_ticket() -> None:
    warning = TargetApproaching(
        clock=ClockKind.FIRST_RESPONSE, due_at=T0, warned_at=T0, remaining_seconds=600
    )
    assert whom(told(opened(), assigned(), warning)) == [(Kind.BREACH_WARNING, "anna@desk.example")]
    assert whom(told(opened(), warning)) == [(Kind.BREACH_WARNING, "meg@desk.example")]


def test_whom_the_plan_names_is_told_instead() -> None:
    warning = TargetApproaching(
        clock=ClockKind.PROGRESS,
        due_at=T0,
        warned_at=T0,
        remaining_seconds=600,
        tell=("agent", "managers", "ben"),
    )
    assert whom(told(opened(), assigned(), warning)) == [
        (Kind.BREACH_WARNING, "anna@desk.example"),
        (Kind.BREACH_WARNING, "meg@desk.example"),
        (Kind.BREACH_WARNING, "ben@desk.example"),
    ]


def test_an_agent_is_told_of_a_reopening_once() -> None:
    reopened = TicketReopened(reason="again", reopened_by="customer:x", reopened_at=T0)
    rejected = ResolutionRejected(rejected_by="customer:x", reason="no", rejected_at=T0)
    past = recorded(opened(), assigned(), message(), reopened)
    assert len(told(opened(), assigned(), message(), reopened, causation=past[2].id)) == 1
    assert len(told(opened(), assigned(), rejected, reopened)) == 1
    assert len(told(opened(), assigned(), reopened)) == 2


def test_a_merged_ticket_says_where_it_goes_on() -> None:
    merged = TicketMerged(
        into_ticket_id=TICKET, into_number="LD-OTHER", reason="same", merged_by="agent:anna"
    )
    (letter,) = told(opened(), merged, closed(ClosedHow.MERGED))
    assert letter.facts["merged_into"] == "LD-OTHER"


def test_an_agent_that_nobody_defined_is_still_named_in_the_letter() -> None:
    letters = told(opened(), assigned("zoe", "Zoe Q"))
    assert letters[0].to == Contact("zoe", "Zoe Q", "")


def test_the_order_in_which_the_rest_was_heard_changes_no_addressee() -> None:
    rest: list[Any] = [categorised(), prioritised(), clock(), clock(ClockKind.RESOLUTION)]
    for shift in range(len(rest)):
        events = [opened(), *rest[shift:], *rest[:shift], assigned()]
        assert [letter.kind for letter in told(*events)] == [Kind.AGENT_ASSIGNMENT, Kind.ASSIGNMENT]


def test_moments_are_told_in_the_desks_zone() -> None:
    story = story_of(TICKET, recorded(opened(), clock(), assigned()))
    letters = letters_for(Occasion(assigned(), story, DIRECTORY, "Europe/Berlin"))
    expected = letters[-1].facts["expected"]
    assert "10:15 (Europe/Berlin)" in expected
    assert timedelta(0) == T0.utcoffset()


def test_the_agent_and_the_managers_are_told_of_a_ticket_that_lies_untouched() -> None:
    noticed = TicketLeftUntouched(
        team_id="support", team_name="Support", since=T0, noticed_at=T0 + timedelta(hours=8)
    )
    letters = told(opened(), categorised(), assigned(), noticed)
    assert whom(letters) == [
        (Kind.UNTOUCHED, "anna@desk.example"),
        (Kind.UNTOUCHED, "meg@desk.example"),
    ]
    assert whom(told(opened(), categorised(), noticed)) == [(Kind.UNTOUCHED, "meg@desk.example")]


def test_whom_a_note_is_meant_for_is_told_of_it_but_not_its_author() -> None:
    note = NoteAdded(
        noted_by="anna", agent_name="Anna", text="Look?", mentions=("ben", "anna"), noted_at=T0
    )
    (letter,) = told(opened(), note)
    assert (letter.template, letter.to.agent_id, letter.named) == ("mention", "ben", True)
    assert letter.facts == {"sender": "Anna", "body": "Look?"}
    assert told(opened(), note.model_copy(update={"mentions": ()})) == []


def test_the_customer_is_reminded_before_silence_closes_the_ticket() -> None:
    (letter,) = told(opened(), ClosureReminded(closes_at=T0, reminded_at=T0))
    assert (letter.template, letter.to_customer) == ("closure_reminder", True)
