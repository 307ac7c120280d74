"""An acknowledgement excuses what it names, until its day, and nothing that grows beside it."""

from datetime import date, timedelta
from typing import Any

import pytest
from compared import FOLDER, SEEN, counted, leak

from tsprof.analysis.comparison.acknowledgements import Acknowledgement, acknowledged, unused
from tsprof.report.model import Finding, Holder, Site

TODAY = date(2026, 3, 14)
OTHER = Holder(path='app.py: module global "other" -> list', type="list", entries_per_request=1.0)


def entry(**values: Any) -> Acknowledgement:
    return Acknowledgement(
        **{"owner": "payments", "reason": "fixed in v2", "expires": TODAY} | values
    )


def site(function: str, size: float, file: str = f"{FOLDER}/app.py") -> Site:
    return Site(function=function, file=file, line=1, bytes_per_request=size, share=0.5)


@pytest.mark.parametrize(
    "values",
    [
        {"finding": f"memory:leak:{SEEN}"},
        {"finding": "memory:leak:app.py:remember"},
        {"holder": SEEN},
        {"holder": 'app.py: module global "seen"*'},
        {"holder": '*"seen"*'},
        {"site": "app.py:remember"},
        {"site": "*:remember"},
    ],
)
def test_what_an_entry_names_is_excused(values: dict[str, str]) -> None:
    answer = acknowledged(leak(), [entry(**values)], TODAY, FOLDER)
    assert answer.excuse == "acknowledged by payments until 2026-03-14: fixed in v2"
    assert not answer.objection


@pytest.mark.parametrize(
    "values",
    [
        {"finding": "memory:leak"},  # of a finding without any place
        {"finding": "garbage:leak:app.py:remember"},
        {"finding": "memory:leak:app.py:*"},  # a key is no pattern
        {"holder": '"seen"'},
        {"holder": "app.py: module global [s]een*"},
        {"site": "app.py:rememb"},
        {"site": "appXpy:remember"},
    ],
)
def test_what_no_entry_names_counts(values: dict[str, str]) -> None:
    answer = acknowledged(leak(), [entry(**values)], TODAY, FOLDER)
    assert not answer.excuse
    assert not answer.objection


def test_a_finding_without_a_place_is_named_by_its_resource() -> None:
    assert acknowledged(counted(0.1), [entry(finding="fd:leak")], TODAY, FOLDER).excuse
    assert not acknowledged(counted(0.1), [entry(holder="*")], TODAY, FOLDER).excuse


def test_an_expired_entry_does_not_excuse_and_says_when() -> None:
    yesterday = TODAY - timedelta(days=1)
    old = entry(holder=SEEN, expires=yesterday)
    answer = acknowledged(leak(), [old], TODAY, FOLDER)
    assert not answer.excuse
    assert answer.objection == "its acknowledgement by payments expired on 2026-03-13"
    assert acknowledged(leak(), [old, entry(holder=SEEN)], TODAY, FOLDER).excuse


TWO_HOLDERS = leak(600, site="").model_copy(update={"holders": (*leak().holders, OTHER)})
TWO_SITES = leak(600, holder=None).model_copy(
    update={"sites": (site("remember", 300), site("also", 300))}
)
DRAGGED = leak(600, holder=None).model_copy(
    update={"sites": (site("remember", 580), site("parse", 20, "/lib/http.py"))}
)


@pytest.mark.parametrize(
    ("finding", "entries", "objection"),
    [
        (TWO_HOLDERS, [{"holder": SEEN}], 'not what is held by app.py: module global "other"'),
        (TWO_HOLDERS, [{"holder": SEEN}, {"holder": "*other*"}], ""),
        (TWO_SITES, [{"site": "app.py:remember"}], "not what is allocated in app.py:also"),
        (TWO_SITES, [{"finding": "memory:leak:app.py:remember"}], "app.py:also"),
        (TWO_SITES, [{"site": "app.py:*"}], ""),
        (DRAGGED, [{"site": "app.py:remember"}], ""),
        (DRAGGED, [{"site": "*/http.py:parse"}], "app.py:remember"),
    ],
)
def test_a_leak_does_not_hide_behind_another(
    finding: Finding, entries: list[dict[str, str]], objection: str
) -> None:
    answer = acknowledged(finding, [entry(**values) for values in entries], TODAY, FOLDER)
    assert bool(answer.excuse) == (not objection)
    assert objection in answer.objection


def test_entries_without_use_are_found() -> None:
    idle, used = entry(site="gone.py:f"), entry(holder=SEEN)
    assert unused([leak()], [idle, used], FOLDER) == [idle]
    assert idle.subject == "site gone.py:f"
