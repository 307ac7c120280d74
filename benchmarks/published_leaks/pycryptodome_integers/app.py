"""Tickets with a signature that the door checks."""

from collections.abc import Callable, Iterable

from Crypto.Math.Numbers import Integer

prime = Integer(2**521 - 1)


def check(ticket: int) -> int:
    """Return the check number of a ticket."""
    return int(pow(Integer(ticket), 65537, prime))


def app(_environ: dict, start_response: Callable) -> Iterable[bytes]:
    """Answer with the check number."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(check(2**500 + 7)).encode()]
