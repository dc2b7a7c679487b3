"""Who is in copy is asked, and told what the requester is told."""

from services.notify.copies import with_copies
from services.notify.directory import Directory
from services.notify.letters import Occasion, letters_for
from services.notify.story import story_of
from shared.clock import utc_now
from shared.events import Event, Person
from shared.events.participants import CopyConfirmed, CopyEnded, CopyInvited
from shared.events.resolution import AgentReplied
from shared.ids import person_id
from shared.links import read_link
from shared.testing.spec import T0, TICKET, recorded
from tests.unit.notify.examples import CUSTOMER, opened, resolved
from tests.unit.notify.test_rendering import COMPOSER

EMIL = Person(person_id=person_id("emil@example.com"), name="Emil", email="emil@example.com")
INVITED = CopyInvited(person=EMIL, invited_at=T0)
CONFIRMED = CopyConfirmed(person_id=EMIL.person_id, confirmed_at=T0)
ENDED = CopyEnded(person_id=EMIL.person_id, by_themselves=True, ended_at=T0)
REPLY = AgentReplied(replied_by="anna", agent_name="Anna Berg", text="Try again.", replied_at=T0)


def told(*events: Event) -> dict[str, str]:
    """What each is mailed about the last of these."""
    story = story_of(TICKET, recorded(*events))
    occasion = Occasion(events[-1], story, Directory(), "UTC")
    drafts = [
        COMPOSER.draft(letter, story, TICKET, utc_now(), "Hafenlicht")
        for letter in with_copies(letters_for(occasion), story)
    ]
    return {draft.recipient: draft.text for draft in drafts if draft.to_customer}


def link_in(text: str) -> object:
    token = text[text.index("/t/") + 3 :].split(maxsplit=1)[0]
    return read_link(COMPOSER.link_secret, token).person_id


def test_whoever_is_asked_gets_a_link_of_their_own_and_reads_nothing_yet() -> None:
    mails = told(opened(), REPLY, INVITED)
    assert [*mails] == [EMIL.email]
    assert link_in(mails[EMIL.email]) == EMIL.person_id
    assert "Try again." not in mails[EMIL.email]
    assert [*told(opened(), INVITED, REPLY)] == [CUSTOMER]


def test_whoever_agreed_is_told_what_the_requester_is_told() -> None:
    mails = told(opened(), INVITED, CONFIRMED, REPLY)
    assert [*mails] == [CUSTOMER, EMIL.email]
    assert "Try again." in mails[EMIL.email]
    assert "You are in copy" in mails[EMIL.email]
    assert "You are in copy" not in mails[CUSTOMER]
    assert (link_in(mails[CUSTOMER]), link_in(mails[EMIL.email])) == (
        person_id(CUSTOMER),
        EMIL.person_id,
    )


def test_only_the_requester_is_asked_whether_it_works() -> None:
    mails = told(opened(), INVITED, CONFIRMED, resolved())
    assert "/confirm" in mails[CUSTOMER]
    assert "/confirm" not in mails[EMIL.email]
    assert "Restarted." in mails[EMIL.email]


def test_whoever_left_is_told_nothing_more() -> None:
    assert [*told(opened(), INVITED, CONFIRMED, ENDED, REPLY)] == [CUSTOMER]
