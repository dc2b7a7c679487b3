"""Who is told what, when: each event that somebody hears of, as letters. Pure.

| heard | the customer | the desk |
|---|---|---|
| TicketOpened | acknowledgment, withheld if machines must not answer | |
| ClarificationRequested, ClarificationReminded | clarification | |
| AddressProofReminded | clarification, in words of its own | |
| AgentAssigned | assignment, if somebody new | the agent, unless they took it themselves |
| ParticipantAdded | | who takes part |
| AgentReplied, ProgressReported | reply, progress; people in copy, too | |
| CopyInvited | copy, to whoever is to take part | |
| OutsiderWrote | | the agent |
| CustomerMessageReceived, ClarificationProvided, ResolutionRejected | | the agent |
| TicketEscalated | escalation | agents, managers |
| TicketResolved | resolution; people in copy, too | |
| TicketReopened | reopened | the agent, unless told why already |
| ClosureReminded | closure_reminder | |
| NoteAdded | | agents whom it is meant for |
| TicketClosed, FollowUpRequested | closure, follow-up | |
| TargetApproaching | | whom the plan names, or the agent, else managers |
| TargetBreached, TargetOverdue | | whom the plan names, or the agent and managers |
| FeedbackReceived, if it is low | | managers |
| TicketLeftUntouched | | the agent and managers |

Whoever follows a ticket is told of most of it, too: `following.py`.

Who of them gets which letter in the end, and who else, is data: `rules.py`. Only whom a plan
names is told by the plan.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from services.notify.directory import CLOCK_NAMES, Contact, Directory, deadlines, expected_answer
from services.notify.speaking import Spoken, days, duration, spoken
from services.notify.story import Story
from services.notify.words import excerpt, first_name, unproven_name
from shared.events import Event
from shared.events.assignment import (
    AgentAssigned,
    ParticipantAdded,
    TicketEscalated,
    TicketLeftUntouched,
)
from shared.events.intake import (
    ClarificationProvided,
    ClarificationReminded,
    ClarificationRequested,
    CustomerMessageReceived,
    TicketOpened,
)
from shared.events.notify import NotificationKind as Kind
from shared.events.participants import AddressProofReminded, CopyInvited
from shared.events.relations import OutsiderWrote
from shared.events.resolution import (
    AgentReplied,
    ClosureReminded,
    NoteAdded,
    ProgressReported,
    ResolutionRejected,
    TicketClosed,
    TicketReopened,
    TicketResolved,
)
from shared.events.review import FeedbackReceived, FollowUpRequested
from shared.events.sla import TargetApproaching, TargetBreached, TargetOverdue
from shared.ids import person_id
from shared.moments import moment


@dataclass(frozen=True)
class Letter:
    """What one person is to be told: the template, and what it needs beside the ticket's own."""

    kind: Kind
    template: str
    to: Contact
    to_customer: bool = False
    facts: Mapping[str, Any] = field(default_factory=dict)
    withheld: str = ""
    """Why it must not be sent; empty if it may."""
    person_id: UUID | None = None
    """The customer it goes to, if that is not the requester."""
    named: bool = False
    """The fact itself says who is told; rules say by which way."""
    to_webhooks: bool = False
    """For webhooks that ask for notices, not for a person."""


@dataclass(frozen=True)
class Occasion:
    """An event that somebody is told of, and everything known at that moment."""

    event: Event
    story: Story
    directory: Directory
    zone: str
    cause: type | None = None
    """Class of the event it followed from, where that concerns the same ticket."""

    @property
    def expected(self) -> Spoken:
        return expected_answer(self.story, self.directory, self.zone)

    def moment(self, at: datetime) -> Spoken:
        return Spoken(lambda language: moment(at, self.zone, language))


def letters_for(occasion: Occasion) -> list[Letter]:
    """The letters to whom an event concerns first, several to an address perhaps; what the
    desk would be told if there were anybody is addressed to nobody."""
    write = _BY_EVENT.get(type(occasion.event))
    if write is None or occasion.story.opened is None:
        return []
    return write(occasion.event, occasion)


def link_letter(story: Story, code: str = "") -> Letter:
    """The letter with a new link, and maybe a code, for a customer who asked for them."""
    return _to_requester(story, Kind.LINK, {"code": code})


