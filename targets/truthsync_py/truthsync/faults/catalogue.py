"""Makes faults from what was asked for."""

from collections.abc import Callable, Mapping
from fractions import Fraction

from truthsync.cache import LRUCache
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
from truthsync.faults.slot_reservations import SlotReservations
from truthsync.faults.source_backoff import SourceBackoff
from truthsync.faults.source_polls import SourcePolls
from truthsync.faults.specification import FaultSpecification
from truthsync.faults.summary_cache import SummaryCache
from truthsync.verifier import Verdict

Numbers = Mapping[str, Fraction]
Results = LRUCache[Verdict]

_MAKERS: Mapping[str, Callable[[Numbers, Results], Fault]] = {
    "list": lambda numbers, _: AuditTrail(int(numbers["size"])),
    "callbacks": lambda numbers, _: VerdictListeners(int(numbers["size"])),
    "dict": lambda numbers, _: RequestIndex(int(numbers["size"])),
    "tracebacks": lambda numbers, _: FailedChecks(int(numbers["size"])),
    "cycle": lambda numbers, _: ClaimTrees(int(numbers["size"])),
    "native": lambda numbers, _: ScratchBuffers(int(numbers["size"])),
    "fd": lambda *_: EvidenceRevision(),
    "thread": lambda *_: Notifiers(),
    "task": lambda *_: SourcePolls(),
    "latency": lambda numbers, _: SourceBackoff(float(numbers["microseconds"] / 1_000_000)),
    "reserve": lambda _, cache: SlotReservations(cache),
    "lru": lambda numbers, _: SummaryCache(int(numbers["entries"])),
    "job": lambda numbers, _: ReportJob(float(numbers["seconds"]), int(numbers["bytes"])),
    "ttl": lambda numbers, _: SessionCache(float(numbers["seconds"])),
    "lazy": lambda *_: ExportFormats(),
}


def make_fault(specification: FaultSpecification, cache: Results) -> Fault:
    """Return the fault, not yet started; ``cache`` is the one that the service answers from."""
    return _MAKERS[specification.name](specification.numbers, cache)
