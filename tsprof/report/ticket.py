"""Each leak as the text of a ticket: Markdown that stands by itself in an issue tracker."""

import re
from collections.abc import Iterable, Iterator

from tsprof.report import format as fmt
from tsprof.report import wording
from tsprof.report.headline import headline, requests_per_second
from tsprof.report.markdown import bullet, code, escape, table
from tsprof.report.model import IN_BYTES, Finding, Report, Verdict
from tsprof.report.reproduce import command_line
from tsprof.report.text import clean, printable

_LONGEST_TEXT = 400
_STACK_LINES = 12
_SHOWN = 5
"""Sites and holders of a ticket, the largest first."""
_EXPLAINED = 0.8
"""Part of a growth that its sites explain from which nothing about them is uncertain."""
_DRAIN = "drain test:"
_EVIDENCE = ("measured over", "grew by", "only the forced collections")
"""How details begin that rule something out; the others are doubts."""
_ENTRY = "with each entry of"
"""How details begin that say what a holder keeps."""


def render(report: Report) -> str:
    """Return one ticket for each leak, with rules between them; one line where there is none."""
    command = command_line(report)
    report = printable(report, limit=_LONGEST_TEXT)
    leaks = [finding for finding in report.findings if finding.kind == "leak"]
    if not leaks:
        return f"{escape(_no_leak(report))}\n"
    return "\n\n---\n\n".join(_ticket(report, leak, command) for leak in leaks) + "\n"


def _no_leak(report: Report) -> str:
    run = report.provenance.run or "this run"
    sentence = headline(report).sentence
    if report.verdict is Verdict.PASS:
        return f"No ticket to write: {run} passed: {sentence}."
    return f"No ticket to write: {run} found no leak, and ended with {report.verdict}: {sentence}."


def _ticket(report: Report, leak: Finding, command: str) -> str:
    sections = [
        ("", f"**{escape(_claim(leak))}**"),
        ("", table(["figure", "value"], _figures(report, leak))),
        ("Where it is allocated", "\n\n".join(_sites(leak))),
        ("What keeps it alive", _list(_holders(leak))),
        ("Who owns the growth", _ledger(report, leak) if leak.resource in IN_BYTES else ""),
        ("How to reproduce", _reproduction(report, command)),
        ("What was ruled out", _list(map(escape, _ruled_out(report, leak)))),
        ("What is uncertain", _list(map(escape, _uncertain(report, leak)))),
    ]
    blocks = [f"## {escape(_name(leak))}"]
    for title, body in sections:
        if body:
            blocks += [f"### {title}", body] if title else [body]
    if leak.key:
        blocks.append(f"Key, the same from run to run: {code(leak.key)}")
    return "\n\n".join(blocks)


def _claim(leak: Finding) -> str:
    return f"{leak.title[:1].upper()}{leak.title[1:]}."


def _name(leak: Finding) -> str:
    """The ticket's title: short enough for a list of tickets."""
    amount = wording.finding_growth(leak).partition(" per request")[0]
    place = next((f" in {site.function} ({_file_name(site.file)})" for site in leak.sites), "")
    resource = {"fd": "file descriptor", "garbage": "reference cycle"}.get(
        leak.resource, leak.resource
    )
    return f"{resource.capitalize()} leak: {amount} per request{place}"


def _file_name(file: str) -> str:
    return file.rpartition("/")[2]


def _figures(report: Report, leak: Finding) -> Iterator[tuple[str, str]]:
    yield "growth", wording.finding_growth(leak)
    if len(_parts(report, leak)) > 1:
        yield "growth of all that leaks or fills", wording.total_growth(report.growth)
    rate = requests_per_second(report)
    if rate:
        hourly = leak.per_request * rate * 3600
        amount = fmt.size(hourly) if leak.resource in IN_BYTES else fmt.number(hourly)
        yield "at the load of this run", f"{amount} per hour, at {fmt.rate(rate)}"
    requests = fmt.count(report.requests, "request")
    failed = fmt.number(report.failures)
    yield "measured in", f"{requests} ({failed} failed), {fmt.duration(report.seconds)}"
    if leak.confidence:
        yield "confidence that it does not stop by itself", fmt.percentage(leak.confidence)
    source = report.provenance
    origin = {
        "run": source.run,
        "started": source.started,
        "revision": source.git_revision,
        "Python of the target": source.target_python,
        "tsprof": source.tsprof_version,
    }
    yield from ((name, value) for name, value in origin.items() if value)


