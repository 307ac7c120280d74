"""Prometheus' text format and JSON as numbers by name."""

import json

import pytest

from tsprof.probes.exposition import (
    LONGEST_LINE,
    LONGEST_NAME,
    MOST_NUMBERS,
    MOST_SERIES,
    Told,
    UnreadableError,
    read,
)

METRICS = """\
# HELP cache_hit_rate Hits per look-up.
# TYPE cache_hit_rate gauge
cache_hit_rate 0.75
# TYPE cache_hits_total counter
cache_hits_total{cache="b",area="x"} 30
cache_hits_total{cache="a",area="x"} 12.5
# TYPE cache_hits_created gauge
cache_hits_created{cache="a",area="x"} 1.7e9
# TYPE old_style counter
old_style 4
# TYPE seconds histogram
seconds_bucket{le="0.1"} 2
seconds_bucket{le="+Inf"} 3
seconds_count 3
seconds_sum 0.5
# TYPE sizes summary
sizes{quantile="0.5"} NaN
sizes_sum 9
sizes_count 2
untyped_total 7
untyped 8
# TYPE build_info gauge
build_info{version="1"} 1
"""


def told(text: str, *keep: str) -> Told:
    return read(text.encode(), frozenset(keep))


def test_prometheus_text_is_told_by_its_types() -> None:
    assert told(METRICS) == Told(
        levels={"cache_hit_rate": 0.75, "untyped": 8.0},
        totals={
            'cache_hits_total{area="x",cache="b"}': 30.0,
            'cache_hits_total{area="x",cache="a"}': 12.5,
            "old_style_total": 4.0,
            "seconds_count": 3.0,
            "seconds_sum": 0.5,
            "sizes_sum": 9.0,
            "sizes_count": 2.0,
            "untyped_total": 7.0,
        },
    )


def test_json_is_told_by_the_ends_of_its_names() -> None:
    document = {
        "pid": 7,
        "up": True,
        "name": "x",
        "cache": {"hits": 3, "misses": 1, "hit_rate": 0.75, "errors_total": 2},
        "workers": [{"queue": 5}, {"queue": None}],
        "huge": 10**400,
        "": {"": 1},
    }
    assert told(json.dumps(document)) == Told(
        levels={"pid": 7.0, "cache.hit_rate": 0.75, "workers.0.queue": 5.0},
        totals={"cache.hits": 3.0, "cache.misses": 1.0, "cache.errors_total": 2.0},
    )


@pytest.mark.parametrize("text", ["", "[]", "{}", "3", "null", "# nothing\n", '{"a": NaN}'])
def test_nothing_may_be_in_it(text: str) -> None:
    assert told(text) == Told({}, {})


@pytest.mark.parametrize(
    "text",
    [
        "<html><body>Not Found</body></html>",
        "a{",
        'a{b="c} 1',
        "a b c d",
        "\0\1\2",
        "# TYPE a\n",
        "a 1_000",
        "[" * 100_000,
        '{"a": 1',
        "a" * (LONGEST_LINE + 1) + " 1",
        "\ud800".encode("utf-8", "surrogatepass").decode(errors="replace"),
    ],
)
def test_what_is_neither_is_refused(text: str) -> None:
    with pytest.raises(UnreadableError):
        told(text)


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(UnreadableError):
        read(b"\xff\xfe\x00" * 1000, frozenset())


def test_a_counter_with_many_labels_is_kept_as_its_sum() -> None:
    count = MOST_SERIES + 1
    lines = [f'requests_total{{user="{number}"}} {number}' for number in range(count)]
    lines += [f'queue{{user="{number}"}} 1' for number in range(count)]
    found = told("# TYPE queue gauge\n" + "\n".join(lines))
    assert found == Told({}, {"requests_total": sum(range(count))}, left_out=1)


def test_there_is_room_for_what_was_named_and_for_hits_first() -> None:
    many = [f"filler_{number} 1" for number in range(MOST_NUMBERS)]
    found = told("\n".join([*many, "cache_hits_total 5", "wanted 3"]), "wanted")
    assert len(found.levels) + len(found.totals) == MOST_NUMBERS
    assert found.left_out == 2
    assert found.levels["wanted"] == 3
    assert found.totals["cache_hits_total"] == 5


def test_a_name_has_an_end() -> None:
    assert told(json.dumps({"n" * (LONGEST_NAME + 1): 1, "short": 2})).levels == {"short": 2}
