"""The case file: a ticket's whole story in one file, for whoever is entitled to it.

Everything that the gateway has heard of the ticket is in it, each event with who said it, when,
and with what content; what was forgotten is missing, and shows that it is.
"""

from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

import orjson
from fastapi import APIRouter, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from services.gateway import shapes
from services.gateway.context import Gateway
from services.gateway.http import respond
from services.gateway.panel.rendering import moment, size
from services.gateway.rows import AgentRow, TicketRow
from shared.asked import ByAdmin
from shared.log import Recorded

FORMAT: Final = "ledgerdesk case file 1"
Kind = Literal["json", "html"]

_ALONE: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    "X-Content-Type-Options": "nosniff",
}
TEMPLATES: Final = Path(__file__).parent / "panel" / "templates"


async def story_of(gateway: Gateway, row: TicketRow, made_for: str) -> dict[str, Any]:
    """The ticket, its conversation, its promises, and every event as it was said."""
    finders, log = gateway.finders, gateway.runtime.log
    past = await log.read(row.subject)
    timeline = await finders.timeline(row.subject)
    words = {line.id: line.words for line in timeline}
    return {
        "format": FORMAT,
        "made_at": gateway.runtime.clock().isoformat(),
        "made_for": made_for,
        "ticket": shapes.ticket_shape(row),
        "conversation": [
            shapes.message_shape(each) for each in await finders.conversation(row.subject)
        ],
        "clocks": [shapes.clock_shape(each) for each in await finders.clocks(row.subject)],
        "events": [_event(each, words.get(each.id, "")) for each in past.events],
    }


async def as_file(gateway: Gateway, row: TicketRow, me: AgentRow, kind: Kind) -> Response:
    """The story as an answer that is saved under the ticket's number."""
    story = await story_of(gateway, row, me.agent_id)
    name = {"Content-Disposition": f'attachment; filename="{row.number}.{kind}"'}
    if kind == "json":
        return respond(story, headers=name)
    headers = {"Cache-Control": "no-store", **_ALONE, **name}
    return Response(case_file(story), 200, headers, "text/html; charset=utf-8")


def operators(gateway: Gateway) -> APIRouter:
    """The case file for whoever runs the desk, by the command line."""
    router = APIRouter(prefix="/v1", include_in_schema=False)

    @router.get("/tickets/{ticket}/case-file")
    async def case(ticket: str, asked: ByAdmin, kind: Kind = "json") -> dict[str, str]:
        row = await gateway.find(ticket)
        gateway.views.note(asked.by, row.subject)
        story = await story_of(gateway, row, asked.by)
        whole = orjson.dumps(story, option=orjson.OPT_INDENT_2).decode()
        content = whole if kind == "json" else case_file(story)
        return {"name": f"{row.number}.{kind}", "content": content}

    return router


def case_file(story: dict[str, Any]) -> str:
    """The story as one page: printable, and with nothing to be loaded from anywhere."""
    values = orjson.loads(orjson.dumps(story))
    return _environment().get_template("case_file.html").render(**values)


def _event(one: Recorded, words: str) -> dict[str, Any]:
    return {
        "id": str(one.id),
        "type": one.type,
        "stream": one.author,
        "version": one.version,
        "occurred_at": one.occurred_at.isoformat(),
        "recorded_at": one.recorded_at.isoformat(),
        "actor": one.actor,
        "after": one.after,
        "causation": str(one.causation) if one.causation else None,
        "correlation": str(one.correlation),
        "desk_revision": one.revision,
        "in_words": words,
        "said": orjson.loads(one.text),
    }


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"moment": moment, "size": size}
    return environment
