//! native: a buffer for every text, lent to a C library that was to free it and does not.

use std::hint::black_box;

use super::Fault;
use super::heap::malloc_block;

/// Gives a C library room to work in, `size` bytes at a time.
pub struct ScratchBuffers {
    pub size: usize,
}

impl Fault for ScratchBuffers {
    fn plant(&mut self, _number: u64) {
        lend_scratch_buffer(self.size);
    }

    fn held_bytes(&self, live: u64) -> Option<u64> {
        Some(live * malloc_block(self.size))
    }
}

/// Fills a buffer, and forgets where it was.
fn lend_scratch_buffer(size: usize) -> *mut u8 {
    let buffer = Box::leak(vec![b'.'; size].into_boxed_slice());
    black_box(buffer).as_mut_ptr() // or the compiler sees that nobody needs it
}
