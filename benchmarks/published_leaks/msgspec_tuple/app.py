"""Scores of a match, decoded from what the referee's tablet sent."""

from collections.abc import Callable, Iterable

import msgspec


class Match(msgspec.Struct):
    """A match and the points of each of its rounds."""

    rounds: tuple[int, ...]


decoder = msgspec.msgpack.Decoder(type=Match)
sent = msgspec.msgpack.encode(Match(rounds=tuple(range(20))))


def app(environ: dict, start_response: Callable) -> Iterable[bytes]:
    """Answer with the sum of the points."""
    match = decoder.decode(sent)
    start_response("200 OK", [("Content-Type", "application/json")])
    return [msgspec.json.encode({"path": environ["PATH_INFO"], "points": sum(match.rounds)})]
