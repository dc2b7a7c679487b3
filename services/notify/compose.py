"""From a letter to a draft: rendered, threaded, with its links. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from services.notify.domain import Draft, Notice
from services.notify.letters import Letter
from services.notify.own_words import NO_OWN_WORDS, OwnWords
from services.notify.preferences import FOR_CUSTOMERS, NO_WISH, Wish
from services.notify.rendering import render
from services.notify.speaking import spoken
from services.notify.story import Story
from services.notify.words import NAME_LENGTH_MAX, first_name, line, unproven_name, without_links
from shared.events.notify import NotificationKind
from shared.ids import derived_id
from shared.links import Link, sign_link, status_url
from shared.mail_ids import make_message_id, make_reply_address


@dataclass(frozen=True)
class Composer:
    """What every mail of this desk has in common."""

    from_address: str
    mail_domain: str
    portal_url: str
    gateway_url: str
    link_secret: str

    def draft(
        self,
        letter: Letter,
        story: Story,
        cause_id: UUID,
        occurred_at: datetime,
        desk_name: str,
        wish: Wish = NO_WISH,
        words: OwnWords = NO_OWN_WORDS,
    ) -> Draft:
        """The draft of a letter; the same letter always leads to the same one."""
        whom = letter.to.email.casefold() or letter.to.agent_id
        notification_id = _notification_id(cause_id, letter.kind, whom)
        facts = self._facts(letter, story, occurred_at) | {"desk": desk_name}
        rendered = words.render(letter.template, facts, wish.language)
        references = self._references(letter, story)
        name = unproven_name(letter.to.name) if _unproven(letter, story) else letter.to.name
        typed_by_others = letter.kind is NotificationKind.COPY
        return Draft(
            notification_id=notification_id,
            kind=letter.kind,
            recipient=letter.to.email,
            recipient_name=line(name, NAME_LENGTH_MAX),
            to_customer=letter.to_customer,
            subject=rendered.subject,
            text=rendered.text,
            html=rendered.html,
            message_id=self._message_id(story.ticket_id, notification_id),
            in_reply_to=references[-1] if references else "",
            references=tuple(references),
            reply_to=self._reply_to(story.ticket_id) if letter.to_customer else "",
            written_by_a_person=letter.kind is NotificationKind.REPLY,
            unproven=letter.to_customer and (not story.proven or typed_by_others),
            withheld=letter.withheld or wish.withheld,
            not_before=wish.not_before,
        )

    def notice(
        self, letter: Letter, story: Story, cause_id: UUID, occurred_at: datetime, desk_name: str
    ) -> Notice:
        """What webhooks are told in place of a letter: without links that act for a customer."""
        told = replace(letter, to_customer=False)
        facts = self._facts(told, story, occurred_at) | {"desk": desk_name}
        rendered = render(letter.template, facts)
        return Notice(
            notice_id=derived_id("notice", cause_id, letter.kind.value),
            kind=letter.kind,
            subject=rendered.subject,
            text=rendered.text,
        )

    def _facts(self, letter: Letter, story: Story, now: datetime) -> dict[str, Any]:
        opened, person = story.opened, story.requester
        assert opened is not None
        assert person is not None
        url = ""
        if letter.to_customer:
            link = Link(story.ticket_id, letter.person_id or person.person_id)
            url = status_url(self.portal_url, sign_link(self.link_secret, link, now))
        title, name = opened.subject, letter.to.name
        if _unproven(letter, story):
            title, name = without_links(line(title)), unproven_name(name)
        return {
            "number": opened.number,
            "title": title or spoken("(no subject)", "(ohne Betreff)"),
            "topic": opened.topic_name,
            "customer": person.name or person.email,
            "name": first_name(name),
            "priority": story.priority.label if story.priority else "",
            "agent_name": story.agent.name if story.agent else "",
            "team_name": story.team_name,
            "to_customer": letter.to_customer,
            "in_copy": False,
            "status_url": url,
            "confirm_url": f"{url}/confirm",
            "reject_url": f"{url}/reject",
            "feedback_url": f"{url}/feedback",
            "mute_url": f"{url}/notifications" if letter.kind in FOR_CUSTOMERS and url else "",
            "ticket_url": f"{self.gateway_url}/tickets/{opened.number}",
            **letter.facts,
        }

    def _references(self, letter: Letter, story: Story) -> Sequence[str]:
        """The conversation so far, as the recipient's mail program knows it."""
        if not letter.to_customer:
            thread = derived_id("thread of the desk", story.ticket_id)
            return [self._message_id(story.ticket_id, thread)]
        known = [story.opening_message_id, "", story.customer_message_id]
        if letter.kind is not NotificationKind.ACKNOWLEDGMENT:
            known[1] = self._acknowledgment(story)
        return list(dict.fromkeys(filter(None, known)))

    def _acknowledgment(self, story: Story) -> str:
        """Message-ID of the acknowledgment: the root of a conversation that began on the web."""
        person = story.requester
        if person is None or story.opening_id is None:
            return ""
        kind = NotificationKind.ACKNOWLEDGMENT
        told = _notification_id(story.opening_id, kind, person.email.casefold())
        return self._message_id(story.ticket_id, told)

    def _message_id(self, ticket_id: UUID, event_id: UUID) -> str:
        secret = self.link_secret.encode()
        return make_message_id(secret, ticket_id, event_id, self.mail_domain)

    def _reply_to(self, ticket_id: UUID) -> str:
        return make_reply_address(self.link_secret.encode(), ticket_id, self.from_address)


def _unproven(letter: Letter, story: Story) -> bool:
    """Whether it goes to an address that may be a stranger's: no agent has looked at it yet.

    Nothing that was typed may advertise there.
    """
    is_first = letter.kind in {NotificationKind.ACKNOWLEDGMENT, NotificationKind.COPY}
    return letter.to_customer and (is_first or not story.agent_wrote)


def _notification_id(cause_id: UUID, kind: NotificationKind, whom: str) -> UUID:
    """The same for the same event, reason and recipient."""
    return derived_id("notification", cause_id, kind.value, whom)
