"""What the kernel tells of descriptors, threads and children, read of this process."""

import os
import socket
import tempfile
import threading
from pathlib import Path

import psutil

from tsprof.probes.resources import children, descriptors, listening_ports, threads


def listed(*numbers: int, served: tuple[int, ...] = ()) -> list[tuple[str, str]]:
    by_number = {
        int(held.identity.partition(" ")[0]): held
        for held in descriptors(psutil.Process(), psutil.Process().net_connections("all"), served)
    }
    return [(by_number[number].kind, by_number[number].name) for number in numbers]


def test_files_and_pipes(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    read, write = os.pipe()
    directory = os.open(tmp_path, os.O_RDONLY)
    memory = os.memfd_create("scratch")
    try:
        with path.open("w") as kept, tempfile.TemporaryFile(dir=tmp_path) as gone:
            found = listed(kept.fileno(), gone.fileno(), read, directory, memory)
    finally:
        for number in (read, write, directory, memory):
            os.close(number)
    assert found[0] == ("regular file", str(path))
    assert found[1][0] == "deleted file"
    assert found[2:] == [("pipe", ""), ("directory", str(tmp_path)), ("memory file", "scratch")]


def test_sockets_by_their_peer() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as client,
        server.accept()[0] as accepted,
        socket.socket() as idle,
    ):
        port = server.getsockname()[1]
        assert port in listening_ports(psutil.Process().net_connections("all"))
        numbers = (server.fileno(), client.fileno(), accepted.fileno(), idle.fileno())
        found = listed(*numbers, served=(port,))
        client.shutdown(socket.SHUT_RDWR)
        accepted.shutdown(socket.SHUT_RDWR)
    here = f"127.0.0.1:{port}"
    assert found[:3] == [
        ("TCP listening on", here), ("TCP to", here), ("TCP from a client to", here),
    ]  # fmt: skip
    assert found[3][0] in ("TCP socket without a peer", "socket that is not connected")


def test_threads_by_their_name() -> None:
    release = threading.Event()
    thread = threading.Thread(target=release.wait)
    thread.start()
    try:
        found = {held.identity: held for held in threads(psutil.Process())}
    finally:
        release.set()
        thread.join()
    assert found[str(thread.native_id)].name
    assert str(os.getpid()) in found


def test_children_by_their_command() -> None:
    me = psutil.Process()
    (found,) = children([me])
    assert found.pid == me.ppid()
    assert found.identity.startswith(f"{os.getpid()} ")
    assert found.name == " ".join(me.cmdline())[:300]
