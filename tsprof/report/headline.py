"""The answer of a run in three lines, the same in every renderer."""

from dataclasses import dataclass

from tsprof.report import format as fmt
from tsprof.report.model import IN_BYTES, Finding, Growth, Report, Verdict
from tsprof.report.wording import clock, counted, place, through, total_growth

_HOURS_PER_DAY = 24


@dataclass(frozen=True)
class Headline:
    """The answer of a run in three lines."""

    word: str
    """``PASS``, ``FAIL`` or ``INCONCLUSIVE``; empty for a picture, which judges nothing."""
    sentence: str
    """Why, in one sentence."""
    consequence: str
    """What it means: growth with its interval and per day, or what to do; may be empty."""
    culprit: str
    """The site and the holder, or what a passed run noticed; empty when there is neither."""


def headline(report: Report) -> Headline:
    """The answer, in the words of the verdict."""
    sentence, consequence = {
        Verdict.PASS: _passed,
        Verdict.FAIL: _failed,
        Verdict.INCONCLUSIVE: _inconclusive,
    }[report.verdict](report)
    drawn = report.scenario == "flame" and report.verdict is Verdict.PASS
    word = "" if drawn else report.verdict.upper()
    return Headline(word, sentence, consequence, culprit(report))


def _leads_with_memory_leak(report: Report) -> bool:
    return report.growth.bytes_per_request > 0 and (
        [(finding.resource, finding.kind, finding.excuse) for finding in report.findings[:1]]
        == [("memory", "leak", "")]
    )


def _failed(report: Report) -> tuple[str, str]:
    if _leads_with_memory_leak(report):
        follows = clock(report.findings[0])
        hourly = fmt.size(report.growth.bytes_per_hour)
        leaks = f"the target leaks {total_growth(report.growth)}"
        daily = _per_day(report, fmt.size(report.growth.bytes_per_hour * _HOURS_PER_DAY))
        consequence = "; ".join(part for part in (daily, _range(report)) if part)
        return f"{leaks}, {hourly} per hour at this load{follows}", consequence
    titles = [finding.title for finding in report.findings if not finding.excuse]
    sentence = next(iter([*report.reasons, *titles]), "no reason was recorded")
    return sentence, _more_reasons(report) or _scale(report, sentence)


def _passed(report: Report) -> tuple[str, str]:
    smallest = report.growth.detectable_bytes_per_request
    if smallest is None:
        sentence = next(iter(report.reasons), "every criterion was met")
        return f"{sentence}; this run did not look for leaks", _more_reasons(report)
    also = "".join(f"; {reason}" for reason in report.reasons[1:2])
    if any(finding.excuse for finding in report.findings):
        sentence = next(iter(report.reasons), "nothing found but what is known or acknowledged")
        return sentence + also, f"measured {total_growth(report.growth)}"
    sentence = f"no leak found; anything above {fmt.size(smallest)} per request would have shown"
    sentence += also
    measured = f"measured {total_growth(report.growth)}{_excepted(report.growth, smallest)}"
    rate = requests_per_second(report)
    if not rate:
        return sentence, measured
    daily = fmt.size(smallest * rate * 3600 * _HOURS_PER_DAY)
    visible = f"{fmt.size(smallest)} per request would be {daily} per day at {fmt.rate(rate)}"
    return sentence, f"{measured}; {visible}"


def _excepted(growth: Growth, smallest: float) -> str:
    """Say why more was measured than the smallest leak that would have shown; else empty."""
    if growth.bytes_per_request <= smallest:
        return ""
    came = "in steps that did not repeat" if growth.shape == "step" else "before it settled"
    return f", which came {came}"


def _inconclusive(report: Report) -> tuple[str, str]:
    sentence = next(iter(report.reasons), "no reason was recorded")
    advice = next(iter(report.advice), "run again for longer")
    return sentence, f"what to do: {advice}"


def further_reasons(report: Report) -> list[str]:
    """The reasons that the headline does not already say."""
    said = _said(report)
    return [reason for reason in report.reasons if reason not in said]


def further_advice(report: Report) -> list[str]:
    """The advice that the headline does not already give."""
    said = _said(report)
    return [advice for advice in report.advice if advice not in said]


def tells(report: Report, finding: Finding) -> bool:
    """Whether the headline says what the title of a finding says."""
    return finding.title in _said(report)


def _said(report: Report) -> str:
    answer = headline(report)
    titles = [report.findings[0].title] if _leads_with_memory_leak(report) else []
    return "\n".join([answer.sentence, answer.consequence, answer.culprit, *titles])


def _more_reasons(report: Report) -> str:
    return f"and: {report.reasons[1]}" if len(report.reasons) > 1 else ""


def _range(report: Report) -> str:
    growth = report.growth
    if growth.to_request <= growth.from_request:
        return ""
    first, last = fmt.number(growth.from_request), fmt.number(growth.to_request)
    return f"measured from request {first} to {last}"


def _scale(report: Report, sentence: str) -> str:
    """What the leak that the sentence tells comes to in a day; empty where it tells of none."""
    leaks = [f for f in report.findings if f.kind == "leak" and sentence.startswith(f.title)]
    return next((_daily(report, leak) for leak in leaks), "")


def _daily(report: Report, leak: Finding) -> str:
    daily = leak.per_request * requests_per_second(report) * 3600 * _HOURS_PER_DAY
    in_bytes = leak.resource in IN_BYTES
    return _per_day(report, fmt.size(daily) if in_bytes else counted(leak.resource, daily))


def _per_day(report: Report, amount: str) -> str:
    rate = requests_per_second(report)
    return f"that is {amount} per day at {fmt.rate(rate)}" if rate else ""


def requests_per_second(report: Report) -> float:
    """The measured rate of the load; 0 when nothing was measured."""
    if report.latency.requests_per_second:
        return report.latency.requests_per_second
    return report.requests / report.seconds if report.seconds > 0 else 0.0


def culprit(report: Report) -> str:
    """The first site and holder that the findings name; in a run that passed, what it noticed."""
    if report.verdict == Verdict.PASS:
        titles = (f"{f.title}{fmt.in_parentheses(f.excuse)}" for f in report.findings)
        return next(titles, "")
    for finding in report.findings:
        if finding.excuse:
            continue
        parts = [
            *(f"{place(site)} in {site.function}{through(site)}" for site in finding.sites[:1]),
            *(f"held by {holder.path}" for holder in finding.holders[:1]),
        ]
        if parts:
            return ", ".join(parts)
    return ""
