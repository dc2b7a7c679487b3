"""Every command that agents can give, and the service that owns it.

The routes of the API, its OpenAPI description and the panel's forms all come from this one
table; what a body must hold is decided by the owner alone.
"""

import re
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel

from services.gateway import bodies
from shared.events.assignment import Role


@dataclass(frozen=True)
class Command:
    """Something an agent can do to a ticket."""

    name: str
    """Its place in our API: /api/v1/tickets/{ticket}/{name}."""
    owner: str
    """The service that decides it, at /v1/tickets/{id}/{name}."""
    what: str
    body: type[BaseModel] | None = None
    role: Role = Role.AGENT
    method: str = "POST"
    example: dict[str, Any] | None = None

    @property
    def path(self) -> str:
        """Where the owner takes it; `{id}` is the ticket."""
        return f"/v1/tickets/{{id}}/{self.name}"

    @property
    def placeholders(self) -> list[str]:
        """The parts of its name that say what, besides the ticket, it is about."""
        return re.findall(r"{(\w+)}", self.name)


COMMANDS: Final = (
    Command(
        "priority",
        "intake",
        "Set impact and urgency, or override the priority, with a reason.",
        bodies.Priority,
        Role.MANAGER,
        example={"priority": "critical", "reason": "The whole shop is closed."},
    ),
    Command(
        "category",
        "intake",
        "Change topic or type, with a reason.",
        bodies.Category,
        example={"topic_id": "billing-question", "reason": "It is about the invoice."},
    ),
    Command(
        "merge",
        "intake",
        "Go on with this ticket in another of the same requester.",
        bodies.Merge,
        example={
            "into_ticket_id": "01890000-0000-7000-8000-000000000001",
            "reason": "The same outage.",
        },
    ),
    Command(
        "unmerge",
        "intake",
        "Go on with a merged ticket by itself again.",
        bodies.Reason,
        example={"reason": "They are two faults after all."},
    ),
    Command(
        "links",
        "intake",
        "Say that another ticket has to do with this one.",
        bodies.Link,
        example={"other_ticket_id": "LD-7KQ4M-2XR9C-5", "kind": "duplicate"},
    ),
    Command(
        "links/{other}",
        "intake",
        "Take a link away, on both sides.",
        method="DELETE",
    ),
    Command(
        "split",
        "intake",
        "Make a message of the customer a ticket of its own.",
        bodies.Split,
        example={
            "message_id": "01890000-0000-7000-8000-000000000001",
            "subject": "The second printer",
            "reason": "Another fault.",
        },
    ),
    Command(
        "addresses",
        "intake",
        "Say that the requester has another address, too, and how that is known.",
        bodies.Address,
        example={"address": "carla@home.example", "proof": "She wrote so from both."},
    ),
    Command(
        "addresses/{person}",
        "intake",
        "Say that an address is not the requester's after all.",
        method="DELETE",
    ),
    Command(
        "requester",
        "intake",
        "Say what the requester speaks, and where they are.",
        bodies.Requester,
        example={"language": "de-AT", "timezone": "Europe/Vienna"},
    ),
    Command(
        "copies/suggested/{person}",
        "intake",
        "Ask somebody into the ticket to whom the requester has sent a mail, too.",
    ),
    Command("claim", "assignment", "Take the ticket yourself."),
    Command(
        "assign",
        "assignment",
        "Give the ticket to an agent.",
        bodies.Assign,
        example={"agent_id": "anna", "reason": "Anna knows the router."},
    ),
    Command(
        "give-back",
        "assignment",
        "Put your ticket back into its queue.",
        bodies.Reason,
        example={"reason": "My shift ends."},
    ),
    Command(
        "transfer",
        "assignment",
        "Hand the ticket to another team.",
        bodies.Transfer,
        example={"team_id": "billing", "reason": "It is about money after all."},
    ),
    Command(
        "escalate",
        "assignment",
        "Move the ticket to a higher tier.",
        bodies.Escalate,
        example={"reason": "Needs the database people.", "tier": 3},
    ),
    Command(
        "participants",
        "assignment",
        "Let another agent take part.",
        bodies.Participant,
        example={"agent_id": "ben"},
    ),
    Command(
        "participants/{agent_id}",
        "assignment",
        "Let an agent take part no longer.",
        method="DELETE",
    ),
    Command(
        "plan",
        "sla",
        "Put the ticket under another SLA plan, with a reason.",
        bodies.Plan,
        Role.MANAGER,
        example={"plan_id": "emergency", "reason": "The customer's contract says so."},
    ),
    Command("start", "resolution", "Begin to work on the ticket."),
    Command(
        "replies",
        "resolution",
        "Write to the customer.",
        bodies.Reply,
        example={"text": "Could you send us the log?", "awaits_customer": True},
    ),
    Command(
        "notes",
        "resolution",
        "Leave a note for colleagues; a pinned one stands on top.",
        bodies.Note,
        example={"text": "The customer is upset: call before writing.", "pinned": True},
    ),
    Command(
        "progress",
        "resolution",
        "Tell the customer of a step, a finding or an interim workaround.",
        bodies.Progress,
        example={"kind": "finding", "text": "The core switch lost power."},
    ),
    Command(
        "hold",
        "resolution",
        "Wait for something that is not the customer.",
        bodies.Reason,
        example={"reason": "The part arrives on Monday."},
    ),
    Command(
        "resume",
        "resolution",
        "Go on working.",
        bodies.OptionalReason,
        example={"reason": "The part is here."},
    ),
    Command(
        "escalation",
        "resolution",
        "Ask for a higher tier; everyone concerned is told.",
        bodies.Reason,
        example={"reason": "I have no access to the core switch."},
    ),
    Command(
        "resolve",
        "resolution",
        "There is a solution: the customer is asked to confirm it.",
        bodies.Resolve,
        example={"kind": "fix", "cause": "A blown fuse", "note": "We replaced the fuse."},
    ),
    Command(
        "verify",
        "resolution",
        "Say how the solution was tried out, and what came of it.",
        bodies.Verify,
        example={"method": "Test order", "result": "It went through.", "passed": True},
    ),
    Command(
        "confirm",
        "resolution",
        "The customer told us that it works.",
        bodies.Comment,
        example={"comment": "By phone: all is well."},
    ),
    Command(
        "reject",
        "resolution",
        "The customer told us that it does not work.",
        bodies.Reason,
        example={"reason": "By phone: still no connection."},
    ),
    Command(
        "reopen",
        "resolution",
        "Begin to work on it anew.",
        bodies.Reason,
        example={"reason": "The fault is back."},
    ),
    Command(
        "close",
        "resolution",
        "Nothing is left to do; the note documents it.",
        bodies.CloseNote,
        example={"note": "Confirmed by phone."},
    ),
    Command("archive", "resolution", "Put a closed ticket out of everybody's way."),
    Command(
        "tags",
        "resolution",
        "Put tags on the ticket, or take some away.",
        bodies.Tags,
        example={"add": ["vip"], "remove": ["printer"]},
    ),
    Command(
        "followers",
        "resolution",
        "Follow the ticket, or let a colleague follow it, without working on it.",
        bodies.Follower,
        example={"agent_id": "ben"},
    ),
    Command(
        "followers/{agent_id}",
        "resolution",
        "Let an agent follow the ticket no longer.",
        method="DELETE",
    ),
    Command(
        "time",
        "resolution",
        "Say how long you worked on the ticket.",
        bodies.Spent,
        example={"minutes": 12, "note": "On the phone."},
    ),
    Command(
        "pins/{note_id}",
        "resolution",
        "Unpin a note; its id is that of the message.",
        method="DELETE",
    ),
    Command(
        "macros/{macro_id}",
        "resolution",
        "Carry out a macro: all of its commands, or none.",
        bodies.Run,
        example={"seen": "intake=5,resolution=3"},
    ),
    Command(
        "parent",
        "resolution",
        "Say that the ticket is part of an incident: what is said there answers it, too.",
        bodies.ParentTicket,
        example={"parent_ticket_id": "01890000-0000-7000-8000-000000000001"},
    ),
    Command(
        "parent/unlink",
        "resolution",
        "Say that the ticket is part of its incident no longer.",
    ),
    Command(
        "quality-review",
        "review",
        "Say how well the ticket was worked on.",
        bodies.QualityReview,
        Role.MANAGER,
        example={"score": 4, "comment": "Quick and friendly."},
    ),
    Command(
        "articles",
        "review",
        "Draft an article for the knowledge base from this ticket.",
        bodies.Article,
        example={"title": "When the router blinks red", "body": "Turn it off and on."},
    ),
    Command(
        "articles/{article_id}/review",
        "review",
        "Approve of a colleague's draft, or send it back.",
        bodies.Verdict,
        example={"approved": True, "comment": "Clear and complete."},
    ),
    Command(
        "articles/{article_id}/publish",
        "review",
        "Let customers read an article that somebody else than its author has read.",
        role=Role.MANAGER,
    ),
    Command(
        "articles/{article_id}/withdraw",
        "review",
        "Let customers read an article no more.",
        bodies.OptionalReason,
        Role.MANAGER,
        example={"reason": "It is wrong since version 4."},
    ),
    Command(
        "articles/{article_id}/link",
        "review",
        "Say that a published article solved this ticket, too.",
    ),
)
"""In the order of the services that own them."""

BY_NAME: Final = {command.name: command for command in COMMANDS}
