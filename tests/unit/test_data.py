import json
from collections import OrderedDict
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import tsprof.data
from tsprof.cli.main import cli
from tsprof.data import (
    claim_set_json,
    generate_claims,
    lru_hit_rate,
    make_claim_set,
    solve_zipf_exponent,
)
from tsprof.data_words import LABELS, LANGUAGES, TOPICS
from tsprof.errors import UsageError


def simulated_hit_rate(exponent: float, *, claims: int, cache_size: int, seed: int) -> float:
    """The hit rate of a real LRU cache, counted after it has filled."""
    cache: OrderedDict[int, None] = OrderedDict()
    hits, warm_up, counted = 0, 20 * cache_size, 200_000
    weights = np.arange(1, claims + 1) ** -exponent
    asked = np.random.default_rng(seed).choice(claims, warm_up + counted, p=weights / weights.sum())
    for number, claim in enumerate(asked.tolist()):
        if claim in cache:
            cache.move_to_end(claim)
            hits += number >= warm_up
            continue
        cache[claim] = None
        if len(cache) > cache_size:
            cache.popitem(last=False)
    return hits / counted


@pytest.mark.parametrize(
    ("claims", "cache_size", "hit_rate"),
    [
        (1_000, 100, 0.8),
        (10_000, 1_000, 0.8),
        (100_000, 10_000, 0.8),
        (10_000, 2_000, 0.8),
        (1_000, 50, 0.5),
        (10_000, 500, 0.95),
        (1_000, 900, 0.95),
    ],
)
def test_a_real_lru_cache_has_the_hit_rate_that_was_asked_for(
    claims: int, cache_size: int, hit_rate: float
) -> None:
    exponent = solve_zipf_exponent(hit_rate, claims=claims, cache_size=cache_size)

    assert lru_hit_rate(exponent, claims=claims, cache_size=cache_size) == pytest.approx(
        hit_rate, abs=1e-6
    )
    assert simulated_hit_rate(
        exponent, claims=claims, cache_size=cache_size, seed=3
    ) == pytest.approx(hit_rate, abs=0.01)


def test_a_cache_for_every_claim_hits_always() -> None:
    assert lru_hit_rate(1.0, claims=100, cache_size=100) == 1.0


def test_equal_popularity_hits_as_often_as_the_cache_is_large() -> None:
    assert lru_hit_rate(0.0, claims=1_000, cache_size=250) == pytest.approx(0.25)


@pytest.mark.parametrize(
    ("hit_rate", "cache_size"), [(0.8, 1_000), (0.8, 2_000), (0.8, 0), (0.1, 100), (1.0, 100)]
)
def test_an_impossible_hit_rate_is_refused(hit_rate: float, cache_size: int) -> None:
    with pytest.raises(UsageError, match="1,000 claims") as caught:
        solve_zipf_exponent(hit_rate, claims=1_000, cache_size=cache_size)
    assert caught.value.hint


def test_the_seed_decides_the_claims() -> None:
    first = list(islice(generate_claims(7), 200))

    assert first == list(islice(generate_claims(7), 200))
    assert first != list(islice(generate_claims(8), 200))


def test_claims_differ_and_vary() -> None:
    claims = list(islice(generate_claims(1), 5_000))

    assert len({claim.text for claim in claims}) == len({claim.id for claim in claims}) == 5_000
    assert {claim.language for claim in claims} == set(LANGUAGES)
    assert {claim.topic for claim in claims} == set(TOPICS)
    assert {claim.label for claim in claims} == set(LABELS)
    assert sum(not claim.text.isascii() for claim in claims) > 2_000
    lengths = sorted(len(claim.text) for claim in claims)
    assert lengths[-1] > 8 * lengths[0]
    assert lengths[-1] <= 2_000, "TruthSync refuses longer claims"


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_language_can_say_every_label_on_every_topic(code: str) -> None:
    language = LANGUAGES[code]

    assert set(language.subjects) == set(TOPICS)
    assert set(language.patterns) == set(LABELS)
    assert all("{subject}" in pattern for pattern in language.patterns.values())
    words = [*language.places, *language.sources, *sum(language.subjects.values(), ())]
    assert all(word == word.strip() and word for word in words)


