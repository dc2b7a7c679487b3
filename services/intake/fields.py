"""The kinds of field that a submission has, and what is wrong with a value for one."""

import base64
import binascii
import re
from typing import Annotated, Final

from email_validator import EmailNotValidError
from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from services.intake.addresses import normalised
from services.intake.language import tag_of, timezone_of
from services.intake.text import tidy, trouble_with_text

FILE_BYTES_MAX: Final = 10_000_000
DESCRIPTION_LENGTH_MAX: Final = 100_000
SUBJECT_LENGTH_MAX: Final = 300
LINE_LENGTH_MAX: Final = 200

_PHONE = re.compile(r"[0-9+().,/ x#*-]{3,40}(?: ?ext\.? ?[0-9]{1,8})?", re.IGNORECASE)
_CONTENT_TYPE = re.compile(r"[\w.+-]{1,100}/[\w.+-]{1,100}(?:\s*;[ -~]{0,200})?")


def _text(limit: int, *, lines: bool = False) -> BeforeValidator:
    def check(value: object) -> str:
        trouble = trouble_with_text(value, limit, lines=lines)
        if trouble is not None:
            raise PydanticCustomError("text", "{trouble}", {"trouble": trouble})
        return tidy(str(value))

    return BeforeValidator(check)


def _email(value: object) -> str:
    """A mail address as people write it; also one within a company's own network."""
    address = _line(value)
    try:
        return normalised(address)
    except EmailNotValidError as error:
        text = str(error).removesuffix(".")
        raise PydanticCustomError(
            "email", "is not a mail address: {why}", {"why": text[:1].lower() + text[1:]}
        ) from None


def _phone(value: object) -> str:
    phone = _line(value)
    if not _PHONE.fullmatch(phone):
        raise PydanticCustomError("phone", "is not a phone number such as +49 30 901820")
    return phone


def _content_type(value: object) -> str:
    name = _line(value)
    if not _CONTENT_TYPE.fullmatch(name):
        raise PydanticCustomError("content_type", "is not a content type such as image/png")
    return name


def file_name(value: object) -> str:
    """A file's name without its folders."""
    return _line(value).replace("\\", "/").rstrip("/").rpartition("/")[2] or "file"


def _content(value: object) -> bytes:
    if not isinstance(value, str):
        raise PydanticCustomError("base64", "must be text in base 64")
    try:
        content = base64.b64decode("".join(value.split()), validate=True)
    except (binascii.Error, ValueError):
        raise PydanticCustomError("base64", "is not base 64") from None
    if len(content) > FILE_BYTES_MAX:
        raise PydanticCustomError(
            "size",
            "is {size} bytes long; a file may have {limit}",
            {"size": f"{len(content):,}", "limit": f"{FILE_BYTES_MAX:,}"},
        )
    return content


def _line(value: object) -> str:
    trouble = trouble_with_text(value, LINE_LENGTH_MAX, lines=False)
    if trouble is not None:
        raise PydanticCustomError("text", "{trouble}", {"trouble": trouble})
    return tidy(str(value))


def _given(value: object) -> object:
    """An empty field of a form was not filled in."""
    return None if isinstance(value, str) and not value.strip() else value


def _language(value: object) -> str:
    tag = tag_of(_line(value))
    if not tag:
        raise PydanticCustomError("language", "is not a language tag such as de or pt-BR")
    return tag


def _timezone(value: object) -> str:
    zone = timezone_of(_line(value))
    if not zone:
        raise PydanticCustomError("timezone", "is not a time zone such as Europe/Berlin")
    return zone


Given = BeforeValidator(_given)
Language = Annotated[str, BeforeValidator(_language)]
Timezone = Annotated[str, BeforeValidator(_timezone)]
Line = Annotated[str, _text(LINE_LENGTH_MAX)]
Subject = Annotated[str, _text(SUBJECT_LENGTH_MAX)]
Text = Annotated[str, _text(DESCRIPTION_LENGTH_MAX, lines=True)]
Email = Annotated[str, BeforeValidator(_email)]
Phone = Annotated[str, BeforeValidator(_phone)]
ContentType = Annotated[str, BeforeValidator(_content_type)]
FileName = Annotated[str, BeforeValidator(file_name)]
Content = Annotated[bytes, BeforeValidator(_content)]
