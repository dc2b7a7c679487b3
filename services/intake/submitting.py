"""`POST /v1/tickets`: the door that the public may use."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Final
from uuid import UUID

import structlog
from fastapi import APIRouter, Request
from fastapi.responses import Response
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect

from services.intake.description import KEY, Receipt, problems, submission_body
from services.intake.domain import OpenTicket
from services.intake.domain.topics import Topics
from services.intake.language import guessed, preferred
from services.intake.parts import Parts
from services.intake.submission import BODY_BYTES_MAX, Submission, read_submission
from shared.body_budget import BodyBudget, TooBusy, TooSlow
from shared.decider import Outcome
from shared.errors import Rejected
from shared.events import Event, Person, Status, Unknown, status_after
from shared.events.desk import TopicDefined
from shared.events.intake import (
    Channel,
    ClarificationRequested,
    TicketCategorised,
    TicketOpened,
    TicketPrioritised,
)
from shared.identity import HEADER, Identity
from shared.ids import person_id
from shared.links import Link, sign_link, status_url
from shared.outages import COME_BACK
from shared.web import Invalid, away, caller, etag, json_answer, problem

log = structlog.get_logger()

LARGE_BYTES: Final = 250_000
"""A body from which on it is read in a thread, so that others are answered meanwhile."""

EXCERPT_LENGTH: Final = 280

KEY_TROUBLE: Final = "must be 1 to 200 printable ASCII characters"

_KEY = re.compile(r"[!-~](?:[ -~]{0,198}[!-~])?")


class NotJson(Rejected):
    """Send a JSON object, with Content-Type: application/json."""

    http_status = 415


class Direct(APIRoute):
    """A route whose function is given the request as it came, and answers by itself: what
    FastAPI would find out about its parameters and its answer takes as long as the rest."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The function itself."""
        function: Callable[[Request], Coroutine[Any, Any, Response]] = self.endpoint
        return function


def submitting(parts: Parts, held: BodyBudget) -> APIRouter:
    """The route; `held` is how much of what is sent is kept in memory."""
    router = APIRouter(tags=["tickets"], route_class=Direct)

    @router.post(
        "/tickets",
        status_code=201,
        summary="Open a ticket",
        openapi_extra={"parameters": [KEY], "requestBody": submission_body()},
        responses={
            201: {"model": Receipt, "description": "Opened, or opened before."},
            **problems(400, 401, 408, 413, 415, 422, 429, 503, 507),
        },
    )
    async def open_ticket(request: Request) -> Response:
        """Accepted means durable: 201 is answered once the ticket is in the log.

        The same `Idempotency-Key` of the same requester again is the same ticket.
        """

        async def answered(body: bytes) -> Response:
            return await _open(parts, request, body)

        return await taken(parts, held, request, answered)

    parts.runtime.doors["POST", "/v1/tickets"] = open_ticket
    return router


async def taken(
    parts: Parts,
    held: BodyBudget,
    request: Request,
    answer: Callable[[bytes], Awaitable[Response]],
) -> Response:
    """The answer to a body that is read here, bounded in size and time."""
    try:
        must_be_json(request)
        with held.body() as body:
            raw = await body.read(request, BODY_BYTES_MAX, parts.settings.body_seconds_max)
            return await answer(raw)
    except TooSlow as slow:
        # The rest of the body is not waited for.
        return problem(408, slow.code, slow.message, headers={"Connection": "close"})
    except TooBusy as busy:
        return problem(429, busy.code, busy.message, headers={"Retry-After": "1"})
    except ClientDisconnect:
        # Nobody hears it; but it is no mistake of ours, to be logged with all its frames.
        return problem(400, "hung_up", "The submission ended before it was all here.")
    except COME_BACK as error:
        # The customer may try again, with the same Idempotency-Key.
        log.warning("submission_not_stored", error=type(error).__name__)
        return away(error, "not_stored", "Your ticket could not be stored just now")


async def _open(parts: Parts, request: Request, body: bytes) -> Response:
    identity = caller(request) if HEADER in request.headers else None
    topics = await parts.catalogue.topics()
    key = _key(request)
    if len(body) > LARGE_BYTES:
        submission, topic = await asyncio.to_thread(read_submission, body, topics)
    else:
        submission, topic = read_submission(body, topics)
    if submission.language is None:
        heard = preferred(request.headers.get("accept-language", ""))
        submission = submission.model_copy(update={"language": heard or None})
    outcome = await open_submission(parts, identity, submission, topic, key, topics)
    content = await receipt(parts, outcome)
    if topic.prove_address and not _is_vouched(identity):
        content = reserved(content)
    headers = etag(outcome.vector) | {
        "Location": content["status_url"],
        "Cache-Control": "no-store",
    }
    if not outcome.events:
        headers["Idempotency-Replayed"] = "true"
    return json_answer(content, 201, headers)


