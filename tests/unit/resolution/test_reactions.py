"""What resolution does about what it hears."""

import pytest

from services.resolution.app import SERVICE
from services.resolution.domain import DECIDER
from services.resolution.domain.commands import CloseMerged, HearCustomer
from services.resolution.reactions import CustomerSpeaks
from services.review import domain as review
from services.review.domain import GiveFeedback
from services.review.rules import DEFAULT
from shared.events import Event
from shared.events.resolution import TicketReopened
from shared.followers.contracts import Directed
from shared.log import Past, Vector
from shared.testing.spec import TICKET, given, recorded
from tests.unit.resolution import story


async def commands_on(event: Event) -> list[object]:
    (one,) = recorded(event)
    directed = await CustomerSpeaks().react(one, Past([one], Vector()))
    assert all(isinstance(each, Directed) and each.subject == TICKET for each in directed)
    return [each.command for each in directed]


async def test_a_message_is_heard_as_of_when_it_was_written() -> None:
    (command,) = await commands_on(story.wrote())
    assert isinstance(command, HearCustomer)
    assert (command.by, command.now) == (story.customer(), recorded(story.wrote())[0].occurred_at)


async def test_a_problem_that_came_back_is_heard() -> None:
    (command,) = await commands_on(story.feedback(recurred=True))
    assert isinstance(command, HearCustomer)
    assert command.reason == "The problem came back."


async def test_a_low_rating_as_review_says_it_begins_the_work_anew_where_the_desk_wants_so() -> (
    None
):
    past = [story.opened(), story.resolved(), story.closed()]
    rate = GiveFeedback(
        by=story.customer(),
        now=story.at(30),
        ticket_id=TICKET,
        rating=1,
        rules=DEFAULT.model_copy(update={"low_rating_reopens": True}),
    )
    rated, *_ = review.DECIDER.decide(rate, review.DECIDER.fold(past))
    (command,) = await commands_on(rated)
    (said,) = given(DECIDER, *past, rated).when(command).then(TicketReopened)
    assert isinstance(said, TicketReopened)
    assert said.reason == "The customer was not satisfied."


async def test_a_merger_closes_the_source() -> None:
    (command,) = await commands_on(story.merged())
    assert isinstance(command, CloseMerged)
    assert (command.by, command.into_number) == ("anna", "LD-00000-0000A-A")


@pytest.mark.parametrize("event", [story.wrote(automatic=True), story.feedback(recurred=False)])
async def test_an_automatic_answer_and_mere_praise_change_nothing(event: Event) -> None:
    assert await commands_on(event) == []


def test_the_service_stores_what_its_reactions_hear() -> None:
    assert CustomerSpeaks.hears <= SERVICE.hears
