"""Tags, followers, pins, time, incidents and macros, decided."""

from typing import Any
from uuid import UUID

import pytest

from deploy.desk_work import NEEDS
from services.resolution.domain import DECIDER
from services.resolution.domain.commands import (
    AddNote,
    ChangeTags,
    FollowTicket,
    HoldTicket,
    LinkChild,
    LinkParent,
    ReplyToCustomer,
    RunMacro,
    SpendTime,
    UnfollowTicket,
    UnlinkParent,
    UnpinNote,
)
from services.resolution.domain.rejections import (
    IncidentHasChildren,
    IncidentHasParent,
    TicketHasParent,
    TicketInArchive,
    TicketNotFound,
    TicketNotOpen,
)
from services.resolution.macros import Runs, commands_of
from shared.errors import Rejected
from shared.events import Event
from shared.events.resolution import (
    ChildLinked,
    ClosingRules,
    Macro,
    MacroStep,
    NoteUnpinned,
    ParentLinked,
    TagsChanged,
    TicketFollowed,
    TimeSpent,
)
from shared.testing.spec import given
from tests.unit.resolution import story
from tests.unit.resolution.story import ARCHIVED, CLOSED, IN_PROGRESS, RESOLVED, at

NOW = at(30)
OTHER = story.OTHER_TICKET
THIRD = UUID("01890000-0000-7000-8000-000000000003")
BY: dict[str, Any] = {"by": "anna", "now": NOW}
TAG = ChangeTags(**BY, add=("vip", "berlin"))
FOLLOW = FollowTicket(**BY, agent_id="ben")
EVERY = [
    TAG,
    FOLLOW,
    UnpinNote(**BY, note_id=OTHER),
    SpendTime(**BY, minutes=3),
    LinkParent(**BY, parent_id=OTHER, number="LD-1"),
    LinkChild(**BY, child_id=OTHER, number="LD-1"),
]


@pytest.mark.parametrize("command", EVERY, ids=lambda c: type(c).__name__)
@pytest.mark.parametrize(
    "past", [IN_PROGRESS, RESOLVED, CLOSED], ids=["open", "resolved", "closed"]
)
def test_it_can_be_put_on_any_ticket_and_twice_is_once(command: Any, past: Any) -> None:
    state = DECIDER.fold(past)
    said = DECIDER.decide(command, state)
    assert len(said) == 1
    again = DECIDER.decide(command, DECIDER.fold([*past, *said]))
    assert again == ([] if not isinstance(command, SpendTime) else said)


@pytest.mark.parametrize("command", EVERY, ids=lambda c: type(c).__name__)
@pytest.mark.parametrize(
    ("past", "rejection"), [((), TicketNotFound), (ARCHIVED, TicketInArchive)], ids=["none", "away"]
)
def test_but_on_no_other(command: Any, past: Any, rejection: type[Rejected]) -> None:
    given(DECIDER, *past).when(command).rejected(rejection)


def tags(add: tuple[str, ...] = (), remove: tuple[str, ...] = ()) -> Event:
    return TagsChanged(added=add, removed=remove, changed_by="anna", changed_at=NOW)


def test_only_what_differs_of_tags_is_said_and_those_of_rules_can_go() -> None:
    tagged = (*IN_PROGRESS, tags(add=("vip",)))
    given(DECIDER, *tagged).when(TAG).then(tags(add=("berlin",)))
    off = ChangeTags(**BY, remove=("vip", "by-a-rule"))
    given(DECIDER, *tagged).when(off).then(tags(remove=("by-a-rule", "vip")))
    given(DECIDER, *tagged, tags(remove=("vip",))).when(TAG).then(tags(add=("berlin", "vip")))


def test_whoever_does_not_follow_can_not_stop() -> None:
    stop = UnfollowTicket(**BY, agent_id="ben")
    given(DECIDER, *IN_PROGRESS).when(stop).nothing()
    followed = TicketFollowed(agent_id="ben", followed_by="anna", followed_at=NOW)
    assert len(DECIDER.decide(stop, DECIDER.fold([*IN_PROGRESS, followed]))) == 1


