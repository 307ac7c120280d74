//! lru, a look-alike: a large bounded cache that takes long to fill.

use std::num::NonZeroUsize;

use lru::LruCache;

use super::heap::{malloc_block, map_block};
use super::{Fault, REQUEST_ID_BYTES, request_id};

const SUMMARY_BYTES: usize = 200;

/// Bytes of pointers: two beside each entry, and two for it in the table.
const LINK_BYTES: usize = 16;

/// Keeps the summaries of the last requests.
pub struct SummaryCache {
    summaries: LruCache<String, Vec<u8>>,
}

impl SummaryCache {
    /// Takes the number of summaries to keep.
    pub fn new(entries: NonZeroUsize) -> Self {
        let summaries = LruCache::new(entries);
        Self { summaries }
    }
}

impl Fault for SummaryCache {
    fn plant(&mut self, number: u64) {
        self.summaries
            .put(request_id(number), vec![b'.'; SUMMARY_BYTES]);
    }

    fn live(&self, _planted: u64) -> u64 {
        self.summaries.len() as u64
    }

    /// The table has room for all entries from the start.
    fn held_bytes(&self, live: u64) -> Option<u64> {
        let node = malloc_block(size_of::<(String, Vec<u8>)>() + LINK_BYTES);
        let entry = node + malloc_block(REQUEST_ID_BYTES) + malloc_block(SUMMARY_BYTES);
        Some(live * entry + map_block(LINK_BYTES, self.summaries.cap().get() as u64))
    }
}
