"""`ledgerdesk why TICKET`: why this agent has it, or why it still waits."""

from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from typing import Any

from cli.admin import as_admin


def main(arguments: Sequence[str]) -> int:
    """Ask assignment, and print its sentences and the candidates."""
    parser = ArgumentParser("ledgerdesk why", description="Who has a ticket, and why.")
    parser.add_argument("ticket", help="its number, or its id")
    asked = parser.parse_args(arguments)
    with as_admin() as admin:
        ticket_id = admin.get("audit", f"/v1/tickets/{asked.ticket}/events")["ticket_id"]
        print("\n".join(lines(admin.get("assignment", f"/v1/tickets/{ticket_id}/why"))))
    return 0


def lines(why: Mapping[str, Any]) -> list[str]:
    """The answer, as people read it."""
    told = [f"{why['number']}", *(f"  {line}" for line in why["told"])]
    if why["now"] is not None:
        told += ["", f"  now: {why['now']['reason']}", *_candidates(why["now"]["candidates"])]
    if why["candidates"]:
        told += ["", "  when it was decided:", *_candidates(why["candidates"])]
    return told


def _candidates(found: Sequence[Mapping[str, Any]]) -> list[str]:
    width = max((len(each["agent_id"]) for each in found), default=0)
    return [
        f"    {each['agent_id']:<{width}}  {each['load']:>3} of {each['capacity']:<3}  "
        f"{each['verdict']}"
        for each in found
    ]
