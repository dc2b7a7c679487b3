"""Letters → the command that has them sent: rendered, addressed, checked."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from services.notify.compose import Composer
from services.notify.domain import RequestNotifications
from services.notify.finders import Finder
from services.notify.letters import Letter
from services.notify.settings import Settings
from services.notify.story import Story
from shared.service import Runtime


class Writer:
    """Writes the letters of this desk."""

    def __init__(self, runtime: Runtime, settings: Settings) -> None:
        self.finder = Finder(runtime.pool)
        self._clock = runtime.clock
        self._settings = settings
        self._composer = Composer(
            from_address=settings.from_address,
            mail_domain=settings.mail_domain,
            portal_url=settings.portal_url.rstrip("/"),
            gateway_url=settings.gateway_url.rstrip("/"),
            link_secret=settings.link_secret,
        )

    async def write(
        self, letters: Sequence[Letter], story: Story, cause_id: UUID, occurred_at: datetime
    ) -> RequestNotifications:
        """The command for the letters that `cause_id` leads to."""
        name = await self.finder.desk_name()
        composer = self._composer
        drafts = [composer.draft(each, story, cause_id, occurred_at, name) for each in letters]
        own, bounced = await self._unwanted([draft.recipient for draft in drafts], story)
        return RequestNotifications(tuple(drafts), self._clock(), own, bounced)

    async def _unwanted(
        self, addresses: Sequence[str], story: Story
    ) -> tuple[frozenset[str], frozenset[str]]:
        """Addresses of ours, and those that lately took no mail.

        A customer who has written by mail since then has an address that works.
        """
        settings = self._settings
        since = self._clock() - timedelta(days=settings.bounce_days)
        if story.mailed_at is not None:
            since = max(since, story.mailed_at)
        mailboxes, bounced = await self.finder.unwanted(addresses, since)
        ours = {f"{mailbox}@{settings.mail_domain}".casefold() for mailbox in mailboxes}
        return frozenset(ours | {settings.from_address.casefold()}), bounced
