from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from shared.codes import code_for, is_code
from shared.ids import made_at, uuid7

PERSON, CHALLENGE = UUID(int=1), UUID(int=2)


@given(st.uuids(), st.uuids())
def test_a_code_is_eight_digits_and_is_known_again(person: UUID, challenge: UUID) -> None:
    code = code_for("secret", person, challenge)
    assert len(code) == 9
    for typed in (code, code.replace(" ", ""), f" {code.replace(' ', '-')}\n"):
        assert is_code("secret", person, challenge, typed)


def test_a_code_is_good_for_nobody_and_nothing_else() -> None:
    code = code_for("secret", PERSON, CHALLENGE)
    assert not is_code("secret", CHALLENGE, CHALLENGE, code)
    assert not is_code("secret", PERSON, PERSON, code)
    assert not is_code("other", PERSON, CHALLENGE, code)
    assert not is_code("secret", PERSON, CHALLENGE, "")
    assert not is_code("secret", PERSON, CHALLENGE, "٣" * 8)


def test_an_id_tells_when_it_was_made() -> None:
    assert made_at(UUID("019cadcb-7800-7000-8000-000000000000")).year == 2026
    assert made_at(uuid7()) <= made_at(uuid7())
