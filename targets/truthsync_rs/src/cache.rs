//! The result cache: bounded, the least recently used entry goes first.

use std::num::NonZeroUsize;
use std::sync::Arc;

use lru::LruCache;
use parking_lot::Mutex;

use crate::verifier::Verdict;

/// The cache as the service, its metrics and its faults share it.
pub type SharedCache = Arc<Mutex<ResultCache>>;

/// Stands for a claim: long claims must not make the cache large.
pub type Key = u128;

/// Results by key, with counts of what happened.
pub struct ResultCache {
    entries: LruCache<Key, Verdict>,
    pub hits: u64,
    pub misses: u64,
    pub evictions: u64,
}

impl ResultCache {
    /// Returns a cache for that many entries.
    pub fn new(capacity: NonZeroUsize) -> Self {
        Self {
            entries: LruCache::new(capacity),
            hits: 0,
            misses: 0,
            evictions: 0,
        }
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn capacity(&self) -> usize {
        self.entries.cap().get()
    }

    /// Returns hits per look-up since the start, 0 to 1; 0 before the first look-up.
    pub fn hit_rate(&self) -> f64 {
        let lookups = self.hits + self.misses;
        if lookups == 0 {
            return 0.0;
        }
        self.hits as f64 / lookups as f64
    }

    /// Returns the entry and marks it as used.
    pub fn get(&mut self, key: Key) -> Option<Verdict> {
        let found = self.entries.get(&key).copied();
        match found {
            Some(_) => self.hits += 1,
            None => self.misses += 1,
        }
        found
    }

    /// Stores an entry as the most recently used one.
    pub fn put(&mut self, key: Key, verdict: Verdict) {
        if let Some((gone, _)) = self.entries.push(key, verdict)
            && gone != key
        {
            self.evictions += 1;
        }
    }

    /// Gives up room for one entry, with the least recently used one if it is taken. Returns false
    /// and does nothing where it is the last.
    pub fn shrink(&mut self) -> bool {
        let Some(less) = NonZeroUsize::new(self.capacity() - 1) else {
            return false;
        };
        let held = self.len();
        self.entries.resize(less);
        self.evictions += (held - self.len()) as u64;
        true
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use super::ResultCache;
    use crate::verifier::{Outcome, Verdict};

    fn verdict(confidence: f64) -> Verdict {
        Verdict {
            outcome: Outcome::Supported,
            confidence,
        }
    }

    fn full() -> ResultCache {
        let mut cache = ResultCache::new(NonZeroUsize::new(2).unwrap());
        cache.put(1, verdict(0.1));
        cache.put(2, verdict(0.2));
        cache
    }

    #[test]
    fn the_least_recently_used_entry_goes() {
        let mut cache = full();
        cache.get(1);
        cache.put(3, verdict(0.3));
        assert!(cache.get(2).is_none());
        assert_eq!((cache.len(), cache.evictions), (2, 1));
        assert!((cache.hit_rate() - 0.5).abs() < 1e-9);
    }

    #[test]
    fn an_entry_is_replaced() {
        let mut cache = full();
        cache.put(2, verdict(0.5));
        assert_eq!((cache.len(), cache.evictions), (2, 0));
        assert_eq!(cache.get(2), Some(verdict(0.5)));
    }

    #[test]
    fn it_shrinks_to_one_entry() {
        let mut cache = full();
        assert!(cache.shrink());
        assert!(!cache.shrink());
        assert_eq!((cache.len(), cache.capacity(), cache.evictions), (1, 1, 1));
    }
}
