"""Addresses, tidied up by a C function whose result the caller has to free."""

import ctypes
from collections.abc import Callable, Iterable

libc = ctypes.CDLL(None)
libc.strdup.argtypes = (ctypes.c_char_p,)
libc.strdup.restype = ctypes.c_void_p


def tidy(address: str) -> bytes:
    """Return the address in the form that the post office wants."""
    copy = libc.strdup(address.encode().ljust(200))
    return ctypes.string_at(copy).rstrip()


def application(environ: dict[str, str], start_response: Callable[..., object]) -> Iterable[bytes]:
    """Answer a request."""
    answer = tidy(environ["QUERY_STRING"].upper())
    start_response("200 OK", [("Content-Length", str(len(answer)))])
    return [answer]
