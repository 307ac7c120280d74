"""Prices of shares as the exchange sends them; arrays are kept as tuples."""

from collections.abc import Callable, Iterable

import rapidjson


class Reader(rapidjson.Decoder):
    """Decodes arrays as tuples."""

    def end_array(self, sequence: list) -> tuple:
        """Return an array that nobody changes."""
        return tuple(sequence)


read = Reader()
sent = b'{"share": "ABC", "prices": [10.5, 10.75, 11.0, 10.25]}'


def app(_environ: dict, start_response: Callable) -> Iterable[bytes]:
    """Answer with the last price."""
    prices = read(sent)
    start_response("200 OK", [("Content-Type", "application/json")])
    return [rapidjson.dumps({"last": prices["prices"][-1]}).encode()]
