"""What the desk has prepared for a ticket: canned responses as its customer reads them, macros.

Macros are carried out by resolution, which renders their texts itself; here they are only shown.
"""

from typing import Any

from services.gateway.rows import AgentRow, TicketRow, WorkRulesRow
from shared.sandbox import TemplateNotAllowed, Variables, render

Prepared = dict[str, list[dict[str, Any]]]


def prepared_for(row: TicketRow, rules: WorkRulesRow | None, me: AgentRow) -> Prepared:
    """Those for tickets under the ticket's topic, as this agent would use them."""
    if rules is None:
        return {"responses": [], "macros": []}
    shown = variables(row, me)
    return {
        "responses": [
            {**_named(each, "response_id"), "text": _rendered(each["text"], shown)}
            for each in rules.responses
            if _fits(each, row)
        ],
        "macros": [
            {**_named(each, "macro_id"), "steps": [step["do"] for step in each["steps"]]}
            for each in rules.macros
            if _fits(each, row)
        ],
    }


def variables(row: TicketRow, me: AgentRow) -> Variables:
    """What a text can show of this ticket."""
    return {
        "ticket": {"number": row.number, "subject": row.title, "topic": row.topic_name},
        "requester": _person(row.requester_name),
        "agent": _person(me.name),
    }


def _person(name: str) -> dict[str, str]:
    return {"name": name, "first_name": name.split(" ", maxsplit=1)[0]}


def _named(each: dict[str, Any], key: str) -> dict[str, Any]:
    return {key: each[key], "name": each["name"]}


def _fits(each: dict[str, Any], row: TicketRow) -> bool:
    return not each["topics"] or row.topic_id in each["topics"]


def _rendered(text: str, shown: Variables) -> str:
    try:
        return render(text, shown)
    except TemplateNotAllowed as error:
        return error.message
