//! The service itself: claims in, answers out, whatever the transport.

use std::hash::{BuildHasher, RandomState};

use serde_json::{Value, json};

use crate::cache::{Key, SharedCache};
use crate::verifier::{Verifier, normalise};

/// Verifies claims and remembers the results of the last ones.
pub struct Service {
    verifier: Verifier,
    cache: SharedCache,
    hashers: [RandomState; 2],
}

impl Service {
    /// Takes what verifies, and what remembers.
    pub fn new(verifier: Verifier, cache: SharedCache) -> Self {
        let hashers = [RandomState::new(), RandomState::new()];
        Self {
            verifier,
            cache,
            hashers,
        }
    }

    /// Returns the answer to one claim.
    pub fn verify(&self, claim: &str) -> Value {
        let text = normalise(claim);
        let key = self.key(&text);
        let known = self.cache.lock().get(key);
        let verdict = known.unwrap_or_else(|| {
            let verdict = self.verifier.verify(&text);
            self.cache.lock().put(key, verdict);
            verdict
        });
        json!({
            "verdict": verdict.outcome.name(),
            "confidence": verdict.confidence,
            "cached": known.is_some(),
        })
    }

    /// Two keyed hashes of 64 bits: nobody outside can make two claims share a key.
    fn key(&self, text: &str) -> Key {
        let [high, low] = self.hashers.each_ref().map(|hasher| hasher.hash_one(text));
        u128::from(high) << 64 | u128::from(low)
    }
}
