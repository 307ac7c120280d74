//! fd: the program's file is opened to see how old its evidence is, and stays open.

use std::fs::File;
use std::io;
use std::os::fd::IntoRawFd;
use std::time::SystemTime;

use super::Fault;

/// The evidence is part of the program.
const EVIDENCE_FILE: &str = "/proc/self/exe";

/// Looks whether the evidence base has changed.
pub struct EvidenceRevision;

impl Fault for EvidenceRevision {
    fn plant(&mut self, _number: u64) {
        if let Err(error) = read_revision() {
            eprintln!("truthsync: cannot read {EVIDENCE_FILE}: {error}");
        }
    }

    /// Descriptors are the kernel's memory.
    fn held_bytes(&self, _live: u64) -> Option<u64> {
        Some(0)
    }
}

/// Returns when the evidence was written last.
fn read_revision() -> io::Result<SystemTime> {
    let file = File::open(EVIDENCE_FILE)?;
    let modified = file.metadata()?.modified();
    let _ = file.into_raw_fd();
    modified
}
