"""Files of a form that was not accepted yet: kept for a day, so that nobody attaches twice.

They lie in a folder of their own under the names of their hashes; what the form carries of
them is signed for that form, so that nobody gets at a file by naming it.
"""

import asyncio
import base64
import hmac
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import orjson
import structlog

from services.portal.forms import Upload
from services.portal.words import line
from shared.errors import LedgerdeskError
from shared.files import FileStore

log = structlog.get_logger()

FOLDER: Final = "drafts"
ATTACHMENTS: Final = "attachments"
"""The field for files that no other field asks for."""
COUNTED_BYTES_MIN: Final = 65_536
"""What even an empty file counts for, so that there are never too many to be counted."""


@dataclass(frozen=True)
class Draft:
    """A file that came with a form."""

    name: str
    content_type: str
    file_id: str
    size_bytes: int
    content: bytes = b""
    field: str = ATTACHMENTS
    """The field it was chosen in."""

    @property
    def attachment(self) -> dict[str, Any]:
        """As services take it."""
        told = {
            "name": self.name,
            "content_type": self.content_type,
            "content_base64": base64.b64encode(self.content).decode("ascii"),
        }
        _, own, name = self.field.partition(".")
        return {**told, "field": name} if own else told


class TooLarge(LedgerdeskError):
    """{name} is too large: a file may have {limit} MB."""

    @property
    def field(self) -> str:
        """Where it was chosen."""
        return str(self.facts["field"])


class TooMany(LedgerdeskError):
    """A form may have {limit} files."""

    field: Final = ATTACHMENTS


@dataclass(frozen=True)
class Drafts:
    """The folder of drafts."""

    root: Path
    secret: str
    file_bytes_max: int
    files_max: int
    bytes_max: int = 1_000_000_000
    """Size of the folder beyond which nothing is kept."""

    async def gather(
        self, form: str, uploads: Sequence[Upload], kept: Iterable[str]
    ) -> list[Draft]:
        """Every file of the form: those of earlier tries that are still there, and new ones.

        Raises `TooLarge` or `TooMany`.
        """
        ours = [token for token in dict.fromkeys(kept) if self._is_ours(form, token)]
        if len(ours) + len(uploads) > self.files_max:
            # Before any of them is read.
            raise TooMany(limit=self.files_max)
        files = [draft for token in ours if (draft := await self._kept(token))]
        for upload in uploads:
            name = line(upload.name.replace("\\", "/").rpartition("/")[2], 120) or "file"
            if len(upload.content) > self.file_bytes_max:
                limit = self.file_bytes_max // 1_000_000
                raise TooLarge(name=name, limit=limit, field=upload.field or ATTACHMENTS)
            kind = upload.content_type.partition(";")[0].strip()
            files.append(_draft(name, kind, upload.content, upload.field or ATTACHMENTS))
        return files

    async def keep(self, form: str, drafts: Sequence[Draft]) -> list[tuple[str, Draft]]:
        """Keep the files for the form's next try: each with the token that it carries.

        None of them while the folder is full: then they have to be chosen again.
        """
        if drafts and await asyncio.to_thread(self._size_bytes) >= self.bytes_max:
            log.warning("drafts_full", limit_bytes=self.bytes_max)
            return []
        await FileStore(self.root).put(*(draft.content for draft in drafts))
        return [(self._token(form, draft), draft) for draft in drafts]

    def forget(self, before: datetime) -> None:
        """Delete what was kept before an instant."""
        for path in self.root.glob("??/*"):
            if path.stat().st_mtime < before.timestamp():
                path.unlink(missing_ok=True)

    async def forget_regularly(self, clock: Any, age: timedelta) -> None:
        """Do so every quarter of an hour, until cancelled."""
        while True:
            await asyncio.to_thread(self.forget, clock() - age)
            await asyncio.sleep(15 * 60)

    def _size_bytes(self) -> int:
        size = 0
        for path in self.root.glob("??/*"):
            with suppress(FileNotFoundError):
                size += max(path.stat().st_size, COUNTED_BYTES_MIN)
        return size

    def _is_ours(self, form: str, token: str) -> bool:
        payload, _, mac = token.partition(".")
        return hmac.compare_digest(mac.encode(), self._mac(form, payload).encode())

    async def _kept(self, token: str) -> Draft | None:
        payload = token.partition(".")[0]
        name, kind, file_id, *field = orjson.loads(base64.urlsafe_b64decode(payload))
        try:
            content = await FileStore(self.root).get(file_id)
            return _draft(name, kind, content, field[0] if field else ATTACHMENTS)
        except LedgerdeskError:
            return None

    def _token(self, form: str, draft: Draft) -> str:
        told = orjson.dumps([draft.name, draft.content_type, draft.file_id, draft.field])
        payload = base64.urlsafe_b64encode(told).decode("ascii")
        return f"{payload}.{self._mac(form, payload)}"

    def _mac(self, form: str, payload: str) -> str:
        message = f"ledgerdesk portal draft\x00{form}\x00{payload}".encode()
        return hmac.digest(self.secret.encode(), message, sha256).hex()


def _draft(name: str, content_type: str, content: bytes, field: str) -> Draft:
    plain = content_type if _is_plain(content_type) else "application/octet-stream"
    return Draft(name, plain, sha256(content).hexdigest(), len(content), content, field)


def _is_plain(content_type: str) -> bool:
    parts = content_type.split("/")
    return len(parts) == 2 and all(
        0 < len(part) <= 100 and all(c.isascii() and (c.isalnum() or c in "._+-") for c in part)
        for part in parts
    )
