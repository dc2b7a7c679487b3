"""How often somebody may sign in with what is wrong, before nothing is looked up for them.

Counted are wrong tokens, by the address they come from and by how they begin; in this process,
so several gateways allow several times as many.
"""

import ipaddress
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final, TypeVar

from fastapi import Request

from services.gateway.rows import AgentRow
from shared.clock import monotonic_seconds
from shared.identity import NotSignedIn

_K = TypeVar("_K")
_V = TypeVar("_V")

WINDOW_SECONDS: Final = 60.0
PER_ADDRESS_MAX: Final = 30
"""More than per token: a whole office may come from one address."""
PER_TOKEN_MAX: Final = 10
PREFIX_LENGTH: Final = 12
KEYS_MAX: Final = 20_000
"""How many are remembered; of more, those that were wrong longest ago are forgotten."""


class TooManySignIns(NotSignedIn):
    """Too many wrong tokens: try again in {seconds} seconds."""

    http_status = 429

    @property
    def retry_after_seconds(self) -> int:
        """When to come back."""
        return int(self.facts["seconds"])


@dataclass
class SignInLimit:
    """The wrong tokens of the last minute."""

    clock: Callable[[], float] = monotonic_seconds
    _wrong: OrderedDict[tuple[str, str], deque[float]] = field(default_factory=OrderedDict)
    _right: OrderedDict[bytes, None] = field(default_factory=OrderedDict)
    """SHA-256 of tokens that were right when last seen: whoever comes from the same address as
    somebody who guesses is let in all the same."""

    async def look(
        self, request: Request, token: str, find: Callable[[], Awaitable[AgentRow]]
    ) -> AgentRow:
        """Who `find` finds. Raises `NotSignedIn`, or `TooManySignIns` without looking."""
        keys = {
            ("address", address_of(request)): PER_ADDRESS_MAX,
            ("token", token[:PREFIX_LENGTH]): PER_TOKEN_MAX,
        }
        mark = sha256(token.encode()).digest()
        if mark not in self._right:
            for key, most in keys.items():
                self._check(key, most)
        try:
            found = await find()
        except NotSignedIn:
            self._right.pop(mark, None)
            for key in keys:
                self._note(key)
            raise
        _remember(self._right, mark, None)
        return found

    def _check(self, key: tuple[str, str], most: int) -> None:
        times = self._wrong.get(key)
        since = self.clock() - WINDOW_SECONDS
        while times and times[0] <= since:
            times.popleft()
        if times and len(times) >= most:
            raise TooManySignIns(seconds=max(1, round(times[0] - since)))

    def _note(self, key: tuple[str, str]) -> None:
        times = self._wrong.get(key, deque(maxlen=PER_ADDRESS_MAX))
        times.append(self.clock())
        _remember(self._wrong, key, times)


def _remember(known: OrderedDict[_K, _V], key: _K, value: _V) -> None:
    known[key] = value
    known.move_to_end(key)
    while len(known) > KEYS_MAX:
        known.popitem(last=False)


def address_of(request: Request) -> str:
    """Where a request comes from; of IPv6 the /64, which one host has whole."""
    host = request.client.host if request.client else ""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if address.version == 4 or address.ipv4_mapped is not None:
        return str(address)
    return str(ipaddress.ip_network((address, 64), strict=False))
