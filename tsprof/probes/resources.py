"""What a process holds open, as the kernel tells it: descriptors by kind, threads by name."""

import stat
from collections.abc import Collection, Iterable
from itertools import islice
from pathlib import Path
from typing import Any

import psutil

from tsprof.analysis.resources import Held

DELETED = " (deleted)"
_MOST = 50_000
"""Descriptors or threads of one process that are looked at."""
_KINDS = {
    stat.S_IFREG: "regular file",
    stat.S_IFDIR: "directory",
    stat.S_IFCHR: "device",
    stat.S_IFBLK: "block device",
    stat.S_IFIFO: "named pipe",
}


def descriptors(process: psutil.Process, served: Collection[int] = ()) -> list[Held]:
    """List a process's open descriptors, with the path or the peer of each.

    Args:
        process: whose.
        served: ports on which the target listens; connections to them are clients'.

    Raises:
        psutil.Error: the process ended, or may not be looked into.
    """
    sockets = {c.fd: c for c in process.net_connections("all")}
    folder = Path(f"/proc/{process.pid}/fd")
    found = []
    try:
        files = list(islice(folder.iterdir(), _MOST))
    except OSError as error:
        raise psutil.AccessDenied(process.pid) from error
    for file in files:
        try:
            link = str(file.readlink())
        except OSError:  # it was closed meanwhile
            continue
        kind, name = _described(file, link, sockets.get(int(file.name)), served)
        found.append(
            Held(
                resource="fd",
                pid=process.pid,
                identity=f"{file.name} {link}",
                kind=kind,
                name=name,
            )
        )
    return found


def listening_ports(processes: Iterable[psutil.Process]) -> set[int]:
    """Return the TCP ports on which processes listen."""
    ports = set()
    for process in processes:
        try:
            sockets = process.net_connections("tcp")
        except psutil.Error:
            continue
        ports |= {c.laddr.port for c in sockets if c.status == psutil.CONN_LISTEN}
    return ports


def _described(file: Path, link: str, socket: Any, served: Collection[int]) -> tuple[str, str]:
    if link.startswith("/"):
        path = link.removesuffix(DELETED)
        if path.startswith("/memfd:"):
            return "memory file", path.removeprefix("/memfd:")
        try:
            kind = _KINDS.get(stat.S_IFMT(file.stat().st_mode), "file")
        except OSError:
            kind = "file"
        return ("deleted file" if link.endswith(DELETED) else kind), path
    kind = link.partition(":")[0]
    if kind == "anon_inode":
        return link.partition(":")[2].strip("[]"), ""
    return (_socket(socket, served) if kind == "socket" else kind), ""


def _socket(socket: Any, served: Collection[int]) -> str:
    """Name a socket by its peer; a client's own port says nothing."""
    if socket is None:
        return "socket that is not connected"
    family = socket.family.name
    if family == "AF_UNIX":
        path = str(socket.raddr or socket.laddr or "")
        return f"Unix socket {path}".rstrip()
    protocol = "TCP" if socket.type.name == "SOCK_STREAM" else "UDP"
    if socket.laddr and socket.laddr.port in served:
        where = _address(socket.laddr)
        listens = socket.status == psutil.CONN_LISTEN
        return f"{protocol} {'listening on' if listens else 'from a client to'} {where}"
    if not socket.raddr:
        return f"{protocol} socket without a peer"
    closed = ", closed by it" if socket.status == psutil.CONN_CLOSE_WAIT else ""
    return f"{protocol} to {_address(socket.raddr)}{closed}"


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
