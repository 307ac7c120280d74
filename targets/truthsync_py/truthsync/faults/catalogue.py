"""Makes faults from what was asked for."""

from collections.abc import Callable, Mapping
from fractions import Fraction

from truthsync.faults.audit_trail import AuditTrail
from truthsync.faults.base import Fault
from truthsync.faults.claim_tree import ClaimTrees
from truthsync.faults.evidence_revision import EvidenceRevision
from truthsync.faults.export_formats import ExportFormats
from truthsync.faults.failed_checks import FailedChecks
from truthsync.faults.listeners import VerdictListeners
from truthsync.faults.notifiers import Notifiers
from truthsync.faults.report_job import ReportJob
from truthsync.faults.request_index import RequestIndex
from truthsync.faults.scratch_buffers import ScratchBuffers
from truthsync.faults.session_cache import SessionCache
from truthsync.faults.source_backoff import SourceBackoff
from truthsync.faults.source_polls import SourcePolls
from truthsync.faults.specification import FaultSpecification
from truthsync.faults.summary_cache import SummaryCache

Numbers = Mapping[str, Fraction]

_MAKERS: Mapping[str, Callable[[Numbers], Fault]] = {
    "list": lambda numbers: AuditTrail(int(numbers["size"])),
    "callbacks": lambda numbers: VerdictListeners(int(numbers["size"])),
    "dict": lambda numbers: RequestIndex(int(numbers["size"])),
    "tracebacks": lambda numbers: FailedChecks(int(numbers["size"])),
    "cycle": lambda numbers: ClaimTrees(int(numbers["size"])),
    "native": lambda numbers: ScratchBuffers(int(numbers["size"])),
    "fd": lambda _: EvidenceRevision(),
    "thread": lambda _: Notifiers(),
    "task": lambda _: SourcePolls(),
    "latency": lambda numbers: SourceBackoff(float(numbers["microseconds"] / 1_000_000)),
    "lru": lambda numbers: SummaryCache(int(numbers["entries"])),
    "job": lambda numbers: ReportJob(float(numbers["seconds"]), int(numbers["bytes"])),
    "ttl": lambda numbers: SessionCache(float(numbers["seconds"])),
    "lazy": lambda _: ExportFormats(),
}


def make_fault(specification: FaultSpecification) -> Fault:
    """Return the fault, not yet started."""
    return _MAKERS[specification.name](specification.numbers)