async def open_submission(
    parts: Parts,
    identity: Identity | None,
    submission: Submission,
    topic: TopicDefined,
    key: str | None,
    topics: Topics,
) -> Outcome:
    """Open the ticket; the same `key` of the same requester again is the same ticket."""
    attachments = await parts.stored(submission.attachments)
    requester = _person(submission)
    known = await parts.finders.person(requester.person_id)
    now = parts.runtime.clock()
    hold = topic.prove_address and not await parts.finders.is_proven(requester.person_id)

    def command(number: str) -> OpenTicket:
        return OpenTicket(
            number=number,
            channel=_channel(submission, identity),
            topic=topic,
            requester=requester,
            subject=submission.subject,
            description=submission.description,
            submission_digest=submission.digest(topic.topic_id),
            now=now,
            impact=submission.impact,
            urgency=submission.urgency,
            type=submission.type,
            plan_wanted=submission.plan,
            custom_fields=submission.custom_fields,
            attachments=attachments,
            rules=topics.rules,
            organisation=topics.organisation_of(requester.email, tuple(known.linked)),
            language=known.language or submission.language or guessed(_said(submission)),
            timezone=submission.timezone or known.timezone,
            vouched=_is_vouched(identity),
            hold=hold,
        )

    return await parts.open_ticket(
        (requester.person_id, key) if key else None,
        command,
        actor=identity.actor if identity else f"customer:{requester.person_id}",
        revision=topics.revision,
    )


async def receipt(parts: Parts, outcome: Outcome) -> dict[str, Any]:
    """What the customer is told at once; the same again for the same submission."""
    events: Sequence[Event | Unknown] = outcome.events
    if not events:
        events = [recorded.event for recorded in await parts.past(outcome.subject)]
    opened = next(event for event in events if isinstance(event, TicketOpened))
    link = Link(outcome.subject, opened.requester.person_id, opened=True)
    token = sign_link(parts.settings.link_secret, link, parts.runtime.clock())
    url = status_url(parts.settings.portal_url, token)
    return {
        "ticket_id": str(outcome.subject),
        "number": opened.number,
        "status": _status(events).value,
        "status_url": url,
        "summary": summary(opened, events),
        "events": [type(event).__name__ for event in outcome.events],
    }


def reserved(told: dict[str, Any]) -> dict[str, Any]:
    """The receipt where some tickets are held: the same for people we know and for others."""
    about = told["summary"]
    kept = {name: about[name] for name in about if name not in {"type", "team", "priority"}}
    summary = kept | {"questions": []}
    return told | {"status": Status.NEW.value, "summary": summary, "events": ["TicketOpened"]}


def _is_vouched(identity: Identity | None) -> bool:
    """Whether an agent, or a program of the desk's, answers for the requester."""
    return identity is not None and identity.agent_id is not None


def summary(opened: TicketOpened, events: Sequence[Event | Unknown]) -> dict[str, Any]:
    """What was understood: enough for people to see that it is their request."""
    told: dict[str, Any] = {
        "subject": opened.subject,
        "description": _excerpt(opened.description),
        "topic": opened.topic_name,
        "requester": opened.requester.name,
        "opened_at": opened.opened_at.isoformat(),
        "attachments": [file.name for file in opened.attachments],
        "questions": [],
    }
    for event in events:
        match event:
            case TicketCategorised():
                told |= {"type": event.type.value, "team": event.team_name}
            case TicketPrioritised():
                told["priority"] = event.priority.label
            case ClarificationRequested():
                told["questions"] = [question.model_dump() for question in event.questions]
            case _:
                pass
    return told


def _status(events: Sequence[Event | Unknown]) -> Status:
    status: Status | None = None
    for event in events:
        status = status_after(status, event)
    return status or Status.NEW


def _excerpt(text: str) -> str:
    return text if len(text) <= EXCERPT_LENGTH else text[: EXCERPT_LENGTH - 1].rstrip() + "…"


def _said(submission: Submission) -> str:
    return f"{submission.subject}\n{submission.description}"


def _person(submission: Submission) -> Person:
    requester = submission.requester
    person: UUID = person_id(requester.email)
    return Person(
        person_id=person,
        name=requester.name,
        email=requester.email,
        phone=requester.phone or "",
    )


def _channel(submission: Submission, identity: Identity | None) -> Channel:
    """Only the portal may say that it was its form."""
    by_form = submission.channel == "web" and identity is not None and identity.issuer == "portal"
    return Channel.WEB if by_form else Channel.API


def must_be_json(request: Request) -> None:
    declared = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if declared != "application/json" and not declared.endswith("+json"):
        raise NotJson


def _key(request: Request) -> str | None:
    key = request.headers.get("idempotency-key")
    if key is None:
        return None
    if not is_key(key.strip()):
        raise Invalid([("Idempotency-Key", KEY_TROUBLE)])
    return key.strip()


def is_key(text: str) -> bool:
    """Whether it can be an idempotency key."""
    return _KEY.fullmatch(text) is not None
