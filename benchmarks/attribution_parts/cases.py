"""What ``attribution.py`` runs: services with a leak whose line and holder are known, and without.

The first part are the memory faults of the demo service; the rest are the small services in
``attribution_services``, each as a team would write it.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
SERVICES = ROOT / "benchmarks" / "attribution_services"
DEMO = ROOT / "targets" / "truthsync_py"
DEMO_LOAD, SERVICES_LOAD = ROOT / "locustfile.py", SERVICES / "load.py"


@dataclass(frozen=True)
class Cause:
    """A mistake: the line to mend is in this function and file."""

    functions: tuple[str, ...]
    """Any of them is right: the one that allocates, or the one that keeps."""
    file: str
    holder: str = ""
    """Part of the holder's path; empty where no Python object holds it."""


@dataclass(frozen=True)
class Case:
    """A service, and what is to be said of it."""

    name: str
    command: tuple[str, ...]
    load: Path
    causes: tuple[Cause, ...] = ()
    """Empty for a service without a leak."""
    resource: str = "memory"
    environment: Mapping[str, str] = field(default_factory=dict)
    compiles: str = ""
    """A C module that it needs."""


def demo(faults: str, *causes: Cause, resource: str = "memory") -> Case:
    """Return a case of the demo service."""
    command = (
        sys.executable, "-m", "uvicorn", "--app-dir", str(DEMO),
        "truthsync.app:app", "--port", "{port}", "--log-level", "warning",
    )  # fmt: skip
    environment = {"TRUTHSYNC_FAULTS": faults}
    return Case(faults or "demo", command, DEMO_LOAD, causes, resource, environment)


def asgi(module: str, *causes: Cause, compiles: str = "") -> Case:
    """Return a case of a service on uvicorn."""
    command = (
        sys.executable, "-m", "uvicorn", "--app-dir", str(SERVICES),
        f"{module}:app", "--port", "{port}", "--log-level", "warning",
    )  # fmt: skip
    return Case(module, command, SERVICES_LOAD, causes, compiles=compiles)


def wsgi(module: str, *causes: Cause, options: tuple[str, ...] = ()) -> Case:
    """Return a case of a service on gunicorn."""
    command = (
        sys.executable, "-m", "gunicorn", "--chdir", str(SERVICES), "--log-level", "warning",
        "--bind", "127.0.0.1:{port}", *options, f"{module}:application",
    )  # fmt: skip
    return Case(module, command, SERVICES_LOAD, causes)


THREADS = ("--worker-class", "gthread", "--threads", "4")

CASES = (
    demo("list:0.1:300", Cause(("record_request",), "audit_trail.py", "AUDIT_TRAIL")),
    demo("dict:0.1:300", Cause(("request_id", "plant", "remember"), "request_index.py",
                               "_bodies_by_request_id")),
    demo("callbacks:0.1:300", Cause(("listener_for", "plant", "subscribe"), "listeners.py",
                                    "VerdictListeners._listeners")),
    demo("tracebacks:0.1:300", Cause(("_check_all",), "failed_checks.py",
                                     "FailedChecks._failures")),
    demo("cycle:0.1:300", Cause(("parse_tree",), "claim_tree.py", "a cycle in garbage"),
         resource="garbage"),
    demo("native:0.1:300", Cause(("fill_scratch_buffer",), "scratch_buffers.py")),
    asgi("catalogue", Cause(("note_search",), "catalogue.py", '"searches"')),
    asgi("timings", Cause(("measured",), "timings.py", 'closure variable "timings" of timed')),
    asgi("deduplication", Cause(("__call__",), "deduplication.py", "Deduplication.seen")),
    wsgi("addresses", Cause(("tidy",), "addresses.py")),
    asgi("search", Cause(("cost",), "search.py"), compiles="tokens"),
    wsgi("mail", Cause(("deliver",), "mail.py", "Sender.failed"), options=THREADS),
    asgi("metrics", Cause(("fold",), "metrics.py", 'local variable "folded" of fold')),
    wsgi("leader", Cause(("count",), "leader.py", "Statistics.requests"),
         options=("--workers", "3")),
    asgi("reports", Cause(("progress_of", "subscribe"), "reports.py",
                          "Announcements.subscribers")),
    wsgi("invoices", Cause(("invoice",), "invoices.py", '"failures"')),
    wsgi("jobs", Cause(("__init__",), "jobs.py", '"open_jobs"')),
    asgi("history", Cause(("add", "__init__"), "history.py", "linked list of history.Edit")),
    asgi("sessions", Cause(("open",), "sessions.py", "Sessions.by_number"),
         Cause(("record",), "sessions.py", "Audit.trail")),
    asgi("feedback", Cause(("take",), "feedback.py", '"archive"'),
         Cause(("take",), "feedback.py", '"ratings"')),
    demo(""),
    demo("lru:1:5000"),
    demo("ttl:1:5"),
    demo("lazy:5000"),
    asgi("recent"),
    wsgi("previews", options=THREADS),
)  # fmt: skip
