"""What SPF, DKIM and DMARC may ask the DNS."""

from typing import Any, Final, Protocol

import dns.exception
import dns.resolver

from shared.clock import monotonic_seconds

LOOKUP_SECONDS: Final = 5.0


class Unanswered(Exception):
    """The DNS gave no answer this time."""


class Resolver(Protocol):
    """Answers questions to the DNS."""

    def lookup(self, name: str, kind: str) -> list[Any]:
        """The records of a name: of A and AAAA addresses, of MX (preference, host), of PTR
        names, of TXT the tuple of strings that each consists of. Raises `Unanswered`."""
        ...


class Hurried:
    """Asks another resolver, and no more once its time is up."""

    def __init__(self, resolver: Resolver, seconds: float) -> None:
        self._resolver = resolver
        self._until = monotonic_seconds() + seconds

    def lookup(self, name: str, kind: str) -> list[Any]:
        if monotonic_seconds() > self._until:
            raise Unanswered("asked too much")
        return self._resolver.lookup(name, kind)


class SystemResolver:
    """Asks the servers that this machine is configured to ask."""

    def __init__(self) -> None:
        self._resolver: dns.resolver.Resolver | None = None

    def lookup(self, name: str, kind: str) -> list[Any]:
        try:
            # Made at the first question: a machine without a DNS has none to ask.
            self._resolver = self._resolver or dns.resolver.Resolver()
            found = self._resolver.resolve(name, kind, lifetime=LOOKUP_SECONDS)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer, dns.exception.SyntaxError):
            return []
        except dns.exception.DNSException as error:
            raise Unanswered(type(error).__name__) from error
        return [_plain(record, kind) for record in found]


def _plain(record: Any, kind: str) -> Any:
    match kind:
        case "A" | "AAAA":
            return record.address
        case "MX":
            return record.preference, record.exchange.to_text(omit_final_dot=True)
        case "PTR":
            return record.target.to_text(omit_final_dot=True)
        case _:
            return tuple(record.strings)
