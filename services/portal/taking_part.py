"""Who holds a link, as far as the ticket goes: what they see, and what they can do."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from services.portal.rows import CopyRow, TicketRow
from shared.links import Link


class Role(StrEnum):
    """What somebody is to a ticket."""

    REQUESTER = "requester"
    OPENER = "opener"
    """Whoever opened it: maybe somebody who only typed the requester's address."""
    COPY = "copy"
    INVITED = "invited"
    GONE = "gone"
    """They are in copy no more."""


SEES_ALL: Final = frozenset({Role.REQUESTER, Role.COPY})

_COPY_ROLES: Final = {"invited": Role.INVITED, "taking part": Role.COPY, "ended": Role.GONE}


@dataclass(frozen=True)
class Holder:
    """Whoever holds a magic link."""

    token: str
    link: Link

    @property
    def ticket_id(self) -> UUID:
        return self.link.ticket_id

    def purpose(self, action: str) -> str:
        """What a form of this link is for."""
        return f"{action} {self.token}"


def role_of(link: Link, ticket: TicketRow, copies: Sequence[CopyRow]) -> Role:
    """What whoever holds the link is to the ticket."""
    if link.opened and not ticket.confirmed:
        return Role.OPENER
    if link.person_id != ticket.requester_id:
        for each in copies:
            if each.person_id == link.person_id:
                return _COPY_ROLES[each.state]
    return Role.REQUESTER
