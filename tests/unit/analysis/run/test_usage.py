"""What the samples of the probes add up to."""

from dataclasses import replace

from tsprof.analysis.run.usage import Descriptors, sum_samples
from tsprof.records import ProcessSample


def sample(second: int, pid: int, *, cpu: float, waited: float) -> ProcessSample:
    return ProcessSample(
        second=second,
        pid=pid,
        role="load",
        rss=1000 * pid,
        cpu_seconds=cpu,
        threads=1,
        descriptors=1,
        waited_seconds=waited,
    )


def test_several_load_processes_are_summed_each_since_its_own_last_sample() -> None:
    usage = sum_samples(
        [
            sample(1, 1, cpu=1.0, waited=0.0),
            sample(1, 2, cpu=5.0, waited=0.0),
            sample(2, 1, cpu=1.5, waited=0.25),
            sample(2, 2, cpu=6.0, waited=0.5),
            sample(3, 1, cpu=2.0, waited=0.25),
            sample(3, 2, cpu=6.0, waited=1.0),
        ]
    )
    assert dict(usage.load_cpu) == {1: 0.0, 2: 1.5, 3: 0.5}
    assert dict(usage.load_waited) == {1: 0.0, 2: 0.75, 3: 0.5}
    assert usage.total_cpu["load"] == 2.0
    assert usage.peak["load"] == 2000


def test_descriptors_are_those_of_the_first_and_the_last_sample() -> None:
    target = replace(sample(1, 7, cpu=0, waited=0), role="target", descriptor_limit=1_024)
    usage = sum_samples([replace(target, descriptors=count) for count in (20, 900, 1_022)])
    assert usage.descriptors == {7: Descriptors(20, 1_022, 1_024)}
    assert sum_samples([replace(target, descriptor_limit=0)]).descriptors == {}
