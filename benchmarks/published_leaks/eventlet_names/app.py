"""Is it an address, or a name that must be looked up?"""

import sys
from collections.abc import Callable

import eventlet
from eventlet import wsgi
from eventlet.green import socket


def is_address(text: str) -> bool:
    """Tell whether no name server need be asked."""
    try:
        socket.getaddrinfo(text, 80, flags=socket.AI_NUMERICHOST)
    except socket.gaierror:
        return False
    return True


def app(environ: dict[str, str], start_response: Callable[..., object]) -> list[bytes]:
    """Tell it."""
    kind = b"address" if is_address(environ["PATH_INFO"].strip("/")) else b"name"
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(kind)))])
    return [kind]


wsgi.server(eventlet.listen(("127.0.0.1", int(sys.argv[1]))), app, log_output=False)
