//! list: an audit trail that nobody ever trims.

use parking_lot::Mutex;

use super::heap::{malloc_block, vec_block};
use super::{Fault, payload};

type Record = Vec<u8>;

/// A static on purpose: it is the mistake.
static AUDIT_TRAIL: Mutex<Vec<Record>> = Mutex::new(Vec::new());

/// Notes requests for the support team, with a payload of `size` bytes each.
pub struct AuditTrail {
    pub size: usize,
}

impl Fault for AuditTrail {
    fn plant(&mut self, number: u64) {
        record_request(number, self.size);
    }

    fn held_bytes(&self, live: u64) -> Option<u64> {
        Some(live * malloc_block(self.size) + vec_block(size_of::<Record>(), live))
    }
}

fn record_request(number: u64, size: usize) {
    AUDIT_TRAIL.lock().push(payload(number, size));
}
