"""The desk's rules of quality: the read model `quality_rules`, and the API of the section."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Final
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from services.review.bodies import Body
from services.review.carrying import QUERIES
from services.review.rules import DEFAULT, RULES, SUBJECT, DefineRules
from shared.asked import ByAdmin, ByAgent
from shared.events import DESK, Event
from shared.events.review import QualityRulesDefined
from shared.followers.view import Table, View
from shared.log.records import Recorded
from shared.postgres import Pool
from shared.service import Runtime

PROJECTION: Final = "quality_rules"


@dataclass(frozen=True)
class RulesRow:
    """The rules as last defined."""

    subject: UUID
    rules: dict[str, Any]


RULES_TABLE: Final = Table("rules", RulesRow, topic=DESK)


class QualityRules:
    """The desk's rules of quality, in one row."""

    name: ClassVar[str] = PROJECTION
    tables: ClassVar[Sequence[Table[Any]]] = (RULES_TABLE,)
    hears: ClassVar[frozenset[type[Event]]] = frozenset({QualityRulesDefined})

    def fold(self, view: View, recorded: Recorded) -> None:
        if isinstance(recorded.event, QualityRulesDefined):
            row = RulesRow(view.subject, recorded.event.model_dump(mode="json"))
            view.put(RULES_TABLE, row)


class RulesInForce:
    """Reads the rules."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def get(self) -> QualityRulesDefined:
        """The rules as last defined; what holds without any."""
        known = await self._pool.fetchval(QUERIES.quality_rules)
        return DEFAULT if known is None else QualityRulesDefined.model_validate(known)


class Quality(Body):
    sample_share: Annotated[float, Field(ge=0, le=1)] = DEFAULT.sample_share
    breached: bool = DEFAULT.breached
    rated_low: bool = DEFAULT.rated_low
    reopened: bool = DEFAULT.reopened
    low_rating_at_most: Annotated[int, Field(ge=0, le=5)] = DEFAULT.low_rating_at_most
    low_rating_reopens: bool = DEFAULT.low_rating_reopens


class Section(Body):
    revision: int
    quality: Quality = Quality()


def add_desk(router: APIRouter, runtime: Runtime) -> None:
    """Review's section of the desk."""
    rules = RulesInForce(runtime.pool)

    @router.get("/desk")
    async def show(_asked: ByAgent) -> dict[str, Any]:
        return {"quality": (await rules.get()).model_dump(mode="json", exclude={"revision"})}

    @router.put("/desk")
    async def define(body: Section, asked: ByAdmin) -> dict[str, Any]:
        """Define the section; only what differs is said. Answers once it is in force here."""
        defined = QualityRulesDefined(revision=body.revision, **body.quality.model_dump())
        outcome = await runtime.handle(
            RULES, SUBJECT, DefineRules(defined), actor=asked.caller.actor, revision=body.revision
        )
        await runtime.wait_for(SUBJECT, outcome.vector, PROJECTION)
        changed = ["quality: how tickets are looked back on"] if outcome.events else []
        return {"revision": body.revision, "changed": changed}
