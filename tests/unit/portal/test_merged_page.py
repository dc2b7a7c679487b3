"""The page of a ticket that goes on in another one."""

import re
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

from services.portal.context import Portal
from services.portal.desk_name import DeskName
from services.portal.forms import FormTokens
from services.portal.rows import TicketRow
from services.portal.settings import Settings
from services.portal.status_pages import Holder, status_page
from shared.events.relations import TicketMerged
from shared.links import Link
from shared.testing.spec import T0, TICKET
from tests.unit.portal.test_pages import MARIA, OPENED, ticket

SECRET = "a secret of at least thirty-two bytes"
SETTINGS = Settings(database_url="postgresql:///none", identity_secret=SECRET, link_secret=SECRET)
OTHER = UUID(int=8)
MERGED = TicketMerged(into_ticket_id=OTHER, into_number="LD-2", reason="x", merged_by="anna")


class Shown:
    """Finders that know this ticket, and the other one of the same customer."""

    async def ticket(self, ticket_id: UUID) -> TicketRow:
        row = cast("TicketRow", ticket(OPENED, MERGED))
        return row if ticket_id == TICKET else replace(row, subject=OTHER, merged_into=None)

    async def messages(self, ticket_id: UUID) -> list[Any]:
        return []

    async def timeline(self, ticket_id: UUID) -> list[Any]:
        return []

    async def copies(self, ticket_id: UUID) -> list[Any]:
        return []

    async def fields(self, topic_id: str) -> list[Any]:
        return []


async def test_it_shows_the_number_and_never_a_link_to_the_other_ticket() -> None:
    runtime = SimpleNamespace(clock=lambda: T0)
    tokens = FormTokens(SECRET)
    unused = cast("Any", None)
    portal = Portal(
        cast("Any", runtime),
        SETTINGS,
        cast("Any", Shown()),
        DeskName(cast("Any", unused)),
        unused,
        tokens,
        *[unused] * 5,
    )
    page = await status_page(portal, Holder("ours", Link(TICKET, MARIA.person_id)))
    html = bytes(page.body).decode()
    assert "<strong>LD-2</strong>" in html
    assert '<a href="/mine">look at all your tickets</a>' in html
    assert set(re.findall(r'"/t/([^/"?]+)', html)) == {"ours"}
