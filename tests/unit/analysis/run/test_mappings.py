"""Mappings count by what of them is resident."""

import pytest

from tsprof.analysis.attribution.sites import LeakingSite
from tsprof.analysis.run.mappings import as_resident
from tsprof.report.model import Site


def leaking(name: str, size: float, mapped: float) -> LeakingSite:
    site = Site(function=name, file="app.py", line=1, bytes_per_request=size, share=0.0)
    return LeakingSite(
        site=site, python_blocks_per_request=0.0, mapped_bytes_per_request=mapped, lines=(site,)
    )


@pytest.mark.parametrize(
    ("growth", "sizes"),
    [
        (8_192, {"stack": 8_092, "block": 100}),
        (40_000, {"stack": 32_768, "block": 100}),
        (50, {"block": 100}),
        (None, {"block": 100}),
    ],
)
def test_address_space_is_not_memory(growth: float | None, sizes: dict[str, float]) -> None:
    sites = [leaking("stack", 32_768, 32_768), leaking("block", 100, 0)]
    counted = as_resident(sites, mapped_bytes=growth)
    assert {leak.site.function: leak.site.bytes_per_request for leak in counted} == sizes
    assert all(leak.lines[0].bytes_per_request == leak.site.bytes_per_request for leak in counted)


def test_of_a_site_with_both_its_blocks_are_left() -> None:
    (left,) = as_resident([leaking("connect", 8_388_708, 8_388_608)], mapped_bytes=None)
    assert (left.site.bytes_per_request, left.mapped_bytes_per_request) == (100, 0)
