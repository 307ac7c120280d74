"""Names of native functions."""

import shutil

import pytest

from tsprof.profilers.symbols import demangled, is_rust_standard


@pytest.mark.parametrize(
    ("symbol", "name"),
    [
        ("handle_request", "handle_request"),
        ("Cache<int>::put(int)", "Cache<int>::put(int)"),
        ("r::inner::Keeper<T>::keep::hb5d78c25f282ca61", "r::inner::Keeper<T>::keep"),
        ("r::inner::Keeper$LT$T$GT$::keep::hb5d78c25f282ca61", "r::inner::Keeper<T>::keep"),
        ("r::main::_$u7b$$u7b$closure$u7d$$u7d$::hb5d78c25f282ca61", "r::main::{{closure}}"),
        (
            "_$LT$r..Cache$u20$as$u20$core..ops..Drop$GT$::drop::hb5d78c25f282ca61",
            "<r::Cache as core::ops::Drop>::drop",
        ),
        ("<alloc[fdfd2bd8633a6659]::string::String>::new", "<alloc::string::String>::new"),
        ("table[10]", "table[10]"),
        ("$ZZ$::h0", "$ZZ$::h0"),
        ("", ""),
    ],
)
def test_names_as_they_are_written(monkeypatch: pytest.MonkeyPatch, symbol: str, name: str) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert demangled([symbol]) == {symbol: name}


def test_symbols_stay_as_they_are_without_the_tool(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert demangled(["_RNvCs6GmmlP4bgsG_1r4main"])["_RNvCs6GmmlP4bgsG_1r4main"].startswith("_R")


@pytest.mark.parametrize(
    ("name", "is_standard"),
    [
        ("alloc::raw_vec::RawVec<T>::grow_one", True),
        ("<alloc::vec::Vec<u8>>::with_capacity", True),
        ("<&dyn core::ops::function::Fn<()>>::call_once", True),
        ("allocator::make", False),
        ("<r::Cache as core::ops::Drop>::drop", False),
    ],
)
def test_the_standard_library_of_rust(name: str, is_standard: bool) -> None:  # noqa: FBT001 - a case
    assert is_rust_standard(name) == is_standard
