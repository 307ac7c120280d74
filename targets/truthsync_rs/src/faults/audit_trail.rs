//! list: an audit trail that nobody ever trims.

use parking_lot::Mutex;

use super::Fault;
use super::heap::{malloc_block, vec_block};

type Record = Vec<u8>;

/// A static on purpose: it is the mistake.
static AUDIT_TRAIL: Mutex<Vec<Record>> = Mutex::new(Vec::new());

/// Notes requests for the support team, with a payload of `size` bytes each.
pub struct AuditTrail {
    pub size: usize,
}

impl Fault for AuditTrail {
    fn plant(&mut self, _number: u64) {
        record_request(self.size);
    }

    fn held_bytes(&self, live: u64) -> Option<u64> {
        Some(live * malloc_block(self.size) + vec_block(size_of::<Record>(), live))
    }
}

fn record_request(size: usize) {
    AUDIT_TRAIL.lock().push(vec![b'.'; size]);
}
