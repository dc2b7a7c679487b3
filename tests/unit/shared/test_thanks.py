"""What is no more than thanks, and what only looks like it."""

import pytest

from shared.thanks import is_thanks


@pytest.mark.parametrize(
    "text",
    [
        "Thanks!",
        "Thank you very much for your quick help.",
        "It works again, thank you so much!\n\nBest regards\nCarla Sommer",
        "Perfect, that fixed it.",
        "Works.",
        "Thanks once more!",
        "Thanks a lot, you saved our day",
        "Vielen Dank für die schnelle Hilfe!\n\nMit freundlichen Grüßen\nCarla Sommer",
        "Super, jetzt geht es wieder. Danke!",
        "Danke, läuft.",
    ],
)
def test_thanks_are_thanks(text: str) -> None:
    assert is_thanks(text, "Carla Sommer")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Carla Sommer",
        "Thanks, but the printer is still dead.",
        "Thank you. It happened again this morning.",
        "Thanks! Could you look at the other till, too?",
        "Thanks in advance for looking at the second till in Hamburg",
        "It does not work.",
        "Thank you, error E42 is on the display now",
        "Thanks, order 4711 arrived",
        "Danke, aber der Drucker geht nicht.",
        "Danke! Bitte auch das Konto von Frau Maier freischalten.",
        "Great, now nothing works at all.",
        "Thanks " * 200,
    ],
)
def test_what_somebody_has_to_read_is_no_thanks(text: str) -> None:
    assert not is_thanks(text, "Carla Sommer")
