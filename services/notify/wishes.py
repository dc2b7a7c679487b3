"""Who hears what, and when, over HTTP: the desk's rules, people's preferences, previews."""

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from services.notify.finders import QUERIES
from services.notify.preferences import (
    AGENT,
    PREFERENCES,
    SetPreferences,
    can_be_muted,
    check_quiet,
    subject_of,
)
from services.notify.preview import PREVIEWS, preview
from services.notify.projection import DirectoryOfTheDesk
from services.notify.rules import DEFAULTS, RULES, SUBJECT, DefineRules
from services.notify.speaking import LANGUAGES
from services.notify.story import story_of
from shared.asked import Anyone, Asked, ByAdmin, ByAgent
from shared.errors import NotFound, Rejected
from shared.events.notify import (
    NotificationKind,
    NotificationPreferencesSet,
    NotificationRule,
    NotificationRulesDefined,
    QuietTime,
)
from shared.log.vector import Vector
from shared.service import Runtime
from shared.web import etag

PROJECTION: Final = DirectoryOfTheDesk.name


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Section(_Body):
    """Notify's part of the desk."""

    revision: int
    rules: Annotated[tuple[NotificationRule, ...], Field(max_length=100)] = ()
    quiet: QuietTime | None = None


class Wanted(_Body):
    muted: Annotated[tuple[NotificationKind, ...], Field(max_length=100)] = ()
    quiet: QuietTime | None = None
    language: Annotated[str, Field(pattern=rf"^({'|'.join(LANGUAGES)})?$")] = ""


class Muted(_Body):
    """What a customer can say: whether they want to hear of progress."""

    progress: bool


class NotTheirTicket(Rejected):
    """Only the customer who opened the ticket can say what they want to hear."""

    http_status = 403


def wishes_routes(runtime: Runtime) -> APIRouter:
    """Every route."""
    router = APIRouter(prefix="/v1")
    _add_desk(router, runtime)
    _add_own(router, runtime)
    _add_customers(router, runtime)
    _add_previews(router)
    return router


def _add_desk(router: APIRouter, runtime: Runtime) -> None:
    @router.get("/desk")
    async def show(_asked: ByAgent) -> dict[str, Any]:
        """The rules as the desk's file defined them, and what holds without any."""
        defined = await runtime.pool.fetchval(QUERIES.rules_defined) or {}
        usual = [rule.model_dump(mode="json") for rule in DEFAULTS.values()]
        kept = {"rules": defined.get("rules", []), "quiet": defined.get("quiet")}
        return {**kept, "defaults": usual}

    @router.put("/desk")
    async def define(body: Section, asked: ByAdmin) -> dict[str, Any]:
        """Define the section; only what differs is said. Answers once it is in force here."""
        check_quiet(body.quiet)
        defined = NotificationRulesDefined(**dict(body))
        outcome = await runtime.handle(
            RULES, SUBJECT, DefineRules(defined), actor=asked.caller.actor, revision=body.revision
        )
        await runtime.wait_for(SUBJECT, outcome.vector, PROJECTION)
        changed = ["notifications: who hears what"] if outcome.events else []
        return {"revision": body.revision, "changed": changed}


def _add_own(router: APIRouter, runtime: Runtime) -> None:
    @router.get("/preferences")
    async def mine(asked: ByAgent) -> dict[str, Any]:
        """What the caller wants to hear, and what could be muted."""
        whom = f"{AGENT}{asked.by}"
        wanted = await runtime.pool.fetchval(QUERIES.preferences_of, whom) or {}
        kept = {name: wanted.get(name) for name in ("muted", "quiet", "language")}
        kinds = [kind.value for kind in NotificationKind if can_be_muted(kind, whom)]
        return {
            "muted": kept["muted"] or [],
            "quiet": kept["quiet"],
            "language": kept["language"] or "",
            "can_be_muted": kinds,
            "languages": list(LANGUAGES),
        }

    @router.put("/preferences")
    async def prefer(body: Wanted, asked: ByAgent) -> Response:
        after, said = await _prefer(runtime, asked, f"{AGENT}{asked.by}", body)
        return JSONResponse({"events": said}, headers=etag(after))


def _add_customers(router: APIRouter, runtime: Runtime) -> None:
    @router.get("/tickets/{ticket_id}/preferences")
    async def theirs(ticket_id: UUID, asked: Anyone) -> dict[str, bool]:
        """Whether the customer hears of progress, on this and on all their tickets."""
        whom = await _customer(runtime, ticket_id, asked)
        wanted = await runtime.pool.fetchval(QUERIES.preferences_of, whom) or {}
        return {"progress": NotificationKind.PROGRESS.value not in wanted.get("muted", ())}

    @router.post("/tickets/{ticket_id}/preferences")
    async def prefer(ticket_id: UUID, body: Muted, asked: Anyone) -> dict[str, Any]:
        """For all the customer's tickets: nothing on this one has changed."""
        whom = await _customer(runtime, ticket_id, asked)
        muted = () if body.progress else (NotificationKind.PROGRESS,)
        _, said = await _prefer(runtime, asked, whom, Wanted(muted=muted))
        return {"events": said}


def _add_previews(router: APIRouter) -> None:
    @router.get("/templates")
    async def templates(_asked: ByAgent) -> dict[str, Any]:
        """What can be looked at, in which languages."""
        return {"templates": sorted(PREVIEWS), "languages": list(LANGUAGES)}

    @router.get("/templates/{name}")
    async def template(name: str, _asked: ByAgent, language: str = "en") -> dict[str, str]:
        """A template, rendered with made-up facts."""
        if name not in PREVIEWS or language not in LANGUAGES:
            raise NotFound(what="template")
        made = preview(name, language)
        return {"subject": made.subject, "text": made.text, "html": made.html}


async def _customer(runtime: Runtime, ticket_id: UUID, asked: Asked) -> str:
    """Whose preferences they are. Raises `NotFound`, `NotTheirTicket`."""
    await runtime.wait_for(ticket_id, asked.after)
    story = story_of(ticket_id, (await runtime.log.read(ticket_id)).events)
    if story.requester is None:
        raise NotFound(what="ticket")
    whom = f"customer:{story.requester.person_id}"
    if asked.caller.actor != whom:
        raise NotTheirTicket
    return whom


async def _prefer(
    runtime: Runtime, asked: Asked, whom: str, wanted: Wanted
) -> tuple[Vector, list[str]]:
    event = NotificationPreferencesSet(
        whom=whom, set_by=asked.by, set_at=runtime.clock(), **dict(wanted)
    )
    subject = subject_of(whom)
    outcome = await runtime.handle(
        PREFERENCES, subject, SetPreferences(event), actor=asked.caller.actor
    )
    await runtime.wait_for(subject, outcome.vector, PROJECTION)
    return outcome.vector, [type(each).__name__ for each in outcome.events]
