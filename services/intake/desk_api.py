"""Intake's section of the desk: its name and topics, and who is entitled to which plan."""

from collections.abc import Iterator
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Response

from services.intake import bodies
from services.intake.description import Topic, problems
from services.intake.domain.desk import (
    DESK_DECIDER,
    DefineEntitlement,
    DefineOrganisation,
    DefineRules,
    DefineTopic,
    DeskCommand,
    DeskState,
    NameDesk,
    RetireEntitlement,
    RetireOrganisation,
    RetireTopic,
    ReviseDesk,
)
from services.intake.domain.topics import Topics
from services.intake.parts import Parts
from shared.asked import Asked, ByAdmin, ByAgent
from shared.events.customers import OrganisationDefined
from shared.events.desk import EntitlementDefined, TopicDefined
from shared.ids import desk_id, domain_key, person_id

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
        """The desk's name, the revision of its configuration, its topics in full, its rules."""
        desk = await _state(parts)
        known = await parts.finders.topics()
        topics = known.by_id.values()
        return {
            "name": desk.named.name if desk.named else "",
            "revision": desk.revised.revision if desk.revised else 0,
            "digest": desk.revised.digest if desk.revised else "",
            "topics": [topic.model_dump(mode="json") for topic in topics],
            "rules": [rule.model_dump(mode="json") for rule in known.rules],
            "organisations": [
                each.model_dump(mode="json") for each in known.organisations.values()
            ],
            "entitled_domains": {
                plan_id: list(each.domains) for plan_id, each in known.entitlements.items()
            },
            "open_tickets": await parts.finders.open_by_topic(),
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
    async def apply(body: bodies.SectionDefinition, asked: ByAdmin) -> dict[str, Any]:
        """Define the section; only what differs is said. Answers once it is in force here."""
        changed = await _apply(parts, body, asked)
        parts.catalogue.forget()
        return {"revision": body.revision, "changed": changed}

    return router


async def _apply(parts: Parts, body: bodies.SectionDefinition, asked: Asked) -> list[str]:
    changed = []
    for subject, command, what in _commands(body, await parts.finders.topics()):
        outcome = await parts.runtime.handle(
            DESK_DECIDER,
            subject,
            command,
            actor=asked.caller.actor,
            revision=body.revision,
        )
        if outcome.events:
            changed.append(what)
            await parts.runtime.wait_for(outcome.subject, outcome.vector, "triage")
    rules = DefineRules(body.rules, body.revision)
    outcome = await parts.runtime.handle(
        DESK_DECIDER, RULES, rules, actor=asked.caller.actor, revision=body.revision
    )
    if outcome.events:
        changed.append(f"{len(body.rules)} rules")
        await parts.runtime.wait_for(outcome.subject, outcome.vector, "triage")
    return changed


def _commands(
    body: bodies.SectionDefinition, known: Topics
) -> Iterator[tuple[UUID, DeskCommand, str]]:
    """For each thing of the desk: its subject, what is to be true of it, and how that is told."""
    if body.name is not None:
        yield DESK, NameDesk(body.name, body.revision), f"the desk is called {body.name}"
    for topic in body.topics:
        defined = TopicDefined(revision=body.revision, **topic.model_dump())
        yield desk_id("topic", topic.topic_id), DefineTopic(defined), f"topic {topic.topic_id}"
    named = {topic.topic_id for topic in body.topics}
    for topic_id, old in known.by_id.items():
        if old.active and topic_id not in named:
            what = f"topic {topic_id} is no longer offered"
            yield desk_id("topic", topic_id), RetireTopic(body.revision), what
    for each in body.entitlements:
        what = f"plan {each.plan_id} is for {len(each.customers)} customers or domains"
        yield _entitlement(each.plan_id), DefineEntitlement(_entitled(each, body.revision)), what
    for plan_id in known.entitlements.keys() - {each.plan_id for each in body.entitlements}:
        what = f"plan {plan_id} is open to everybody"
        yield _entitlement(plan_id), RetireEntitlement(body.revision), what
    for one in body.organisations:
        what = f"organisation {one.organisation_id}"
        yield _organisation(one.organisation_id), DefineOrganisation(_made(one, body)), what
    for gone in known.organisations.keys() - {one.organisation_id for one in body.organisations}:
        what = f"organisation {gone} is no longer there"
        yield _organisation(gone), RetireOrganisation(body.revision), what


def _organisation(organisation_id: str) -> UUID:
    return desk_id("organisation", organisation_id)


def _made(
    given: bodies.OrganisationDefinition, body: bodies.SectionDefinition
) -> OrganisationDefined:
    """Addresses are kept as the ids of people."""
    said = given.model_dump(exclude={"domains", "members"})
    return OrganisationDefined(
        **said,
        domains=tuple(sorted({domain_key(each) for each in given.domains})),
        people=tuple(sorted({_person(each) for each in given.members})),
        revision=body.revision,
    )


def _person(member: str) -> UUID:
    """Whoever is named by an address, or by the id made of one."""
    return person_id(member) if "@" in member else UUID(member)


def _entitlement(plan_id: str) -> UUID:
    return desk_id("entitlement", plan_id)


def _entitled(given: bodies.EntitlementDefinition, revision: int) -> EntitlementDefined:
    """Addresses are kept as the ids of people; what has no @ is a domain."""
    return EntitlementDefined(
        plan_id=given.plan_id,
        people=tuple(sorted({person_id(each) for each in given.customers if "@" in each})),
        domains=tuple(sorted({domain_key(each) for each in given.customers if "@" not in each})),
        revision=revision,
    )


async def _state(parts: Parts) -> DeskState:
    return DESK_DECIDER.fold([recorded.event for recorded in await parts.past(DESK)])


def _for_customers(topic: TopicDefined) -> dict[str, Any]:
    """What a form needs to know."""
    shown = {"topic_id", "name", "description", "type", "fields", "impact", "urgency"}
    return {
        **topic.model_dump(mode="json", include=shown),
        "plans": list(topic.entitled_plans),
    }
