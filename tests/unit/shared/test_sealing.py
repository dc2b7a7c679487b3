"""Sealed texts: what was said is put back as it was, or is gone, and nobody can fake one."""

from uuid import UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.events import Event, all_event_types, encode
from shared.events.intake import CustomerMessageReceived, TicketOpened
from shared.events.personal import About, Spot, personal_fields, persons_of, spots
from shared.ids import derived_id, person_id
from shared.privacy.sealing import ERASED, SealBroken, Secret, json_of, opened, seal_spots
from tests.contract.examples import example

CARLA, TESSA = person_id("carla@example.org"), derived_id("tessa")
EVENT = derived_id("event")
SECRETS = {person: Secret.new(person) for person in (CARLA, TESSA)}
NAMES = {secret.name: secret for secret in SECRETS.values()}


def seal(data: str, *persons: UUID) -> tuple[str, str]:
    """The JSON object sealed, each of its texts as these people's; and the keys' names."""
    parsed = orjson.loads(data)
    found = [Spot(parsed, name, persons or (CARLA,)) for name, text in parsed.items() if text]
    keys = seal_spots(found, SECRETS, EVENT)
    return json_of(parsed), keys


@given(st.dictionaries(st.text(max_size=5), st.text(), max_size=3))
def test_what_was_sealed_is_put_back_byte_for_byte(texts: dict[str, str]) -> None:
    data = orjson.dumps(texts).decode()
    sealed, keys = seal(data)
    assert opened(sealed, EVENT, NAMES, keys) == data
    for text in texts.values():
        assert len(text) < 4 or text not in sealed


@given(st.lists(st.text(max_size=5), min_size=1, max_size=5), st.integers(100, 2_000))
def test_long_texts_are_made_smaller_and_put_back(words: list[str], times: int) -> None:
    data = orjson.dumps({"text": "Dear customer, " * times, "also": "".join(words * 300)}).decode()
    sealed, keys = seal(data)
    assert len(sealed) < len(data) / 2
    assert opened(sealed, EVENT, NAMES, keys) == data
    with pytest.raises(SealBroken):
        opened(sealed.replace(".~", "."), EVENT, NAMES, keys)


def test_a_text_of_several_people_goes_with_any_of_them() -> None:
    sealed, keys = seal('{"text":"about both"}', CARLA, TESSA)
    assert opened(sealed, EVENT, NAMES, keys) == '{"text":"about both"}'
    for gone in SECRETS.values():
        left = {name: None if name == gone.name else secret for name, secret in NAMES.items()}
        assert opened(sealed, EVENT, left, keys) == f'{{"text":"{ERASED}"}}'


def test_a_sealed_text_of_another_event_is_broken() -> None:
    sealed, keys = seal('{"text":"mine"}')
    with pytest.raises(SealBroken):
        opened(sealed, derived_id("another"), NAMES, keys)


def test_what_only_looks_sealed_stays_as_it_was_written() -> None:
    faked, _ = seal('{"text":"copied"}')
    assert opened(faked, EVENT, NAMES, "") == faked
    sealed, keys = seal(orjson.dumps({"text": orjson.loads(faked)["text"]}).decode())
    assert opened(sealed, EVENT, NAMES, keys) == faked


def test_a_key_that_was_not_looked_up_is_an_error_not_a_ciphertext() -> None:
    sealed, keys = seal('{"text":"mine"}')
    with pytest.raises(KeyError):
        opened(sealed, EVENT, {}, keys)


def test_whose_a_text_is_stands_in_the_event() -> None:
    event = example(CustomerMessageReceived)
    sender = event.sender.person_id
    assert persons_of(type(event).__name__, orjson.loads(encode(event)), About(CARLA)) == (sender,)
    opening = example(TicketOpened)
    requester = opening.requester.person_id
    about = About(requester)
    assert persons_of("TicketOpened", orjson.loads(encode(opening)), about) == (requester,)


@pytest.mark.parametrize("cls", list(all_event_types()), ids=lambda cls: cls.__name__)
def test_every_personal_field_of_every_event_is_sealed_and_comes_back(cls: type[Event]) -> None:
    event = example(cls)
    data = orjson.loads(encode(event))
    found = spots(cls.__name__, data, About(CARLA, (TESSA,)))
    assert len(found) == len(personal_fields(cls))
    secrets = {person: Secret.new(person) for spot in found for person in spot.persons}
    if not found:
        return
    keys = seal_spots(found, secrets, EVENT)
    assert all(spot.holder[spot.key].startswith("ld1.") for spot in found)
    names = {secret.name: secret for secret in secrets.values()}
    assert opened(json_of(data), EVENT, names, keys).encode() == encode(event)
