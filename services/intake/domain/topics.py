"""What the desk's configuration says of tickets: topics, plans, organisations, rules."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Final
from uuid import UUID

from shared.errors import Rejected
from shared.events import TicketType
from shared.events.customers import OrganisationDefined
from shared.events.desk import EntitlementDefined, TopicDefined, TriageRule
from shared.ids import domain_key, person_id

GENERAL: Final = TopicDefined(
    topic_id="general",
    name="General",
    type=TicketType.GENERAL,
    team_id="support",
    team_name="Support",
    revision=0,
)
"""What a mail is opened under when the desk has no topic for it."""


class TopicNotOffered(Rejected):
    """There is no topic {topic_id} on this desk."""

    http_status = 422


@dataclass(frozen=True)
class Topics:
    """The topics of the desk, by id, who may choose which plan, and who belongs to whom."""

    by_id: Mapping[str, TopicDefined]
    entitlements: Mapping[str, EntitlementDefined] = field(default_factory=dict)
    """Those in force, by plan."""
    rules: Sequence[TriageRule] = ()
    rules_revision: int = 0
    organisations: Mapping[str, OrganisationDefined] = field(default_factory=dict)
    """Those there are, by id."""

    def may_choose(self, email: str, plan_id: str) -> bool:
        """Whether the plan is open to whoever has this mail address."""
        entitlement = self.entitlements.get(plan_id)
        domain = domain_key(email.rpartition("@")[2])
        organisation = self.organisation_of(email)
        return (
            entitlement is None
            or (organisation is not None and organisation.plan_id == plan_id)
            or domain in entitlement.domains
            or person_id(email) in entitlement.people
        )

    def of(self, topic_id: str) -> TopicDefined:
        """The topic, or the general one where there is none of that id."""
        return self.by_id.get(topic_id) or self.by_id.get(GENERAL.topic_id) or GENERAL

    def offered(self, topic_id: str) -> TopicDefined:
        """The topic, if tickets may be put under it. Raises `TopicNotOffered`."""
        topic = self.by_id.get(topic_id)
        if topic is None or not topic.active:
            raise TopicNotOffered(topic_id=topic_id)
        return topic

    @property
    def revision(self) -> int:
        """The newest revision of the desk that changed any of it; 0 before there was one."""
        topics = (topic.revision for topic in self.by_id.values())
        others = (each.revision for each in self.entitlements.values())
        organisations = (each.revision for each in self.organisations.values())
        return max(self.rules_revision, *topics, *others, *organisations, 0)

    def organisation_of(self, email: str, also: Sequence[UUID] = ()) -> OrganisationDefined | None:
        """The organisation that whoever has this address belongs to: by name, under this or
        another address of theirs, else by the domain or one above it."""
        for person in (person_id(email), *also):
            if person in self._by_person:
                return self._by_person[person]
        domain = domain_key(email.rpartition("@")[2])
        while domain:
            if domain in self._by_domain:
                return self._by_domain[domain]
            domain = domain.partition(".")[2]
        return None

    @cached_property
    def _by_person(self) -> Mapping[UUID, OrganisationDefined]:
        return {person: each for each in self.organisations.values() for person in each.people}

    @cached_property
    def _by_domain(self) -> Mapping[str, OrganisationDefined]:
        return {domain: each for each in self.organisations.values() for domain in each.domains}

    def for_mail(self, local_parts: Sequence[str]) -> TopicDefined:
        """The topic of the first of our mailboxes that has one, else the general one."""
        by_mailbox = {t.mailbox: t for t in self.by_id.values() if t.mailbox and t.active}
        found = (by_mailbox[part] for part in local_parts if part in by_mailbox)
        return next(found, self.of(GENERAL.topic_id))

    def of_mailboxes(self, local_parts: Sequence[str]) -> tuple[TopicDefined, ...]:
        """The topics of those of our mailboxes that have one, in the order of their names."""
        named = [t for t in self.by_id.values() if t.active and t.mailbox in local_parts]
        return tuple(sorted((t for t in named if t.mailbox), key=lambda t: t.topic_id))


def when_to_remind(
    topic: TopicDefined, asked_at: datetime
) -> tuple[tuple[datetime, ...], datetime | None]:
    """When somebody who was asked something is reminded, and until when it is waited for."""
    remind_at = tuple(asked_at + timedelta(minutes=each) for each in topic.remind_after_minutes)
    ends = topic.lapses_after_minutes
    return remind_at, None if ends is None else asked_at + timedelta(minutes=ends)
