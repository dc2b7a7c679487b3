"""The journal held against every log, read model and mailbox: what must be true afterwards.

Accepted means there, exactly once; refused means absent; unknown means at most once. Each
check returns what it finds wrong, in words.
"""

import importlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import default
from typing import Final
from uuid import UUID

from shared.events.intake import TicketOpened
from shared.events.notify import (
    NotificationFailed,
    NotificationKind,
    NotificationRequested,
    NotificationSent,
)
from shared.log import Recorded
from shared.privacy.keyring import Keyring
from shared.privacy.master import MasterKeys
from shared.service import Service
from shared.testing.checks import broken_streams, differences, whole_log
from tests.faults.journal import Journal, Outcome
from tests.system.world import NAMES, World, fetch

READ_MODELS: Final[Mapping[str, Sequence[str]]] = {
    "intake": ("register.tickets", "triage.tickets"),
    "assignment": ("queues.tickets",),
    "sla": ("clocks.tickets",),
    "resolution": ("work.tickets",),
    "audit": ("numbers.tickets",),
    "gateway": ("(table desk_view.tickets union all table desk_view.archive) as tickets",),
    "portal": ("pages.tickets",),
}


@dataclass
class Findings:
    """What is wrong, sorted by what it means."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    other: list[str] = field(default_factory=list)

    @property
    def all(self) -> list[str]:
        return [*self.lost, *self.doubled, *self.other]

    def count(self, what: str, times: int, *, wanted: int = 1) -> None:
        """Something that must be there so often."""
        if times < wanted:
            self.lost.append(f"{what}: {times} times, not {wanted}")
        elif times > wanted:
            self.doubled.append(f"{what}: {times} times, not {wanted}")


def service(name: str) -> Service:
    """What a service is made of."""
    made = importlib.import_module(f"services.{name}.app").SERVICE
    assert isinstance(made, Service)
    return made


async def check(world: World, journal: Journal, mails: Sequence[bytes] | None) -> Findings:
    """Everything. `mails` are what the mail server has kept, if it was ours."""
    findings = Findings()
    logs: dict[str, list[Recorded]] = {}
    masters = MasterKeys(file=world.folder.master_keys)
    for name in NAMES:
        async with world.pool(name) as pool:
            keys = Keyring(pool, name, masters)
            logs[name] = await whole_log(pool, name, keys)
            complete = name == "audit"
            for trouble in broken_streams(logs[name], complete=complete):
                kind = findings.doubled if "twice" in trouble else findings.other
                kind.append(f"{name}: {trouble}")
            for projection in service(name).projections:
                found = await differences(pool, logs[name], projection)
                findings.other += [f"{name}: {each}" for each in found]
            parked = await pool.fetch("select follower, reason, detail from ledger.parked")
            findings.other += [f"{name}: parked by {r['follower']}: {r['detail']}" for r in parked]
    tickets = _check_journal(journal, logs["intake"], findings)
    await _check_read_models(world, tickets, findings)
    _check_hearers(logs, findings)
    _check_notifications(tickets, logs["notify"], findings)
    if mails is not None:
        _check_mails(logs["notify"], mails, findings)
    return findings


def _check_journal(journal: Journal, log: Sequence[Recorded], findings: Findings) -> list[UUID]:
    """What the client knows, against what intake said; the accepted tickets."""
    opened: dict[str, list[UUID]] = {}
    for recorded in log:
        if recorded.type == "TicketOpened":
            event = recorded.event
            assert isinstance(event, TicketOpened)
            key = event.subject.rpartition("(")[2].rstrip(")")
            opened.setdefault(key, []).append(recorded.subject)
    for key in journal.of(Outcome.ACCEPTED):
        findings.count(f"accepted by {journal.ways[key]}, {key}", len(opened.get(key, [])))
    for key in journal.of(Outcome.REFUSED) | journal.of(Outcome.PUT_OFF):
        findings.count(f"refused by {journal.ways[key]}, {key}", len(opened.get(key, [])), wanted=0)
    for key in journal.of(Outcome.REFUSED) - journal.malformed:
        findings.other.append(f"{key} was refused, and nothing was wrong with it")
    for key in journal.of(Outcome.UNKNOWN):
        if len(opened.get(key, [])) > 1:
            findings.doubled.append(f"unknown by {journal.ways[key]}, {key}")
    for key in journal.of(Outcome.ACCEPTED) & journal.malformed:
        findings.other.append(f"{key} was accepted, though malformed")
    return [ticket for key in journal.ways for ticket in opened.get(key, [])]


async def _check_read_models(world: World, tickets: Sequence[UUID], findings: Findings) -> None:
    for name, tables in READ_MODELS.items():
        for table in tables:
            rows = await fetch(world.database(name).url, f"select subject from {table}")
            shown = Counter(row["subject"] for row in rows)
            for ticket in tickets:
                findings.count(f"{name}: {table} shows {ticket}", shown[ticket])


def _check_hearers(logs: Mapping[str, Sequence[Recorded]], findings: Findings) -> None:
    """What one said, all who hear it have, and the same."""
    said = {e.id: e for name in NAMES for e in logs[name] if e.said}
    for name in NAMES:
        heard = {e.id for e in logs[name] if not e.said}
        wanted = {cls.__name__ for cls in service(name).hears}
        must = {e.id for e in said.values() if e.type in wanted and e.author != name}
        for event_id in must - heard:
            event = said[event_id]
            findings.lost.append(f"{name} has not heard {event.type} {event.subject}")
        for event_id in heard - said.keys():
            findings.other.append(f"{name} has heard {event_id}, which nobody said")


def _check_notifications(
    tickets: Sequence[UUID], log: Sequence[Recorded], findings: Findings
) -> None:
    """One acknowledgment for each ticket, asked for once and sent once."""
    asked: Counter[UUID] = Counter()
    sent: Counter[UUID] = Counter()
    for recorded in log:
        match recorded.event:
            case NotificationRequested(kind=NotificationKind.ACKNOWLEDGMENT):
                asked[recorded.subject] += 1
            case NotificationSent(kind=NotificationKind.ACKNOWLEDGMENT):
                sent[recorded.subject] += 1
            case _:
                pass
    for ticket in tickets:
        findings.count(f"acknowledgment of {ticket} asked for", asked[ticket])
        findings.count(f"acknowledgment of {ticket} sent", sent[ticket])


def _check_mails(log: Sequence[Recorded], mails: Sequence[bytes], findings: Findings) -> None:
    """Each mail once; once more only if its outcome was unknown, on record."""
    arrived = Counter(
        str(message_from_bytes(mail, policy=default)["Ledgerdesk-Notification"]) for mail in mails
    )
    unknown: Counter[str] = Counter()
    sent: set[str] = set()
    for recorded in log:
        match recorded.event:
            case NotificationFailed(unknown=True, notification_id=one):
                unknown[str(one)] += 1
            case NotificationSent(notification_id=one):
                sent.add(str(one))
            case _:
                pass
    for name, times in arrived.items():
        if times > 1 + min(unknown[name], 1):
            findings.doubled.append(f"mail {name}: {times} times, {unknown[name]} in doubt")
    findings.lost += [f"mail {name} was sent and is not there" for name in sent - arrived.keys()]
