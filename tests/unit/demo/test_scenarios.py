"""The demo's plan: the same for a seed, and with enough of every turn of events."""

from collections import Counter

import pytest

from cli.demo import TICKETS
from cli.demo.play import sequel
from cli.demo.scenarios import APART, ARTICLES, Channel, Scenario, Touch, Turn, plan
from cli.demo.texts import ADDRESS, texts
from shared.thanks import is_thanks


@pytest.mark.parametrize("seed", range(5))
def test_at_least_a_tenth_takes_each_turn(seed: int) -> None:
    scenarios = plan(TICKETS, seed, "1")
    everything = len(scenarios) + sum(scenario.comes_again for scenario in scenarios)
    turns = Counter(turn for scenario in scenarios for turn in scenario.turns)
    for turn in Turn:
        assert turns[turn] >= everything / 10, turn


@pytest.mark.parametrize("count", [40, TICKETS])
@pytest.mark.parametrize("seed", range(5))
def test_every_touch_is_on_some_ticket_and_none_on_one_it_stands_apart_from(
    seed: int, count: int
) -> None:
    scenarios = plan(count, seed, "1")
    touched = {touch: _taking(scenarios, touch) for touch in Touch}
    for touch, taking in touched.items():
        assert taking, touch
        for scenario in taking:
            assert not any(scenario.takes(other) for other in APART.get(touch, ())), touch


@pytest.mark.parametrize("seed", range(5))
def test_articles_are_about_different_matters_and_what_they_solve_comes_later(seed: int) -> None:
    scenarios = plan(TICKETS, seed, "1")
    written = {scenario.matter.cause for scenario in _taking(scenarios, Touch.ARTICLE)}
    assert len(written) == ARTICLES
    assert {scenario.matter.cause for scenario in _taking(scenarios, Touch.LINKED)} <= written


@pytest.mark.parametrize("count", [1, 4, 40, TICKETS])
def test_one_incident_is_told_of_by_several_customers(count: int) -> None:
    scenarios = plan(count, 1, "1")
    incident = [scenario for scenario in scenarios if scenario.incident]
    assert len(scenarios) == count
    assert len(incident) == min(count, max(4, round(count * 0.03)))
    assert {scenario.matter for scenario in incident} == {texts().outage}
    assert all(s.outage and not s.turns and not s.touches and not s.silent for s in incident)


def test_the_same_seed_is_the_same_demo() -> None:
    assert plan(50, 3, "1") == plan(50, 3, "1")
    assert plan(50, 3, "1") != plan(50, 4, "1")


def test_customers_come_every_way_and_have_addresses_of_their_own() -> None:
    scenarios = plan(TICKETS, 1, "22053319")
    assert {scenario.channel for scenario in scenarios} == set(Channel)
    addresses = [scenario.customer.email for scenario in scenarios]
    assert len(set(addresses)) == len(addresses)
    assert all(ADDRESS.fullmatch(address) for address in addresses)


def test_who_writes_in_german_belongs_to_an_organisation() -> None:
    for scenario in plan(TICKETS, 1, "1"):
        german = scenario.takes(Touch.GERMAN)
        assert scenario.customer.email.endswith("@kaufhaus-linde.example") == german
        assert (scenario.matter in texts().german.matters) == german


def test_a_sequel_is_told_in_other_words() -> None:
    scenario = plan(10, 1, "1")[0]
    second = sequel(scenario, 10)
    assert second.subject != scenario.subject
    assert not second.turns
    assert not second.touches
    assert second.customer == scenario.customer


def test_every_matter_can_be_told_twice() -> None:
    for matter in (*texts().matters, *texts().german.matters, texts().outage):
        assert len(set(matter.subjects)) > 1


def test_what_is_said_in_thanks_is_no_more_than_thanks() -> None:
    for phrases in (texts(), texts().german):
        assert all(map(is_thanks, phrases.gratitude))
        said = (*phrases.more, phrases.away, *(matter.again for matter in phrases.matters))
        assert not any(map(is_thanks, said))


def _taking(scenarios: list[Scenario], touch: Touch) -> list[Scenario]:
    return [scenario for scenario in scenarios if scenario.takes(touch)]
