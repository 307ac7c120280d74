"""A worker's way to its master: who is there, is it of the same version, what is to be done?"""

import socket
import time
from typing import Any
from uuid import uuid4

import gevent
from locust.exception import RPCError
from locust.rpc import Message as LocustMessage
from locust.rpc import rpc

import tsprof
from tsprof.errors import LoadError, UsageError
from tsprof.load.channel import letter
from tsprof.load.master import JOIN
from tsprof.load.messages import Enlist, Join, Refused, Welcome, decode, encode

ASK_EVERY = 1.0
"""Seconds. The master may not be there yet."""


def join(enlist: Enlist) -> Welcome:
    """Find the master and ask to join.

    Args:
        enlist: Where it is, and for how long to look.

    Returns:
        What load to make.

    Raises:
        LoadError: There is no master, or it does not answer as a master does.
        UsageError: It does not let this worker in.
    """
    where = f"{enlist.master_host}:{enlist.master_port}"
    identity = f"{socket.gethostname()}_joins_{uuid4().hex}"
    connect: Any = rpc.Client  # Locust does not annotate it
    client = connect(enlist.master_host, enlist.master_port, identity)
    question = encode(Join(tsprof.__version__, enlist.name)).decode()
    deadline = time.monotonic() + enlist.timeout
    try:
        while time.monotonic() < deadline:
            client.send(letter(JOIN, question, identity))
            with gevent.Timeout(ASK_EVERY, exception=False):
                return _understood(client.recv(), where)
    except RPCError as error:
        raise LoadError(f"the master at {where} cannot be reached: {error}") from error
    finally:
        client.close(linger=0)
    raise LoadError(
        f"no master answered at {where} within {enlist.timeout:g} s",
        hint="start the run there with --expect-workers, and let it listen on an address that this "
        "machine can reach: --master-bind-host",
    )


def _understood(answer: LocustMessage, where: str) -> Welcome:
    try:
        message = decode(answer.data)
    except ValueError as error:
        raise LoadError(f"what answers at {where} is no master of tsprof's") from error
    if isinstance(message, Refused):
        raise UsageError(f"the master at {where} does not let this worker in: {message.message}")
    if not isinstance(message, Welcome):
        raise LoadError(f"the master at {where} answered out of turn")
    return message
