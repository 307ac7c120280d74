//! channel: messages in an unbounded channel whose receiver is kept, and never asked.

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::Fault;
use super::heap::malloc_block;

type Message = Vec<u8>;

/// Messages in one block of tokio's channel, and the bytes of what stands before them.
///
/// Source: `BLOCK_CAP` and `BlockHeader` in tokio's src/sync/mpsc/block.rs.
const MESSAGES_PER_BLOCK: u64 = 32;
const BLOCK_HEADER_BYTES: usize = 32;

/// Queues notices for subscribers.
pub struct Outbox {
    size: usize,
    sender: UnboundedSender<Message>,
    _receiver: UnboundedReceiver<Message>,
}

impl Outbox {
    /// Takes the bytes of payload per event.
    pub fn new(size: usize) -> Self {
        let (sender, receiver) = unbounded_channel();
        Self {
            size,
            sender,
            _receiver: receiver,
        }
    }

    fn post(&self, size: usize) {
        // Sending fails only where the receiver is gone.
        let _ = self.sender.send(vec![b'.'; size]);
    }
}

impl Fault for Outbox {
    fn plant(&mut self, _number: u64) {
        self.post(self.size);
    }

    fn held_bytes(&self, live: u64) -> Option<u64> {
        let slots = usize::try_from(MESSAGES_PER_BLOCK).ok()? * size_of::<Message>();
        let blocks = live.div_ceil(MESSAGES_PER_BLOCK);
        Some(live * malloc_block(self.size) + blocks * malloc_block(slots + BLOCK_HEADER_BYTES))
    }
}
