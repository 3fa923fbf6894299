"""Which address a request comes from, when reverse proxies stand in front."""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address


def client_ip(peer: str, forwarded_for: Iterable[str], trusted: Iterable[IPv4Network | IPv6Network]) -> str:
    """The client's address: the peer, or what trusted proxies say in X-Forwarded-For.

    `peer` is the address of the TCP connection, `forwarded_for` the header's lines in order, `trusted` the networks
    of our own proxies. Each proxy appends the address it saw, so the list is read from its right end while the
    reporter is trusted; what a client wrote itself stands further left and is never reached. An entry that is no
    address ends the walk at the last good one. A peer that is no address (a test client) is given back as it is.
    """
    current = _parse(peer)
    if current is None:
        return peer
    hops = [hop for line in forwarded_for for hop in line.split(",")]
    networks = tuple(trusted)
    while hops and any(current in network for network in networks):
        reported = _parse(hops.pop())
        if reported is None:
            break
        current = reported
    return str(current)


def _parse(text: str) -> Address | None:
    try:
        address = ip_address(text.strip())
    except ValueError:
        return None
    # A dual-stack socket shows an IPv4 peer as ::ffff:a.b.c.d, which no IPv4 network would contain.
    return getattr(address, "ipv4_mapped", None) or address
