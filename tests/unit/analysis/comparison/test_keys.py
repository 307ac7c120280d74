"""Names that stay the same from run to run and from checkout to checkout."""

import pytest

from tsprof.analysis.comparison.keys import Places, finding_key, holder_key, places, site_key
from tsprof.report.model import Finding, Holder, Site


def site(file: str, function: str = "remember", line: int = 3) -> Site:
    return Site(function=function, file=file, line=line, bytes_per_request=1.0, share=1.0)


def holder(path: str) -> Holder:
    return Holder(path=path, type="dict", entries_per_request=1.0)


@pytest.mark.parametrize(
    ("file", "key"),
    [
        ("/srv/shop/cart/store.py", "cart/store.py:remember"),
        ("/srv/shop/.venv/lib/python3.11/site-packages/lib/a.py", "lib/a.py:remember"),
        ("/usr/lib/python3/dist-packages/lib/a.py", "lib/a.py:remember"),
        ("/opt/python/lib/python3.13/json/decoder.py", "json/decoder.py:remember"),
        ("/elsewhere/deep/down/util.py", "down/util.py:remember"),
        ("<unknown>", "<unknown>:remember"),
    ],
)
def test_a_site_is_named_by_file_and_function(file: str, key: str) -> None:
    assert site_key(site(file), "/srv/shop") == key


def test_lines_and_the_place_of_the_checkout_do_not_matter() -> None:
    here = site_key(site("/home/ann/shop/app.py", line=3), "/home/ann/shop")
    there = site_key(site("/ci/build/77/app.py", line=90), "/ci/build/77")
    assert here == there == "app.py:remember"


@pytest.mark.parametrize(
    ("path", "key"),
    [
        (
            'app.py: local variable "seen" of poll (line 40) -> list',
            'app.py: local variable "seen" of poll -> list',
        ),
        ("app.py: poll, suspended at line 12 -> list", "app.py: poll -> list"),
        ('app.py: module global "seen" -> dict', 'app.py: module global "seen" -> dict'),
    ],
)
def test_a_holder_is_named_without_its_line(path: str, key: str) -> None:
    assert holder_key(holder(path)) == key


def test_a_finding_is_named_by_its_holder_or_else_its_site() -> None:
    leak = Finding(resource="memory", kind="leak", title="", sites=(site("/srv/app.py"),))
    assert finding_key(leak, "/srv") == "memory:leak:app.py:remember"
    held = leak.model_copy(update={"holders": (holder("app.py: x"),)})
    assert finding_key(held, "/srv") == "memory:leak:app.py: x"
    assert finding_key(Finding(resource="fd", kind="leak", title=""), "/srv") == "fd:leak"


def test_places_overlap_by_holder_or_by_site() -> None:
    one = places([site("/s/a.py")], [holder("h")], "/s")
    assert one.overlap(Places(sites=("a.py:remember",), holders=("other",)))
    assert one.overlap(Places(holders=("h", "g")))
    assert one.overlap(Places(sites=("b.py:remember",), holders=("g",))) is False
    assert one.overlap(Places()) is None
    assert Places(sites=("x",)).overlap(Places(holders=("y",))) is None
