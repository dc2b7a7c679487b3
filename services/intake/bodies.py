"""What the bodies of commands on a ticket, and of the desk's configuration, hold."""

from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from services.intake.domain.verification import FIELD_LENGTH_MAX
from services.intake.fields import Email, Given, Language, Line, Subject, Timezone
from services.intake.submission import FILES_MAX, Body, File, FormFile
from services.intake.text import cleaned, tidy, trouble_with_text
from shared.events import Level, Priority, TicketType
from shared.events.desk import FormField, TriageRule
from shared.form_fields import wrong_fields

TEXT_LENGTH_MAX: Final = 100_000


def _message(value: object) -> object:
    """A text that may be empty; otherwise nothing in it that can't be stored."""
    if not isinstance(value, str) or not value.strip():
        return value
    trouble = trouble_with_text(value, TEXT_LENGTH_MAX, lines=True)
    if trouble is not None:
        raise ValueError(trouble)
    return tidy(value)


def _storable(value: object) -> object:
    return cleaned(value) if isinstance(value, str) else value


Message = Annotated[str, BeforeValidator(_message)]
Answer = Annotated[str, BeforeValidator(_storable), Field(max_length=TEXT_LENGTH_MAX)]
Reason = Annotated[
    str,
    BeforeValidator(_storable),
    StringConstraints(strip_whitespace=True, min_length=1, max_length=FIELD_LENGTH_MAX),
]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]


class CustomerMessage(Body):
    text: Message = ""
    attachments: Annotated[tuple[File, ...], Field(max_length=FILES_MAX)] = ()


class Clarification(Body):
    answers: Annotated[dict[str, Answer], Field(max_length=100)] = {}
    text: Message = ""
    attachments: Annotated[
        tuple[FormFile, ...],
        Field(max_length=FILES_MAX, description="Each answers the question named as its field."),
    ] = ()

    @property
    def given(self) -> dict[str, str]:
        """The answers that say something; the names of the files where files were asked for."""
        given = {name: value.strip() for name, value in self.answers.items() if value.strip()}
        for file in self.attachments:
            if file.field:
                given[file.field] = ", ".join(filter(None, (given.get(file.field), file.name)))
        return given


class PriorityOrder(Body):
    impact: Annotated[Level | None, Given] = None
    urgency: Annotated[Level | None, Given] = None
    priority: Annotated[Priority | None, Given] = None
    reason: Reason


class CategoryOrder(Body):
    topic_id: Annotated[str | None, Given] = None
    type: Annotated[TicketType | None, Given] = None
    reason: Reason


class MergeOrder(Body):
    into_ticket_id: Annotated[Line, Field(description="Id or number of the ticket to go on in.")]
    reason: Reason


class ReasonGiven(Body):
    reason: Reason


class LinkOrder(Body):
    other_ticket_id: Annotated[Line, Field(description="Id or number of the other ticket.")]
    kind: Literal["related", "duplicate", "blocks", "blocked by"] = "related"
    reason: Annotated[str, BeforeValidator(_storable), Field(max_length=FIELD_LENGTH_MAX)] = ""


class SplitOrder(Body):
    message_id: UUID
    subject: Subject
    topic_id: Annotated[str | None, Given] = None
    reason: Reason


class Sender(Body):
    """Somebody whose mail is not wanted."""

    address: Email


class AddressOrder(Body):
    """Another address of a ticket's requester."""

    address: Email
    proof: Reason


class OwnAddress(Body):
    """Another address of a ticket's requester, who has used the link that was mailed to it."""

    address: Email
    requester: UUID


class PersonOrder(Body):
    """What a ticket's requester speaks, and where they are; empty is as they say themselves."""

    language: Annotated[Language | Literal[""], Given] = ""
    timezone: Annotated[Timezone | Literal[""], Given] = ""


class Release(Body):
    """Where a quarantined mail goes; without a ticket, it opens one."""

    into_ticket_id: Annotated[
        Annotated[Line, Field(description="Id or number of a ticket.")] | None, Given
    ] = None


Minutes = Annotated[float, Field(gt=0)]


def _consistent(fields: tuple[FormField, ...]) -> tuple[FormField, ...]:
    """Fields that make a form. Raises what is wrong with the first that doesn't."""
    for _, what in wrong_fields(fields):
        raise ValueError(what)
    return fields


FormFields = Annotated[tuple[FormField, ...], AfterValidator(_consistent)]


class TopicDefinition(Body):
    """A topic, as the desk's configuration has it."""

    topic_id: Slug
    name: Line
    description: str = ""
    type: TicketType
    team_id: Slug
    team_name: Line
    skills: tuple[str, ...] = ()
    tier: Annotated[int, Field(ge=1, le=9)] = 1
    impact: Level = Level.MEDIUM
    urgency: Level = Level.MEDIUM
    plan_id: Slug | None = None
    entitled_plans: tuple[Slug, ...] = ()
    close_after_minutes: Annotated[float, Field(gt=0)] = 3 * 24 * 60
    archive_after_minutes: Annotated[float, Field(gt=0)] = 30 * 24 * 60
    follow_up_after_minutes: Annotated[float, Field(gt=0)] = 24 * 60
    fields: FormFields = ()
    mailbox: str = ""
    remind_after_minutes: Annotated[tuple[Minutes, ...], Field(max_length=10)] = ()
    lapses_after_minutes: Minutes | None = None
    prove_address: bool = False


class EntitlementDefinition(Body):
    """The customers whom a plan is for, by mail address or by its domain."""

    plan_id: Slug
    customers: tuple[Line, ...]


def _member(value: str) -> str:
    """An address, or the id made of one."""
    return value if "@" in value else str(UUID(value))


class OrganisationDefinition(Body):
    """Customers who belong together, by the domain of their address or by the address itself."""

    organisation_id: Slug
    name: Line
    domains: tuple[Line, ...] = ()
    members: tuple[Annotated[Line, AfterValidator(_member)], ...] = ()
    plan_id: Slug | None = None
    team_id: Slug | None = None
    team_name: Line | None = None
    language: str = ""
    timezone: str = ""


class SectionDefinition(Body):
    """Intake's section of the desk: a topic that is not among these is offered no longer, and a
    plan without an entitlement is open to everybody."""

    revision: Annotated[int, Field(ge=1)]
    name: Annotated[Line | None, Field(description="What the desk calls itself.")] = None
    topics: tuple[TopicDefinition, ...]
    rules: tuple[TriageRule, ...] = ()
    entitlements: tuple[EntitlementDefinition, ...] = ()
    organisations: tuple[OrganisationDefinition, ...] = ()


class Revising(Body):
    """A configuration that is going to be applied."""

    digest: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
