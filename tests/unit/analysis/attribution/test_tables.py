from tsprof.analysis.attribution.holders import HeldGrowth, Place
from tsprof.analysis.attribution.sites import LeakingSite
from tsprof.analysis.attribution.tables import with_tables
from tsprof.report.model import Frame, Holder, Site

NOTE, SHOW, PAGE = ("note", "app.py", 8), ("show", "app.py", 11), ("page", "app.py", 5)
SEARCHES = HeldGrowth(
    holder=Holder(path="searches", type="list", entries_per_request=0.5, entries=9_000),
    bytes_per_request=44.0,
    table_bytes_per_request=4.0,
    writers=(Place(function="note", file="app.py", line=8),),
    callers=(Place(function="show", file="app.py", line=11),),
)


def site(size: float, *frames: tuple[str, str, int]) -> LeakingSite:
    function, file, line = frames[0]
    stack = tuple(Frame(function=one[0], file=one[1], line=one[2]) for one in frames)
    return LeakingSite(
        site=Site(
            function=function,
            file=file,
            line=line,
            bytes_per_request=size,
            share=0.0,
            stack=stack,
        ),
        python_blocks_per_request=0.5,
    )


def test_what_a_caller_of_the_inserting_function_caches_does_not_hide_the_table() -> None:
    sites = [site(440.0, PAGE, SHOW), site(40.0, NOTE, SHOW), site(30.0, SHOW)]
    sized = with_tables(sites, [SEARCHES], bytes_per_request=44.0)
    sizes = {leak.site.function: leak.site.bytes_per_request for leak in sized}
    assert sizes == {"page": 440.0, "note": 44.0, "show": 30.0}


def test_what_a_caller_allocates_counts_where_that_fits() -> None:
    sites = [site(30.0, SHOW), site(10.0, NOTE, SHOW)]
    sized = with_tables(sites, [SEARCHES], bytes_per_request=42.0)
    sizes = {leak.site.function: leak.site.bytes_per_request for leak in sized}
    assert sizes == {"show": 30.0, "note": 12.0}
