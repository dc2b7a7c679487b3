"""Plain words for customers: text that is safe to show, what is going on, when to expect an
answer. Pure."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.portal.rows import TicketRow
from services.portal.speaking import Moment, Said, said
from shared.events.base import Status

_CONTROL: Final = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
LINE_LENGTH_MAX: Final = 300

UNTITLED: Final = "(no subject)"

GOING_ON: Final = {
    Status.NEW: said("We have your request and are looking at it."),
    Status.NEEDS_INFORMATION: said("We need your answer before we can start."),
    Status.QUEUED: said("Your request waits for the next free colleague."),
    Status.ASSIGNED: said("Your request is with a colleague, who will start on it soon."),
    Status.IN_PROGRESS: said("We are working on it."),
    Status.WAITING_FOR_CUSTOMER: said("We need your answer before we can go on."),
    Status.ON_HOLD: said("We are waiting for something before we can go on."),
    Status.ESCALATED: said("Your request has gone to our specialists."),
    Status.RESOLVED: said("There is a solution: please tell us whether it works for you."),
    Status.CLOSED: said("This ticket is closed."),
    Status.ARCHIVED: said("This ticket is closed and in our archive."),
}


def clean(text: str) -> str:
    """Text of several lines, with nothing in it that a program would obey."""
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def line(text: str, length_max: int = LINE_LENGTH_MAX) -> str:
    """One line of text, shortened if need be."""
    flat = re.sub(r"\s+", " ", clean(text)).strip()
    return flat if len(flat) <= length_max else flat[: length_max - 1].rstrip() + "…"


def first_name(name: str) -> str:
    """What customers call an agent; empty for one without a name."""
    return line(name, 60).split(" ", 1)[0]


@dataclass(frozen=True)
class _Promise:
    """What is said of something that is due."""

    due: Said
    paused: Said
    late: Said


_FIRST_ANSWER: Final = _Promise(
    said("You can expect a first answer by {when}."),
    said("You can expect a first answer once we have what we are waiting for."),
    said("Our first answer is late. We are sorry; managers have been told."),
)
_SOLUTION: Final = _Promise(
    said("You can expect a solution by {when}."),
    said("You can expect a solution once we have what we are waiting for."),
    said("Our solution is late. We are sorry; managers have been told."),
)


def expected(ticket: TicketRow, zone: str, now: datetime) -> Said | None:
    """When the customer may expect to hear from us."""
    if ticket.held or ticket.status in {Status.RESOLVED, Status.CLOSED, Status.ARCHIVED}:
        return None
    if ticket.status == Status.NEEDS_INFORMATION:
        return said("We go on as soon as we have your answer.")
    for what, due_at, state in (
        (_FIRST_ANSWER, ticket.first_due_at, ticket.first_state),
        (_SOLUTION, ticket.solution_due_at, ticket.solution_state),
    ):
        if state == "paused":
            return what.paused
        if state == "running" and due_at is not None:
            return what.late if due_at < now else what.due.given(when=Moment(due_at, zone))
    return said("We will get back to you as soon as we can.")
