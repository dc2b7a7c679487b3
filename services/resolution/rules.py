"""The desk's rules of work as they are in force, and what their texts can show of a ticket."""

from collections.abc import Sequence
from typing import Final

from services.resolution.domain.rejections import TicketNotFound
from services.resolution.domain.rules import RULES
from shared.errors import NotFound
from shared.events.intake import TicketCategorised, TicketOpened
from shared.events.resolution import Macro, WorkRulesDefined
from shared.ids import desk_id
from shared.log import Past
from shared.service import Runtime

SUBJECT: Final = desk_id("work-rules", "work-rules")
"""The subject of the rules of work."""


async def in_force(runtime: Runtime) -> WorkRulesDefined:
    """The rules that were last defined."""
    past = await runtime.log.read(SUBJECT)
    return RULES.fold([each.event for each in past.events])


def variables(past: Past, agent_name: str) -> dict[str, dict[str, str]]:
    """What a text for this ticket can show. Raises `TicketNotFound`."""
    events = [each.event for each in past.events]
    opened = next((one for one in events if isinstance(one, TicketOpened)), None)
    if opened is None:
        raise TicketNotFound
    topic = category.topic_name if (category := category_of(past)) else opened.topic_name
    return {
        "ticket": {"number": opened.number, "subject": opened.subject, "topic": topic},
        "requester": _named(opened.requester.name),
        "agent": _named(agent_name),
    }


def category_of(past: Past) -> TicketCategorised | None:
    """What the ticket is about, as it was last said."""
    found = [each.event for each in past.events if isinstance(each.event, TicketCategorised)]
    return found[-1] if found else None


def find(macros: Sequence[Macro], macro_id: str) -> Macro:
    """The macro with this id. Raises `NotFound`."""
    for macro in macros:
        if macro.macro_id == macro_id:
            return macro
    raise NotFound(what=f"macro {macro_id[:40]}")


def _named(name: str) -> dict[str, str]:
    return {"name": name, "first_name": name.split(" ", maxsplit=1)[0]}
