//! latency: a back-off for a slow source that is never reset.

use std::time::Duration;

use super::Fault;

/// Spares a slow source by waiting a little longer each time.
pub struct SourceBackoff {
    step: Duration,
    wait: Duration,
}

impl SourceBackoff {
    /// Takes by how much each event lengthens the wait.
    pub fn new(step: Duration) -> Self {
        let wait = Duration::ZERO;
        Self { step, wait }
    }
}

impl Fault for SourceBackoff {
    fn plant(&mut self, _number: u64) {
        self.wait += self.step;
    }

    fn held_bytes(&self, _live: u64) -> Option<u64> {
        Some(0)
    }

    fn delay(&self) -> Duration {
        self.wait
    }
}
