"""What intake says of keys for programs, and of people who are forgotten or given their data."""

from typing import ClassVar

from shared.events.base import DESK, Event, Moment


class _OfAccess(Event):
    author: ClassVar[str] = "intake"
    topic: ClassVar[str] = DESK


class PersonErased(_OfAccess):
    """Somebody is to be forgotten: every service drops its keys of theirs, for good.

    Its subject is the person. Whoever writes again later is simply new.
    """

    erased_by: str
    erased_at: Moment


class PersonExported(_OfAccess):
    """Somebody was given all that is known of a person. Its subject is the person."""

    exported_by: str
    exported_at: Moment


class ApiKeyCreated(_OfAccess):
    """A program may call the API, within its scopes. Its subject is the key.

    Of the key itself only the SHA-256 is kept, here and anywhere.
    """

    name: str
    """What the key is for, as the admin put it."""
    scopes: tuple[str, ...]
    key_hash: str
    expires_at: Moment | None = None
    created_by: str
    created_at: Moment


class ApiKeyRevoked(_OfAccess):
    """The key is good for nothing any more. Its subject is the key."""

    revoked_by: str
    revoked_at: Moment
