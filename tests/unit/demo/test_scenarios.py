"""The demo's plan: the same for a seed, and with enough of every turn of events."""

from collections import Counter

import pytest

from cli.demo.play import sequel
from cli.demo.scenarios import Channel, Turn, plan
from cli.demo.texts import ADDRESS, texts


@pytest.mark.parametrize("seed", range(5))
def test_at_least_a_tenth_takes_each_turn(seed: int) -> None:
    scenarios = plan(220, seed, "1")
    everything = len(scenarios) + sum(scenario.related for scenario in scenarios)
    turns = Counter(turn for scenario in scenarios for turn in scenario.turns)
    for turn in Turn:
        assert turns[turn] >= everything / 10, turn


def test_the_same_seed_is_the_same_demo() -> None:
    assert plan(50, 3, "1") == plan(50, 3, "1")
    assert plan(50, 3, "1") != plan(50, 4, "1")


def test_customers_come_every_way_and_have_addresses_of_their_own() -> None:
    scenarios = plan(220, 1, "22053319")
    assert {scenario.channel for scenario in scenarios} == set(Channel)
    addresses = [scenario.customer.email for scenario in scenarios]
    assert len(set(addresses)) == len(addresses)
    assert all(ADDRESS.fullmatch(address) for address in addresses)


def test_a_sequel_is_told_in_other_words() -> None:
    scenario = plan(10, 1, "1")[0]
    second = sequel(scenario, 10)
    assert second.subject != scenario.subject
    assert not second.turns
    assert second.customer == scenario.customer


def test_every_matter_can_be_told_twice() -> None:
    for matter in texts().matters:
        assert len(set(matter.subjects)) > 1
