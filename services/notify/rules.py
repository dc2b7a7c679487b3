"""Who hears what, and how, as data: pure.

`DEFAULTS` is what holds as long as the desk's file says nothing else (`notifications` in it).
Letters are written for whom they concern first; the rules then say who of these and which
others get them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

from services.notify.directory import Contact
from services.notify.letters import Letter, Occasion
from shared.decider import Decider
from shared.errors import Rejected
from shared.events import Event, Priority, Unknown
from shared.events.notify import NotificationKind as Kind
from shared.events.notify import NotificationRule, NotificationRulesDefined
from shared.ids import desk_id

SUBJECT: Final = desk_id("notifications", "rules")
"""The subject of the desk's rules."""


class Audience(StrEnum):
    """Who can be told."""

    CUSTOMER = "customer"
    AGENT = "agent"
    """Who has the ticket."""
    LAST_AGENT = "last agent"
    """Who has or had it last."""
    AGENT_OR_MANAGERS = "agent or managers"
    """The managers as long as nobody has it."""
    NAMED = "named"
    """Whom the fact itself names: who was given the ticket, or takes part from now on."""
    PARTICIPANTS = "participants"
    FOLLOWERS = "followers"
    """Agents who want to know what becomes of it."""
    MANAGERS = "managers"
    """Those of the ticket's team; its own address when it has none."""


class Way(StrEnum):
    MAIL = "mail"
    WEBHOOK = "webhook"


class NotificationRuleWrong(Rejected):
    """The rules can't be kept: {what}."""

    http_status = 422


def _rule(kind: Kind, *to: Audience, urgent: bool = False) -> NotificationRule:
    return NotificationRule(kind=kind, to=tuple(each.value for each in to), urgent=urgent)


_CUSTOMER_ONLY = (
    *(Kind.ACKNOWLEDGMENT, Kind.CLARIFICATION, Kind.ASSIGNMENT, Kind.REPLY, Kind.PROGRESS),
    *(Kind.RESOLUTION, Kind.CLOSURE, Kind.FOLLOW_UP, Kind.LINK, Kind.COPY),
)

DEFAULTS: Final[Mapping[Kind, NotificationRule]] = {
    rule.kind: rule
    for rule in (
        *(_rule(kind, Audience.CUSTOMER) for kind in _CUSTOMER_ONLY),
        _rule(Kind.AGENT_ASSIGNMENT, Audience.NAMED),
        _rule(Kind.CUSTOMER_REPLY, Audience.AGENT),
        _rule(
            Kind.ESCALATION,
            Audience.CUSTOMER,
            Audience.LAST_AGENT,
            Audience.PARTICIPANTS,
            Audience.MANAGERS,
            urgent=True,
        ),
        _rule(Kind.REOPENED, Audience.CUSTOMER, Audience.AGENT),
        _rule(Kind.BREACH_WARNING, Audience.AGENT_OR_MANAGERS, urgent=True),
        _rule(Kind.BREACH, Audience.AGENT, Audience.MANAGERS, urgent=True),
        _rule(Kind.LOW_RATING, Audience.MANAGERS),
        _rule(Kind.UNTOUCHED, Audience.AGENT, Audience.MANAGERS),
        _rule(Kind.FOLLOWED, Audience.FOLLOWERS),
    )
}

NEEDED: Final = frozenset({Kind.ACKNOWLEDGMENT, Kind.LINK, Kind.COPY})
"""What a customer who is not told of has no way to go on."""


@dataclass(frozen=True)
class Rules:
    """The rules in force."""

    by_kind: Mapping[Kind, NotificationRule]

    @classmethod
    def of(cls, defined: NotificationRulesDefined | None) -> "Rules":
        """The defaults, with what the desk says instead."""
        own = {rule.kind: rule for rule in (defined.rules if defined else ())}
        return cls({**DEFAULTS, **own})

    def urgent(self, kind: Kind, priority: Priority | None) -> bool:
        """Whether it is sent at any hour: by its rule, or as the ticket is an emergency."""
        rule = self.by_kind.get(kind)
        return priority is Priority.CRITICAL or (rule is not None and rule.urgent)

    def applied(self, letters: Iterable[Letter], about: Occasion) -> list[Letter]:
        """The letters that are to go out: at most one to an address, and one to webhooks."""
        found: dict[str, Letter] = {}
        done: set[Kind] = set()
        written = list(letters)
        for letter in written:
            rule = self.by_kind.get(letter.kind)
            if rule is None:
                _add(found, letter)
            elif letter.to_customer:
                if Audience.CUSTOMER in rule.to and Way.MAIL in rule.by:
                    _add(found, letter)
            elif letter.named:
                if Way.MAIL in rule.by:
                    _add(found, letter)
            elif letter.kind not in done and Way.MAIL in rule.by:
                done.add(letter.kind)
                for contact in _contacts(rule, about):
                    _add(found, replace(letter, to=contact))
        posted = {
            letter.kind: replace(letter, to=Contact(""), to_webhooks=True)
            for letter in reversed(written)
            if (rule := self.by_kind.get(letter.kind)) is not None and Way.WEBHOOK in rule.by
        }
        return [*found.values(), *posted.values()]


