"""What a desk's file gives agents to work with: canned responses, macros, and how tickets close."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from deploy.desk_parts import Line, Minutes, Part, Place, Slug, Tag
from services.resolution.domain.rules import VARIABLES
from shared.events.resolution import ProgressKind, ResolutionKind
from shared.sandbox import TemplateNotAllowed, check

Text = Annotated[str, StringConstraints(min_length=1, max_length=20_000)]

NEEDS: Final[Mapping[str, frozenset[str]]] = {
    "start": frozenset(),
    "reply": frozenset({"text"}),
    "note": frozenset({"text"}),
    "progress": frozenset({"text"}),
    "tags": frozenset(),
    "hold": frozenset({"reason"}),
    "escalation": frozenset({"reason"}),
    "resolve": frozenset({"cause", "note"}),
    "time": frozenset({"minutes"}),
    "close": frozenset({"note"}),
}
"""The fields without which a step can't be carried out."""

TAKES: Final[Mapping[str, frozenset[str]]] = {
    **NEEDS,
    "reply": frozenset({"text", "awaits_customer"}),
    "note": frozenset({"text", "pinned"}),
    "progress": frozenset({"text", "kind"}),
    "tags": frozenset({"add", "remove"}),
    "resolve": frozenset({"cause", "note", "kind"}),
}
"""All the fields that a step may have."""


class Closing(Part):
    """How tickets close by silence, and how long customers can reopen them."""

    calendar: Slug | None = Field(
        None, description="Business hours in which a topic's close_after_minutes pass."
    )
    remind_minutes_before: Minutes | None = Field(
        None, description="When the customer is reminded, of the same time before closing."
    )
    reopen_minutes: Minutes | None = Field(
        None, description="Real time after closing in which the customer may reopen a ticket."
    )


class Response(Part):
    """A reply that agents give often; its text is a template."""

    name: Line
    text: Text
    topics: tuple[Slug, ...] = Field((), description="Offered under these only; none: all.")


class Step(Part):
    """One command of a macro. Texts are templates."""

    do: Literal[
        "start", "reply", "note", "progress", "tags", "hold", "escalation", "resolve", "time",
        "close",
    ]  # fmt: skip
    text: Text | None = None
    reason: Text | None = None
    cause: Text | None = None
    note: Text | None = None
    kind: ProgressKind | ResolutionKind | None = None
    awaits_customer: bool = False
    pinned: bool = False
    minutes: float | None = None
    add: tuple[Tag, ...] = ()
    remove: tuple[Tag, ...] = ()

    @model_validator(mode="after")
    def _fits(self) -> Self:
        given = set(self.fields())
        if missing := NEEDS[self.do] - given:
            raise ValueError(f"{self.do} needs {', '.join(sorted(missing))}")
        if more := given - TAKES[self.do]:
            raise ValueError(f"{self.do} takes no {', '.join(sorted(more))}")
        if self.do == "tags" and not given:
            raise ValueError("tags needs something to add or remove")
        kinds = ProgressKind if self.do == "progress" else ResolutionKind
        if self.kind is not None and self.kind.value not in [each.value for each in kinds]:
            raise ValueError(f"{self.do} is of no kind {self.kind}")
        return self

    def fields(self) -> dict[str, str]:
        """What it says, as texts."""
        texts = {name: getattr(self, name) for name in ("text", "reason", "cause", "note", "kind")}
        marks = {name: "yes" for name in ("awaits_customer", "pinned") if getattr(self, name)}
        tags = {name: " ".join(getattr(self, name)) for name in ("add", "remove")}
        minutes = {} if self.minutes is None else {"minutes": f"{self.minutes:g}"}
        said = {name: str(value) for name, value in texts.items() if value is not None}
        return {**said, **marks, **minutes, **{name: text for name, text in tags.items() if text}}

    @classmethod
    def of(cls, do: str, fields: Mapping[str, str]) -> dict[str, Any]:
        """A step as it stands in a file, from what `fields` gave."""
        made: dict[str, Any] = {"do": do, **fields}
        made |= {name: True for name in ("awaits_customer", "pinned") if name in fields}
        made |= {name: fields[name].split() for name in ("add", "remove") if name in fields}
        return made | ({"minutes": float(fields["minutes"])} if "minutes" in fields else {})


class Macro(Part):
    """Several commands that are carried out together, or not at all."""

    name: Line
    topics: tuple[Slug, ...] = ()
    steps: Annotated[tuple[Step, ...], Field(min_length=1, max_length=10)]


class Work(Part):
    """What agents have to work with."""

    closing: Closing = Closing()
    responses: dict[Slug, Response] = {}
    macros: dict[Slug, Macro] = {}

    def as_defined(self, calendars: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        """Its fields, as resolution takes them; `calendars` as sla takes them, by their ids."""
        closing = self.closing.model_dump(mode="json", exclude={"calendar"})
        if self.closing.calendar is not None:
            closing["calendar"] = calendars[self.closing.calendar]
            closing["calendar_id"] = self.closing.calendar
        return {
            "closing": closing,
            "responses": [
                {"response_id": response_id, **response.model_dump(mode="json")}
                for response_id, response in self.responses.items()
            ],
            "macros": [
                {
                    "macro_id": macro_id,
                    "name": macro.name,
                    "topics": macro.topics,
                    "steps": [{"do": step.do, "fields": step.fields()} for step in macro.steps],
                }
                for macro_id, macro in self.macros.items()
            ],
        }


def as_file(rules: Mapping[str, Any]) -> dict[str, Any]:
    """What resolution says is in force, in the form of a desk's file."""
    closing = rules["closing"]
    kept = ("remind_minutes_before", "reopen_minutes")
    return {
        "closing": {
            **{name: closing[name] for name in kept if closing[name] is not None},
            **({"calendar": closing["calendar_id"]} if closing["calendar_id"] else {}),
        },
        "responses": {
            each["response_id"]: {name: each[name] for name in ("name", "text", "topics")}
            for each in rules["responses"]
        },
        "macros": {
            each["macro_id"]: {
                "name": each["name"],
                "topics": each["topics"],
                "steps": [Step.of(step["do"], step["fields"]) for step in each["steps"]],
            }
            for each in rules["macros"]
        },
    }


def untrue_work(
    work: Work, calendars: Mapping[str, object], topics: Mapping[str, object]
) -> Iterator[tuple[Place, str]]:
    """What no part can tell by itself: what is named but not there, texts that can't be shown."""
    if work.closing.calendar is not None and work.closing.calendar not in calendars:
        yield ("work", "closing", "calendar"), f"there is no calendar {work.closing.calendar}"
    for kind, listed in (("responses", work.responses), ("macros", work.macros)):
        for name, one in listed.items():
            for topic in one.topics:
                if topic not in topics:
                    yield ("work", kind, name, "topics"), f"there is no topic {topic}"
    for response_id, response in work.responses.items():
        yield from _wrong(("work", "responses", response_id, "text"), response.text)
    for macro_id, macro in work.macros.items():
        for index, step in enumerate(macro.steps):
            for name, text in step.fields().items():
                yield from _wrong(("work", "macros", macro_id, "steps", index, name), text)


def _wrong(place: Place, template: str) -> Iterator[tuple[Place, str]]:
    try:
        check(template, VARIABLES)
    except TemplateNotAllowed as error:
        yield place, error.message
