//! thread: a notifier thread per event, waiting for an acknowledgement that never comes.

use std::sync::Arc;
use std::thread::Builder;

use parking_lot::{Condvar, Mutex};

use super::Fault;

/// Heap of a waiting thread, without its stack (2 MiB reserved): half of it is glibc's.
///
/// Measured with Rust 1.95 and glibc 2.36: 2,150 on an idle machine, up to 2,400 on a busy one.
const THREAD_BYTES: u64 = 2_240;

#[derive(Default)]
struct Acknowledgement {
    came: Mutex<bool>,
    changed: Condvar,
}

impl Acknowledgement {
    /// Waits without a timeout.
    fn wait(&self) {
        let mut came = self.came.lock();
        while !*came {
            self.changed.wait(&mut came);
        }
    }
}

/// Tells subscribers about verdicts, each in a thread of its own.
#[derive(Default)]
pub struct Notifiers {
    acknowledgement: Arc<Acknowledgement>,
}

impl Fault for Notifiers {
    fn plant(&mut self, number: u64) {
        let acknowledgement = Arc::clone(&self.acknowledgement);
        let notifier = Builder::new().name(format!("notifier-{number}"));
        if let Err(error) = notifier.spawn(move || acknowledgement.wait()) {
            eprintln!("truthsync: cannot start a notifier: {error}");
        }
    }

    fn held_bytes(&self, live: u64) -> Option<u64> {
        Some(live * THREAD_BYTES)
    }
}
