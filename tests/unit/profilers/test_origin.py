import json as a_module_of_the_standard_library
import sysconfig
from importlib import metadata
from pathlib import Path

import click
import pytest

from tsprof.profilers.origin import origins

LIBRARIES = [Path(sysconfig.get_path("purelib"))]
STANDARD_LIBRARY = Path(sysconfig.get_path("stdlib"))


def test_whose_code_a_file_is() -> None:
    origin_of = origins(libraries=LIBRARIES, standard_library=STANDARD_LIBRARY)
    version = metadata.version("click")
    dependency = origin_of(str(click.__file__))
    assert (dependency.kind, dependency.package) == ("dependency", f"click {version}")
    assert origin_of(a_module_of_the_standard_library.__file__).kind == "interpreter"
    assert origin_of(__file__).kind == "application"


@pytest.mark.parametrize(
    ("file", "kind"),
    [
        ("<frozen importlib._bootstrap>", "interpreter"),
        ("<string>", "interpreter"),
        ("/usr/local/bin/gunicorn", "interpreter"),
        ("/srv/app/main.py", "application"),
        ("main.py", "application"),
        ("python3utils.py", "application"),
        ("/lib/x86_64-linux-gnu/libz.so.1.2.13", "native"),
        ("/srv/app/_speedups.cpython-312-x86_64-linux-gnu.so", "native"),
        ("/usr/bin/python3.11", "interpreter"),
        ("/usr/lib/libpython3.11.so.1.0", "interpreter"),
        ("/lib/x86_64-linux-gnu/libc.so.6", "interpreter"),
        ("/lib/x86_64-linux-gnu/libm-2.31.so", "interpreter"),
        ("/lib/x86_64-linux-gnu/libcurl.so.4", "native"),
        ("/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2", "interpreter"),
    ],
)
def test_files_that_are_nowhere_on_this_machine(file: str, kind: str) -> None:
    origin_of = origins(libraries=LIBRARIES, standard_library=STANDARD_LIBRARY)
    assert origin_of(file).kind == kind
    assert origin_of(file) is origin_of(file)


def test_a_file_that_no_record_lists_is_named_by_its_package(tmp_path: Path) -> None:
    library = tmp_path / "lib" / "site-packages"
    origin_of = origins(libraries=[library], standard_library=STANDARD_LIBRARY)
    assert origin_of(str(library / "vendored" / "deep" / "module.py")).package == "vendored"
    assert origin_of(str(library / "single.py")).package == "single"
    native = origin_of(str(library / "_fast.cpython-312-x86_64-linux-gnu.so"))
    assert (native.kind, native.package) == ("native", "_fast")


def test_the_shared_objects_of_a_distribution() -> None:
    origin_of = origins(libraries=LIBRARIES, standard_library=STANDARD_LIBRARY)
    module = next(str(f.locate()) for f in metadata.files("psutil") or () if ".so" in f.suffixes)
    origin = origin_of(module)
    assert (origin.kind, origin.package) == ("native", f"psutil {metadata.version('psutil')}")
