"""The report of a run as data: every renderer draws from this, and JSON is its dump.

Units: bytes, seconds, requests, milliseconds where a name ends in ``_ms``. The fields up to
``cost`` are the public JSON contract (``schema`` 1); what follows is material for charts.
"""

from tsprof.report.model.base import Verdict
from tsprof.report.model.comparison import Comparison, Ratio, Reference
from tsprof.report.model.findings import (
    HARMLESS,
    IN_BYTES,
    Finding,
    Frame,
    Holder,
    Kind,
    Resource,
    Site,
)
from tsprof.report.model.hot_paths import HotChange, HotDifference, HotFunction, HotPaths
from tsprof.report.model.memory import (
    Growth,
    HeapHistory,
    HeapPoint,
    LedgerRow,
    MemoryPoint,
    Owner,
    PeakSite,
    ProcessReport,
)
from tsprof.report.model.run import SCHEMA_VERSION, Cost, LoadProcessCost, Provenance, Report
from tsprof.report.model.service import (
    Criterion,
    Delivery,
    Endpoint,
    Gauge,
    GaugeKind,
    Latency,
    LimitedBy,
    Measure,
    Percentiles,
    PhaseReport,
    SecondPoint,
)

__all__ = [
    "HARMLESS",
    "IN_BYTES",
    "SCHEMA_VERSION",
    "Comparison",
    "Cost",
    "Criterion",
    "Delivery",
    "Endpoint",
    "Finding",
    "Frame",
    "Gauge",
    "GaugeKind",
    "Growth",
    "HeapHistory",
    "HeapPoint",
    "Holder",
    "HotChange",
    "HotDifference",
    "HotFunction",
    "HotPaths",
    "Kind",
    "Latency",
    "LedgerRow",
    "LimitedBy",
    "LoadProcessCost",
    "Measure",
    "MemoryPoint",
    "Owner",
    "PeakSite",
    "Percentiles",
    "PhaseReport",
    "ProcessReport",
    "Provenance",
    "Ratio",
    "Reference",
    "Report",
    "Resource",
    "SecondPoint",
    "Site",
    "Verdict",
]