def address_letter(story: Story, address: str, url: str) -> Letter:
    """The letter to another address of the requester's, with the link that shows it to be theirs.

    Nothing of the ticket is in it, and no link to it: maybe they have typed a stranger's address.
    """
    assert story.requester is not None
    told = dict.fromkeys(("status_url", "confirm_url", "reject_url", "feedback_url"), url)
    facts = told | {"by": story.requester.email, "title": "", "mute_url": ""}
    to = Contact("", "", address)
    return Letter(Kind.LINK, "address_link", to, True, facts, person_id=person_id(address))


def _customer(about: Occasion, kind: Kind, **facts: Any) -> Letter:
    return _to_requester(about.story, kind, facts)


def _to_requester(story: Story, kind: Kind, facts: Mapping[str, Any]) -> Letter:
    person = story.requester
    assert person is not None
    to = Contact("", person.name, person.email)
    return Letter(kind, kind.value, to, to_customer=True, facts=facts)


def _desk(kind: Kind, to: Iterable[Contact], **facts: Any) -> list[Letter]:
    """A letter to each colleague; to nobody if there is none, as rules may name others."""
    template = f"{kind.value}_team" if kind in _FOR_BOTH else kind.value
    return [Letter(kind, template, contact, facts=facts) for contact in list(to) or [NOBODY]]


NOBODY = Contact("")
"""Whom a letter is addressed to that only a rule could send to somebody."""

_FOR_BOTH = frozenset({Kind.ESCALATION, Kind.REOPENED})
"""What customers and the desk are told in letters of their own."""


def _but(who: str, contacts: Iterable[Contact]) -> list[Contact]:
    agent_id = who.removeprefix("agent:")
    return [contact for contact in contacts if contact.agent_id != agent_id]


def _called(agent_name: str) -> str:
    """What customers call an agent: by first name."""
    return first_name(agent_name) or agent_name


def _agent(about: Occasion) -> list[Contact]:
    agent = about.story.agent
    return [about.directory.agent(agent.agent_id, agent.name)] if agent else []


def _everyone(about: Occasion) -> list[Contact]:
    """The agent who has or had it, those who take part, and the managers."""
    last = about.story.last_agent
    agents = [about.directory.agent(last.agent_id, last.name)] if last else []
    others = [about.directory.agent(a) for a in sorted(about.story.participants)]
    return [*agents, *others, *about.directory.managers]


def _opened(event: TicketOpened, about: Occasion) -> list[Letter]:
    facts = {"summary": excerpt(event.description), "held": event.held}
    letter = _customer(about, Kind.ACKNOWLEDGMENT, **facts)
    withheld = "" if event.auto_response_allowed else "auto_response_declined"
    return [replace(letter, withheld=withheld)]


def _clarification(
    event: ClarificationRequested | ClarificationReminded, about: Occasion
) -> list[Letter]:
    until = "" if event.ends_at is None else about.moment(event.ends_at)
    facts = {"questions": [q.text for q in event.questions], "until": until}
    again = isinstance(event, ClarificationReminded)
    return [_customer(about, Kind.CLARIFICATION, again=again, **facts)]


def _proof_reminded(event: AddressProofReminded, about: Occasion) -> list[Letter]:
    until = "" if event.ends_at is None else about.moment(event.ends_at)
    letter = _customer(about, Kind.CLARIFICATION, until=until)
    return [replace(letter, template="proof_reminder")]


def _assigned(event: AgentAssigned, about: Occasion) -> list[Letter]:
    agent = about.story.agent
    if agent is None or agent.agent_id != event.agent_id:
        return []  # Somebody else has it by now, and the customer hears of them only.
    told = _but(event.by, _agent(about))
    facts = {"due": deadlines(about.story, about.zone), "takes_part": False}
    letters = _desk(Kind.AGENT_ASSIGNMENT, told, reason=event.reason, **facts)
    if about.story.introduced != event.agent_id:
        who = {"agent": _called(event.agent_name), "team": event.team_name}
        who["expected"] = about.expected
        letters.append(_customer(about, Kind.ASSIGNMENT, first=not about.story.introduced, **who))
    return letters


