"""What a submission by HTTP must hold: every field that is wrong is named at once."""

import difflib
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any, Final, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from services.intake.domain.topics import Topics
from services.intake.domain.verification import FIELD_LENGTH_MAX, troubles_in
from services.intake.fields import (
    LINE_LENGTH_MAX,
    Content,
    ContentType,
    Email,
    FileName,
    Given,
    Language,
    Line,
    Phone,
    Subject,
    Text,
    Timezone,
    file_name,
)
from services.intake.text import KINDS, tidy, trouble_with_text
from shared.events import Level, TicketType
from shared.events.desk import TopicDefined
from shared.form_fields import FILE
from shared.web import Invalid
from shared.wording import in_plain_words

FILES_MAX: Final = 10
BODY_BYTES_MAX: Final = 140_000_000
"""Ten files of ten megabytes in base 64, and the rest."""
FIELDS_MAX: Final = 50
CUSTOM_FIELDS_MAX: Final = 100
ERRORS_MAX: Final = 50
"""How many mistakes are named at once; the rest is told with the next try."""
NAME_LENGTH_SHOWN: Final = 100

_NOT_SAID: Final = {"attachments", "channel", "topic", "language", "timezone"}
"""What is no part of a submission's content, or is compared in another form."""

Errors = list[tuple[str, str]]


class Body(BaseModel):
    """What somebody sends: no more than it may hold."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class File(Body):
    """A file that comes with a submission."""

    name: Annotated[FileName, Field(description="Without folders.")]
    content_type: ContentType = "application/octet-stream"
    content_base64: Annotated[Content, Field(description="At most 10 MB.", repr=False)]


class FormFile(File):
    """A file of a form."""

    field: Annotated[
        Annotated[Line, Field(description="The topic's field of kind file that it is for.")] | None,
        Given,
    ] = None


class Requester(Body):
    """Who has the problem."""

    name: Line
    email: Email
    phone: Annotated[Phone | None, Given] = None


class Submission(Body):
    """A ticket to be opened."""

    topic: Annotated[Line, Field(description="Id or name of a topic; see GET /v1/topics.")]
    requester: Requester
    subject: Subject
    description: Text
    impact: Annotated[Level | None, Given] = None
    urgency: Annotated[Level | None, Given] = None
    type: Annotated[TicketType | None, Given] = None
    plan: Annotated[Line | None, Given, Field(description="An SLA plan that the topic offers.")] = (
        None
    )
    custom_fields: Annotated[
        dict[str, Any], Field(description="By the names of the topic's fields.")
    ] = {}
    attachments: Annotated[tuple[FormFile, ...], Field(max_length=FILES_MAX)] = ()
    channel: Literal["web", "api"] = "api"
    language: Annotated[
        Language | None, Given, Field(description="The requester's language (BCP 47), e.g. de-AT.")
    ] = None
    timezone: Annotated[
        Timezone | None, Given, Field(description="Where the requester is, e.g. Europe/Vienna.")
    ] = None

    def digest(self, topic_id: str) -> str:
        """SHA-256 of what was submitted, whichever way it came."""
        said = self.model_dump(mode="json", exclude=_NOT_SAID)
        files = [
            (file.name, file.content_type, hashlib.sha256(file.content_base64).hexdigest())
            + ((file.field,) if file.field else ())
            for file in self.attachments
        ]
        parts = {**said, "topic": topic_id, "attachments": files}
        return hashlib.sha256(orjson.dumps(parts, option=orjson.OPT_SORT_KEYS)).hexdigest()


def read_submission(body: bytes, topics: Topics) -> tuple[Submission, TopicDefined]:
    """The submission in `body`, and its topic. Raises `Invalid`, naming all that is wrong."""
    return checked_submission(read_object(body), topics)


def checked_submission(raw: dict[str, Any], topics: Topics) -> tuple[Submission, TopicDefined]:
    """The submission in an object, and its topic. Raises `Invalid`, naming all that is wrong."""
    _must_be_few(raw)
    errors: Errors = []
    try:
        # Without a requester, each field that is missing of it is named.
        submission = Submission.model_validate({"requester": {}} | raw)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        errors += explained(found[:ERRORS_MAX], Submission)
    topic = topic_called(raw.get("topic"), topics)
    if topic is None:
        errors += _unknown_topic(raw.get("topic"), topics)
    else:
        errors += _plan_errors(raw, topic, topics)
        raw, custom_errors = with_custom_fields(raw, topic)
        errors += custom_errors
    if errors or topic is None:
        raise Invalid(errors)
    return submission.model_copy(update={"custom_fields": raw["custom_fields"]}), topic


def read_object(body: bytes) -> dict[str, Any]:
    """The JSON object in `body`. Raises `Invalid`."""
    try:
        raw = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Invalid([("body", f"is not JSON: {error}")]) from None
    if not isinstance(raw, dict):
        raise Invalid([("body", f"must be an object, not {KINDS.get(type(raw), 'text or null')}")])
    return raw


def _must_be_few(raw: Mapping[str, Any]) -> None:
    """Refuse too many fields before each is looked at. Raises `Invalid`."""
    requester, files = raw.get("requester"), raw.get("attachments")
    places: dict[str, object] = {"body": raw, "requester": requester, "attachments": files}
    for number, file in enumerate(files[:FILES_MAX] if isinstance(files, list) else ()):
        places[f"attachments.{number}"] = file
    for place, value in places.items():
        if isinstance(value, dict | list) and len(value) > FIELDS_MAX:
            most = FILES_MAX if place == "attachments" else FIELDS_MAX
            raise Invalid([(place, f"may hold {most}; there are {len(value)}")])


def topic_called(name: object, topics: Topics) -> TopicDefined | None:
    """The topic with this id or name, if it is offered."""
    if not isinstance(name, str):
        return None
    wanted = name.strip().casefold()
    offered = (topic for topic in topics.by_id.values() if topic.active)
    found = (t for t in offered if wanted in (t.topic_id.casefold(), t.name.casefold()))
    return next(found, None)


def with_custom_fields(raw: dict[str, Any], topic: TopicDefined) -> tuple[dict[str, Any], Errors]:
    """The submission with its custom fields as text, and what is wrong with them."""
    given = raw.get("custom_fields", {})
    if not isinstance(given, Mapping):
        # The model has said so already.
        return raw, []
    if len(given) > CUSTOM_FIELDS_MAX:
        return raw, [("custom_fields", f"may hold {CUSTOM_FIELDS_MAX}; there are {len(given)}")]
    values, errors = _files_in_fields(raw, topic)
    known = {field.name: field for field in topic.fields}
    for name, value in given.items():
        place = f"custom_fields.{name[:NAME_LENGTH_SHOWN] or '(no name)'}"
        if name not in known:
            errors.append((place, f"is not a field of {topic.name}{_meant(name, known)}"))
        elif known[name].kind == FILE and value not in (None, ""):
            errors.append((place, f"is a file: send it among attachments, with field: {name}"))
        elif isinstance(value, int | float) and not isinstance(value, bool):
            values[name] = str(value)
        elif value is None or value == "":
            continue
        elif trouble := trouble_with_text(value, FIELD_LENGTH_MAX, lines=True):
            errors.append((place, trouble))
        else:
            values[name] = tidy(value)
    wrong = {place for place, _ in errors}
    for name, trouble in troubles_in(topic, values).items():
        place = f"custom_fields.{name}"
        if place not in wrong:
            errors.append((place, trouble))
    return {**raw, "custom_fields": values}, errors


def _files_in_fields(raw: Mapping[str, Any], topic: TopicDefined) -> tuple[dict[str, str], Errors]:
    """The names of the files that came in each field of kind file, and what is wrong with them."""
    files = raw.get("attachments")
    known = [field.name for field in topic.fields if field.kind == FILE]
    names: dict[str, list[str]] = {}
    errors: Errors = []
    for number, file in enumerate(files[:FILES_MAX] if isinstance(files, list) else ()):
        field = file.get("field") if isinstance(file, Mapping) else None
        if not isinstance(field, str) or not field.strip():
            continue
        if field.strip() in known:
            names.setdefault(field.strip(), []).append(_shown_name(file.get("name")))
        else:
            place = f"attachments.{number}.field"
            what = f"is no file field of {topic.name}{_meant(field, known)}"
            errors.append((place, what))
    return {field: ", ".join(each) for field, each in names.items()}, errors


def _shown_name(name: object) -> str:
    """A file's name as it will be kept; the model says what is wrong with it."""
    try:
        return file_name(name)
    except PydanticCustomError:
        return "file"


