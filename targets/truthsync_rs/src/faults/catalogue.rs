//! Every fault and look-alike, with its numbers in the order in which they are written.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use super::Fault;
use super::audit_trail::AuditTrail;
use super::claim_tree::ClaimTrees;
use super::evidence_revision::EvidenceRevision;
use super::export_formats::ExportFormats;
use super::listeners::VerdictListeners;
use super::notifiers::Notifiers;
use super::outbox::Outbox;
use super::parameter::{Decimal, Numbers, Parameter};
use super::report_job::ReportJob;
use super::request_index::RequestIndex;
use super::scratch_buffers::ScratchBuffers;
use super::session_cache::SessionCache;
use super::slot_reservations::SlotReservations;
use super::source_backoff::SourceBackoff;
use super::source_polls::SourcePolls;
use super::summary_cache::SummaryCache;
use crate::cache::SharedCache;

/// A fault that can be asked for.
pub struct Kind {
    pub name: &'static str,
    pub parameters: &'static [Parameter],
    /// Makes one, not yet started, for a service that answers from this cache.
    pub make: fn(&Numbers, &SharedCache) -> Box<dyn Fault>,
}

const RATE: Parameter = Parameter {
    name: "rate",
    least: Decimal::billionths(1),
    most: Decimal::whole(1),
    default: None,
    whole: false,
};
const SIZE: Parameter = whole("size", 16, 10_000_000, 300);
const SECONDS: Parameter = Parameter {
    name: "seconds",
    least: Decimal::billionths(10_000_000),
    most: Decimal::whole(86_400),
    default: Some(Decimal::whole(30)),
    whole: false,
};

const fn whole(name: &'static str, least: u64, most: u64, default: u64) -> Parameter {
    Parameter {
        name,
        least: Decimal::whole(least),
        most: Decimal::whole(most),
        default: Some(Decimal::whole(default)),
        whole: true,
    }
}

pub static KINDS: [Kind; 15] = [
    Kind {
        name: "list",
        parameters: &[RATE, SIZE],
        make: |numbers, _| {
            Box::new(AuditTrail {
                size: numbers.size("size"),
            })
        },
    },
    Kind {
        name: "callbacks",
        parameters: &[RATE, SIZE],
        make: |numbers, _| Box::new(VerdictListeners::new(numbers.size("size"))),
    },
    Kind {
        name: "dict",
        parameters: &[RATE, SIZE],
        make: |numbers, _| Box::new(RequestIndex::new(numbers.size("size"))),
    },
    Kind {
        name: "cycle",
        parameters: &[RATE, SIZE],
        make: |numbers, _| {
            Box::new(ClaimTrees {
                size: numbers.size("size"),
            })
        },
    },
    Kind {
        name: "native",
        parameters: &[RATE, SIZE],
        make: |numbers, _| {
            Box::new(ScratchBuffers {
                size: numbers.size("size"),
            })
        },
    },
    Kind {
        name: "channel",
        parameters: &[RATE, SIZE],
        make: |numbers, _| Box::new(Outbox::new(numbers.size("size"))),
    },
    Kind {
        name: "fd",
        parameters: &[RATE],
        make: |_, _| Box::new(EvidenceRevision),
    },
    Kind {
        name: "thread",
        parameters: &[RATE],
        make: |_, _| Box::new(Notifiers::default()),
    },
    Kind {
        name: "task",
        parameters: &[RATE],
        make: |_, _| Box::new(SourcePolls::default()),
    },
    Kind {
        name: "latency",
        parameters: &[RATE, whole("microseconds", 1, 1_000_000, 10)],
        make: |numbers, _| {
            let step = numbers.get("microseconds").count();
            Box::new(SourceBackoff::new(Duration::from_micros(step)))
        },
    },
    Kind {
        name: "reserve",
        parameters: &[RATE],
        make: |_, cache| Box::new(SlotReservations::new(Arc::clone(cache))),
    },
    Kind {
        name: "lru",
        parameters: &[RATE, whole("entries", 1, 10_000_000, 50_000)],
        make: |numbers, _| {
            let entries = NonZeroUsize::new(numbers.size("entries"));
            Box::new(SummaryCache::new(entries.unwrap_or(NonZeroUsize::MIN)))
        },
    },
    Kind {
        name: "job",
        parameters: &[SECONDS, whole("bytes", 1_000, 2_000_000_000, 50_000_000)],
        make: |numbers, _| {
            let bytes = numbers.get("bytes").count();
            Box::new(ReportJob::new(numbers.get("seconds").seconds(), bytes))
        },
    },
    Kind {
        name: "ttl",
        parameters: &[RATE, SECONDS],
        make: |numbers, _| Box::new(SessionCache::new(numbers.get("seconds").seconds())),
    },
    Kind {
        name: "lazy",
        parameters: &[whole("requests", 1, 1_000_000_000_000, 1_000)],
        make: |_, _| Box::new(ExportFormats),
    },
];
