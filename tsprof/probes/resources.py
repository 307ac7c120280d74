"""What a process holds open, as the kernel tells it: descriptors by kind, threads by name."""

import stat
from collections.abc import Collection, Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import psutil

from tsprof.analysis.attribution.counted_resources import FROM_A_CLIENT, Held

DELETED = " (deleted)"
MEMORY_FILE = "/memfd:"
EPHEMERAL = 32768
"""Ports from here on are given to clients (ip(7), ip_local_port_range)."""
_MOST = 50_000
"""Descriptors or threads of one process that are looked at."""
_KINDS = {
    stat.S_IFREG: "regular file",
    stat.S_IFDIR: "directory",
    stat.S_IFCHR: "device",
    stat.S_IFBLK: "block device",
    stat.S_IFIFO: "named pipe",
}


def descriptors(
    process: psutil.Process, sockets: Sequence[Any], served: Collection[int] = ()
) -> list[Held]:
    """List a process's open descriptors, with the path or the peer of each.

    Args:
        process: whose.
        sockets: its ``net_connections("all")``.
        served: ports on which the target listens; connections to them are clients'.

    Raises:
        psutil.Error: the process ended, or may not be looked into.
    """
    by_number = {socket.fd: socket for socket in sockets}
    folder = Path(f"/proc/{process.pid}/fd")
    try:
        files = list(islice(folder.iterdir(), _MOST))
    except OSError as error:
        raise psutil.AccessDenied(process.pid) from error
    found = []
    for file in files:
        try:
            link = str(file.readlink())
        except OSError:  # it was closed meanwhile
            continue
        kind, name = _described(file, link, by_number.get(int(file.name)), served)
        identity = f"{file.name} {link}"
        found.append(Held(resource="fd", pid=process.pid, identity=identity, kind=kind, name=name))
    return found


def listening_ports(sockets: Iterable[Any]) -> set[int]:
    """Return the ports on which some of the sockets listen."""
    return {socket.laddr.port for socket in sockets if socket.status == psutil.CONN_LISTEN}


def _described(file: Path, link: str, socket: Any, served: Collection[int]) -> tuple[str, str]:
    """Return the kind and the name of a descriptor."""
    kind, _, rest = link.partition(":")
    if kind == "socket":
        return _peer(socket, served)
    if kind == "anon_inode":
        return rest.strip("[]"), ""
    return _file(file, link) if link.startswith("/") else (kind, "")


def _file(file: Path, link: str) -> tuple[str, str]:
    path = link.removesuffix(DELETED)
    if path.startswith(MEMORY_FILE):
        return "memory file", path.removeprefix(MEMORY_FILE)
    if path != link:
        return "deleted file", path
    try:
        return _KINDS.get(stat.S_IFMT(file.stat().st_mode), "file"), path
    except OSError:  # it was closed meanwhile
        return "file", path


def _peer(socket: Any, served: Collection[int]) -> tuple[str, str]:
    """Return the kind of a socket and its peer; of a client, whose own port says nothing, ours."""
    if socket is None:
        return "socket that is not connected", ""
    if socket.family.name == "AF_UNIX":
        return "Unix socket", str(socket.raddr or socket.laddr or "")
    protocol = "TCP" if socket.type.name == "SOCK_STREAM" else "UDP"
    if socket.status == psutil.CONN_LISTEN:
        return f"{protocol} listening on", _address(socket.laddr)
    if not socket.raddr:
        return f"{protocol} socket without a peer", ""
    if socket.laddr.port in served or socket.laddr.port < EPHEMERAL <= socket.raddr.port:
        return FROM_A_CLIENT, _address(socket.laddr)
    ended = socket.status == psutil.CONN_CLOSE_WAIT
    return f"{protocol}{', ended by its peer,' if ended else ''} to", _address(socket.raddr)


def _address(address: Any) -> str:
    return f"[{address.ip}]:{address.port}" if ":" in address.ip else f"{address.ip}:{address.port}"


def threads(process: psutil.Process) -> list[Held]:
    """List a process's threads by the name that the kernel has of them.

    Raises:
        psutil.Error: the process ended, or may not be looked into.
    """
    found = []
    for thread in process.threads()[:_MOST]:
        try:
            name = Path(f"/proc/{process.pid}/task/{thread.id}/comm").read_text(errors="replace")
        except OSError:  # it ended meanwhile
            continue
        found.append(
            Held(
                resource="thread",
                pid=process.pid,
                identity=str(thread.id),
                kind="thread",
                name=name.strip(),
            )
        )
    return found


def children(processes: Iterable[psutil.Process]) -> list[Held]:
    """List processes by their command line, each under its parent; one that has ended is left out.

    One that has ended but was not waited for (a zombie) has no command line any more, only a name.
    """
    found = []
    for process in processes:
        try:
            with process.oneshot():
                ended = process.status() == psutil.STATUS_ZOMBIE
                command = "" if ended else " ".join(process.cmdline())
                found.append(
                    Held(
                        resource="process",
                        pid=process.ppid(),
                        identity=f"{process.pid} {process.create_time()}",
                        kind="zombie process" if ended else "process",
                        name=command[:300] or process.name(),
                    )
                )
        except psutil.Error:
            continue
    return found
