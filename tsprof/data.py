"""Synthetic claims, and how often each of them is asked for.

Generation is pure: the same seed gives the same claims on every machine, and a larger set
begins with the smaller one. Popularity follows Zipf's law by position in the set; the exponent
is solved for, so that an LRU cache of a stated size reaches a stated hit rate.
"""

import json
import random
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from typing import TYPE_CHECKING

from tsprof.data_words import LABELS, LANGUAGES, TOPICS, Language
from tsprof.errors import UsageError

if TYPE_CHECKING:
    import numpy as np

SCHEMA_VERSION = 1

_STEEPEST = 20.0
"""Largest Zipf exponent that is tried; the second claim is then a million times rarer."""

_MOST_SENTENCES = 6


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim to be verified."""

    id: str
    text: str
    language: str
    """ISO 639-1."""
    topic: str
    label: str
    """What the text was written to be: ``supported``, ``refuted`` or ``unverified``."""


@dataclass(frozen=True, slots=True)
class Popularity:
    """How requests spread over the claims: claim ``k`` (from 1) has weight ``k ** -exponent``."""

    zipf_exponent: float
    cache_size: int
    """Entries of the LRU cache that the exponent was solved for."""
    expected_hit_rate: float
    """Of that cache once it is full, 0 to 1."""


@dataclass(frozen=True, slots=True)
class ClaimSet:
    """Claims and their popularity, as one file holds them."""

    seed: int
    popularity: Popularity
    claims: tuple[Claim, ...]


def generate_claims(seed: int) -> Iterator[Claim]:
    """Yield different claims without end, the same ones for the same seed.

    They vary in language, topic and label, and in length from 1 to 6 sentences, short ones
    being more frequent (each further sentence is half as likely).
    """
    chance = random.Random(seed)  # noqa: S311 - claims need to repeat, not to be secret
    languages = tuple(LANGUAGES.items())
    seen: set[str] = set()
    while True:
        language, words = chance.choice(languages)
        topic = chance.choice(TOPICS)
        label = chance.choice(LABELS)
        text = words.space.join(
            _sentence(words, topic, label, chance) for _ in range(_sentence_count(chance))
        )
        if text in seen:
            continue
        seen.add(text)
        yield Claim(f"claim-{len(seen):06d}", text, language, topic, label)


def make_claim_set(count: int, *, seed: int, cache_size: int, hit_rate: float) -> ClaimSet:
    """Return ``count`` claims with a popularity that gives the cache its hit rate.

    Raises:
        UsageError: No popularity gives a cache of that size that hit rate.
    """
    exponent = solve_zipf_exponent(hit_rate, claims=count, cache_size=cache_size)
    popularity = Popularity(
        zipf_exponent=exponent,
        cache_size=cache_size,
        expected_hit_rate=lru_hit_rate(exponent, claims=count, cache_size=cache_size),
    )
    return ClaimSet(seed, popularity, tuple(islice(generate_claims(seed), count)))


def claim_set_json(claim_set: ClaimSet) -> str:
    """Return the text of a claims file, one claim per line."""
    head = {
        "schema": SCHEMA_VERSION,
        "seed": claim_set.seed,
        "popularity": asdict(claim_set.popularity),
    }
    claims = ",\n".join(
        json.dumps(
            {
                "id": claim.id,
                "text": claim.text,
                "language": claim.language,
                "topic": claim.topic,
                "label": claim.label,
            },
            ensure_ascii=False,
        )
        for claim in claim_set.claims
    )
    return f'{json.dumps(head)[:-1]}, "claims": [\n{claims}\n]}}\n'


def lru_hit_rate(exponent: float, *, claims: int, cache_size: int) -> float:
    """Return the hit rate, 0 to 1, of a full LRU cache under Zipf requests.

    Che's approximation: an entry stays for a characteristic time that is the same for all, which
    is solved for so that the expected number of entries is the cache's size. H. Che, Y. Tung,
    Z. Wang: "Hierarchical Web Caching Systems: Modeling, Design and Experimental Results", IEEE
    Journal on Selected Areas in Communications 20(7), 2002. Within 0.1 points of a simulated
    cache for 1,000 to 100,000 claims.
    """
    import numpy as np  # noqa: PLC0415 - importing this module must stay light
    from scipy.optimize import brentq  # noqa: PLC0415 - same

    if cache_size >= claims:
        return 1.0
    weights = _zipf_weights(claims, exponent)

    def excess_entries(log_time: float) -> float:
        return float(-np.expm1(-weights * np.exp(log_time)).sum()) - cache_size

    # At the lower end there are at most cache_size entries, at the upper end at least claims - 1.
    lower = np.log(cache_size)
    upper = np.log((np.log(claims) + 1) / weights[-1])
    time = np.exp(brentq(excess_entries, lower, upper))
    return float((weights * -np.expm1(-weights * time)).sum())


def solve_zipf_exponent(hit_rate: float, *, claims: int, cache_size: int) -> float:
    """Return the Zipf exponent with which an LRU cache of ``cache_size`` has the hit rate.

    Raises:
        UsageError: There is none: the cache holds all claims, or equally popular claims
            already give more, or the rate is not below 1.
    """
    from scipy.optimize import brentq  # noqa: PLC0415 - importing this module must stay light

    if not 1 <= cache_size < claims:
        raise UsageError(
            f"a cache of {cache_size:,} entries does not suit {claims:,} claims",
            hint=f"choose a cache size from 1 to {claims - 1:,}, or a larger set of claims",
        )
    least = cache_size / claims
    most = lru_hit_rate(_STEEPEST, claims=claims, cache_size=cache_size)
    if not least < hit_rate < most:
        raise UsageError(
            f"a cache of {cache_size:,} entries cannot have a hit rate of {hit_rate:g}"
            f" on {claims:,} claims",
            hint=f"choose a hit rate above {least:g} and below 1, or another cache size",
        )
    return float(
        brentq(
            lambda exponent: (
                lru_hit_rate(exponent, claims=claims, cache_size=cache_size) - hit_rate
            ),
            0.0,
            _STEEPEST,
        )
    )


def _zipf_weights(count: int, exponent: float) -> "np.typing.NDArray[np.float64]":
    import numpy as np  # noqa: PLC0415 - importing this module must stay light

    weights: np.typing.NDArray[np.float64] = np.arange(1, count + 1, dtype=np.float64)
    weights **= -exponent
    weights /= weights.sum()
    return weights


def _sentence_count(chance: random.Random) -> int:
    count = 1
    while count < _MOST_SENTENCES and chance.random() < 0.5:  # noqa: PLR2004 - see generate_claims
        count += 1
    return count


def _sentence(words: Language, topic: str, label: str, chance: random.Random) -> str:
    return words.patterns[label].format(
        subject=chance.choice(words.subjects[topic]),
        place=chance.choice(words.places),
        source=chance.choice(words.sources),
        percent=chance.randint(10, 999) / 10,
        past=chance.randint(1950, 2024),
        future=chance.randint(2027, 2099),
    )
