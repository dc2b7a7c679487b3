"""Links to a second address: sealed, good for a day, and nobody else's."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.address_links import LIFETIME, AddressLink, open_address_link, seal_address_link
from shared.links import Link, LinkNotValid, sign_link
from shared.testing.spec import T0

SECRET = "a secret of at least thirty-two bytes"
LINK = AddressLink(UUID(int=7), "maria@work.example", "maria@home.example")
TOKEN = seal_address_link(SECRET, LINK, T0)


@given(st.uuids(), st.emails(), st.emails())
def test_a_link_says_what_it_was_made_of_and_shows_none_of_it(
    ticket: UUID, one: str, other: str
) -> None:
    link = AddressLink(ticket, one, other)
    token = seal_address_link(SECRET, link, T0)
    assert open_address_link(SECRET, token, T0) == link
    assert token == seal_address_link(SECRET, link, T0)
    assert token.isascii()
    assert token.replace("-", "").replace("_", "").isalnum()


def test_it_stands_for_a_day() -> None:
    assert open_address_link(SECRET, TOKEN, T0 + LIFETIME * 0.99) == LINK
    with pytest.raises(LinkNotValid):
        open_address_link(SECRET, TOKEN, T0 + LIFETIME)


@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda raw: raw.hex()))
def test_anything_else_is_no_link(text: str) -> None:
    with pytest.raises(LinkNotValid):
        open_address_link(SECRET, text, T0)


@given(st.integers(0, len(TOKEN) - 2), st.sampled_from("ABCxyz019-_"))
def test_nobody_changes_one(place: int, letter: str) -> None:
    changed = TOKEN[:place] + letter + TOKEN[place + 1 :]
    if changed != TOKEN:
        with pytest.raises(LinkNotValid):
            open_address_link(SECRET, changed, T0)


def test_links_of_other_secrets_and_kinds_are_none() -> None:
    with pytest.raises(LinkNotValid):
        open_address_link(SECRET + "!", TOKEN, T0)
    with pytest.raises(LinkNotValid):
        open_address_link(SECRET, sign_link(SECRET, Link(UUID(int=7), UUID(int=8)), T0), T0)
