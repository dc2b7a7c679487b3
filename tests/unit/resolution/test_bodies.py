"""What people send is checked at the edge, so that events hold only good text."""

import pytest
from pydantic import ValidationError

from services.resolution.bodies import File, Note, Reason, Solution


@pytest.mark.parametrize("text", ["", "   ", " \x00 ", "\x00"])
def test_nothing_is_not_something_said(text: str) -> None:
    with pytest.raises(ValidationError):
        Note(text=text)
    with pytest.raises(ValidationError):
        Solution(kind="fix", cause="A full disk.", note=text)


def test_text_is_kept_without_its_edges_and_without_nul() -> None:
    assert Note(text="  The customer\x00 is upset. \n").text == "The customer is upset."


def test_half_a_character_is_refused() -> None:
    with pytest.raises(ValidationError):
        Note(text="\ud800")


def test_a_sentence_is_not_a_novel() -> None:
    with pytest.raises(ValidationError):
        Reason(reason="x" * 1_001)
    with pytest.raises(ValidationError):
        Note(text="x" * 50_001)


@pytest.mark.parametrize("content_type", ["text/plain\r\nX: y", "nonsense", ""])
def test_a_content_type_is_one(content_type: str) -> None:
    with pytest.raises(ValidationError):
        File(name="log.txt", content_type=content_type, content_base64="")
