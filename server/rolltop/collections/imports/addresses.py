"""Which addresses a fetch may reach (threat model W2), and that nothing of this very server is imported."""

import ipaddress
import os
import socket
from dataclasses import dataclass
from pathlib import Path

from rolltop.collections.imports.errors import BadUrl, FileMissing

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_DISGUISES = tuple(map(ipaddress.ip_network, ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")))
"""Addresses that carry an IPv4 address and lead to it."""
_METADATA = tuple(map(ipaddress.ip_address, ("169.254.169.254", "fd00:ec2::254", "100.100.100.200")))
"""Where clouds tell machines their secrets."""
_BESIDE = ("", "-wal", "-shm", "-journal")


@dataclass(frozen=True, slots=True)
class Own:
    """The database files of this server."""

    files: tuple[Path, ...]

    def refuse(self, path: Path) -> None:
        """Refuse a file of ours, without opening it: closing it again would drop SQLite's locks (threat model R5).

        Raises:
            FileMissing: it is one.
        """
        try:
            found = path.stat()
        except OSError:
            return  # whoever reads it says so
        for file in self.files:
            for suffix in _BESIDE:
                beside = file.with_name(file.name + suffix)
                if beside.exists() and os.path.samestat(found, beside.stat()):
                    raise FileMissing(
                        f"{path.name} belongs to this workspace: its tables are here already.",
                        hint="To copy a table, export it first, and import what comes out.",
                    )


@dataclass(frozen=True, slots=True)
class Rules:
    """Who may be asked: everybody on the internet, and `allowed` hosts with ports (`10.0.0.5:8000`) inside."""

    allowed: frozenset[str]
    own_port: int

    def addresses(self, host: str, port: int) -> list[str]:
        """The addresses of a host, all of them checked.

        Raises:
            BadUrl: one of them must not be asked.
            OSError, UnicodeError: there is no such host.
        """
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = [ipaddress.ip_address(str(each[4][0]).partition("%")[0]) for each in found]
        for address in addresses:
            self._check(address, host, port)
        return list(dict.fromkeys(map(str, addresses)))

    def _check(self, address: Address, host: str, port: int) -> None:
        name = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        if port == self.own_port and is_of_this_machine(address):
            raise BadUrl(name, "it is this server itself", hint="Export the table instead, and import what comes out.")
        if is_public(address):
            return
        inside = f"{host} is {address}, an address inside this machine or its network"
        if not may_be_allowed(address):
            raise BadUrl(name, inside, hint="Such addresses are never asked.")
        if name not in self.allowed:
            raise BadUrl(name, inside, hint=f'To allow it, add "{name}" to import_hosts in workspace.toml.')


def is_public(address: Address) -> bool:
    """Whether the address is one of the internet's, for everybody."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if any(address in network for network in _DISGUISES):
            return False
    return address.is_global and not address.is_multicast and address not in _METADATA


def may_be_allowed(address: Address) -> bool:
    """Whether a setting may allow it: this machine and private networks, but nothing that answers for the network."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return may_be_allowed(address.ipv4_mapped)
        if any(address in network for network in _DISGUISES):
            return False
    forbidden = address.is_link_local or address.is_multicast or address.is_unspecified
    return not forbidden and address not in _METADATA


def is_of_this_machine(address: Address) -> bool:
    """Whether one could listen there."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((str(address), 0))
    except OSError:
        return False
    return True