def _takes_part(event: ParticipantAdded, about: Occasion) -> list[Letter]:
    told = _but(event.by, [about.directory.agent(event.agent_id, event.agent_name)])
    facts = {"due": deadlines(about.story, about.zone), "takes_part": True}
    return _desk(Kind.AGENT_ASSIGNMENT, told, reason="", **facts)


def _replied(event: AgentReplied, about: Occasion) -> list[Letter]:
    files = [attachment.name for attachment in event.attachments]
    facts = {"agent": _called(event.agent_name), "body": event.text, "files": files}
    return [_customer(about, Kind.REPLY, awaits=event.awaits_customer, **facts)]


def _progress(event: ProgressReported, about: Occasion) -> list[Letter]:
    facts = {"agent": _called(event.agent_name), "body": event.text, "what": event.kind.value}
    return [_customer(about, Kind.PROGRESS, **facts)]


def _escalated(event: TicketEscalated, about: Occasion) -> list[Letter]:
    told = _but(event.by, _everyone(about))
    facts = {"reason": event.reason, "from_tier": event.from_tier, "tier": event.tier}
    customer = _customer(about, Kind.ESCALATION, expected=about.expected)
    return [customer, *_desk(Kind.ESCALATION, told, **facts)]


def _resolved(event: TicketResolved, about: Occasion) -> list[Letter]:
    minutes = about.story.close_after_minutes
    facts = {
        "agent": _called(event.agent_name),
        "what": event.kind.value,
        "cause": event.cause,
        "note": event.note,
        "closes_after": Spoken(lambda language: days(minutes, language)) if minutes else "",
    }
    return [_customer(about, Kind.RESOLUTION, **facts)]


def _reopened(event: TicketReopened, about: Occasion) -> list[Letter]:
    letters = [_customer(about, Kind.REOPENED, expected=about.expected)]
    if about.cause is CustomerMessageReceived or about.story.rejected:
        return letters  # The agent has just been told what the customer wrote.
    told = _but(event.reopened_by, _agent(about))
    return letters + _desk(Kind.REOPENED, told, reason=event.reason)


def _closed(event: TicketClosed, about: Occasion) -> list[Letter]:
    facts = {"how": event.how.value, "note": event.note, "merged_into": about.story.merged_into}
    return [_customer(about, Kind.CLOSURE, **facts)]


def _closing(event: ClosureReminded, about: Occasion) -> list[Letter]:
    letter = _customer(about, Kind.CLOSURE, due=about.moment(event.closes_at))
    return [replace(letter, template="closure_reminder")]


def _mentioned(event: NoteAdded, about: Occasion) -> list[Letter]:
    told = [about.directory.agent(each) for each in event.mentions if each != event.noted_by]
    facts = {"sender": event.agent_name or event.noted_by, "body": event.text}
    return [
        Letter(Kind.AGENT_ASSIGNMENT, "mention", contact, named=True, facts=facts)
        for contact in told
    ]


def _follow_up(_event: FollowUpRequested, about: Occasion) -> list[Letter]:
    return [_customer(about, Kind.FOLLOW_UP)]


def _copy_invited(event: CopyInvited, about: Occasion) -> list[Letter]:
    requester, person = about.story.requester, event.person
    assert requester is not None
    to = Contact("", person.name, person.email)
    facts = {"by": unproven_name(requester.name) or requester.email}
    return [Letter(Kind.COPY, Kind.COPY.value, to, True, facts, person_id=person.person_id)]


def _message(event: CustomerMessageReceived, about: Occasion) -> list[Letter]:
    if event.automatic:
        return []
    files = [attachment.name for attachment in event.attachments]
    facts = {"what": "message", "sender": event.sender.name or event.sender.email}
    return _desk(Kind.CUSTOMER_REPLY, _agent(about), body=event.text, files=files, **facts)


def _outsider(event: OutsiderWrote, about: Occasion) -> list[Letter]:
    body = spoken(
        f"They take no part in this ticket, so it became a ticket of its own: {event.number}",
        f"Sie nehmen an diesem Ticket nicht teil, daher wurde es ein eigenes: {event.number}",
    )
    sender = spoken("Somebody else", "Jemand anderes")
    facts = {"what": "message", "sender": sender, "body": body, "files": []}
    return _desk(Kind.CUSTOMER_REPLY, _agent(about), **facts)