def _sites(leak: Finding) -> Iterator[str]:
    for site in leak.sites[:_SHOWN]:
        where = f"{code(wording.place(site))} in {code(site.function)}"
        package = escape(fmt.in_parentheses(site.package))
        yield f"{where}{package}: {escape(wording.site_growth(site))}"
        frames = wording.folded_stack(wording.callers(site), longest=_STACK_LINES)
        if frames:
            yield _fenced(f"called by {frame.text}" for frame in frames)


def _holders(leak: Finding) -> Iterator[str]:
    for holder in leak.holders[:_SHOWN]:
        yield f"{code(holder.path)}: {escape(wording.holder_state(holder))}"
    yield from (escape(detail) for detail in leak.details if detail.startswith(_ENTRY))


def _parts(report: Report, leak: Finding) -> list[Finding]:
    """The findings that one growth was split into, the leak being one of them."""
    causes = [finding for finding in report.findings if finding.kind in ("leak", "filling")]
    return [finding for finding in causes if finding.resource == leak.resource]


def _ledger(report: Report, leak: Finding) -> str:
    rows = wording.ledger_cells(report.ledger)
    if not rows:
        return ""
    basis = escape(wording.ledger_basis(report.growth))
    whole = f"{table(wording.LEDGER_COLUMNS, rows)}\n\n{basis}"
    if len(_parts(report, leak)) > 1:
        return f"Of the whole growth, of which this leak is a part:\n\n{whole}"
    return whole


def _reproduction(report: Report, command: str) -> str:
    folder = report.provenance.folder
    target = report.provenance.configuration.get("target")
    elsewhere = isinstance(target, dict) and target.get("cwd")  # the command says where
    where = f"In {code(folder)}:\n\n" if folder and not elsewhere else ""
    return f"{where}{_fenced([command])}"


def _ruled_out(report: Report, leak: Finding) -> Iterator[str]:
    exact = any(process.source == "agent" for process in report.processes)
    if exact and leak.resource == "memory":
        yield "garbage that waits for its collector: every reading follows a forced collection"
    yield from _rulings(report, leak)
    if leak.holders and all(holder.bound is None for holder in leak.holders):
        yield "a cache that is full one day: no bound is known of what holds it"
    slack = sum(r.bytes_per_request for r in report.ledger if r.owner == "allocator_slack")
    total = sum(r.bytes_per_request for r in report.ledger)
    if exact and leak.resource == "memory" and total > 0 and slack < total / 2:
        yield (
            f"fragmentation: allocator slack grows by {fmt.size(slack)} of the "
            f"{fmt.size(total)} per request"
        )


def _rulings(report: Report, leak: Finding) -> list[str]:
    """What was seen of the whole growth, which the first of its parts says for all."""
    return [d for part in _parts(report, leak) for d in part.details if _is_ruling(d)]


def _is_ruling(detail: str) -> bool:
    return detail.startswith((_DRAIN, *_EVIDENCE))


def _uncertain(report: Report, leak: Finding) -> Iterator[str]:
    told = (_DRAIN, _ENTRY, *_EVIDENCE)
    yield from (detail for detail in leak.details if not detail.startswith(told))
    explained = sum(site.share for site in leak.sites)
    if not leak.sites:
        yield "which line allocates it: no site was found"
    elif explained < _EXPLAINED:
        yield f"the sites explain {fmt.percentage(explained)} of the growth"
    if not leak.holders:
        yield "what keeps it alive: no holder was found"
    if leak.resource == "memory" and not any(
        ruling.startswith(_DRAIN) for ruling in _rulings(report, leak)
    ):
        yield "whether it lets go by itself: the target was not given a rest"
    if any(process.source == "outside" for process in report.processes):
        yield "some processes could only be read from outside"
    if not report.complete:
        yield "the run was cut short"
    if leak.excuse:
        yield f"whether it matters now: {leak.excuse}"


def _list(items: Iterable[str]) -> str:
    return "\n".join(bullet(item) for item in items)


def _fenced(lines: Iterable[str]) -> str:
    """A block of code whose fence is longer than any run of backticks in it."""
    text = "\n".join(clean(line) for line in lines)
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text}\n{fence}"
