//! reserve: jobs that take a slot of the result cache and never give it back.

use super::Fault;
use crate::cache::SharedCache;

/// Leaves less and less room for results: the hit rate decays, and memory shrinks.
pub struct SlotReservations {
    cache: SharedCache,
    reserved: u64,
}

impl SlotReservations {
    /// Takes the service's cache.
    pub fn new(cache: SharedCache) -> Self {
        Self { cache, reserved: 0 }
    }
}

impl Fault for SlotReservations {
    /// Reserves a slot, but never the last one.
    fn plant(&mut self, _number: u64) {
        if self.cache.lock().shrink() {
            self.reserved += 1;
        }
    }

    fn live(&self, _planted: u64) -> u64 {
        self.reserved
    }

    fn held_bytes(&self, _live: u64) -> Option<u64> {
        Some(0)
    }
}
