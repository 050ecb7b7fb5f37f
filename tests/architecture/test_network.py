"""Tests reach this machine and nothing else."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest
from pytest_socket import SocketConnectBlockedError

ELSEWHERE = "192.0.2.1"


def test_a_test_cannot_connect_to_another_machine() -> None:
    with (
        socket.socket() as outgoing,
        pytest.warns(UserWarning, match=ELSEWHERE),
        pytest.raises(SocketConnectBlockedError),
    ):
        outgoing.connect((ELSEWHERE, 80))


async def test_neither_through_the_event_loop() -> None:
    with pytest.warns(UserWarning, match=ELSEWHERE), pytest.raises(SocketConnectBlockedError):
        await asyncio.open_connection(ELSEWHERE, 80)


@pytest.mark.parametrize(("family", "address"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_loopback_is_open(family: int, address: str) -> None:
    with socket.socket(family) as server, socket.socket(family) as client:
        server.bind((address, 0))
        server.listen()
        client.connect(server.getsockname()[:2])


def test_so_are_sockets_that_are_files(tmp_path: Path) -> None:
    path = str(tmp_path / "socket")
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        server.bind(path)
        server.listen()
        client.connect(path)