def _clarified(event: ClarificationProvided, about: Occasion) -> list[Letter]:
    answers = [*event.answers.values(), event.text]
    body = "\n".join(answer for answer in answers if answer)
    return _desk(Kind.CUSTOMER_REPLY, _agent(about), what="answers", body=body, files=[])


def _rejected(event: ResolutionRejected, about: Occasion) -> list[Letter]:
    facts = {"what": "rejection", "body": event.reason, "files": []}
    return _desk(Kind.CUSTOMER_REPLY, _agent(about), **facts)


def _approaching(event: TargetApproaching, about: Occasion) -> list[Letter]:
    named = _named(event.tell, about)
    told = named or _agent(about) or list(about.directory.managers)
    facts = {"clock": CLOCK_NAMES[event.clock], "due": about.moment(event.due_at)}
    minutes = max(0.0, event.remaining_seconds) / 60
    left = Spoken(lambda language: duration(minutes, language))
    letters = _desk(Kind.BREACH_WARNING, told, left=left, **facts)
    return [replace(letter, named=bool(named)) for letter in letters]


def _named(tell: Iterable[str], about: Occasion) -> list[Contact]:
    """Whom a step of the plan names, each once."""
    groups: Mapping[str, Iterable[Contact]] = {
        "agent": _agent(about),
        "team": _everyone(about),
        "managers": about.directory.managers,
    }
    found = [
        contact for name in tell for contact in groups.get(name, [about.directory.agent(name)])
    ]
    return list({contact.agent_id: contact for contact in found}.values())


def _breached(event: TargetBreached | TargetOverdue, about: Occasion) -> list[Letter]:
    named = _named(event.tell, about)
    told = named or [*_agent(about), *about.directory.managers]
    facts = {"clock": CLOCK_NAMES[event.clock], "due": about.moment(event.due_at)}
    letters = _desk(Kind.BREACH, told, escalates=event.escalate, **facts)
    return [replace(letter, named=bool(named)) for letter in letters]


def _rated(event: FeedbackReceived, about: Occasion) -> list[Letter]:
    if not event.low:
        return []
    facts = {"rating": event.rating, "comment": event.comment, "recurred": event.recurred}
    reopens = event.recurred or event.reopens
    return _desk(Kind.LOW_RATING, about.directory.managers, reopens=reopens, **facts)


def _untouched(event: TicketLeftUntouched, about: Occasion) -> list[Letter]:
    told = [*_agent(about), *about.directory.managers]
    return _desk(Kind.UNTOUCHED, told, since=about.moment(event.since))


_BY_EVENT: dict[type[Event], Callable[[Any, Occasion], list[Letter]]] = {
    TicketOpened: _opened,
    ClarificationRequested: _clarification,
    ClarificationReminded: _clarification,
    AddressProofReminded: _proof_reminded,
    AgentAssigned: _assigned,
    ParticipantAdded: _takes_part,
    AgentReplied: _replied,
    ProgressReported: _progress,
    TicketEscalated: _escalated,
    TicketResolved: _resolved,
    TicketReopened: _reopened,
    ClosureReminded: _closing,
    NoteAdded: _mentioned,
    TicketClosed: _closed,
    FollowUpRequested: _follow_up,
    CopyInvited: _copy_invited,
    CustomerMessageReceived: _message,
    OutsiderWrote: _outsider,
    ClarificationProvided: _clarified,
    ResolutionRejected: _rejected,
    TargetApproaching: _approaching,
    TargetBreached: _breached,
    FeedbackReceived: _rated,
    TicketLeftUntouched: _untouched,
    TargetOverdue: _breached,
}

TOLD_OF: frozenset[type[Event]] = frozenset(_BY_EVENT)
"""The events that somebody is told of."""


LOOKED_UP_FOR: frozenset[type[Event]] = TOLD_OF - {
    TicketOpened,
    CopyInvited,
    ClarificationRequested,
    ClarificationReminded,
    AddressProofReminded,
    AgentReplied,
    ProgressReported,
    TicketResolved,
    ClosureReminded,
    TicketClosed,
    FollowUpRequested,
}
"""Those for which somebody of the desk, or a plan, has to be looked up."""


def cause_of(causation: UUID | None, story: Story) -> type | None:
    """The class of the event `causation`, if it concerns the same ticket."""
    return story.heard.get(causation) if causation else None
