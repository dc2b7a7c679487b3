"""`ledgerdesk sla calc|why|reapply`: when something would be due, why something is due when it is,
and a plan that is to hold for open tickets, too.

`calc` works from a desk's file alone, or asks the running desk.
"""

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from cli.admin import as_admin
from cli.audit import Services, every_service
from deploy.desk_file import read_desk
from deploy.desk_reading import DeskFileWrong
from deploy.local.trouble import Trouble
from services.sla.bodies import Calc, CalendarBody, PlanBody
from services.sla.desk import values_of
from services.sla.plans import Plan
from services.sla.preview import preview
from shared.clock import utc_now
from shared.errors import Rejected
from shared.events import Priority

Json = dict[str, Any]


def main(arguments: Sequence[str]) -> int:
    """Preview a due time, explain those of a ticket, or move those of a plan."""
    parser = ArgumentParser("ledgerdesk sla", description="What is due when, and why.")
    what = parser.add_subparsers(required=True, metavar="calc|why|reapply")
    calc = what.add_parser("calc", help="when a ticket under a plan would be due")
    calc.add_argument("plan", help="the plan's id")
    calc.add_argument("priority", choices=[each.value for each in Priority])
    calc.add_argument("start", nargs="?", help="2026-12-23T14:30+01:00; left out: now")
    calc.add_argument("--file", type=Path, help="a desk's file, instead of the running desk")
    calc.set_defaults(command=_calc)
    why = what.add_parser("why", help="why what is promised on a ticket is due when it is")
    why.add_argument("ticket", help="its number, or its id")
    why.set_defaults(command=_why)
    reapply = what.add_parser("reapply", help="let a plan hold for its open tickets as defined now")
    reapply.add_argument("plan", help="the plan's id")
    reapply.add_argument("--reason", required=True, help="why, for the record of each ticket")
    reapply.set_defaults(command=_reapply)
    asked = parser.parse_args(arguments)
    asked.command(asked)
    return 0


def _calc(asked: Namespace) -> None:
    body = Calc(plan_id=asked.plan, priority=Priority(asked.priority), start=_start(asked.start))
    if asked.file is not None:
        told = _from_file(asked.file, body)
    else:
        with every_service() as services:
            told = services.post("sla", "/v1/calc", body.model_dump(mode="json"))
    print(f"{told['plan_name']}, {asked.priority}, from {body.start.isoformat()}"
          f"{'' if told['open_at_start'] else ' (closed then)'}")  # fmt: skip
    for clock, due in told["due"].items():
        steps = ", ".join(f"{each['share']:.0%} at {_moment(each['at'])}" for each in due["steps"])
        name = clock.replace("_", " ")
        print(f"  {name:<15} due {_moment(due['due_at'])}  ({due['target_seconds'] / 60:g} min of "
              f"business time{'; ' + steps if steps else ''})")  # fmt: skip


def _from_file(path: Path, body: Calc) -> Json:
    try:
        section = read_desk(path).for_sla()
    except DeskFileWrong as wrong:
        raise Trouble("\n  ".join(["The desk's file is wrong:", *wrong.lines])) from None
    except OSError as error:
        raise Trouble(f"{path} can't be read: {error.strerror}") from error
    found = [each for each in section["plans"] if each["plan_id"] == body.plan_id]
    if not found:
        raise Trouble(f"There is no plan {body.plan_id} in {path}")
    try:
        return preview(_plan(section, PlanBody.model_validate(found[0]), body.start), body)
    except Rejected as rejected:
        raise Trouble(rejected.message) from None


def _plan(section: Json, plan: PlanBody, start: datetime) -> Plan:
    (hours,) = [c for c in section["calendars"] if c["calendar_id"] == plan.calendar_id]
    calendar = CalendarBody.model_validate(hours).defined(0, start.year)
    return Plan(
        plan_id=plan.plan_id,
        name=plan.name,
        targets=plan.targets,
        calendar_id=plan.calendar_id,
        calendar=values_of(calendar),
        warn_at_share=plan.warn_at_share,
        escalate_on_breach=plan.escalate_on_breach,
        escalation=plan.escalation,
    )


def _why(asked: Namespace) -> None:
    with every_service() as services:
        told = _clocks(services, asked.ticket)
    plan = told["plan"]
    if plan is None:
        print(f"{told['number']}: no plan holds yet")
        return
    print(f"{told['number']}: plan {plan['plan_name']}, revision {plan['revision']}: "
          f"{plan['reason']}")  # fmt: skip
    for clock in told["clocks"]:
        print(f"\n{clock['clock'].replace('_', ' ')}: {clock['state']}\n  {clock['why']['text']}")
        for event in clock["why"]["history"]:
            print(f"    {event['at'] or '':<26} {event['what']}  {event.get('reason') or ''}")


def _reapply(asked: Namespace) -> None:
    if not asked.reason.strip():
        raise Trouble("--reason is empty: say why, it stands on each ticket")
    path = f"/v1/plans/{quote(asked.plan, safe='')}/reapply"
    with as_admin() as admin:
        told = admin.post("sla", path, {"reason": asked.reason})
    tickets = "ticket" if told["tickets"] == 1 else "tickets"
    print(
        f"{told['plan_id']}, revision {told['revision']}: {told['tickets']} open {tickets} changed"
    )


def _clocks(services: Services, ticket: str) -> Json:
    ticket_id = services.get("audit", f"/v1/tickets/{ticket}/events")["ticket_id"]
    told: Json = services.get("sla", f"/v1/tickets/{ticket_id}/clocks")
    return told


def _start(text: str | None) -> datetime:
    if text is None:
        return utc_now()
    try:
        start = datetime.fromisoformat(text)
    except ValueError:
        raise Trouble(f"{text} is not an instant like 2026-12-23T14:30+01:00") from None
    if start.tzinfo is None:
        raise Trouble(f"{text} says no offset, as 2026-12-23T14:30+01:00 does")
    return start


def _moment(moment: datetime | str) -> str:
    instant = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return f"{instant:%Y-%m-%d %H:%M:%S %Z}"
