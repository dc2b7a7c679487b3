"""Where nothing is posted: addresses that are ours or nobody's, by whatever name.

A name is looked up once for each request, each of its addresses is looked at, and the
connection goes to an address that was looked at: a name that answers differently the next
time gains nothing. Redirects are not followed, so there is no second place to check.
"""

import asyncio
import socket
from collections.abc import Sequence
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Final
from urllib.parse import urlsplit

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

NAT64: Final = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))
"""IPv6 addresses that stand for an IPv4 address, in their last 32 bits (RFC 6052, RFC 8215)."""

COMPATIBLE: Final = IPv6Network("::/96")
"""The same, long given up (RFC 4291), and still understood here and there."""

URL_LENGTH_MAX: Final = 2_000
PORT_MAX: Final = 65_535


class NotReachable(Exception):
    """Nothing is posted there, and why."""


def networks(texts: Sequence[str]) -> tuple[Network, ...]:
    """The networks that are allowed though they are private."""
    return tuple(ip_network(text) for text in texts)


def allowed(address: Address, exceptions: Sequence[Network] = ()) -> bool:
    """Whether something may be posted to an address."""
    if any(address in network for network in exceptions if network.version == address.version):
        return True
    if isinstance(address, IPv6Address):
        inner = _within(address)
        if inner is not None:
            return allowed(inner, exceptions)
    return (
        address.is_global
        and not address.is_multicast
        and not address.is_reserved
        and not address.is_unspecified
    )


def _within(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that an IPv6 address stands for, if it does."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if address in COMPATIBLE or any(address in network for network in NAT64):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return None


def trouble_with_url(url: str, exceptions: Sequence[Network], *, plain_allowed: bool) -> str | None:
    """What is wrong with the address of a webhook, before anybody is asked; None if nothing is."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "is not a web address"
    if len(url) > URL_LENGTH_MAX or not url.isascii() or any(c <= " " for c in url):
        return "is not a web address"
    if parts.scheme != "https" and not (plain_allowed and parts.scheme == "http"):
        return "must begin with https://"
    if not parts.hostname or port == 0:
        return "names no host"
    if parts.username is not None or parts.password is not None:
        return "must not hold a name and a password"
    if parts.fragment:
        return "must not hold a fragment (#…)"
    literal = _literal(parts.hostname)
    if literal is not None and not allowed(literal, exceptions):
        return "is in a private network, where nothing is posted"
    return None


async def addresses_of(host: str, port: int, exceptions: Sequence[Network]) -> list[str]:
    """The addresses of a host that may be connected to. Raises `NotReachable` if any of them
    must not be: a name that mixes them is up to no good."""
    literal = _literal(host)
    found = [literal] if literal is not None else await _resolved(host, port)
    if not found:
        raise NotReachable("the host's name has no address")
    if not all(allowed(address, exceptions) for address in found):
        raise NotReachable("the host is in a private network, where nothing is posted")
    return [str(address) for address in found]


async def _resolved(host: str, port: int) -> list[Address]:
    loop = asyncio.get_running_loop()
    try:
        infos = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NotReachable("the host's name has no address") from error
    return list(dict.fromkeys(_plain(str(info[4][0])) for info in infos))


def _literal(host: str) -> Address | None:
    try:
        return _plain(host.strip("[]"))
    except ValueError:
        return None


def _plain(text: str) -> Address:
    """An address without the zone that a link-local one may carry."""
    return ip_address(text.partition("%")[0])
