"""The ports servers are given: free, and never one the kernel gives to a client meanwhile."""

import socket
from pathlib import Path

import pytest

from deploy.embedded import ports
from deploy.embedded.ports import free_port

KERNEL = Path("/proc/sys/net/ipv4/ip_local_port_range")


def told(folder: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the kernel's range be this."""
    (folder / "range").write_text(text)
    monkeypatch.setattr(ports, "_RANGE", folder / "range")


def test_the_kernel_gives_it_to_nobody_who_connects() -> None:
    lowest = int(KERNEL.read_text().split()[0])
    assert all(1024 < free_port() < lowest for _ in range(50))


def test_none_is_given_twice_in_a_row_and_none_that_is_taken() -> None:
    with socket.create_server(("127.0.0.1", free_port())) as taken:
        given = [free_port() for _ in range(50)]
        assert taken.getsockname()[1] not in given
    assert len(set(given)) == 50


def test_one_that_is_taken_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", free_port())) as taken:
        only = taken.getsockname()[1]
        monkeypatch.setattr(ports, "_LOWEST", only)
        told(tmp_path, f"{only + 2}\t60999\n", monkeypatch)
        assert {free_port() for _ in range(4)} == {only + 1}


@pytest.mark.parametrize("text", ["1024\t65535\n", "none"])
def test_where_the_kernel_takes_them_all_or_says_nothing_there_still_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    told(tmp_path, text, monkeypatch)
    with socket.create_server(("127.0.0.1", free_port())):
        pass
