from itertools import islice

import pytest
from truthsync.verifier import Verifier, features, load_evidence, normalise

from tsprof.data import generate_claims


@pytest.fixture(scope="module")
def verifier() -> Verifier:
    return Verifier(load_evidence())


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("  Two\t words\n", "two words"),
        ("Año ÉTÉ Straße", "ano ete strasse"),
        ("ﬁne ①", "fine 1"),
        ("月亮", "月亮"),
        ("", ""),
    ],
)
def test_text_is_normalised(text: str, normal: str) -> None:
    assert normalise(text) == normal


def test_features_are_words_and_trigrams() -> None:
    assert features("ab, cd") == {"ab", "cd", "ab ", "b c", " cd"}
    assert features("") == frozenset()


def test_the_evidence_itself_is_recognised(verifier: Verifier) -> None:
    for text, outcome in load_evidence():
        verdict = verifier.verify(normalise(text))
        assert (verdict.verdict, verdict.confidence) == (outcome, 1.0)


@pytest.mark.parametrize("claim", ["Der Mond ist aus Käse", "月亮是奶酪做的", "x", "?", "\ud800"])
def test_a_claim_without_evidence_is_unverified(verifier: Verifier, claim: str) -> None:
    verdict = verifier.verify(normalise(claim))

    assert verdict.verdict == "unverified"
    assert 0.65 <= verdict.confidence <= 1


def test_most_synthetic_claims_get_the_verdict_they_were_written_for(verifier: Verifier) -> None:
    claims = list(islice(generate_claims(1), 300))

    verdicts = [verifier.verify(normalise(claim.text)) for claim in claims]

    right = sum(v.verdict == claim.label for v, claim in zip(verdicts, claims, strict=True))
    assert right > 240
    assert all(0 <= verdict.confidence <= 1 for verdict in verdicts)


def test_the_same_claim_has_the_same_verdict_in_another_verifier(verifier: Verifier) -> None:
    other = Verifier(load_evidence())

    for claim in islice(generate_claims(2), 100):
        text = normalise(claim.text)
        assert verifier.verify(text) == other.verify(text)
