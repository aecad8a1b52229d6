"""The listening socket: bound before anything else is built, so that the address is known and never raced for."""

import ipaddress
import json
import logging
import socket
import sys
import urllib.request

from rolltop.config import Config
from rolltop.errors import StartError

PREFERRED_PORT = 8377
BACKLOG = 1024

log = logging.getLogger("rolltop.serve")


class PortTaken(StartError):
    """Another program listens on the wanted port, and no other port was asked for (threat model L3)."""

    code = "serve.port_taken"
    exit_code = 6


class AddressRefused(StartError):
    """The address is not one of this machine's own loopback addresses (threat model L3)."""

    code = "serve.address_refused"
    exit_code = 2


def listen(config: Config, *, fallback: bool) -> socket.socket:
    """The listening socket.

    With `fallback` the wanted port, then the usual one, then any free one is taken; without it only the wanted one.

    Raises:
        PortTaken: the wanted port cannot be had.
        AddressRefused: the host is not a loopback address.
    """
    host = _loopback(config.host)
    ports = list(dict.fromkeys([config.port, PREFERRED_PORT, 0])) if fallback else [config.port]
    for port in ports:
        try:
            return _bound(host, port)
        except OSError as error:  # in use, or on Windows a reserved range, which it calls forbidden: the next one
            log.info("Port %d cannot be used (%s).", port, error.strerror or error, extra={"file_only": not fallback})
            reason = error.strerror or str(error)
    raise PortTaken(
        f"Port {ports[-1]} is in use{_by_whom(host, ports[-1])} or not allowed ({reason}).",
        hint=f"Stop the program that listens there, name another port with --port {ports[-1] + 1}, "
        "or take any free one with --port 0.",
    )


def url(bound: socket.socket) -> str:
    """The base address of the socket, without a slash at the end."""
    host, port = bound.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _loopback(host: str) -> str:
    address = "127.0.0.1" if host == "localhost" else host.strip("[]")
    try:
        if ipaddress.ip_address(address).is_loopback:
            return address
    except ValueError:
        pass
    raise AddressRefused(
        f"Rolltop does not listen on {host!r}: it answers this machine only.",
        hint="Use --host 127.0.0.1. To reach it from elsewhere, forward the port, for example with ssh -L.",
    )


def _bound(host: str, port: int) -> socket.socket:
    made = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        if sys.platform == "win32":  # there SO_REUSEADDR would let another program steal the port
            made.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:  # a port whose last connections still linger may be taken again at once
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((host, port))
        made.listen(BACKLOG)
        made.setblocking(False)
    except OSError:
        made.close()
        raise
    return made


def _by_whom(host: str, port: int) -> str:
    """` by another Rolltop (0.1.0)` when that is who answers there, else nothing."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    shown = f"[{host}]" if ":" in host else host
    try:
        with opener.open(f"http://{shown}:{port}/api/health", timeout=1.0) as answer:
            health = json.loads(answer.read(10_000))
        return f" by another Rolltop ({health['version']})" if "instance" in health else ""
    except (OSError, ValueError, KeyError, TypeError):
        return ""
