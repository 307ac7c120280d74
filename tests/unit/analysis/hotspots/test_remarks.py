import pytest

from tsprof.analysis.hotspots.profiles import completed, profile_of
from tsprof.analysis.hotspots.remarks import remarks
from tsprof.stacks import Frame, StackProfile

LIBRARY = "/usr/lib/python3.11"


def frames(*places: tuple[str, str]) -> tuple[Frame, ...]:
    return (
        Frame(function="serve", file="/srv/venv/lib/site-packages/x/y.py", origin="dependency"),
        Frame(function="handle", file="/srv/app.py", line=17),
        *(Frame(function=f, file=file, line=1, origin="interpreter") for f, file in places),
    )


def busy_with(*places: tuple[str, str], weight: float = 20) -> StackProfile:
    return profile_of({frames(*places): weight, frames(): 100 - weight})


@pytest.mark.parametrize(
    ("function", "file", "words"),
    [
        ("_compile", f"{LIBRARY}/re/_compiler.py", "compiling regular expressions"),
        ("parse", f"{LIBRARY}/sre_parse.py", "compiling regular expressions"),
        ("JSONEncoder.encode", f"{LIBRARY}/json/encoder.py", "JSON"),
        ("Logger.info", f"{LIBRARY}/logging/__init__.py", "logging"),
        ("deepcopy", f"{LIBRARY}/copy.py", "copying objects"),
        ("_strptime", f"{LIBRARY}/_strptime.py", "parsing dates"),
        ("Condition.wait", f"{LIBRARY}/threading.py", "locks and queues"),
        ("format_exc", f"{LIBRARY}/traceback.py", "formatting tracebacks"),
        ("_find_and_load", "<frozen importlib._bootstrap>", "importing modules"),
        ("gc_collect_main", "/usr/lib/libpython3.11.so.1.0", "the garbage collector"),
        ("tokeniter", "/srv/venv/lib/site-packages/jinja2/lexer.py", "compiling templates"),
    ],
)
def test_what_stands_out_is_named_with_its_share_and_its_caller(
    function: str, file: str, words: str
) -> None:
    (sentence,) = remarks(busy_with((function, file)))
    assert sentence.startswith(f"20 % of the CPU time goes into {words}")
    assert "called by handle (/srv/app.py:17)" in sentence


def test_what_takes_little_time_is_not_worth_a_sentence() -> None:
    assert remarks(busy_with(("encode", f"{LIBRARY}/json/encoder.py"), weight=4)) == ()


def test_a_share_of_a_few_samples_is_not_worth_a_sentence() -> None:
    encode = ("encode", f"{LIBRARY}/json/encoder.py")
    assert remarks(profile_of({frames(encode): 3, frames(): 13})) == ()
    assert remarks(profile_of({frames(encode): 30, frames(): 130}))


def test_a_thread_that_runs_its_function_is_no_lock() -> None:
    assert remarks(busy_with(("Thread.run", f"{LIBRARY}/threading.py"))) == ()


def test_nested_calls_of_one_matter_count_once() -> None:
    nested = busy_with(
        ("dumps", f"{LIBRARY}/json/__init__.py"), ("encode", f"{LIBRARY}/json/encoder.py")
    )
    (sentence,) = remarks(nested)
    assert sentence.startswith("20 %")


def test_the_greater_share_comes_first() -> None:
    both = profile_of(
        {
            frames(("encode", f"{LIBRARY}/json/encoder.py")): 10,
            frames(("_compile", f"{LIBRARY}/re/_compiler.py")): 30,
            frames(): 60,
        }
    )
    first, second = remarks(both)
    assert "regular expressions" in first
    assert "compile them once" in first
    assert "JSON" in second


def test_no_samples_have_no_remarks() -> None:
    assert remarks(profile_of({})) == ()


def test_much_time_without_the_gil_is_told() -> None:
    half = profile_of(completed({frames(): 50}, 100))
    (sentence,) = remarks(half)
    assert sentence.startswith("50 % of the CPU time is spent without the GIL")
    assert remarks(profile_of(completed({frames(): 80}, 100))) == ()
