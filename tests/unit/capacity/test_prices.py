from datetime import date
from pathlib import Path

import pytest

from tsprof.capacity.prices import Provider, read_prices, types_of
from tsprof.errors import UsageError

HEAD = 'date = 2026-02-03\ncurrency = "EUR"\n'
REGIONS = '[regions]\naws = "eu-central-1"\n'
INSTANCE = """[[instance]]
provider = "aws"
name = "c9.large"
architecture = "arm64"
vcpus = 2
cores = 2
memory_gb = 4
hourly = 0.08
"""
WHOLE = HEAD + REGIONS + INSTANCE


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "prices.toml"


def test_the_own_prices_are_of_both_providers_and_dated() -> None:
    prices = read_prices(None)
    assert {one.provider for one in prices.instance} == set(prices.regions) == {"aws", "gcp"}
    assert prices.date >= date(2024, 1, 1)
    for one in prices.instance:
        threads = 1 if one.architecture == "arm64" else 2
        assert one.vcpus == threads * one.cores, one.name
        assert 0.03 < one.hourly / one.vcpus < 0.06, one.name


def test_a_file_takes_the_place_of_the_own_prices(file: Path) -> None:
    file.write_text(WHOLE)
    prices = read_prices(file)
    assert (prices.date, prices.currency) == (date(2026, 2, 3), "EUR")
    assert [(one.name, one.hourly) for one in prices.instance] == [("c9.large", 0.08)]


def test_the_form_that_the_documentation_shows_is_right(file: Path) -> None:
    page = Path(__file__).parents[3] / "docs" / "distributed.md"
    text = page.read_text(encoding="utf-8")
    file.write_text(text.partition("```toml\n")[2].partition("```")[0])
    (shown,) = read_prices(file).instance
    assert types_of(read_prices(None), None, shown.name) == (shown,)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "the file lacks 'date'"),
        ("date = ", "is not TOML"),
        (HEAD + REGIONS, "the file lacks 'instance'"),
        ("instance = []\n" + HEAD + REGIONS, "instance"),
        (HEAD + INSTANCE, "the file lacks 'regions'"),
        (HEAD + '[regions]\ngcp = "x"\n' + INSTANCE, "says no region of 'aws'"),
        (WHOLE.replace("2026-02-03", '"today"'), "date must be a day such as"),
        (WHOLE.replace("2026-02-03", "2026-02-03T10:00:00"), "date must be a day such as"),
        (WHOLE.replace("EUR", "euros"), "currency cannot be 'euros'"),
        ("price = 3\n" + WHOLE, "the file has no key 'price'"),
        (WHOLE.replace("hourly", "hourley"), "did you mean 'hourly'?"),
        (WHOLE.replace("hourly = 0.08", ""), "instance 1 lacks 'hourly'"),
        (WHOLE.replace("0.08", "0"), "instance 1: hourly must be more than 0"),
        (WHOLE.replace("0.08", "nan"), "instance 1: hourly must be"),
        (WHOLE.replace("0.08", '"0.08"'), "instance 1: hourly must be a number"),
        (WHOLE.replace("cores = 2", "cores = 3"), "instance 1 has 3 cores and only 2 vcpus"),
        (WHOLE.replace("cores = 2", "cores = true"), "instance 1: cores must be a whole number"),
        (WHOLE.replace('provider = "aws"', 'provider = "azure"'), "instance 1: provider"),
        (WHOLE.replace("c9.large", "a; rm"), "instance 1: name cannot be 'a; rm'"),
        (WHOLE + INSTANCE, "has two instances 'c9.large'"),
    ],
)
def test_a_wrong_file_is_one_clear_line_for_each_problem(
    file: Path, text: str, complaint: str
) -> None:
    file.write_text(text)
    with pytest.raises(UsageError) as raised:
        read_prices(file)
    assert complaint in str(raised.value)
    assert str(file) in str(raised.value)


def test_a_missing_file_is_named(file: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read_prices(file)


def test_types_are_those_that_the_user_looks_at() -> None:
    prices = read_prices(None)
    assert types_of(prices, None, None) == tuple(prices.instance)
    assert {one.provider for one in types_of(prices, "gcp", None)} == {"gcp"}
    assert [one.name for one in types_of(prices, None, "c6i.xlarge")] == ["c6i.xlarge"]


@pytest.mark.parametrize(
    ("provider", "name", "complaint"),
    [
        (None, "c6i.xlareg", r"no instance 'c6i.xlareg'; did you mean 'c6i.xlarge'\?"),
        ("gcp", "c6i.xlarge", "no instance 'c6i.xlarge' of gcp"),
    ],
)
def test_a_type_that_is_not_offered(provider: Provider | None, name: str, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        types_of(read_prices(None), provider, name)
