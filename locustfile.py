"""Load for TruthSync: mostly single claims, some batches, some look-ups by monitoring.

    locust -f locustfile.py --host http://localhost:8000

Claims come from the file that TRUTHSYNC_CLAIMS names, or else from synthetic_claims_10k.json,
_1k or _100k, in the current directory or beside this file (``tsprof data`` writes them). Without
any file a set of 10,000 is made in memory. The set is closed: the same claims come again by
Zipf's law, so that the service's cache fills, reaches its hit rate and stops growing.
"""

import bisect
import functools
import itertools
import json
import logging
import os
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from locust import FastHttpUser, constant, events, task

try:
    from tsprof.load import LeanHttpUser as BaseUser  # a fifth of the CPU per request
except ImportError:
    BaseUser = FastHttpUser  # type: ignore[assignment,misc]  # what the other inherits from

FILE_NAMES = ("synthetic_claims_10k.json", "synthetic_claims_1k.json", "synthetic_claims_100k.json")
CLAIMS_IN_MEMORY = 10_000
EXPONENT_IN_MEMORY = 1.122
"""With it an LRU cache of 1,000 entries, TruthSync's default, hits 80 % of 10,000 claims."""

MOST_EXPONENT = 20.0
"""The largest that tsprof writes; much more underflows."""

CLAIMS_PER_BATCH = 10
JSON_HEADERS = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class ClaimSource:
    """Claims as JSON strings, with the popularity that draws them."""

    claims: tuple[str, ...]
    cumulative_weights: tuple[float, ...]

    def draw(self, chance: random.Random) -> str:
        """Return one claim, claim ``k`` with weight ``k ** -exponent``."""
        point = chance.random() * self.cumulative_weights[-1]
        return self.claims[bisect.bisect_right(self.cumulative_weights, point)]


@functools.cache
def claim_source() -> ClaimSource:
    """Return the claims of this process; made once, whatever the number of users.

    Raises:
        SystemExit: The file cannot be read or is not a claims file. Locust then ends with the
            message.
    """
    path = _claims_file()
    if path is None:
        logging.getLogger(__name__).info(
            "no %s found: using %s claims made in memory; for varied ones run: tsprof data",
            FILE_NAMES[0],
            f"{CLAIMS_IN_MEMORY:,}",
        )
        return _source(_claims_in_memory(), EXPONENT_IN_MEMORY)
    try:
        return _read(path)
    except OSError as error:
        raise SystemExit(f"cannot read the claims file {path}: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise SystemExit(
            f"{path} is not a claims file ({type(error).__name__}: {error}); write one with:"
            " tsprof data"
        ) from None


@functools.cache
def chance_of(worker: int) -> random.Random:
    """Return the draws of one load process: the same in each run, others than its neighbours'.

    Processes that drew the same claims at the same time would find each other's in the cache.
    """
    return random.Random(worker)  # noqa: S311 - draws need to repeat, not to be secret


def _claims_file() -> Path | None:
    chosen = os.environ.get("TRUTHSYNC_CLAIMS")
    if chosen:
        return Path(chosen)
    folders = (Path.cwd(), Path(__file__).resolve().parent)
    paths = (folder / name for folder in folders for name in FILE_NAMES)
    return next((path for path in paths if path.is_file()), None)


def _claims_in_memory() -> list[str]:
    return [
        f"Claim {number}: in {1950 + number % 70} the figure {number * 7919 % 9973} doubled."
        for number in range(CLAIMS_IN_MEMORY)
    ]


def _read(path: Path) -> ClaimSource:
    document: Any = json.loads(path.read_text(encoding="utf-8"))
    texts = [str(claim["text"]) for claim in document["claims"]]
    exponent = float(document["popularity"]["zipf_exponent"])
    if not texts:
        raise ValueError("it has no claims")
    if not 0 <= exponent <= MOST_EXPONENT:
        raise ValueError(f"zipf_exponent is {exponent}, not 0 to {MOST_EXPONENT}")
    return _source(texts, exponent)


def _source(texts: Sequence[str], exponent: float) -> ClaimSource:
    claims = tuple(json.dumps(text) for text in texts)
    weights = (rank**-exponent for rank in range(1, len(claims) + 1))
    return ClaimSource(claims, tuple(itertools.accumulate(weights)))


@events.init.add_listener  # type: ignore[untyped-decorator]  # locust does not type its events
def _read_claims_early(**_: Any) -> None:
    """Find out at the start, not with the first user, that the claims cannot be read."""
    claim_source()


class TruthSyncUser(BaseUser):
    """A client that asks again as soon as it has its answer."""

    wait_time = constant(0)

    def on_start(self) -> None:
        """Take the claims and the chance that all users of this process share."""
        self.source = claim_source()
        self.chance = chance_of(getattr(self.environment.runner, "worker_index", 0))

    @task(88)
    def verify(self) -> None:
        """Verify one claim."""
        body = f'{{"claim": {self.source.draw(self.chance)}}}'
        self.client.post("/verify", data=body, headers=JSON_HEADERS)

    @task(6)
    def verify_batch(self) -> None:
        """Verify several claims at once."""
        claims = ", ".join(self.source.draw(self.chance) for _ in range(CLAIMS_PER_BATCH))
        self.client.post("/verify/batch", data=f'{{"claims": [{claims}]}}', headers=JSON_HEADERS)

    @task(4)
    def health(self) -> None:
        """Ask whether the service is well."""
        self.client.get("/health")

    @task(2)
    def stats(self) -> None:
        """Ask for the service's figures."""
        self.client.get("/stats")
