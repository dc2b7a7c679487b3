"""How many wrong tokens are looked up, from where."""

from dataclasses import dataclass
from typing import cast

import pytest
from fastapi import Request

from services.gateway.limiting import (
    PER_ADDRESS_MAX,
    PER_TOKEN_MAX,
    WINDOW_SECONDS,
    SignInLimit,
    TooManySignIns,
    address_of,
)
from services.gateway.rows import AgentRow
from shared.identity import NotSignedIn


@dataclass
class Door:
    """A limit, with a clock, and a count of what was looked up."""

    now: float = 1_000.0
    looked: int = 0

    def __post_init__(self) -> None:
        self.limit = SignInLimit(clock=lambda: self.now)

    async def knock(self, token: str, host: str = "192.0.2.1") -> None:
        async def find() -> AgentRow:
            self.looked += 1
            raise NotSignedIn

        with pytest.raises(NotSignedIn) as refused:
            await self.limit.look(asked_from(host), token, find)
        if isinstance(refused.value, TooManySignIns):
            assert refused.value.http_status == 429
            assert 0 < refused.value.retry_after_seconds <= WINDOW_SECONDS


def asked_from(host: str) -> Request:
    return Request({"type": "http", "client": (host, 1), "headers": []})


async def test_of_many_wrong_tokens_from_one_address_no_more_are_looked_up() -> None:
    door = Door()
    for number in range(PER_ADDRESS_MAX + 20):
        await door.knock(f"{number:012}-token")
    assert door.looked == PER_ADDRESS_MAX
    await door.knock("another-token", host="192.0.2.2")
    assert door.looked == PER_ADDRESS_MAX + 1


async def test_of_tokens_that_begin_alike_no_more_are_looked_up_wherever_they_come_from() -> None:
    door = Door()
    for number in range(PER_TOKEN_MAX + 20):
        await door.knock(f"ld_same_begin{number}", host=f"192.0.2.{number}")
    assert door.looked == PER_TOKEN_MAX


async def test_after_a_while_they_are_looked_up_again() -> None:
    door = Door()
    for _ in range(PER_TOKEN_MAX + 5):
        await door.knock("ld_token")
    door.now += WINDOW_SECONDS
    await door.knock("ld_token")
    assert door.looked == PER_TOKEN_MAX + 1


async def test_who_was_let_in_before_is_let_in_beside_somebody_who_guesses() -> None:
    door = Door()
    agent = cast("AgentRow", object())
    here = asked_from("192.0.2.1")

    async def found() -> AgentRow:
        return agent

    assert await door.limit.look(here, "anna's own token", found) is agent
    for number in range(PER_ADDRESS_MAX):
        await door.knock(f"{number:012}-token")
    assert await door.limit.look(here, "anna's own token", found) is agent
    with pytest.raises(TooManySignIns):
        await door.limit.look(here, "ben's own token", found)


def test_an_ipv6_host_is_its_network() -> None:
    assert address_of(asked_from("2001:db8::1")) == address_of(asked_from("2001:db8::2:3"))
    assert address_of(asked_from("2001:db8:0:1::1")) != address_of(asked_from("2001:db8::1"))
