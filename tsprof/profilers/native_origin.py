"""Whose code the functions of a native program are: its own, a crate's, a library's, the C runtime.

Told by the path of the source file that the debug information names, or of the shared object where
there is none.
"""

import re
from pathlib import PurePath

from tsprof.analysis.attribution.sites import Origin

_CRATE = re.compile(r"/registry/src/[^/]+/(?P<name>.+?)-(?P<version>\d+\.\d+\.\d+[^/]*)/")
_CRATE_FROM_GIT = re.compile(r"/git/checkouts/(?P<name>.+)-[0-9a-f]{16}/")
_RUST = re.compile(
    r"^/rustc/[0-9a-f]{40}/|/lib/rustlib/src/|^/rust/deps/|^library/(std|core|alloc|panic_\w+)/"
)
_SYSTEM_SOURCE = re.compile(
    r"^/usr/(local/)?(include|lib/gcc)/|/include/c\+\+/"
    r"|^(\./)?((?P<part>\w+)/(\./(?P=part)/|\.\./(sysdeps|csu)/)|elf/\.\./)"
)
"""Headers of the system, and glibc's sources as valgrind tells them."""
_RUNTIME_OBJECT = re.compile(
    r"lib(c|m|dl|rt|pthread|stdc\+\+|gcc_s|c\+\+|c\+\+abi|unwind|jemalloc|tcmalloc\w*|mimalloc)"
    r"[.-].*|ld-linux.*|linux-vdso.*|vgpreload_.*"
)
_SYSTEM = ("/lib/", "/lib64/", "/usr/lib/", "/usr/lib64/")


def is_runtime(module: str) -> bool:
    """Tell the C library, and what else a compiler links to every program, by its path."""
    return _RUNTIME_OBJECT.fullmatch(PurePath(module).name) is not None


def native_origin(file: str) -> Origin:
    """Tell the origin of a function of a native program.

    Args:
        file: path of its source file, or of its module where that is not known; empty for a
            function of a language's standard library.
    """
    if crate := _CRATE.search(file):
        return Origin(kind="dependency", package=f"{crate['name']} {crate['version']}")
    if crate := _CRATE_FROM_GIT.search(file):
        return Origin(kind="dependency", package=crate["name"])
    if not file or _RUST.search(file):
        return Origin(kind="interpreter", package="the standard library")
    if _SYSTEM_SOURCE.search(file) or is_runtime(file):
        return Origin(kind="interpreter", package="the C library")
    if ".so" in PurePath(file).suffixes or file.startswith(_SYSTEM):
        return Origin(kind="native")
    return Origin(kind="application")
