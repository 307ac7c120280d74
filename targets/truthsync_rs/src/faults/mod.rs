//! Mistakes that can be switched on, one module each, with their true size.
//!
//! They are written as a team would make them, so that a profiler has a real site to find.
//! `TRUTHSYNC_FAULTS` selects them; nothing here runs without it.

pub mod catalogue;
pub mod heap;
pub mod injector;
pub mod parameter;
pub mod specification;

mod audit_trail;
mod claim_tree;
mod evidence_revision;
mod export_formats;
mod listeners;
mod notifiers;
mod outbox;
mod report_job;
mod request_index;
mod scratch_buffers;
mod session_cache;
mod slot_reservations;
mod source_backoff;
mod source_polls;
mod summary_cache;

use std::fmt::Write;
use std::time::Duration;

/// Something that goes wrong a little with every event.
pub trait Fault: Send {
    /// Prepares, inside the runtime.
    fn start(&mut self) {}

    /// Goes wrong once. `number` is the request that it happens to, from 1.
    fn plant(&mut self, number: u64);

    /// Returns how many things are held after `planted` events; all, unless overridden.
    fn live(&self, planted: u64) -> u64 {
        planted
    }

    /// Returns the true bytes of heap that so many live things take, their container included:
    /// computed and not measured. None where nobody can know.
    fn held_bytes(&self, live: u64) -> Option<u64>;

    /// Returns by how much the fault slows every request down.
    fn delay(&self) -> Duration {
        Duration::ZERO
    }
}

/// Bytes of a [`request_id`].
const REQUEST_ID_BYTES: usize = 32;

/// Returns a unique id, as a tracing header would carry.
fn request_id(number: u64) -> String {
    let mut id = String::with_capacity(REQUEST_ID_BYTES);
    write!(id, "{number:032x}").expect("a String takes all text");
    id
}
