//! callbacks: every request subscribes to verdicts, and none unsubscribes.

use super::Fault;
use super::heap::{malloc_block, vec_block};

type Listener = Box<dyn Fn(&str) -> String + Send>;

/// The registry of those who want to hear of a verdict.
pub struct VerdictListeners {
    size: usize,
    listeners: Vec<Listener>,
}

impl VerdictListeners {
    /// Takes the bytes of payload per event.
    pub fn new(size: usize) -> Self {
        let listeners = Vec::new();
        Self { size, listeners }
    }

    /// Adds a listener. There is no way to remove one.
    fn subscribe(&mut self, listener: Listener) {
        self.listeners.push(listener);
    }
}

impl Fault for VerdictListeners {
    fn plant(&mut self, _number: u64) {
        self.subscribe(listener_for(self.size));
    }

    fn held_bytes(&self, live: u64) -> Option<u64> {
        let listener = malloc_block(size_of::<Vec<u8>>()) + malloc_block(self.size);
        Some(live * listener + vec_block(size_of::<Listener>(), live))
    }
}

/// Returns a listener that keeps its request alive, of `size` bytes.
fn listener_for(size: usize) -> Listener {
    let request = vec![b'.'; size];
    Box::new(move |verdict| format!("{verdict} for a request of {} bytes", request.len()))
}
