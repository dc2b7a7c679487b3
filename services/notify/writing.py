"""Letters → the command that has them sent: rendered, addressed, checked."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from services.notify.compose import Composer
from services.notify.domain import RequestNotifications
from services.notify.finders import Finder
from services.notify.letters import Letter
from services.notify.preferences import AGENT, CUSTOMER, FOR_CUSTOMERS, Wish, wish_of
from services.notify.settings import Settings
from services.notify.speaking import language_of
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
        rules = await self.finder.rules()
        drafts, notices = [], []
        for each in letters:
            urgent = rules.urgent(each.kind, story.priority)
            about = (each, story, cause_id, occurred_at, name)
            if each.to_webhooks:
                notices.append(replace(self._composer.notice(*about), urgent=urgent))
                continue
            wish = await self._wish(each, story, urgent=urgent)
            drafts.append(self._composer.draft(*about, wish))
        own, bounced = await self._unwanted([draft.recipient for draft in drafts], story)
        return RequestNotifications(tuple(drafts), self._clock(), own, bounced, tuple(notices))

    async def _wish(self, letter: Letter, story: Story, *, urgent: bool) -> Wish:
        """What the reader's preferences say of the letter."""
        if letter.to_customer:
            person = story.requester
            language = language_of(story.language)
            if person is None or letter.kind not in FOR_CUSTOMERS:
                return Wish(language)
            muted = await self.finder.muted(f"{CUSTOMER}{person.person_id}")
            return Wish(language, "muted" if letter.kind in muted else "")
        wanted, quiet = await self.finder.preferences(f"{AGENT}{letter.to.agent_id}")
        return wish_of(wanted, quiet, letter.kind, self._clock(), urgent=urgent)

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