def parent_linked(parent: UUID = OTHER) -> Event:
    return ParentLinked(
        parent_ticket_id=parent, parent_number="LD-9", linked_by="anna", linked_at=NOW
    )


def child_linked(child: UUID = OTHER) -> Event:
    return ChildLinked(child_ticket_id=child, child_number="LD-8", linked_by="anna", linked_at=NOW)


def test_incidents_are_one_level_deep() -> None:
    link_parent = LinkParent(**BY, parent_id=THIRD, number="LD-7")
    given(DECIDER, *IN_PROGRESS, parent_linked()).when(link_parent).rejected(TicketHasParent)
    given(DECIDER, *IN_PROGRESS, child_linked()).when(link_parent).rejected(IncidentHasChildren)
    link_child = LinkChild(**BY, child_id=THIRD, number="LD-7")
    given(DECIDER, *IN_PROGRESS, parent_linked()).when(link_child).rejected(IncidentHasParent)


def test_what_is_put_on_a_ticket_survives_every_change_of_its_status() -> None:
    history = (*CLOSED, story.reopened(), story.held(), story.resumed(), story.resolved(minutes=40))
    state = DECIDER.fold([IN_PROGRESS[0], tags(add=("vip",)), child_linked(), *history[1:]])
    assert state.facts.tags == {"vip"}  # type: ignore[union-attr]
    assert state.facts.children == {OTHER: "LD-8"}  # type: ignore[union-attr]


def test_taking_the_wrong_parent_away_says_nothing() -> None:
    wrong = UnlinkParent(**BY, parent_id=THIRD)
    given(DECIDER, *IN_PROGRESS, parent_linked()).when(wrong).nothing()


REPLY = ReplyToCustomer(**BY, text="We are on it.")


def test_a_macro_says_what_its_steps_say_each_in_sight_of_those_before() -> None:
    macro = RunMacro(**BY, steps=(REPLY, TAG, TAG, HoldTicket(**BY, reason="a part")))
    said = DECIDER.decide(macro, DECIDER.fold(story.NOT_STARTED))
    assert [type(event).__name__ for event in said] == [
        "WorkStarted",
        "AgentReplied",
        "TagsChanged",
        "TicketHeld",
    ]


def test_a_macro_of_which_one_step_may_not_be_says_nothing() -> None:
    macro = RunMacro(**BY, steps=(AddNote(**BY, text="Answered."), REPLY))
    given(DECIDER, *RESOLVED).when(macro).rejected(TicketNotOpen)


def test_every_step_of_a_desks_file_is_a_command() -> None:
    fields = {
        "text": "Hello {{ requester.name }}",
        "reason": "a part",
        "cause": "A fuse.",
        "note": "Replaced.",
        "minutes": "3",
        "add": "vip berlin",
    }
    steps = tuple(
        MacroStep(do=do, fields={name: fields[name] for name in needs})
        for do, needs in NEEDS.items()
    )
    runs = Runs("anna", "Anna", NOW, ClosingRules())
    shown = {"requester": {"name": "Carla"}}
    command = commands_of(Macro(macro_id="all", name="All", steps=steps), shown, runs)
    replies = [step for step in command.steps if isinstance(step, ReplyToCustomer)]
    assert [reply.text for reply in replies] == ["Hello Carla"]
    assert len(command.steps) == len(NEEDS)


def test_the_facts_that_are_said() -> None:
    unpin = UnpinNote(**BY, note_id=OTHER)
    given(DECIDER, *CLOSED).when(unpin).then(
        NoteUnpinned(note_id=OTHER, unpinned_by="anna", unpinned_at=NOW)
    )
    given(DECIDER, *CLOSED).when(SpendTime(**BY, minutes=7.5, note="phone")).then(
        TimeSpent(minutes=7.5, note="phone", spent_by="anna", spent_at=NOW)
    )
