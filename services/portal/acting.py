"""What a customer can do on a ticket: to whom it goes, with which body, and in which words."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from services.portal.context import Portal
from services.portal.drafts import Draft
from services.portal.forms import Filled, Problems
from services.portal.owners import Answer
from services.portal.speaking import Said, said
from services.portal.taking_part import Role
from shared.events.base import Status
from shared.links import Link

REQUESTERS: Final = frozenset({Role.REQUESTER})

ANSWER: Final = "answers."
"""What the names of the fields of answers begin with."""


@dataclass(frozen=True)
class Action:
    """One thing to do."""

    owner: str
    path: str
    done: Said
    """What is said afterwards."""
    body: Callable[[Filled, Sequence[Draft]], Mapping[str, Any]]
    missing: Callable[[Filled, Sequence[Draft]], dict[str, Said]]
    """What has to be filled in, by field."""
    template: str = ""
    """Its own page; empty for a form of the status page."""
    states: frozenset[Status] = field(default_factory=lambda: frozenset(Status))
    """In which it can be done."""
    closed: Said | str = ""
    """What is said when it can't be done any more, or not yet."""
    takes_files: bool = False
    roles: frozenset[Role] = REQUESTERS
    """Who can do it."""
    too_late: frozenset[str] = frozenset()
    """Codes by which its owner says that it can't be done any more: the customer's words are sent
    as a message then, which opens a ticket of its own."""
    fields: Mapping[str, tuple[str, Said]] = field(default_factory=dict)
    """For a field as its owner calls it: the form's, and what people call it."""

    def problems(self, answer: Answer) -> Problems:
        """What its owner found wrong: beside the fields of the form, and of the whole."""
        fields, others = {}, []
        for name, trouble in answer.troubles.items():
            if name in self.fields:
                place, label = self.fields[name]
                fields[place] = said("{field} {trouble}.", field=label, trouble=trouble)
            else:
                others.append(said("{field} {trouble}.", field=name, trouble=trouble))
        return Problems(fields, others or ("" if fields else answer.message))

    def open_in(self, status: str) -> bool:
        """Whether it can be done on a ticket of this status."""
        return Status(status) in self.states


def _nothing(_form: Filled, _files: Sequence[Draft]) -> dict[str, Said]:
    return {}


def _message(form: Filled, files: Sequence[Draft]) -> dict[str, Any]:
    return {"text": form.get("text"), "attachments": [file.attachment for file in files]}


def _needs_text(form: Filled, files: Sequence[Draft]) -> dict[str, Said]:
    return {} if form.get("text") or files else {"text": said("Please write something.")}


def _answers(form: Filled, files: Sequence[Draft]) -> dict[str, Any]:
    given = {
        name.removeprefix(ANSWER): value.strip()
        for name, value in form.values.items()
        if name.startswith(ANSWER) and value.strip()
    }
    sent = [file.attachment for file in files]
    return {"answers": given, "text": form.get("text"), "attachments": sent}


def _needs_answer(form: Filled, files: Sequence[Draft]) -> dict[str, Said]:
    if any(_answers(form, files).values()):
        return {}
    return {"answers": said("Please answer at least one question.")}


def _needs_reason(form: Filled, _files: Sequence[Draft]) -> dict[str, Said]:
    if form.get("reason"):
        return {}
    return {"reason": said("Please tell us what does not work, so that we can go on.")}


def _feedback(form: Filled, _files: Sequence[Draft]) -> dict[str, Any]:
    return {
        "rating": int(form.get("rating")),
        "comment": form.get("comment"),
        "recurred": form.get("recurred") == "yes",
    }


def _needs_rating(form: Filled, _files: Sequence[Draft]) -> dict[str, Said]:
    if form.get("rating") in {"1", "2", "3", "4", "5"}:
        return {}
    return {"rating": said("Please choose a number from 1 to 5.")}


def _somebody(form: Filled, _files: Sequence[Draft]) -> dict[str, Any]:
    return {"name": form.get("copy.name"), "email": form.get("copy.email")}


def _mails(form: Filled, _files: Sequence[Draft]) -> dict[str, Any]:
    return {"progress": form.get("progress") == "yes"}


def _needs_choice(form: Filled, _files: Sequence[Draft]) -> dict[str, Said]:
    if form.get("progress") in {"yes", "no"}:
        return {}
    return {"progress": said("Please choose one of the two.")}


