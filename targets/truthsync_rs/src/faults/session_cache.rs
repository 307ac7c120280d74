//! ttl, a look-alike: sessions that live for some seconds.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::Fault;
use super::heap::{malloc_block, vec_block};

const SESSION_BYTES: usize = 200;

struct Session {
    expires: Instant,
    _state: Vec<u8>,
}

/// Keeps sessions for a while; what is older goes when the next one comes.
pub struct SessionCache {
    lifetime: Duration,
    sessions: VecDeque<Session>,
}

impl SessionCache {
    /// Takes how long a session lives.
    pub fn new(lifetime: Duration) -> Self {
        let sessions = VecDeque::new();
        Self { lifetime, sessions }
    }

    /// Removes the sessions that ended before `now`, the oldest first.
    fn drop_expired(&mut self, now: Instant) {
        while self
            .sessions
            .front()
            .is_some_and(|session| session.expires <= now)
        {
            self.sessions.pop_front();
        }
    }
}

impl Fault for SessionCache {
    fn plant(&mut self, _number: u64) {
        let now = Instant::now();
        self.sessions.push_back(Session {
            expires: now + self.lifetime,
            _state: vec![b'.'; SESSION_BYTES],
        });
        self.drop_expired(now);
    }

    fn live(&self, _planted: u64) -> u64 {
        self.sessions.len() as u64
    }

    fn held_bytes(&self, live: u64) -> Option<u64> {
        Some(live * malloc_block(SESSION_BYTES) + vec_block(size_of::<Session>(), live))
    }
}
