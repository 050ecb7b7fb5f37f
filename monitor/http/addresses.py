"""Tell public addresses from all others, by a table of our own.

The standard library's `is_global` is not used: it calls several addresses global that lead inwards, among them a
cloud metadata address (192.0.0.192), 6to4, NAT64 and old IPv4-compatible forms. Sources: the IANA special-purpose
address registries for IPv4 and IPv6, and the providers' own pages for metadata addresses.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

_V4 = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # shared by carriers; holds a metadata address
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # a cloud provider's host, public in form only
        "169.254.0.0/16",  # link-local; holds metadata addresses
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments; holds a metadata address
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # AMT
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/3",  # multicast, reserved, broadcast
    )
)
_V6_PUBLIC = IPv6Network("2000::/3")
_V6 = tuple(
    IPv6Network(text)
    for text in (
        "2001::/23",  # protocol assignments, Teredo, ORCHID, benchmarks
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: carries an IPv4 address
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
    )
)
_NAT64 = IPv6Network("64:ff9b::/96")
_LOW_32 = 0xFFFFFFFF
_ISATAP = (0x00005EFE, 0x02005EFE)


def is_forbidden(ip: str | IPv4Address | IPv6Address) -> bool:
    """Tell whether an address is anything but a public one; text that is no address is forbidden.

    An IPv4 address inside an IPv4-mapped or NAT64 (64:ff9b::/96) one is judged as itself, since that is where the
    packets go. A zone index is ignored.
    """
    try:
        address = ip_address(ip.partition("%")[0]) if isinstance(ip, str) else ip
    except ValueError:
        return True
    if isinstance(address, IPv4Address):
        return any(address in network for network in _V4)
    inner = _inner_v4(address)
    if inner is not None:
        return is_forbidden(inner)
    if address not in _V6_PUBLIC or (int(address) >> 32) & _LOW_32 in _ISATAP:
        return True
    return any(address in network for network in _V6)


def _inner_v4(address: IPv6Address) -> IPv4Address | None:
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return IPv4Address(int(address) & _LOW_32) if address in _NAT64 else None
