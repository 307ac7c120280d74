"""The service itself: claims in, verdicts out, whatever the transport."""

import hashlib
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from truthsync.cache import LRUCache
from truthsync.errors import BadRequestError
from truthsync.settings import MAX_CLAIM_CHARACTERS
from truthsync.verifier import Verdict, Verifier, normalise


class Service:
    """Verifies claims and remembers the results of the last ones."""

    def __init__(self, verifier: Verifier, cache: LRUCache[Verdict]) -> None:
        """Take what verifies, and what remembers."""
        self._verifier = verifier
        self._cache = cache

    def verify(self, claim: str) -> dict[str, str | float | bool]:
        """Return the answer to one claim."""
        text = normalise(claim)
        key = _digest(text)
        known = self._cache.get(key)
        verdict = known or self._verifier.verify(text)
        if known is None:
            self._cache.put(key, verdict)
        return {
            "verdict": verdict.verdict,
            "confidence": verdict.confidence,
            "cached": known is not None,
        }


def claim_of(body: Any) -> str:
    """Return the claim of ``{"claim": "..."}``.

    Raises:
        BadRequestError: It is missing, not text, empty, or too long.
    """
    return _checked(_member(body, "claim"), "claim")


def claims_of(body: Any, batch_size: int) -> Sequence[str]:
    """Return the claims of ``{"claims": ["...", ...]}``, at most ``batch_size`` of them.

    Raises:
        BadRequestError: They are missing, not a list, too many, or one of them is not valid.
    """
    claims = _member(body, "claims")
    if not isinstance(claims, list):
        raise BadRequestError(HTTPStatus.UNPROCESSABLE_ENTITY, '"claims" must be a list of texts')
    if not claims:
        raise BadRequestError(HTTPStatus.UNPROCESSABLE_ENTITY, '"claims" is empty')
    if len(claims) > batch_size:
        raise BadRequestError(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"{len(claims)} claims in a batch; at most {batch_size} are allowed",
        )
    return [_checked(claim, f"claims[{index}]") for index, claim in enumerate(claims)]


def _digest(text: str) -> str:
    """Return a key of 32 characters: long claims must not make the cache large."""
    # JSON can bring lone surrogates, which plain UTF-8 refuses.
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _member(body: Any, name: str) -> Any:
    if not isinstance(body, dict):
        raise BadRequestError(HTTPStatus.BAD_REQUEST, "the body must be a JSON object")
    if name not in body:
        raise BadRequestError(HTTPStatus.UNPROCESSABLE_ENTITY, f'"{name}" is missing')
    return body[name]


def _checked(claim: Any, where: str) -> str:
    if not isinstance(claim, str):
        raise BadRequestError(HTTPStatus.UNPROCESSABLE_ENTITY, f'"{where}" must be text')
    if not claim.strip():
        raise BadRequestError(HTTPStatus.UNPROCESSABLE_ENTITY, f'"{where}" is empty')
    if len(claim) > MAX_CLAIM_CHARACTERS:
        raise BadRequestError(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            f'"{where}" has {len(claim)} characters; at most {MAX_CLAIM_CHARACTERS} are allowed',
        )
    return claim
