"""How often one client and one address may send what begins something new."""

from typing import Any

import pytest
from starlette.requests import Request

from services.portal import limits as module
from services.portal.limits import WINDOW_SECONDS, Limits, minutes
from services.portal.speaking import say


def request(host: str = "203.0.113.7", **headers: str) -> Request:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope: dict[str, Any] = {"type": "http", "client": (host, 1), "headers": raw}
    return Request(scope)


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    at = [10_000.0]
    monkeypatch.setattr(module, "monotonic_seconds", lambda: at[0])
    return at


def test_one_client_may_send_so_many_in_an_hour(now: list[float]) -> None:
    its = Limits(per_client=2, per_address=0)
    assert [its.wait_seconds(request(), f"{n}@example.com") for n in range(2)] == [0, 0]
    now[0] += 600
    assert its.wait_seconds(request(), "c@example.com") == WINDOW_SECONDS - 600
    assert its.wait_seconds(request("203.0.113.8"), "c@example.com") == 0
    now[0] += WINDOW_SECONDS - 600
    assert its.wait_seconds(request(), "c@example.com") == 0


def test_what_is_turned_away_is_not_counted(now: list[float]) -> None:
    its = Limits(per_client=1, per_address=0)
    its.wait_seconds(request(), "")
    for _ in range(5):
        now[0] += 60
        assert its.wait_seconds(request(), "") > 0
    now[0] += WINDOW_SECONDS - 300
    assert its.wait_seconds(request(), "") == 0


def test_one_address_is_the_same_however_it_is_typed(now: list[float]) -> None:
    its = Limits(per_client=0, per_address=1)
    assert its.wait_seconds(request(), "Carla@Example.com ") == 0
    assert its.wait_seconds(request("198.51.100.1"), "carla@example.com") > 0
    assert now


def test_clients_are_told_apart_by_what_the_proxy_says_and_networks_of_ipv6_are_one() -> None:
    its = Limits(per_client=1, per_address=0, client_header="x-forwarded-for")
    first = request("127.0.0.1", x_forwarded_for="10.0.0.1, 198.51.100.9")
    assert its.wait_seconds(first, "") == 0
    assert its.wait_seconds(request("127.0.0.1", x_forwarded_for="198.51.100.9"), "") > 0
    assert its.wait_seconds(request("2001:db8:1:2::1"), "") == 0
    assert its.wait_seconds(request("2001:db8:1:2:ffff::9"), "") > 0
    assert [its.wait_seconds(request("127.0.0.1"), "") for _ in range(3)] == [0, 0, 0]


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REMEMBERED_MAX", 10)
    its = Limits(per_client=0, per_address=1)
    for number in range(50):
        its.wait_seconds(request(), f"{number}@example.com")
    assert len(its._seen) == 10


def test_a_wait_is_told_in_words() -> None:
    waits = [say("en", minutes(seconds)) for seconds in (5, 61, 1800)]
    assert waits == ["a minute", "a minute", "30 minutes"]
