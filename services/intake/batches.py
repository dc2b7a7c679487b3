"""`POST /v1/tickets/batch`: up to a thousand tickets in one call, each by itself.

A ticket that is wrong keeps no other from being opened. The call is answered once every one
is in the log or refused; sent again with the same keys, it opens nothing twice.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

import orjson
import structlog
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from services.intake.domain.topics import Topics
from services.intake.parts import Parts
from services.intake.submission import checked_submission, read_object
from services.intake.submitting import KEY_TROUBLE, is_key, open_submission, receipt, taken
from shared.asked import ByAgent
from shared.body_budget import BodyBudget
from shared.errors import Rejected
from shared.identity import Identity
from shared.outages import OUTAGES
from shared.web import Invalid, away, problem

log = structlog.get_logger()

TICKETS_MAX: Final = 1_000

TOGETHER: Final = 32
"""Tickets of a batch that are opened at once: they share the appends of the log."""

PAUSE_EVERY: Final = 20
"""After so many that were checked, others have their turn."""


class BatchRefused(Rejected):
    """A batch holds 1 to {most} tickets; this one holds {count}."""

    http_status = 422


def batches(parts: Parts, held: BodyBudget) -> APIRouter:
    """The route, for agents and programs: the public opens tickets one by one."""
    router = APIRouter(tags=["tickets"])

    @router.post("/tickets/batch", summary="Open up to 1,000 tickets")
    async def open_batch(request: Request, asked: ByAgent) -> Response:
        """`results` holds for each ticket what a call for it alone would have answered."""

        async def answered(body: bytes) -> Response:
            items = await asyncio.to_thread(_items, body)
            topics = await parts.catalogue.topics()
            results = await _opened(parts, asked.caller, items, topics)
            opened = sum(result["status"] == 201 for result in results)
            told = {"opened": opened, "failed": len(results) - opened, "results": results}
            return JSONResponse(told, headers={"Cache-Control": "no-store"})

        return await taken(parts, held, request, answered)

    return router


def _items(body: bytes) -> list[Any]:
    raw = read_object(body)
    unknown = [
        (name[:100] or "(no name)", "is not a field we know") for name in raw.keys() - {"tickets"}
    ]
    items = raw.get("tickets")
    if not isinstance(items, list):
        wrong = "is required" if items is None else "must be a list"
        raise Invalid([*unknown, ("tickets", wrong)])
    if unknown:
        raise Invalid(unknown)
    if not 1 <= len(items) <= TICKETS_MAX:
        raise BatchRefused(most=f"{TICKETS_MAX:,}", count=f"{len(items):,}")
    return items


async def _opened(
    parts: Parts, identity: Identity, items: Sequence[Any], topics: Topics
) -> list[dict[str, Any]]:
    places = asyncio.Semaphore(TOGETHER)

    async def one(index: int, item: Any) -> dict[str, Any]:
        async with places:
            if index % PAUSE_EVERY == 0:
                await asyncio.sleep(0)
            return {"index": index, **await _one(parts, identity, item, topics)}

    return await asyncio.gather(*(one(index, item) for index, item in enumerate(items)))


async def _one(parts: Parts, identity: Identity, item: Any, topics: Topics) -> dict[str, Any]:
    """What a call for this ticket alone would have answered."""
    try:
        raw, key = _with_key(item)
        submission, topic = checked_submission(raw, topics)
        outcome = await open_submission(parts, identity, submission, topic, key, topics)
        told = await receipt(parts, outcome)
    except Invalid as invalid:
        return _refused(problem(422, "invalid", invalid.message, invalid.errors))
    except Rejected as rejected:
        return _refused(problem(rejected.http_status, rejected.code, rejected.message))
    except OUTAGES as error:
        log.warning("submission_not_stored", error=type(error).__name__)
        return _refused(away(error, "not_stored", "This ticket could not be stored just now"))
    return {"status": 201, "replayed": not outcome.events, "ticket": told}


def _with_key(item: Any) -> tuple[dict[str, Any], str | None]:
    """The ticket of an item, and its idempotency key."""
    if not isinstance(item, dict):
        raise Invalid([("ticket", "must be an object")])
    raw = dict(item)
    key = raw.pop("idempotency_key", None)
    if key is not None and not (isinstance(key, str) and is_key(key)):
        raise Invalid([("idempotency_key", KEY_TROUBLE)])
    return raw, key


def _refused(answer: Response) -> dict[str, Any]:
    return {"status": answer.status_code, "problem": orjson.loads(answer.body)}
