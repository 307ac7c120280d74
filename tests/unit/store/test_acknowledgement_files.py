"""The file of acknowledged findings, as people write it and as they get it wrong."""

from datetime import date
from pathlib import Path

import pytest

from tsprof.errors import UsageError
from tsprof.store.acknowledgements import read_acknowledgements

GOOD = """
[[acknowledged]]
finding = 'memory:leak:app.py: module global "SEEN" -> list'
owner = "payments"
reason = "fixed in v2"
expires = 2026-12-31

[[acknowledged]]
site = "app.py:*"
owner = " ann "
reason = "known"
expires = "2027-01-01"
"""


def entry(**changes: str | None) -> str:
    """One entry as TOML, with keys changed, or left out for None."""
    values = {
        "holder": '"x"',
        "owner": '"ann"',
        "reason": '"known"',
        "expires": "2026-12-31",
    } | changes
    lines = [f"{key} = {value}" for key, value in values.items() if value is not None]
    return "\n".join(["[[acknowledged]]", *lines])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "known.toml"


def test_entries_are_read(file: Path) -> None:
    file.write_text(GOOD)
    first, second = read_acknowledgements(file)
    assert first.finding == 'memory:leak:app.py: module global "SEEN" -> list'
    assert (first.owner, first.reason, first.expires) == (
        *("payments", "fixed in v2"),
        date(2026, 12, 31),
    )
    assert (second.site, second.owner, second.expires) == ("app.py:*", "ann", date(2027, 1, 1))


def test_an_empty_file_acknowledges_nothing(file: Path) -> None:
    file.write_text("# nothing yet\n")
    assert read_acknowledgements(file) == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (entry(onwer='"ann"', owner=None), "entry 1 has no key 'onwer'; did you mean 'owner'?"),
        (entry(owner=None), "entry 1 lacks 'owner'"),
        (entry(reason=None), "entry 1 lacks 'reason'"),
        (entry(expires=None), "entry 1 lacks 'expires'"),
        (entry(reason='"  "'), "entry 1: reason is empty"),
        (entry(owner="3"), "entry 1: owner must be a text, not 3"),
        (entry(expires='"soon"'), "entry 1: expires must be a day such as 2026-12-31, not 'soon'"),
        (entry(expires="2026-13-31"), "is not TOML"),
        (entry(expires="2026-12-31T10:00:00"), "must be a day"),
        (entry(expires="true"), "must be a day"),
        (entry(holder=None), "must have one of finding, site and holder, not none"),
        (entry(site='"y"'), "not both site and holder"),
        ("[[acknowleged]]\n", "there is no table [[acknowleged]]; did you mean [[acknowledged]]?"),
        ("[[suppressions]]\n", "there is no table [[suppressions]]; write [[acknowledged]]"),
        ("acknowledged = 3", "must be a list of tables"),
        ("acknowledged = [3]", "entry 1 must be a table"),
        ("[acknowledged]\nowner = 'x'", "must be a list of tables"),
        ("acknowledged = ", "is not TOML"),
    ],
)
def test_what_is_wrong_is_named(file: Path, text: str, words: str) -> None:
    file.write_text(text)
    with pytest.raises(UsageError) as caught:
        read_acknowledgements(file)
    assert words in str(caught.value)
    assert str(file) in str(caught.value)


def test_every_wrong_entry_is_named(file: Path) -> None:
    file.write_text("\n".join([entry(), entry(owner=None), entry(expires=None)]))
    with pytest.raises(UsageError) as caught:
        read_acknowledgements(file)
    assert str(caught.value).splitlines() == [
        f"{file}: entry 2 lacks 'owner'",
        f"{file}: entry 3 lacks 'expires'",
    ]


def test_a_file_that_is_not_there(file: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        read_acknowledgements(file)


def test_the_example_of_the_documentation_is_right(file: Path) -> None:
    page = Path(__file__).parents[3] / "docs" / "configuration.md"
    example = page.read_text(encoding="utf-8").partition("```toml\n[[acknowledged]]")[2]
    file.write_text("[[acknowledged]]" + example.partition("```")[0])
    assert [entry.owner for entry in read_acknowledgements(file)] == ["payments team", "ann"]
