"""What our mails carry so that an answer finds its ticket, and what nobody else can make."""

from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.mail_ids import (
    make_message_id,
    make_reply_address,
    make_reply_token,
    read_message_id,
    read_reply_token,
)

SECRET = b"a secret for tests"
TICKET = UUID("0198a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b")
EVENT = UUID("0198a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5c")


@settings(deadline=None)
@given(st.uuids(), st.uuids())
def test_a_message_id_tells_its_ticket_and_event(ticket: UUID, event: UUID) -> None:
    message_id = make_message_id(SECRET, ticket, event, "desk.example")
    assert read_message_id(SECRET, message_id) == (ticket, event)
    assert read_message_id(SECRET, message_id.strip("<>").upper()) == (ticket, event)


@settings(deadline=None)
@given(st.uuids())
def test_a_reply_address_tells_its_ticket(ticket: UUID) -> None:
    address = make_reply_address(SECRET, ticket, "support@desk.example")
    local, _, domain = address.partition("@")
    assert domain == "desk.example"
    assert len(local) <= 64
    assert read_reply_token(SECRET, local.partition("+")[2].upper()) == ticket


@pytest.mark.parametrize("at", range(0, 90, 7))
def test_a_message_id_changed_anywhere_is_not_ours(at: int) -> None:
    message_id = make_message_id(SECRET, TICKET, EVENT, "desk.example")
    other = "0" if message_id[at] != "0" else "1"
    assert read_message_id(SECRET, message_id[:at] + other + message_id[at + 1 :]) is None


def test_nobody_without_the_secret_makes_our_ids() -> None:
    assert read_message_id(SECRET, make_message_id(b"guess", TICKET, EVENT, "d.example")) is None
    assert read_reply_token(SECRET, make_reply_token(b"guess", TICKET)) is None


def test_the_mac_of_one_purpose_is_no_good_for_the_other() -> None:
    mac = make_message_id(SECRET, TICKET, EVENT, "d.example").split(".")[2][:24]
    assert mac not in make_reply_token(SECRET, TICKET)


@settings(deadline=None)
@given(st.text(max_size=120))
def test_any_other_text_is_neither(text: str) -> None:
    assert read_message_id(SECRET, text) is None
    assert read_reply_token(SECRET, text) is None
