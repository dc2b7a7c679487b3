"""What forms carry and hold: a token that makes a double click one act, and typed values.

The token names its form and is signed for one purpose (a topic's form, or one action of one
magic link), so that no other site can send a form of ours, and it is the Idempotency-Key of
what the form does.
"""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from fastapi import Request
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException

from services.portal.speaking import Said, Sayable, heard
from services.portal.words import clean
from shared.body_budget import Body
from shared.errors import LedgerdeskError, Rejected
from shared.ids import uuid7

FIELDS_MAX: Final = 250
FIELD_BYTES_MAX: Final = 1_000_000
MAC_LENGTH: Final = 32


class FormTooOld(Rejected):
    """This form can no longer be sent, and nothing was done: please fill in a new one."""

    http_status = 403


class FormTooLarge(Rejected):
    """This form is too large with its files: send smaller or fewer ones."""

    http_status = 413


class FormUnreadable(Rejected):
    """This form could not be read, and nothing was done: please go back and try again."""

    http_status = 400


@dataclass(frozen=True)
class FormTokens:
    """Signs and checks the tokens of forms."""

    secret: str

    def make(self, purpose: str) -> str:
        """A new form's token."""
        name = uuid7().hex
        return f"{name}.{self._mac(purpose, name)}"

    def read(self, purpose: str, token: str) -> str:
        """The form's own name. Raises `FormTooOld` for a token made for anything else."""
        name, _, mac = token.partition(".")
        if not hmac.compare_digest(mac.encode(), self._mac(purpose, name).encode()):
            raise FormTooOld
        return name

    def mark(self, purpose: str, text: str) -> str:
        """What says that `text` in an address is ours, for one purpose."""
        return self._mac(f"mark {purpose}", text)

    def is_marked(self, purpose: str, text: str, mark: str) -> bool:
        """Whether it is."""
        return hmac.compare_digest(mark.encode(), self.mark(purpose, text).encode())

    def _mac(self, purpose: str, name: str) -> str:
        message = f"ledgerdesk portal form\x00{purpose}\x00{name}".encode()
        return hmac.digest(self.secret.encode(), message, sha256).hex()[:MAC_LENGTH]


@dataclass(frozen=True)
class Upload:
    """A file that somebody chose; cut where it became too large."""

    name: str
    content_type: str
    content: bytes
    field: str = ""
    """The field it was chosen in."""


@dataclass(frozen=True)
class Filled:
    """A form as somebody filled it in."""

    values: Mapping[str, str]
    uploads: Sequence[Upload]
    kept: Sequence[str]
    """Files that came with an earlier try of this form, as `drafts.py` signed them."""

    def get(self, name: str) -> str:
        """What was typed into a field, without the spaces around it."""
        return self.values.get(name, "").strip()


FAILED: Final = "This could not be done. Please reload the page and try again."


def why(error: LedgerdeskError) -> Said:
    """What is wrong, in words."""
    return heard(error.message, FAILED)


@dataclass(frozen=True)
class Problems:
    """What is wrong with a form: of each field, and of all of it."""

    fields: Mapping[str, Said] = field(default_factory=dict)
    message: Sayable = ""

    def __bool__(self) -> bool:
        return bool(self.fields or self.message)


async def filled(
    request: Request,
    body: Body,
    *,
    bytes_max: int,
    seconds_max: float,
    files_max: int,
    file_bytes_max: int,
) -> Filled:
    """The form in the request, read only if it isn't too large, and arrives in time."""
    declared = request.headers.get("content-length", "")
    if not declared.isdecimal() or int(declared) > bytes_max:
        raise FormTooLarge
    try:
        async with (
            body.arriving(request, bytes_max, seconds_max) as arriving,
            arriving.form(
                max_files=files_max + 10, max_fields=FIELDS_MAX, max_part_size=FIELD_BYTES_MAX
            ) as form,
        ):
            kept = [token for token in form.getlist("kept") if isinstance(token, str)]
            return Filled(_values(form), await _uploads(form, file_bytes_max), kept)
    except (MultiPartException, HTTPException) as error:
        raise FormUnreadable(reason=str(error)) from error


def _values(form: FormData) -> dict[str, str]:
    return {name: clean(value) for name, value in form.multi_items() if isinstance(value, str)}


async def _uploads(form: FormData, file_bytes_max: int) -> list[Upload]:
    """Files that were chosen: browsers send an empty one for a field left alone."""
    found = [each for each in form.multi_items() if isinstance(each[1], UploadFile)]
    return [
        Upload(file.filename, file.content_type or "", await file.read(file_bytes_max + 1), field)
        for field, file in found
        if isinstance(file, UploadFile) and file.filename
    ]
