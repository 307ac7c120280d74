"""The command ``tsprof data``: writes synthetic claims for load tests."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from tsprof.data import ClaimSet, claim_set_json, make_claim_set, solve_zipf_exponent
from tsprof.errors import UsageError
from tsprof.report.write import write_text

SIZES: Mapping[str, int] = {"1k": 1_000, "10k": 10_000, "100k": 100_000}

_DEFAULT_CACHE_SHARE = 10
"""A tenth of the claims: the 10k file then suits TruthSync's own default, CACHE_SIZE=1000."""


@click.command(
    epilog="Example: tsprof data --size 10k --cache-size 2000 --hit-rate 0.85 --out fixtures"
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    show_default="the current directory",
    help="Directory to write into; made if it is missing.",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0, max=2**63 - 1),
    default=1,
    show_default=True,
    help="The same seed gives the same files.",
)
@click.option(
    "--size",
    "sizes",
    type=click.Choice(list(SIZES)),
    multiple=True,
    default=list(SIZES),
    show_default=True,
    help="Claims in a file; may be repeated.",
)
@click.option(
    "--cache-size",
    type=click.IntRange(min=1),
    default=None,
    show_default="a tenth of the claims",
    help="Entries of the LRU cache that the popularity is made for.",
)
@click.option(
    "--hit-rate",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.8,
    show_default=True,
    help="Hit rate that this cache is to have once it is full.",
)
def data(
    out: Path, seed: int, sizes: Sequence[str], cache_size: int | None, hit_rate: float
) -> None:
    """Write synthetic claims for load tests.

    Each size becomes one file, synthetic_claims_SIZE.json: claims in eight languages on six
    topics, and a popularity (Zipf's law) with which an LRU cache of --cache-size entries
    answers --hit-rate of the requests.
    """
    chosen = [size for size in SIZES if size in sizes]
    cache_sizes = {size: cache_size or SIZES[size] // _DEFAULT_CACHE_SHARE for size in chosen}
    for size in chosen:  # all that can be wrong is found before the first file is written
        solve_zipf_exponent(hit_rate, claims=SIZES[size], cache_size=cache_sizes[size])
    for size in chosen:
        claim_set = make_claim_set(
            SIZES[size], seed=seed, cache_size=cache_sizes[size], hit_rate=hit_rate
        )
        path = out / f"synthetic_claims_{size}.json"
        _write(path, claim_set_json(claim_set))
        click.echo(_summary(path, claim_set))


def _summary(path: Path, claim_set: ClaimSet) -> str:
    popularity = claim_set.popularity
    return (
        f"{path}: {len(claim_set.claims):,} claims, {path.stat().st_size / 1e6:.1f} MB; an LRU"
        f" cache of {popularity.cache_size:,} entries hits {popularity.expected_hit_rate:.1%}"
        f" (Zipf exponent {popularity.zipf_exponent:.3f})"
    )


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"--out: {path.parent} cannot be made: {error.strerror or error}",
            hint="choose a directory that can be written",
        ) from None
    write_text("--out", path, text)
