"""Which addresses may be called: the open internet over TLS, and never a machine of our own network."""

import ipaddress
import socket
from urllib.parse import urlsplit

from marketplace.kernel.errors import N_, Invalid

LONGEST = 200


class AddressRefused(RuntimeError):
    """The name leads to a machine that must not be called from here."""


def check_address(url: str, *, own_network: bool) -> str:
    """An address as it may be kept, or ``Invalid``: https, a host, no password; http too where ``own_network`` allows it."""
    parts = urlsplit(url) if url.isascii() and url.isprintable() and " " not in url else None
    schemes = ("https", "http") if own_network else ("https",)
    try:
        fine = (
            parts is not None
            and len(url) <= LONGEST
            and parts.scheme in schemes
            and bool(parts.hostname)
            and parts.port != 0
            and not (parts.username or parts.password or parts.fragment)
        )
    except ValueError:
        fine = False
    if not fine:
        raise Invalid("address_invalid", N_("Please give an address that begins with https:// and holds no password."))
    return url


def addresses_to_call(host: str, port: int, *, own_network: bool) -> list[str]:
    """The numbers that a name stands for at this moment; one that is not on the open internet refuses the whole name.

    The connection is then made to one of these very numbers, so that a second answer of the name server cannot lead elsewhere.

    Raises
    ------
    AddressRefused
        When the name has no number or leads into a network of our own.
    """
    try:
        found = {str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    except OSError as error:
        raise AddressRefused(f"the name {host} leads nowhere: {error}") from error
    for number in found:
        known = ipaddress.ip_address(number.partition("%")[0])
        mapped = getattr(known, "ipv4_mapped", None) or known
        if not own_network and not (mapped.is_global and not mapped.is_multicast):
            raise AddressRefused(f"{host} leads to {number}, which is not on the open internet")
    return sorted(found)
