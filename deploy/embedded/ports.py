"""Ports on loopback that nobody else takes, also not while their server is started again."""

import os
import socket
from itertools import count
from pathlib import Path
from typing import Final

_RANGE: Final = Path("/proc/sys/net/ipv4/ip_local_port_range")
_BELOW: Final = 12_000
"""So many ports below the kernel's own are chosen from."""
_LOWEST: Final = 10_000
"""Below it stand the ports that servers are known by."""
_STRIDE: Final = 7_919
"""A prime: processes that choose at the same time begin far from one another."""
_turns = count()


def free_port() -> int:
    """A port that nothing listens on now, and that the kernel gives nobody who connects.

    A server that was killed must find its port free when it is started again; one of the kernel's
    own range may be a client's by then.
    """
    lowest = _kernels_lowest()
    first = max(_LOWEST, lowest - _BELOW)
    for _ in range(lowest - first):
        port = first + (os.getpid() * _STRIDE + next(_turns)) % (lowest - first)
        if is_free(port):
            return port
    # the kernel takes them all: one of its own, then
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_free(port: int) -> bool:
    """Whether a server could listen on this loopback port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _kernels_lowest() -> int:
    """The lowest port that the kernel gives to who connects; the usual one where none is told."""
    try:
        return int(_RANGE.read_text(encoding="ascii").split()[0])
    except (OSError, ValueError, IndexError):
        return 32_768
