"""Whose code the functions of a native program are."""

import pytest

from tsprof.profilers.native_origin import native_origin

RUST = "/rustc/59807616e1fa2540724bfbac14d7976d7e4a3860/library/alloc/src/alloc.rs"
REGISTRY = "/home/me/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f"


@pytest.mark.parametrize(
    ("file", "kind"),
    [
        ("/srv/app/src/main.rs", "application"),
        ("src/main.rs", "application"),
        ("library.c", "application"),
        ("library/books.c", "application"),
        ("/srv/app/target/release/server", "application"),
        ("/usr/sbin/nginx", "application"),
        ("/srv/malloc/pool.c", "application"),
        (RUST, "interpreter"),
        ("library/std/src/rt.rs", "interpreter"),
        ("/rust/deps/hashbrown-0.16.1/src/raw/mod.rs", "interpreter"),
        ("/usr/include/c++/12/bits/stl_vector.h", "interpreter"),
        ("./misc/../sysdeps/unix/sysv/linux/x86_64/clone.S", "interpreter"),
        ("./nptl/./nptl/pthread_create.c", "interpreter"),
        ("elf/../elf/dl-tls.c", "interpreter"),
        ("nptl/./nptl/allocatestack.c", "interpreter"),
        ("nptl/./pool/stack.c", "application"),
        ("./io/./net/server.c", "application"),
        ("../malloc/pool.c", "application"),
        ("/lib/x86_64-linux-gnu/libc.so.6", "interpreter"),
        ("/usr/lib/x86_64-linux-gnu/libstdc++.so.6", "interpreter"),
        ("linux-vdso.so.1", "interpreter"),
        ("", "interpreter"),
        ("/lib/x86_64-linux-gnu/libcrypto.so.3", "native"),
        ("/opt/app/libplugin.so", "native"),
    ],
)
def test_whose_code_a_file_is(file: str, kind: str) -> None:
    assert native_origin(file).kind == kind


def test_crates() -> None:
    crate = native_origin(f"{REGISTRY}/tokio-util-0.7.13/src/codec/mod.rs")
    assert (crate.kind, crate.package) == ("dependency", "tokio-util 0.7.13")
    release = native_origin(f"{REGISTRY}/hyper-1.0.0-rc.4/src/lib.rs")
    assert release.package == "hyper 1.0.0-rc.4"
    git = native_origin("/home/me/.cargo/git/checkouts/axum-extra-0123456789abcdef/1a2b/src/lib.rs")
    assert (git.kind, git.package) == ("dependency", "axum-extra")
