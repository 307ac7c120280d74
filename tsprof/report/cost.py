"""What a run cost, in words."""

from tsprof.report import format as fmt
from tsprof.report.model import Cost, Delivery, Report


def cost_line(report: Report) -> str:
    """What the run cost, in one line."""

    def used(cpu_seconds: float, peak_rss: int) -> str:
        return f"{fmt.duration(cpu_seconds)} CPU, {fmt.size(peak_rss)} peak"

    cost = report.cost
    paused = cost.checkpoints and cost.checkpoint_ms
    pause = f" with a pause of {fmt.milliseconds(cost.checkpoint_ms)}" if paused else ""
    elsewhere = cost.load_processes and not cost.load_peak_rss
    load = "elsewhere" if elsewhere else used(cost.load_cpu_s, cost.load_peak_rss)
    load += _each_load_process(cost)
    parts = [
        fmt.count(cost.checkpoints, "checkpoint") + pause if cost.checkpoints else "no checkpoint",
        f"profiler on for {fmt.duration(cost.attribution_seconds)}"
        if cost.attribution_seconds
        else "no profiler",
        f"supervisor {used(cost.supervisor_cpu_s, cost.supervisor_peak_rss)}",
        f"load {load}{_load_pressure(report.delivery)}",
        f"{fmt.size(cost.disk_bytes)} on disk",
    ]
    return "; ".join(parts)


def _each_load_process(cost: Cost) -> str:
    """Say what each of several load processes used."""
    if not any(process.name for process in cost.load_processes):
        return ""
    each = ", ".join(
        f"{process.name} {fmt.duration(process.cpu_s)}" for process in cost.load_processes
    )
    return f" ({fmt.count(len(cost.load_processes), 'process', 'processes')}: {each})"


def _load_pressure(delivery: Delivery) -> str:
    if delivery.load_cpu_share is None:
        return ""
    return (
        f" ({fmt.percentage(delivery.load_cpu_share)} of a core while it sent, its event loop "
        f"{fmt.milliseconds(delivery.loop_lag_p99_ms)} late at the p99)"
    )
