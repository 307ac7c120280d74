"""What a load specification accepts."""

from pathlib import Path
from typing import Any

import pytest

from tsprof.errors import UsageError
from tsprof.load.spec import LoadSpec

GOOD: dict[str, Any] = {"host": "http://127.0.0.1:8000", "users": 3, "paths": ("/",)}


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"host": "127.0.0.1:8000"}, "127.0.0.1:8000"),
        ({"host": "ftp://127.0.0.1"}, "not an HTTP URL"),
        ({"host": "http://"}, "not an HTTP URL"),
        ({"host": "http://[::1"}, "not an HTTP URL"),
        ({"host": "http://h:port"}, "not an HTTP URL"),
        ({"host": "http://h:99999"}, "not an HTTP URL"),
        ({"users": 0}, "0 users"),
        ({"users": -1}, "-1 users"),
        ({"rate": 0.0}, "rate of 0.0"),
        ({"rate": -2.0}, "rate of -2.0"),
        ({"rate": 1e-7}, "rate of 1e-07"),
        ({"rate": float("nan")}, "rate of nan"),
        ({"rate": float("inf")}, "rate of inf"),
        ({"paths": ()}, "either a Locust file or paths"),
        ({"locustfile": Path("locustfile.py")}, "not both"),
        ({"paths": ("/", "items")}, "'items' does not start with a slash"),
    ],
)
def test_refuses_what_cannot_work(change: dict[str, Any], part: str) -> None:
    with pytest.raises(UsageError) as caught:
        LoadSpec(**GOOD | change)
    assert part in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("path", "advice"),
    [("items?page=1", "/items?page=1"), ("http://other:80/items", "/items")],
)
def test_says_how_to_write_a_path(path: str, advice: str) -> None:
    with pytest.raises(UsageError) as caught:
        LoadSpec(**GOOD | {"paths": (path,)})
    assert advice in caught.value.hint


def test_drops_the_slash_at_the_end_of_the_host() -> None:
    assert LoadSpec(**GOOD | {"host": "http://127.0.0.1:8000/"}).host == "http://127.0.0.1:8000"
