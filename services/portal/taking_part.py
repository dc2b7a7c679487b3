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
    """What whoever holds the link is to the ticket.

    The link that an opener was shown stays an opener's: once the requester confirms the address,
    that proves who reads its mail, and not who had typed it.
    """
    if link.opened:
        return Role.OPENER
    if link.person_id == ticket.requester_id:
        return Role.REQUESTER
    states = {each.person_id: each.state for each in copies}
    return _COPY_ROLES.get(states.get(link.person_id, "ended"), Role.GONE)
