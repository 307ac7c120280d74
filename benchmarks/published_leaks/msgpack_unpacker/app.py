"""Events that a queue sends, several in one message."""

from collections.abc import Callable, Iterable

import msgpack

sent = b"".join(msgpack.packb({"event": number, "kind": "click"}) for number in range(5))


def count(message: bytes) -> int:
    """Return how many events a message has."""
    unpacker = msgpack.Unpacker()
    unpacker.feed(message)
    return sum(1 for _ in unpacker)


def app(_environ: dict, start_response: Callable) -> Iterable[bytes]:
    """Answer with the number of events."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(count(sent)).encode()]
