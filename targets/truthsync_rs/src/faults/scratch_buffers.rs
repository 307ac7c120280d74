//! native: a buffer for every text, lent to a C library that was to free it and does not.

use super::heap::malloc_block;
use super::{Fault, payload};

/// Gives a C library room to work in, `size` bytes at a time.
pub struct ScratchBuffers {
    pub size: usize,
}

impl Fault for ScratchBuffers {
    fn plant(&mut self, number: u64) {
        lend_scratch_buffer(number, self.size);
    }

    fn held_bytes(&self, live: u64) -> Option<u64> {
        Some(live * malloc_block(self.size))
    }
}

/// Fills a buffer, and forgets where it was.
fn lend_scratch_buffer(number: u64, size: usize) -> *mut u8 {
    Box::leak(payload(number, size).into_boxed_slice()).as_mut_ptr()
}
