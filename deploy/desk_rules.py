"""Rules in the desk's file: when what is so, set what."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, Self

from pydantic import ConfigDict, Field, model_validator

from deploy.desk_parts import Part, Slug, Tag
from shared.events import Level, TicketType

Values = Annotated[tuple[str, ...], Field(min_length=1, max_length=200)]

FIELDS: Final = (
    *("topic", "channel", "subject", "description", "text"),
    *("requester.email", "requester.domain", "requester.name"),
    *("organisation", "language"),
    *("impact", "urgency", "type", "plan", "attachments"),
)
"""What a condition can be about, besides `fields.<name>`."""

OPS: Final = ("is", "is_not", "contains", "starts_with", "above", "below", "given")


class _Part(Part):
    model_config = ConfigDict(populate_by_name=True)


class Condition(_Part):
    """One thing that must be so: a field, and exactly one of what follows."""

    field: str = Field(description=f"One of {', '.join(FIELDS)}, or fields.<name>.")
    is_: Values | None = Field(None, alias="is", description="Any of these; case does not count.")
    is_not: Values | None = Field(None, description="None of these.")
    contains: Values | None = Field(None, description="Any of these words or phrases.")
    starts_with: Values | None = None
    above: float | None = None
    below: float | None = None
    given: bool | None = Field(None, description="Whether anything stands there.")

    @model_validator(mode="after")
    def _one(self) -> Self:
        if len(list(self._asked())) != 1:
            raise ValueError(f"takes exactly one of {', '.join(OPS)}")
        return self

    def _asked(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        for op in OPS:
            value: Any = getattr(self, "is_" if op == "is" else op)
            if value is None:
                continue
            if isinstance(value, bool):
                yield op, ("yes" if value else "no",)
            elif isinstance(value, tuple):
                yield op, value
            else:
                yield op, (f"{value:g}",)

    def as_defined(self) -> dict[str, Any]:
        """Its fields, as intake takes them."""
        [(op, values)] = self._asked()
        return {"field": self.field, "op": op, "values": values}


class Setting(_Part):
    """What a rule sets; what is left out stays as it is."""

    type: TicketType | None = None
    impact: Level | None = None
    urgency: Level | None = None
    team: Slug | None = None
    tags: tuple[Tag, ...] = ()


class Rule(_Part):
    """When all of it is so, set this. Later rules have the last word."""

    name: str = ""
    when: Annotated[tuple[Condition, ...], Field(min_length=1, max_length=20)]
    set: Setting
    stop: bool = Field(False, description="Look at no later rule.")

    def as_defined(self, rule_id: str, team_names: Mapping[str, str]) -> dict[str, Any]:
        """Its fields, as intake takes them."""
        made = self.set
        return {
            "rule_id": rule_id,
            "name": self.name,
            "when": [condition.as_defined() for condition in self.when],
            "type": made.type,
            "impact": made.impact,
            "urgency": made.urgency,
            "team_id": made.team,
            "team_name": team_names[made.team] if made.team else None,
            "tags": made.tags,
            "stop": self.stop,
        }


def untrue_rules(
    rules: Mapping[str, Rule], teams: Mapping[str, object], topics: Mapping[str, Any]
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """What no rule can tell by itself: what it names that is not there."""
    names = {field.name for topic in topics.values() for field in topic.fields}
    for rule_id, rule in rules.items():
        place = ("rules", rule_id)
        if rule.set.team is not None and rule.set.team not in teams:
            yield (*place, "set", "team"), f"there is no team {rule.set.team}"
        if rule.set == Setting():
            yield (*place, "set"), "sets nothing"
        for index, condition in enumerate(rule.when):
            own = condition.field.removeprefix("fields.")
            known = own in names if own != condition.field else condition.field in FIELDS
            if not known:
                what = f"{condition.field} is no field of a ticket"
                yield (*place, "when", index, "field"), what
            if condition.field == "topic":
                for topic in (*(condition.is_ or ()), *(condition.is_not or ())):
                    if topic not in topics:
                        yield (*place, "when", index), f"there is no topic {topic}"
