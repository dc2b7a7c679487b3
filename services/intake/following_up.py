"""What a customer writes too late for a ticket opens one of its own, related to it."""

import hashlib
from typing import Any, Final
from uuid import UUID

import orjson
from fastapi import Response

from services.intake.domain import DECIDER, OpenTicket, ReceiveMessage
from services.intake.domain.ticket import Facts, SenderTakesNoPart, known
from services.intake.domain.topics import GENERAL, Topics
from services.intake.parts import Parts
from services.intake.submitting import receipt, reserved
from shared.asked import Asked
from shared.events import Attachment, Person
from shared.events.desk import TopicDefined
from shared.events.relations import Relation
from shared.form_fields import FILE
from shared.web import etag, json_answer

FOLLOW_UP: Final = "follow-up"


async def followed_up(
    parts: Parts, ticket_id: UUID, said: ReceiveMessage, asked: Asked
) -> Response:
    """The answer about the ticket that the message opens: as for any that is opened, and
    `follow_up_of`, the number of the one it is about. Under the same `Idempotency-Key` it is one.

    Raises `SenderTakesNoPart` for whoever might not write on the old one either.
    """
    past = await parts.past(ticket_id)
    facts = known(DECIDER.fold([recorded.event for recorded in past])).facts
    author = facts.participants.get(said.sender)
    if author is None:
        raise SenderTakesNoPart
    topic = _topic(facts, said.topics)
    person = await parts.finders.person(author.person_id)
    hold = topic.prove_address and not await parts.finders.is_proven(author.person_id)

    def command(number: str) -> OpenTicket:
        return OpenTicket(
            number=number,
            channel=said.channel,
            topic=topic,
            requester=author,
            subject=facts.subject,
            description=said.text,
            submission_digest=_digest(ticket_id, said.text, said.attachments),
            now=said.now,
            custom_fields=_still_asked_for(facts, topic),
            attachments=said.attachments,
            rules=said.topics.rules,
            organisation=said.topics.organisation_of(author.email, tuple(person.linked)),
            language=person.language or facts.language,
            timezone=person.timezone,
            hold=hold,
            about=(_relation(ticket_id, facts, author),),
        )

    made_of = (FOLLOW_UP, ticket_id, author.person_id, asked.key) if asked.key else None
    outcome = await parts.open_ticket(
        made_of, command, actor=asked.caller.actor, revision=said.topics.revision
    )
    told: dict[str, Any] = await receipt(parts, outcome)
    if topic.prove_address:
        told = reserved(told)
    headers = etag(outcome.vector) | {"Location": told["status_url"], "Cache-Control": "no-store"}
    return json_answer({**told, "follow_up_of": facts.number}, 201, headers)


def _topic(facts: Facts, topics: Topics) -> TopicDefined:
    """The old ticket's, as long as it is offered."""
    topic = topics.of(facts.topic_id)
    return topic if topic.active else topics.of(GENERAL.topic_id)


def _still_asked_for(facts: Facts, topic: TopicDefined) -> dict[str, str]:
    """What was filled in then, of what the topic asks for now; files are that ticket's."""
    names = {field.name for field in topic.fields if field.kind != FILE}
    return {name: value for name, value in facts.custom_fields.items() if name in names}


def _relation(ticket_id: UUID, facts: Facts, author: Person) -> Relation:
    same = author.person_id == facts.requester.person_id
    return Relation(ticket_id=ticket_id, number=facts.number, score=1.0, same_requester=same)


def _digest(ticket_id: UUID, text: str, attachments: tuple[Attachment, ...]) -> str:
    files = [each.file_id for each in attachments]
    return hashlib.sha256(orjson.dumps([FOLLOW_UP, str(ticket_id), text, files])).hexdigest()
