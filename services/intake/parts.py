"""What HTTP and SMTP share: files, finders, topics, and how a ticket gets its id."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.intake.authentic import Authenticator, SystemResolver
from services.intake.catalogue import Catalogue
from services.intake.domain import DECIDER, OpenTicket
from services.intake.projection import Finders
from services.intake.scanning import scan
from services.intake.settings import Settings
from services.intake.submission import File
from shared.bucket import Files, files_of
from shared.decider import Outcome
from shared.errors import NotFound
from shared.events import Attachment
from shared.ids import derived_id, uuid7
from shared.log import Recorded
from shared.numbers import normalise, number_for
from shared.service import Runtime


@dataclass(frozen=True)
class Parts:
    """The parts of a running intake."""

    runtime: Runtime
    settings: Settings
    store: Files
    finders: Finders
    catalogue: Catalogue
    authenticator: Authenticator

    @classmethod
    def of(cls, runtime: Runtime) -> "Parts":
        settings = runtime.settings
        assert isinstance(settings, Settings)
        finders = Finders(runtime.pool)
        catalogue = Catalogue(finders, settings.topics_fresh_seconds)
        authenticator = Authenticator(
            SystemResolver(),
            settings.trusted_networks,
            settings.trusted_mail_servers,
            settings.trusted_forwarders,
        )
        store = files_of(settings)
        return cls(runtime, settings, store, finders, catalogue, authenticator)

    @property
    def link_secret(self) -> bytes:
        """Key of ticket numbers, Message-IDs and reply addresses."""
        return self.settings.link_secret.encode()

    def number_of(self, ticket_id: UUID) -> str:
        """The number of a ticket."""
        return number_for(ticket_id, self.link_secret)

    async def open_ticket(
        self,
        made_of: tuple[object, ...] | None,
        command: Callable[[str], OpenTicket],
        *,
        actor: str,
        **context: Any,
    ) -> Outcome:
        """Open a ticket under an id derived from `made_of`, or a new one, and its number."""
        ticket_id, number = await self.free_number(made_of)
        return await self.runtime.handle(
            DECIDER, ticket_id, command(number), actor=actor, begins=True, **context
        )

    async def scan(self, contents: Sequence[bytes]) -> None:
        """Raises what the virus scanner has against these files."""
        settings = self.settings
        await scan(settings.scan_command, contents, settings.scan_seconds_max)

    async def stored(self, files: Sequence[File]) -> tuple[Attachment, ...]:
        """What events say of the files, once they are stored and synced."""
        await self.scan([file.content_base64 for file in files])
        ids = await self.store.put(*(file.content_base64 for file in files))
        return tuple(
            Attachment(
                file_id=file_id,
                name=file.name,
                content_type=file.content_type,
                size_bytes=len(file.content_base64),
            )
            for file_id, file in zip(ids, files, strict=True)
        )

    async def ticket_named(self, name: str) -> UUID:
        """A ticket by its id or by its number, however it is typed. Raises `NotFound`."""
        try:
            return UUID(name)
        except ValueError:
            number = normalise(name)
        found = None if number is None else await self.finders.ticket_of_number(number)
        if found is None:
            raise NotFound(what=f"ticket as {name[:40]}")
        return found

    async def past(self, ticket_id: UUID) -> list[Recorded]:
        """What is known of a ticket."""
        return list((await self.runtime.log.read(ticket_id)).events)

    async def free_number(self, made_of: tuple[object, ...] | None) -> tuple[UUID, str]:
        """An id whose number is no other ticket's (fifty bits: rarely the second)."""
        draw = 0
        while True:
            ticket_id = uuid7() if made_of is None else derived_id("ticket", *made_of, draw)
            number = self.number_of(ticket_id)
            taken_by = await self.finders.ticket_of_number(number)
            if taken_by in (None, ticket_id):
                return ticket_id, number
            draw += 1
