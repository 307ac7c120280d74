"""Connections that a process leaves behind."""

import socket

import pytest

from tsprof.load.abandon import abandon_connections


def test_what_was_sent_and_not_received_is_taken_back() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        near = socket.create_connection(server.getsockname())
        far, _ = server.accept()
        other, pair = socket.socketpair()
        with far, other, pair:
            abandon_connections()
            near.close()
            with pytest.raises(ConnectionResetError):
                far.recv(1)
            other.sendall(b"x")
            assert pair.recv(1) == b"x"
