"""How often one client, and one mail address, may send forms that begin something new.

Counted in memory, for the last hour: a replica counts for itself. Addresses are counted by
their hash, known or not, so that the answer tells nobody who is a customer.
"""

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from hashlib import sha256
from ipaddress import ip_address
from typing import Final

from fastapi import Request

from services.portal.speaking import Said, said
from shared.clock import monotonic_seconds

WINDOW_SECONDS: Final = 3600.0
REMEMBERED_MAX: Final = 20_000
"""Clients and addresses that are counted at once; the longest unseen is forgotten first."""

TRAP: Final = "fax_number_2"
"""A field that people don't see, and programs fill in."""


@dataclass
class Limits:
    """Counts what came in the last hour."""

    per_client: int
    """From one client; 0: not limited."""
    per_address: int
    """For one mail address; 0: not limited."""
    client_header: str = ""
    """The header in which the proxy before us names the client."""
    _seen: OrderedDict[str, deque[float]] = field(default_factory=OrderedDict)

    def wait_seconds(self, request: Request, email: str, form: str = "new") -> float:
        """How long to wait until one more may come; 0 if it may come now, and is counted.

        Forms count apart: who asks for links to an address of somebody else's, and is told to
        wait, keeps them from nothing but links.
        """
        now = monotonic_seconds()
        keys = []
        client = self._client(request)
        if client and self.per_client:
            keys.append((f"{form}: client {client}", self.per_client))
        if email.strip() and self.per_address:
            address = sha256(email.strip().casefold().encode()).hexdigest()
            keys.append((f"{form}: address {address}", self.per_address))
        wait = max((self._wait(key, most, now) for key, most in keys), default=0.0)
        if not wait:
            for key, _ in keys:
                self._seen.setdefault(key, deque()).append(now)
                self._seen.move_to_end(key)
            while len(self._seen) > REMEMBERED_MAX:
                self._seen.popitem(last=False)
        return wait

    def _wait(self, key: str, most: int, now: float) -> float:
        times = self._seen.get(key, deque())
        while times and times[0] <= now - WINDOW_SECONDS:
            times.popleft()
        return times[-most] + WINDOW_SECONDS - now if len(times) >= most else 0.0

    def _client(self, request: Request) -> str:
        """The client's address (of IPv6, its /64); none for this machine itself, where a proxy
        that names nobody would stand for all."""
        told = request.headers.get(self.client_header, "") if self.client_header else ""
        text = told.rpartition(",")[2].strip() or (request.client.host if request.client else "")
        try:
            address = ip_address(text)
        except ValueError:
            return ""
        if address.is_loopback:
            return ""
        return str(address) if address.version == 4 else address.exploded[:19]


def minutes(seconds: float) -> Said:
    """A wait, in words."""
    whole = max(1, round(seconds / 60))
    return said("a minute") if whole == 1 else said("{count} minutes", count=whole)