def _needs_somebody(form: Filled, _files: Sequence[Draft]) -> dict[str, Said]:
    missing = {}
    if not form.get("copy.name"):
        missing["copy.name"] = said("Please give their name.")
    if "@" not in form.get("copy.email"):
        missing["copy.email"] = said("Please give their e-mail address.")
    return missing


CONFIRM_ADDRESS: Final = "mine"
JOIN: Final = "join"
REPLY: Final = "reply"
LEAVE: Final = "leave"

WRITERS: Final = frozenset({Role.REQUESTER, Role.COPY, Role.OPENER})
OPENERS: Final = frozenset({Role.REQUESTER, Role.OPENER})
"""A link that proves no address is good for saying more of one's own."""

ACTIONS: Final[Mapping[str, Action]] = {
    REPLY: Action(
        owner="intake",
        path="messages",
        done=said("Thank you. Your message has reached us."),
        body=_message,
        missing=_needs_text,
        takes_files=True,
        roles=WRITERS,
    ),
    "clarify": Action(
        owner="intake",
        path="clarification",
        done=said("Thank you for your answers. We go on now."),
        body=_answers,
        missing=_needs_answer,
        takes_files=True,
        roles=OPENERS,
    ),
    CONFIRM_ADDRESS: Action(
        owner="intake",
        path="address",
        done=said("Thank you. Now we know that your address is right."),
        body=lambda _, __: {},
        missing=_nothing,
    ),
    "confirm": Action(
        owner="resolution",
        path="confirm",
        done=said("Thank you for telling us that it works."),
        body=lambda form, _: {"comment": form.get("comment")},
        missing=_nothing,
        template="confirm.html",
        states=frozenset({Status.RESOLVED}),
        closed=said(
            "There is no solution to confirm at the moment. This is how your ticket stands."
        ),
    ),
    "reject": Action(
        owner="resolution",
        path="reject",
        done=said("Thank you for telling us. We are on it again."),
        body=lambda form, _: {"reason": form.get("reason")},
        missing=_needs_reason,
        template="reject.html",
        states=frozenset({Status.RESOLVED}),
        closed=said(
            "There is no solution to reject at the moment. This is how your ticket stands."
        ),
    ),
    "reopen": Action(
        owner="resolution",
        path="reopen",
        done=said("We are on it again."),
        body=lambda form, _: {"reason": form.get("reason")},
        missing=_needs_reason,
        template="reopen.html",
        states=frozenset({Status.CLOSED, Status.ARCHIVED}),
        closed=said("This ticket is not closed. This is how it stands."),
        too_late=frozenset({"ticket_stays_closed", "ticket_in_archive"}),
    ),
    "feedback": Action(
        owner="review",
        path="feedback",
        done=said("Thank you for your feedback."),
        body=_feedback,
        missing=_needs_rating,
        template="feedback.html",
        states=frozenset({Status.CLOSED}),
        closed=said("You can rate us once the ticket is closed. This is how it stands."),
    ),
    "copy": Action(
        owner="intake",
        path="copies",
        done=said("We have asked them by mail. They take part once they agree."),
        body=_somebody,
        missing=_needs_somebody,
        fields={
            "name": ("copy.name", said("Their name")),
            "email": ("copy.email", said("Their e-mail address")),
        },
    ),
    "uncopy": Action(
        owner="intake",
        path="copies/end",
        done=said("They are in copy no more."),
        body=lambda form, _: {"person_id": form.get("person")},
        missing=_nothing,
    ),
    JOIN: Action(
        owner="intake",
        path="copies/confirm",
        done=said("You are in copy now."),
        body=lambda _, __: {},
        missing=_nothing,
        roles=frozenset({Role.INVITED}),
    ),
    LEAVE: Action(
        owner="intake",
        path="copies/end",
        done=said("You are in copy no more."),
        body=lambda form, _: {"person_id": form.get("person")},
        missing=_nothing,
        roles=frozenset({Role.COPY}),
    ),
    "notifications": Action(
        owner="notify",
        path="preferences",
        done=said("Thank you. From now on you get the mails that you want."),
        body=_mails,
        missing=_needs_choice,
        template="notifications.html",
    ),
}


async def confirm_address(portal: Portal, link: Link, key: str) -> None:
    """Tell intake that the address is theirs: they acted through a link that was mailed to it, or
    are signed in. If this is lost, the next act says it."""
    action = ACTIONS[CONFIRM_ADDRESS]
    path = f"/v1/tickets/{link.ticket_id}/{action.path}"
    await portal.owners.send(action.owner, path, {}, person=link.person_id, name="", key=key)