def test_a_claims_file_says_what_it_is() -> None:
    claim_set = make_claim_set(50, seed=4, cache_size=10, hit_rate=0.8)

    document = json.loads(claim_set_json(claim_set))

    assert list(document) == ["schema", "seed", "popularity", "claims"]
    assert (document["schema"], document["seed"]) == (1, 4)
    assert document["popularity"]["cache_size"] == 10
    assert document["popularity"]["expected_hit_rate"] == pytest.approx(0.8)
    assert len(document["claims"]) == 50
    assert document["claims"][0] == {
        "id": "claim-000001",
        "text": claim_set.claims[0].text,
        "language": claim_set.claims[0].language,
        "topic": claim_set.claims[0].topic,
        "label": claim_set.claims[0].label,
    }


def test_a_larger_set_begins_with_the_smaller_one() -> None:
    small = make_claim_set(50, seed=4, cache_size=10, hit_rate=0.8)
    large = make_claim_set(500, seed=4, cache_size=10, hit_rate=0.8)

    assert large.claims[:50] == small.claims


def test_importing_the_module_brings_no_numerical_library() -> None:
    assert vars(tsprof.data).keys().isdisjoint({"np", "numpy", "scipy", "brentq"})


def test_the_command_writes_one_file_per_size(tmp_path: Path) -> None:
    out = tmp_path / "new" / "folder"

    result = CliRunner().invoke(
        cli, ["data", "--out", str(out), "--size", "10k", "--size", "1k", "--seed", "3"]
    )

    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in out.iterdir()) == [
        "synthetic_claims_10k.json",
        "synthetic_claims_1k.json",
    ]
    assert len(json.loads((out / "synthetic_claims_10k.json").read_text("utf-8"))["claims"]) == (
        10_000
    )
    assert "10,000 claims" in result.output
    assert "1,000 entries hits 80.0%" in result.output


def test_the_command_repeats_itself_exactly(tmp_path: Path) -> None:
    texts = []
    for _ in range(2):
        CliRunner().invoke(
            cli, ["data", "--out", str(tmp_path), "--size", "1k"], catch_exceptions=False
        )
        texts.append((tmp_path / "synthetic_claims_1k.json").read_bytes())

    assert texts[0] == texts[1]


def test_the_command_takes_cache_size_and_hit_rate(tmp_path: Path) -> None:
    options = ["--size", "1k", "--cache-size", "300", "--hit-rate", "0.9"]
    CliRunner().invoke(cli, ["data", "--out", str(tmp_path), *options], catch_exceptions=False)

    popularity = json.loads((tmp_path / "synthetic_claims_1k.json").read_text())["popularity"]
    assert popularity["cache_size"] == 300
    assert popularity["expected_hit_rate"] == pytest.approx(0.9)


def test_an_impossible_size_stops_the_command_before_it_writes(tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, ["data", "--out", str(tmp_path), "--cache-size", "5000"])

    assert isinstance(result.exception, UsageError)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_made_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    result = CliRunner().invoke(
        cli, ["data", "--out", str(tmp_path / "file" / "in"), "--size", "1k"]
    )

    assert isinstance(result.exception, UsageError)
    assert str(result.exception).startswith("--out: ")
    assert "cannot be made" in str(result.exception)


@pytest.mark.parametrize(
    "options",
    [
        ["--size", "2k"],
        ["--seed", "-1"],
        ["--seed", "x"],
        ["--cache-size", "0"],
        ["--hit-rate", "0"],
        ["--hit-rate", "1"],
        ["--hit-rate", "nan"],
        ["surplus"],
    ],
)
def test_wrong_options_are_refused(options: list[str], tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, ["data", "--out", str(tmp_path), *options])

    assert result.exit_code == 2 or isinstance(result.exception, UsageError)
    assert not list(tmp_path.iterdir())
