"""The address at which only this machine is reached, and who may ask there."""

LOOPBACK = "127.0.0.1"
_HTTP_PORT = 80
"""Browsers leave it out of the Host header."""


def host_names(port: int) -> frozenset[str]:
    """Return the Host headers of requests that are meant for a port of this address.

    A page elsewhere may let its own name lead here (DNS rebinding): it asks by that name.
    """
    names = frozenset({LOOPBACK, "localhost"})
    return frozenset(f"{name}:{port}" for name in names) | (names if port == _HTTP_PORT else set())
