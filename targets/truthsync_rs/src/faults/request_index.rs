//! dict: requests indexed by an id that never comes again.

use std::collections::HashMap;

use super::heap::{malloc_block, map_block};
use super::{Fault, REQUEST_ID_BYTES, request_id};

/// Remembers requests so that a retry could be answered at once.
pub struct RequestIndex {
    size: usize,
    bodies_by_request_id: HashMap<String, Vec<u8>>,
}

impl RequestIndex {
    /// Takes the bytes of payload per event.
    pub fn new(size: usize) -> Self {
        let bodies_by_request_id = HashMap::new();
        Self {
            size,
            bodies_by_request_id,
        }
    }

    /// Keeps a request's body for good.
    fn remember(&mut self, id: String, body: Vec<u8>) {
        self.bodies_by_request_id.insert(id, body);
    }
}

impl Fault for RequestIndex {
    fn plant(&mut self, number: u64) {
        self.remember(request_id(number), vec![b'.'; self.size]);
    }

    fn held_bytes(&self, live: u64) -> Option<u64> {
        let entry = malloc_block(REQUEST_ID_BYTES) + malloc_block(self.size);
        Some(live * entry + map_block(size_of::<(String, Vec<u8>)>(), live))
    }
}
