"""Addresses and interfaces of this machine."""

from __future__ import annotations

import socket
from typing import Final

import psutil

from ullage_trainer.config import RendezvousFailure

LOOPBACK: Final = "127.0.0.1"
_ANY_PORT: Final = 9


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine and nothing else can reach it."""
    return host in ("localhost", "::1") or host.startswith("127.")


def bind_address(coordinator_host: str) -> str:
    """Return where servers listen: what can't be reached from elsewhere when the gang is on one machine."""
    return LOOPBACK if is_loopback(coordinator_host) else "0.0.0.0"  # noqa: S104 - strangers are refused by key and address


def address_towards(host: str) -> str:
    """Return the address that this machine uses towards a host; nothing is sent.

    Raises
    ------
    RendezvousFailure
        If the name does not resolve, or there is no way to it.
    """
    if is_loopback(host):
        return LOOPBACK
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((host, _ANY_PORT))
        except OSError as error:
            raise RendezvousFailure(
                f"expected a way to worker 0 at {host}, found: {error.strerror or error}"
            ) from error
        address: str = probe.getsockname()[0]
    return address


def own_name(coordinator_host: str) -> str:
    """Return worker 0's name as worker 0 itself looks it up: without its last dot, as ``/etc/hosts`` has it.

    The name servers of a cluster tell of a pod only a moment after it has started.
    """
    return coordinator_host.rstrip(".")


def address_of(host: str) -> str:
    """Return the address of a host.

    Raises
    ------
    RendezvousFailure
        If the name does not resolve.
    """
    try:
        return socket.gethostbyname(host)
    except OSError as error:
        raise RendezvousFailure(f"expected the name {host} to resolve, found: {error.strerror or error}") from error


def interface_of(address: str) -> str:
    """Return the network interface that has an address.

    Raises
    ------
    RendezvousFailure
        If none has.
    """
    for name, addresses in psutil.net_if_addrs().items():
        if any(entry.address == address for entry in addresses):
            return name
    raise RendezvousFailure(f"expected a network interface with the address {address}, found none")