def _add(found: dict[str, Letter], letter: Letter) -> None:
    if letter.to.email or letter.to.agent_id:
        found.setdefault(letter.to.email.casefold() or f"{letter.to.agent_id}@", letter)


def _contacts(rule: NotificationRule, about: Occasion) -> list[Contact]:
    """Whom of the desk a rule names, without whoever did it."""
    story, directory = about.story, about.directory
    agent = [directory.agent(story.agent.agent_id, story.agent.name)] if story.agent else []
    last = story.last_agent
    known: dict[str, list[Contact]] = {
        Audience.AGENT: agent,
        Audience.LAST_AGENT: [directory.agent(last.agent_id, last.name)] if last else [],
        Audience.AGENT_OR_MANAGERS: agent or list(directory.managers),
        Audience.NAMED: _named(about),
        Audience.PARTICIPANTS: [directory.agent(each) for each in sorted(story.participants)],
        Audience.FOLLOWERS: [directory.agent(each) for each in sorted(story.followers)],
        Audience.MANAGERS: list(directory.managers),
    }
    doer = _doer(about.event)
    told = [contact for audience in rule.to for contact in known.get(audience, ())]
    return [contact for contact in told if contact.agent_id != doer]


def _named(about: Occasion) -> list[Contact]:
    agent_id: Any = getattr(about.event, "agent_id", None)
    name: Any = getattr(about.event, "agent_name", "")
    return [about.directory.agent(agent_id, name)] if agent_id else []


_DID: Final = (
    *("by", "reopened_by", "replied_by", "noted_by", "reported_by"),
    *("held_by", "resolved_by", "closed_by", "merged_by"),
)
"""Fields in which events name who did it."""


def _doer(event: Event) -> str:
    """The agent who did it; something else for anybody else."""
    found: Any = next(filter(None, (getattr(event, name, None) for name in _DID)), "")
    return str(found).removeprefix("agent:")


@dataclass(frozen=True)
class DefineRules:
    """These are the rules from now on."""

    definition: NotificationRulesDefined


def troubles(rules: Iterable[NotificationRule]) -> list[str]:
    """What is wrong with rules."""
    wrong = []
    seen: set[Kind] = set()
    for rule in rules:
        name, usual = rule.kind.value, DEFAULTS.get(rule.kind, rule)
        if rule.kind in seen:
            wrong.append(f"{name} has two rules")
        seen.add(rule.kind)
        wrong += [f"{name}: {to} is nobody" for to in rule.to if to not in set(Audience)]
        wrong += [f"{name}: {by} is no way" for by in rule.by if by not in set(Way)]
        for_desk = set(rule.to) - {Audience.CUSTOMER}
        if for_desk and set(usual.to) == {Audience.CUSTOMER}:
            wrong.append(f"{name} is written for customers only")
        if Audience.CUSTOMER in rule.to and Audience.CUSTOMER not in usual.to:
            wrong.append(f"{name} is written for the desk only")
        told = Audience.CUSTOMER in rule.to and Way.MAIL in rule.by
        if rule.kind in NEEDED and not told:
            wrong.append(f"{name} must be mailed to the customer")
    return wrong


def _decide(command: DefineRules, last: NotificationRulesDefined | None) -> list[Event]:
    wanted = command.definition
    if wrong := troubles(wanted.rules):
        raise NotificationRuleWrong(what="; ".join(wrong))
    if last is not None and wanted == last.model_copy(update={"revision": wanted.revision}):
        return []
    return [wanted]


def _evolve(
    last: NotificationRulesDefined | None, event: Event | Unknown
) -> NotificationRulesDefined | None:
    return event if isinstance(event, NotificationRulesDefined) else last


RULES: Decider[DefineRules, NotificationRulesDefined | None] = Decider(
    initial_state=None, decide=_decide, evolve=_evolve
)
