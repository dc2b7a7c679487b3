"""The fields of a topic's form: which are asked, which are required, what a form must not be.

One rule for the form, the HTTP API, a customer's answers and the desk file. A field is asked
for when its `shown_when` holds, and required when it says so, or when its `required_when`
holds. Conditions look at fields above their own, so that none depends on itself.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from shared.events.desk import FieldCondition, FormField

KINDS: Final = ("text", "textarea", "number", "date", "choice", "file")

FILE: Final = "file"
"""A field that files are chosen in; its value is their names."""


def asked(fields: Sequence[FormField], values: Mapping[str, str]) -> dict[str, bool]:
    """The fields that are asked for with these values, in their order: each with whether it is
    required. What stands in a field that isn't asked for counts for no other."""
    found: dict[str, bool] = {}
    counting: dict[str, str] = {}
    for field in fields:
        if field.shown_when is not None and not holds(field.shown_when, counting):
            continue
        required = field.required_when is not None and holds(field.required_when, counting)
        found[field.name] = field.required or required
        counting[field.name] = values.get(field.name, "")
    return found


def holds(condition: FieldCondition, values: Mapping[str, str]) -> bool:
    """Whether the other field has one of the values; with none named, whether it has any."""
    value = values.get(condition.field, "").strip()
    if not condition.values:
        return bool(value)
    return value.casefold() in {each.casefold() for each in condition.values}


def in_words(condition: FieldCondition, labels: Mapping[str, str]) -> str:
    """`“Product” is Till or Scanner`."""
    label = labels.get(condition.field, condition.field).strip().rstrip("?:")
    if not condition.values:
        return f"“{label}” is filled in"
    return f"“{label}” is {' or '.join(condition.values)}"


def wrong_fields(fields: Sequence[FormField]) -> Iterator[tuple[int, str]]:
    """What is wrong with a topic's fields: the place of each, and why."""
    above: dict[str, FormField] = {}
    for place, field in enumerate(fields):
        if field.kind not in KINDS:
            yield place, f"{field.name} is a {field.kind}; it can be {', '.join(KINDS)}"
        if field.kind == "choice" and not field.choices:
            yield place, f"{field.name} is a choice of nothing"
        if field.name in above:
            yield place, f"{field.name} stands here twice"
        for condition in filter(None, (field.shown_when, field.required_when)):
            if (why := _wrong_condition(condition, above)) is not None:
                yield place, f"{field.name} {why}"
        above[field.name] = field


def _wrong_condition(condition: FieldCondition, above: Mapping[str, FormField]) -> str | None:
    other = above.get(condition.field)
    if other is None:
        return f"depends on {condition.field}, which is no field above it"
    if other.kind == FILE and condition.values:
        return f"depends on the value of {condition.field}, which is a file"
    never = [each for each in condition.values if other.choices and each not in other.choices]
    if never:
        return f"depends on {condition.field} being {never[0]}, which is none of its choices"
    return None
