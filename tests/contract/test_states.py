"""The state machines of the docs are those of the code."""

from enum import Enum
from typing import Any

from cli.states import PAGE, Machine, arrows, page
from shared.events import Event
from shared.events.intake import CustomerMessageReceived
from shared.events.resolution import TicketClosed, TicketReopened


class Light(Enum):
    """A state of a small machine."""

    OFF = "off"
    ON = "on"


def test_the_page_is_what_the_code_does() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "python -m cli.states"


def test_an_arrow_tells_what_an_event_must_say_where_that_matters() -> None:
    def step(light: Any, event: Event) -> Any:
        match event:
            case CustomerMessageReceived(automatic=False) | TicketReopened():
                return Light.ON
            case _:
                return Light.OFF

    events = [CustomerMessageReceived, TicketReopened, TicketClosed]
    assert arrows(Machine("Light", "A light.", Light.OFF, step, events)) == [
        ("off", "CustomerMessageReceived (not automatic)", "on"),
        ("off", "TicketReopened", "on"),
        ("on", "CustomerMessageReceived (automatic)", "off"),
        ("on", "TicketClosed", "off"),
    ]
