import io

from rich.console import Console

from tsprof.lines import LineCost, LineProfile, SourceFile
from tsprof.report.lines import lines_html, print_lines

HOSTILE = "</code><script>document.title='owned'</script>\x1b[31m"


def profile(*lines: LineCost, path: str = "/srv/app.py", usual: float = 800.0) -> LineProfile:
    return LineProfile(
        files=(SourceFile(path=path, lines=lines),), requests=1000, seconds=10.0, usual_rate=usual
    )


def printed(told: LineProfile) -> str:
    stream = io.StringIO()
    print_lines(told, Console(file=stream, width=200, highlight=False))
    return stream.getvalue()


HOT = LineCost(
    number=12, text="    total += work()", python=0.25, native=0.5, allocated=3e6, copied=2e6
)


def test_a_line_is_printed_with_its_costs_before_it() -> None:
    text = printed(profile(HOT))
    assert "/srv/app.py: 75 %" in text
    assert "12  25.0 %  50.0 %              3 MB      2 MB      total += work()" in text


def test_lines_that_are_left_out_leave_a_mark() -> None:
    lines = [LineCost(number, f"line {number}") for number in (1, 2, 9)]
    rows = printed(profile(*lines)).splitlines()[-4:]
    assert [row.split()[0] for row in rows] == ["1", "2", "...", "9"]


def test_what_scalene_did_to_the_service_is_told() -> None:
    text = printed(profile(HOT))
    assert "answered 100 requests/s; by itself 800 requests/s" in text
    assert "by itself" not in printed(profile(HOT, usual=0.0))


def test_the_page_has_the_same_figures() -> None:
    page = lines_html(profile(HOT), "A title")
    assert "<title>A title</title>" in page
    assert "<td>12</td><td>25.0 %</td><td>50.0 %</td><td></td><td>3 MB</td><td>2 MB</td>" in page
    assert "<code>    total += work()</code>" in page


def test_nothing_of_the_target_is_markup() -> None:
    told = profile(LineCost(1, HOSTILE, python=1.0), path=HOSTILE)
    page = lines_html(told, HOSTILE)
    assert "<script" not in page
    assert "\x1b" not in page + printed(told)
