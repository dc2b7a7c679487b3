"""The topics of the desk: for everybody to read, for the configuration to define."""

from typing import Any, Final

from fastapi import APIRouter, Response

from services.intake import bodies
from services.intake.description import Topic, problems
from services.intake.domain.desk import (
    DESK_DECIDER,
    DefineRules,
    DefineTopic,
    DeskState,
    RetireTopic,
    ReviseDesk,
)
from services.intake.parts import Parts
from shared.asked import Asked, ByAdmin, ByAgent
from shared.events.intake import TopicDefined
from shared.ids import desk_id

DESK: Final = desk_id("desk", "desk")
"""The subject of the desk itself."""

RULES: Final = desk_id("rules", "rules")
"""The subject of its rules."""

TOPICS_CACHE_SECONDS: Final = 5


def desk_routes(parts: Parts) -> APIRouter:
    """Topics, and the revisions of the desk."""
    router = APIRouter(tags=["desk"])

    @router.get(
        "/topics",
        summary="Topics that tickets can be opened under",
        responses={200: {"model": list[Topic]}, **problems(429, 503)},
    )
    async def list_topics(response: Response) -> list[dict[str, Any]]:
        response.headers["Cache-Control"] = f"public, max-age={TOPICS_CACHE_SECONDS}"
        topics = (await parts.catalogue.topics()).by_id.values()
        return [_for_customers(topic) for topic in topics if topic.active]

    @router.get("/desk")
    async def show_desk(_asked: ByAgent) -> dict[str, Any]:
        """The revision of the desk's configuration, and its topics in full."""
        revised = (await _state(parts)).revised
        known = await parts.finders.topics()
        topics = known.by_id.values()
        return {
            "revision": revised.revision if revised else 0,
            "digest": revised.digest if revised else "",
            "topics": [topic.model_dump(mode="json") for topic in topics],
            "rules": [rule.model_dump(mode="json") for rule in known.rules],
        }

    @router.post("/desk/revisions")
    async def revise(body: bodies.Revising, asked: ByAdmin) -> dict[str, Any]:
        """The revision under which a configuration is applied: the last one, if it is the same."""
        command = ReviseDesk(body.digest, asked.caller.actor, parts.runtime.clock())
        outcome = await parts.runtime.handle(DESK_DECIDER, DESK, command, actor=asked.caller.actor)
        revised = (await _state(parts)).revised
        assert revised is not None, "the desk has just been revised"
        return {"revision": revised.revision, "new": bool(outcome.events)}

    @router.put("/desk")
    async def apply(body: bodies.TopicsDefinition, asked: ByAdmin) -> dict[str, Any]:
        """Define all topics; only what differs is said. Answers once it is in force here."""
        changed = await _apply(parts, body, asked)
        parts.catalogue.forget()
        return {"revision": body.revision, "changed": changed}

    return router


async def _apply(parts: Parts, body: bodies.TopicsDefinition, asked: Asked) -> list[str]:
    commands: dict[str, DefineTopic | RetireTopic] = {}
    for topic in body.topics:
        defined = TopicDefined(revision=body.revision, **topic.model_dump())
        commands[topic.topic_id] = DefineTopic(defined)
    for topic_id, known in (await parts.finders.topics()).by_id.items():
        if known.active:
            commands.setdefault(topic_id, RetireTopic(body.revision))
    changed = []
    for topic_id, command in commands.items():
        outcome = await parts.runtime.handle(
            DESK_DECIDER,
            desk_id("topic", topic_id),
            command,
            actor=asked.caller.actor,
            revision=body.revision,
        )
        if outcome.events:
            gone = " is no longer offered" if isinstance(command, RetireTopic) else ""
            changed.append(f"topic {topic_id}{gone}")
            await parts.runtime.wait_for(outcome.subject, outcome.vector, "triage")
    rules = DefineRules(body.rules, body.revision)
    outcome = await parts.runtime.handle(
        DESK_DECIDER, RULES, rules, actor=asked.caller.actor, revision=body.revision
    )
    if outcome.events:
        changed.append(f"{len(body.rules)} rules")
        await parts.runtime.wait_for(outcome.subject, outcome.vector, "triage")
    return changed


async def _state(parts: Parts) -> DeskState:
    return DESK_DECIDER.fold([recorded.event for recorded in await parts.past(DESK)])


def _for_customers(topic: TopicDefined) -> dict[str, Any]:
    """What a form needs to know."""
    shown = {"topic_id", "name", "description", "type", "fields", "impact", "urgency"}
    return {
        **topic.model_dump(mode="json", include=shown),
        "plans": list(topic.entitled_plans),
    }
