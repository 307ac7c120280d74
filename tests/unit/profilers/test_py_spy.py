from pathlib import Path

from tsprof.analysis.attribution.sites import Origin
from tsprof.profilers.py_spy import is_refusal, program, read_folded


def origin(file: str) -> Origin:
    return Origin(kind="application" if file.startswith("/srv") else "interpreter", package="p 1")


def test_stacks_are_read_with_functions_files_and_lines() -> None:
    stacks = read_folded(
        [
            "<module> (/srv/app.py:9);App.handle (/srv/my (old) app.py:17) 12",
            "<module> (/srv/app.py:9);App.handle (/srv/my (old) app.py:17) 3",
            "thread (4711): Thread-1 (f);f (<string>:4) 1",
        ],
        origin,
    )
    (first, weight), (second, _) = stacks.items()
    assert weight == 15
    assert [(f.function, f.file, f.line) for f in first] == [
        ("<module>", "/srv/app.py", 9),
        ("App.handle", "/srv/my (old) app.py", 17),
    ]
    assert (first[0].origin, first[0].package) == ("application", "p 1")
    assert second[0].function == "thread (4711): Thread-1 (f)"
    assert (second[1].function, second[1].file, second[1].line) == ("f", "<string>", 4)


def test_native_frames_have_an_object_and_no_line() -> None:
    ((frame,),) = read_folded(["PyObject_Call (/usr/lib/libpython3.11.so.1.0) 2"], origin)
    assert (frame.function, frame.file, frame.line) == (
        "PyObject_Call",
        "/usr/lib/libpython3.11.so.1.0",
        0,
    )


def test_the_agent_is_left_out_and_nonsense_passed_over() -> None:
    lines = [
        "Agent._serve (/x/tsprof/agent/core.py:142) 9",
        "",
        "no count",
        "a (/srv/a.py:1) 1.5",
        "a (/srv/a.py:1) -3",
    ]
    assert read_folded(lines, origin) == {}


def test_a_thread_in_a_selector_waits() -> None:
    waits = "run (/srv/app.py:1);EpollSelector.select (/usr/lib/python3.11/selectors.py:468) 5"
    works = "EpollSelector.select (/usr/lib/python3.11/selectors.py:468);f (/srv/app.py:2) 5"
    named_alike = "run (/srv/app.py:1);Query.select (/srv/app.py:9) 5"
    assert len(read_folded([waits, works, named_alike], origin)) == 2
    assert len(read_folded([waits, works, named_alike], origin, waits=True)) == 3


def test_a_refusal_is_told_from_other_failures() -> None:
    assert is_refusal("Error: Failed to get process; 0: Permission denied (os error 13)")
    assert is_refusal("Permission Denied: Try running again with elevated permissions")
    assert not is_refusal("Error: Failed to find python version from target process")


def test_py_spy_comes_with_tsprof() -> None:
    found = program()
    assert found is not None
    assert Path(found).name == "py-spy"