def explained(errors: Iterable[ErrorDetails], model: type[BaseModel]) -> Iterator[tuple[str, str]]:
    """What pydantic found, in words for people who never heard of it."""
    for error in errors:
        place = ".".join(str(part)[:NAME_LENGTH_SHOWN] or "(no name)" for part in error["loc"])
        match error["type"]:
            case "extra_forbidden":
                known = model.model_fields if len(error["loc"]) == 1 else {}
                yield place, f"is not a field we know{_meant(str(error['loc'][-1]), known)}"
            case _:
                yield place, in_plain_words(error)


def _unknown_topic(name: object, topics: Topics) -> Errors:
    if not isinstance(name, str) or not name.strip() or len(name) > LINE_LENGTH_MAX:
        # The model has said what is wrong with it.
        return []
    offered = [topic.topic_id for topic in topics.by_id.values() if topic.active]
    if not offered:
        return [("topic", "is unknown: this desk has no topics yet")]
    return [("topic", f"is unknown; choose one of: {', '.join(offered[:50])}")]


def _plan_errors(raw: Mapping[str, Any], topic: TopicDefined, topics: Topics) -> Errors:
    """A plan that the topic doesn't offer, or that isn't for this requester."""
    plan, requester = raw.get("plan"), raw.get("requester")
    if not isinstance(plan, str) or not plan.strip():
        return []
    email = requester.get("email") if isinstance(requester, Mapping) else None
    email = email.strip()[:LINE_LENGTH_MAX] if isinstance(email, str) else ""
    offered = [each for each in topic.entitled_plans if topics.may_choose(email, each)]
    if plan.strip() in offered:
        return []
    choice = f"can be chosen: {', '.join(offered) or 'none'}"
    if plan.strip() in topic.entitled_plans:
        whom = f", not for {email}" if email else ""
        return [("plan", f"is for customers who have it by contract{whom}; {choice}")]
    return [("plan", f"is not offered under {topic.name}; {choice}")]


def _meant(name: str, known: Iterable[str]) -> str:
    close: Sequence[str] = difflib.get_close_matches(name[:50], list(known), n=1)
    return f"; did you mean {close[0]}?" if close else ""
