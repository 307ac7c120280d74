import pytest

from tsprof.capacity.prices import Instance
from tsprof.capacity.sizing import SHARING, Demand, cheapest_first, fleet


def instance(cores: int = 2, hourly: float = 0.1, name: str = "m") -> Instance:
    return Instance(
        provider="aws", name=name, architecture="x86_64", vcpus=2 * cores, cores=cores,
        memory_gb=4, hourly=hourly,
    )  # fmt: skip


def demand(rate: float, per_core: float = 10_000, spare: float = 0.3) -> Demand:
    return Demand(rate=rate, hours=4, per_core=per_core, spare=spare)


@pytest.mark.parametrize(
    ("rate", "cores", "workers", "each"),
    [
        (1, 4, 1, 1),
        (7_000, 4, 1, 1),  # just what one process makes with 30 % to spare
        (7_001, 4, 1, 2),  # two share, which costs 14 %: 6,140 each
        (12_280, 4, 1, 2),
        (12_281, 4, 1, 3),
        (12_281, 2, 2, 2),  # three processes, evenly on two machines of two cores
        (12_281, 1, 3, 1),
        (100_000, 8, 3, 6),  # 17 processes
    ],
)
def test_the_fewest_machines_that_keep_the_headroom(
    rate: float, cores: int, workers: int, each: int
) -> None:
    made = fleet(instance(cores), demand(rate))
    assert (made.workers, made.processes_each) == (workers, each)
    assert made.processes == workers * each
    assert made.headroom >= 0.3 - 1e-9
    assert made.machines == workers + 1


def test_capacity_and_cost_are_those_of_all_machines() -> None:
    made = fleet(instance(cores=2, hourly=0.5), demand(20_000))
    assert (made.workers, made.processes_each) == (2, 2)
    assert made.capacity == pytest.approx(4 * 10_000 / SHARING)
    assert made.headroom == pytest.approx(1 - 20_000 * SHARING / 40_000)
    assert made.hourly == pytest.approx(3 * 0.5)
    assert made.cost == pytest.approx(4 * 3 * 0.5)


@pytest.mark.parametrize("spare", [0, 0.3, 0.9])
@pytest.mark.parametrize("cores", [1, 3, 16])
@pytest.mark.parametrize("rate", [0.001, 999.9, 10_000, 123_456, 1e9])
def test_no_fleet_is_one_machine_too_small_or_too_large(
    rate: float, cores: int, spare: float
) -> None:
    made = fleet(instance(cores), demand(rate, spare=spare))
    assert rate <= (1 - spare) * made.capacity * (1 + 1e-9)
    assert made.processes_each <= cores
    if made.processes > 2:
        assert (made.workers - 1) * cores * (1 - spare) * 10_000 / SHARING < rate


def test_the_cheapest_comes_first_and_of_two_the_one_with_fewer_machines() -> None:
    types = [
        instance(cores=8, hourly=3.0, name="large"),
        instance(cores=1, hourly=1.0, name="small"),
        instance(cores=2, hourly=1.5, name="middle"),
    ]
    found = cheapest_first(types, demand(12_280))
    assert [(one.instance.name, one.cost) for one in found] == [
        ("middle", 12.0),
        ("small", 12.0),
        ("large", 24.0),
    ]
