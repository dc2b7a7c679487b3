"""A topic's own fields, as its form shows them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from services.portal.speaking import Said, Sayable, said
from shared.events.desk import FieldCondition, FormField
from shared.form_fields import FILE

CUSTOM: Final = "custom_fields."
"""What the names of a topic's own fields begin with, in a form."""


@dataclass(frozen=True)
class Shown:
    """A field, with what the page says of its conditions to people and to its script."""

    name: str
    label: str
    kind: str
    required: bool
    choices: Sequence[str]
    hint: Sayable
    shown_when: dict[str, Any] | None
    required_when: dict[str, Any] | None


def shown(fields: Sequence[dict[str, Any]]) -> list[Shown]:
    """The fields of a topic's row. All are on the page: who has no script leaves out what is not
    for them, as the hint says; the script hides it."""
    known = [FormField.model_validate(field) for field in fields]
    labels = {field.name: field.label for field in known}
    return [_shown(field, labels) for field in known]


def file_fields(fields: Sequence[dict[str, Any]]) -> frozenset[str]:
    """The names of those that files are chosen in."""
    return frozenset(field["name"] for field in fields if field["kind"] == FILE)


def _shown(field: FormField, labels: dict[str, str]) -> Shown:
    hints = []
    if field.shown_when is not None:
        hints.append(said("Only if {condition}.", condition=_condition(field.shown_when, labels)))
    if field.required_when is not None and not field.required:
        hints.append(
            said("Needed if {condition}.", condition=_condition(field.required_when, labels))
        )
    return Shown(
        name=CUSTOM + field.name,
        label=field.label,
        kind=field.kind,
        required=field.required,
        choices=field.choices,
        hint=hints,
        shown_when=_told(field.shown_when),
        required_when=_told(field.required_when),
    )


def _condition(condition: FieldCondition, labels: dict[str, str]) -> Said:
    label = labels.get(condition.field, condition.field).strip().rstrip("?:")
    if not condition.values:
        return said("“{field}” is filled in", field=label)
    values: Said | str = condition.values[0]
    for each in condition.values[1:]:
        values = said("{first} or {second}", first=values, second=each)
    return said("“{field}” is {values}", field=label, values=values)


def _told(condition: FieldCondition | None) -> dict[str, Any] | None:
    if condition is None:
        return None
    return {"field": CUSTOM + condition.field, "values": list(condition.values)}
