"""What holds whatever is commanded, heard and said, in any order."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from services.resolution.domain import DECIDER
from services.resolution.domain import states as s
from services.resolution.domain.commands import (
    AddNote,
    ArchiveTicket,
    ArchiveWhenDue,
    CloseForSilence,
    CloseMerged,
    CloseTicket,
    Command,
    ConfirmResolution,
    HearCustomer,
    HoldTicket,
    RejectResolution,
    ReopenTicket,
    ReplyToCustomer,
    ReportProgress,
    RequestEscalation,
    ResolveTicket,
    ResumeWork,
    StartWork,
    VerifyResolution,
)
from shared.errors import Rejected
from shared.events import Event, Status, Unknown, status_after
from shared.events.resolution import (
    ClosedHow,
    ProgressKind,
    ResolutionKind,
    TicketArchived,
    TicketClosed,
    TicketReopened,
    TicketResolved,
)
from shared.testing.spec import T0
from tests.unit.resolution import story

BYS = st.sampled_from(["anna", "ben", story.customer(), story.customer(story.MALLORY)])
WORDS = st.sampled_from(["", "one reason", "another reason"])

COMMANDS: st.SearchStrategy[Command] = st.one_of(
    st.builds(StartWork, by=BYS, now=st.none()),
    st.builds(
        ReplyToCustomer, by=BYS, now=st.none(), text=WORDS, awaits_customer=st.booleans(),
        agent_name=WORDS, attachments=st.just(()),
    ),
    st.builds(AddNote, by=BYS, now=st.none(), text=WORDS, agent_name=WORDS),
    st.builds(
        ReportProgress, by=BYS, now=st.none(), text=WORDS, agent_name=WORDS,
        kind=st.sampled_from(ProgressKind),
    ),
    st.builds(HoldTicket, by=BYS, now=st.none(), reason=WORDS),
    st.builds(ResumeWork, by=BYS, now=st.none(), reason=WORDS),
    st.builds(RequestEscalation, by=BYS, now=st.none(), reason=WORDS),
    st.builds(
        ResolveTicket, by=BYS, now=st.none(), kind=st.sampled_from(ResolutionKind), cause=WORDS,
        note=WORDS, agent_name=WORDS,
    ),
    st.builds(
        VerifyResolution, by=BYS, now=st.none(), method=WORDS, result=WORDS, passed=st.booleans()
    ),
    st.builds(ConfirmResolution, by=BYS, now=st.none(), comment=WORDS),
    st.builds(RejectResolution, by=BYS, now=st.none(), reason=WORDS),
    st.builds(ReopenTicket, by=BYS, now=st.none(), reason=WORDS),
    st.builds(CloseTicket, by=BYS, now=st.none(), note=WORDS),
    st.builds(ArchiveTicket, by=BYS, now=st.none()),
    st.builds(HearCustomer, by=BYS, now=st.none(), reason=WORDS),
    st.builds(CloseMerged, by=BYS, now=st.none(), into_number=WORDS),
)  # fmt: skip

HEARD = [
    story.categorised(),
    story.queued(),
    story.assigned(),
    story.unassigned(),
    story.escalated(),
    story.wrote(),
    story.wrote(automatic=True),
    story.merged(),
    story.feedback(recurred=True),
    story.feedback(recurred=False, reopens=True),
    Unknown(type="SomethingNewer"),
]
SAID = [
    story.opened(),
    story.started(),
    story.replied(),
    story.asked(),
    story.held(),
    story.resumed(),
    story.escalation_requested(),
    story.resolved(),
    story.reopened(),
    *(story.closed(how) for how in ClosedHow),
    story.archived(),
]


@given(st.lists(st.sampled_from([*HEARD, *SAID]), max_size=30))
@settings(max_examples=300)
def test_evolve_never_refuses_history(past: list[Event]) -> None:
    DECIDER.fold(past)


@given(st.lists(st.sampled_from([*HEARD, *SAID]), max_size=20), COMMANDS)
@settings(max_examples=300)
def test_a_decision_is_events_or_a_rejection_after_any_history(
    past: list[Event], command: Command
) -> None:
    state = DECIDER.fold(past)
    rejection: Rejected | None = None
    try:
        DECIDER.decide(_at(command, 99), state)
    except Rejected as raised:
        rejection = raised
    if rejection is not None:
        assert rejection.message
        assert "{" not in rejection.message


class TicketLife(RuleBasedStateMachine):
    """A ticket under any sequence of commands, messages and mergers."""

    def __init__(self) -> None:
        super().__init__()
        self.state: s.Ticket = DECIDER.initial_state
        self.status: Status | None = None
        self.minutes = 0
        self.past: list[Event] = []

    @initialize()
    def open(self) -> None:
        self.learn(story.opened())

    @rule(command=COMMANDS)
    def command(self, command: Command) -> None:
        self.minutes += 1
        self.give(_at(command, self.minutes))

    @precondition(lambda self: self.status is not Status.ARCHIVED)  # a merger would end that
    @rule(event=st.sampled_from(HEARD))
    def hear(self, event: Event) -> None:
        self.minutes += 1
        self.learn(event)

    @rule()
    def silence(self) -> None:
        self.minutes += 1
        at = next((e.resolved_at for e in reversed(self.past) if isinstance(e, TicketResolved)), T0)
        command = CloseForSilence(by="timer", now=story.at(self.minutes), resolved_at=at)
        if any(isinstance(e, TicketClosed) for e in self.give(command)):
            assert isinstance(self.before, s.Resolved)

    @rule()
    def rest(self) -> None:
        self.minutes += 1
        at = next((e.closed_at for e in reversed(self.past) if isinstance(e, TicketClosed)), T0)
        command = ArchiveWhenDue(by="timer", now=story.at(self.minutes), closed_at=at)
        if any(isinstance(e, TicketArchived) for e in self.give(command)):
            assert isinstance(self.before, s.Closed)

    @invariant()
    def decider_and_people_see_the_same(self) -> None:
        """What `decide` reads never contradicts the status people see."""
        if self.status is None:
            return
        done = {Status.RESOLVED: s.Resolved, Status.ARCHIVED: s.Archived, Status.CLOSED: s.Closed}
        if self.status in done and not self.merger_pending():
            assert isinstance(self.state, done[self.status])
        if isinstance(self.state, s.Resolved | s.Closed | s.Archived):
            assert self.status in done

    @invariant()
    def what_is_done_is_done_once(self) -> None:
        """Between two solutions, or two closings, lies a reopening."""
        for kind in (TicketResolved, TicketClosed, TicketArchived):
            since = 0
            for event in self.past:
                since += isinstance(event, kind)
                since = 0 if isinstance(event, TicketReopened) else since
                assert since <= 1

    def give(self, command: Command) -> list[Event]:
        self.before = self.state
        try:
            said = DECIDER.decide(command, self.state)
        except Rejected:
            return []
        for event in said:
            assert event.author == "resolution"
            self.learn(event)
        return said

    def learn(self, event: Event) -> None:
        self.past.append(event)
        self.state = DECIDER.evolve(self.state, event)
        self.status = status_after(self.status, event)
        assert DECIDER.fold(self.past) == self.state

    def merger_pending(self) -> bool:
        """Intake has merged it, and the reaction has yet to close it."""
        return isinstance(self.state, s.Open | s.Resolved)


def _at(command: Command, minutes: int) -> Command:
    return replace(command, now=T0 + timedelta(minutes=minutes))


TestTicketLife = TicketLife.TestCase
TestTicketLife.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
