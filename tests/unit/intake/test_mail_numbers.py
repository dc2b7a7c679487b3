"""Ticket numbers: read out, typed in, never guessed, never mistaken."""

from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.numbers import ALPHABET, find_numbers, normalise, number_for

SECRET = b"a secret for tests"
TICKET = UUID("0198a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b")

numbers = st.builds(number_for, st.uuids(), st.binary(min_size=1, max_size=32))


def test_a_number_is_short_grouped_and_ends_with_its_check_character() -> None:
    number = number_for(TICKET, SECRET)
    prefix, first, second, check = number.split("-")
    assert (prefix, len(first), len(second), len(check)) == ("LD", 5, 5, 1)
    assert set(first + second + check) <= set(ALPHABET)


def test_a_number_never_has_letters_that_are_mistaken_for_digits() -> None:
    assert not set("ILOU") & set(ALPHABET)


def test_a_ticket_always_has_the_same_number() -> None:
    assert number_for(TICKET, SECRET) == number_for(TICKET, SECRET)


def test_a_number_can_not_be_guessed_without_the_secret() -> None:
    assert number_for(TICKET, SECRET) != number_for(TICKET, b"another secret")


def test_tickets_opened_one_after_the_other_have_unrelated_numbers() -> None:
    next_ticket = UUID(int=TICKET.int + 1)
    ours, theirs = number_for(TICKET, SECRET), number_for(next_ticket, SECRET)
    assert sum(a == b for a, b in zip(ours[3:], theirs[3:], strict=True)) < 8


@settings(deadline=None)
@given(numbers)
def test_a_number_stays_what_it_is_however_it_is_typed(number: str) -> None:
    confused = number.replace("0", "O").replace("1", "l")
    for typed in (
        number,
        number.lower(),
        number.replace("-", ""),
        number.replace("-", " "),
        f"  {number.lower()} ",
        number.removeprefix("LD-"),
        confused,
        confused.replace("l", "I"),
    ):
        assert normalise(typed) == number


@settings(deadline=None)
@given(numbers, st.integers(3, 14), st.sampled_from(ALPHABET))
def test_one_wrong_character_is_always_noticed(number: str, at: int, other: str) -> None:
    if number[at] in {"-", other}:
        return
    assert normalise(number[:at] + other + number[at + 1 :]) is None


@settings(deadline=None)
@given(numbers, st.integers(3, 13))
def test_two_swapped_neighbours_are_always_noticed(number: str, at: int) -> None:
    letters = list(number)
    after = at + 2 if number[at + 1] == "-" else at + 1
    if number[at] == "-" or after >= len(letters) or letters[at] == letters[after]:
        return
    letters[at], letters[after] = letters[after], letters[at]
    assert normalise("".join(letters)) is None


@settings(deadline=None)
@given(st.text(max_size=80))
def test_any_text_is_a_number_or_is_not(text: str) -> None:
    found = normalise(text)
    assert found is None or normalise(found) == found


@settings(deadline=None)
@given(st.text(max_size=60), numbers, st.text(max_size=60))
def test_a_number_is_found_in_any_text(before: str, number: str, after: str) -> None:
    assert number in find_numbers(f"{before} {number} {after}")


@pytest.mark.parametrize(
    "subject",
    ["Re: [{0}] Printer on fire", "AW: {0}: Drucker", "{0}", "ticket ({1}).", "{2} again"],
)
def test_a_number_is_found_in_a_subject(subject: str) -> None:
    number = number_for(TICKET, SECRET)
    text = subject.format(number, number.lower(), number.replace("-", " "))
    assert find_numbers(text) == (number,)


def test_a_number_that_is_repeated_is_found_once() -> None:
    number = number_for(TICKET, SECRET)
    assert find_numbers(f"{number} and {number.lower()}") == (number,)


@pytest.mark.parametrize(
    "text", ["", "LD", "LD-00000-00000-1", "order 12345-67890-1", "LDAP-12345-67890-X", "x" * 500]
)
def test_what_is_no_number_is_not_found(text: str) -> None:
    assert find_numbers(text) == ()
