"""What the portal's pages share, built once in `app.py`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from fastapi import Request, Response

from services.portal.desk_name import DeskName
from services.portal.drafts import FOLDER, Drafts
from services.portal.finders import Finders
from services.portal.forms import Filled, FormTokens, filled
from services.portal.limits import Limits
from services.portal.owners import Owners
from services.portal.rendering import render
from services.portal.sessions import Sessions
from services.portal.settings import Settings
from shared.body_budget import BodyBudget
from shared.bucket import Files, files_of
from shared.service import Runtime

SMALL_BYTES_MAX: Final = 2_000_000
"""Largest form that takes no files: a long text in each of its fields."""


@dataclass(frozen=True)
class Portal:
    """Readers, owners, forms and files."""

    runtime: Runtime
    settings: Settings
    finders: Finders
    desk: DeskName
    owners: Owners
    tokens: FormTokens
    drafts: Drafts
    budget: BodyBudget
    files: Files
    limits: Limits
    sessions: Sessions

    @classmethod
    def of(cls, runtime: Runtime, owners: Owners | None = None) -> "Portal":
        """The portal of a running service."""
        settings = runtime.settings
        assert isinstance(settings, Settings)
        finders = Finders(runtime.pool)
        return cls(
            runtime=runtime,
            settings=settings,
            finders=finders,
            desk=DeskName(finders),
            owners=owners or Owners(settings, runtime.clock),
            tokens=FormTokens(settings.link_secret),
            drafts=Drafts(
                settings.data_dir / FOLDER,
                settings.link_secret,
                settings.file_bytes_max,
                settings.files_max,
                settings.drafts_bytes_max,
            ),
            budget=BodyBudget(settings.bytes_in_flight_max),
            files=files_of(settings),
            limits=Limits(
                settings.forms_per_client_per_hour,
                settings.forms_per_address_per_hour,
                settings.client_header,
            ),
            sessions=Sessions(settings.link_secret, settings.portal_url.startswith("https://")),
        )

    @property
    def file_limits(self) -> dict[str, int]:
        """What forms say of files before somebody chooses them."""
        settings = self.settings
        return {"file_bytes_max": settings.file_bytes_max, "files_max": settings.files_max}

    def page(self, template: str, values: Mapping[str, Any], status: int = 200) -> Response:
        """A page of this desk, for whoever reads it."""
        return render(template, {"desk": self.desk.shown(), **values}, status)

    async def form(self, request: Request, *, with_files: bool = True) -> Filled:
        """The form that was sent; what it takes of memory counts until it is answered."""
        settings = self.settings
        body = request.state.until_answered.enter_context(self.budget.body())
        return await filled(
            request,
            body,
            bytes_max=settings.form_bytes_max if with_files else SMALL_BYTES_MAX,
            seconds_max=settings.body_seconds_max,
            files_max=settings.files_max,
            file_bytes_max=settings.file_bytes_max,
        )

    async def background(self) -> None:
        """Clear out old drafts until told to stop, then hang up."""
        age = timedelta(hours=self.settings.draft_hours)
        try:
            await self.drafts.forget_regularly(self.runtime.clock, age)
        finally:
            await self.owners.close()
