//! cycle: parse trees whose nodes own their parents, where a `Weak` was called for.

use std::sync::Arc;

use parking_lot::Mutex;

use super::Fault;
use super::heap::malloc_block;

/// Two counts that `Arc` keeps beside its value.
const ARC_COUNTS: usize = 16;

/// Parses claims into trees and drops them, with a payload of `size` bytes each.
pub struct ClaimTrees {
    pub size: usize,
}

impl Fault for ClaimTrees {
    fn plant(&mut self, _number: u64) {
        parse_tree(self.size);
    }

    fn held_bytes(&self, live: u64) -> Option<u64> {
        let node = malloc_block(ARC_COUNTS + size_of::<ClaimNode>());
        Some(live * (2 * node + malloc_block(self.size)))
    }
}

/// A node of a claim's parse tree.
struct ClaimNode {
    _text: Vec<u8>,
    _parent: Option<Arc<ClaimNode>>,
    child: Mutex<Option<Arc<ClaimNode>>>,
}

/// Returns a root with a text of `size` bytes and its child, each owning the other.
fn parse_tree(size: usize) -> Arc<ClaimNode> {
    let root = Arc::new(ClaimNode {
        _text: vec![b'.'; size],
        _parent: None,
        child: Mutex::new(None),
    });
    let child = Arc::new(ClaimNode {
        _text: Vec::new(),
        _parent: Some(Arc::clone(&root)),
        child: Mutex::new(None),
    });
    *root.child.lock() = Some(child);
    root
}
