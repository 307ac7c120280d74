"""Names of native functions as their authors wrote them, from the symbols of a compiler."""

import re
import shutil
import subprocess
from collections.abc import Collection, Mapping

PATIENCE = 20.0
"""Seconds for binutils' c++filt; it takes some 20 ms."""
_MANGLED = re.compile(r"_[RZ][\w$.]+$")
_RUST_HASH = re.compile(r"::h[0-9a-f]{16}$")
_CRATE_HASH = re.compile(r"(?<=\w)\[[0-9a-f]{8,16}\]")
"""What Rust's current symbols (v0) tell two versions of a crate apart with."""
_STANDARD = re.compile(r"<?&?(mut |dyn )*(std|core|alloc)::")
_ESCAPE = re.compile(r"\$(?:u([0-9a-f]{1,6})|([A-Z]{1,2}))\$")
_ESCAPED = {
    "SP": "@",
    "BP": "*",
    "RF": "&",
    "LT": "<",
    "GT": ">",
    "LP": "(",
    "RP": ")",
    "C": ",",
}
"""How Rust's older symbols write what is no letter (rustc_symbol_mangling, legacy.rs)."""


def demangled(names: Collection[str]) -> Mapping[str, str]:
    """Return each name as it is written in the source.

    Rust's current symbols need binutils' ``c++filt``; without it they stay as they are.
    """
    found = {name: name for name in names}
    mangled = [name for name in names if _MANGLED.match(name)]
    program = shutil.which("c++filt")
    if mangled and program is not None:
        try:
            done = subprocess.run(
                [program],
                input="\n".join(mangled),
                capture_output=True,
                text=True,
                errors="replace",
                timeout=PATIENCE,
                check=True,
            )
            found.update(zip(mangled, done.stdout.splitlines(), strict=True))
        except (OSError, subprocess.SubprocessError, ValueError):
            pass  # they can be read as they are
    return {name: _as_rust_is_written(text) for name, text in found.items()}


def is_rust_standard(name: str) -> bool:
    """Tell a function of Rust's standard library by its name, which a release build keeps."""
    return _STANDARD.match(name) is not None


def _as_rust_is_written(name: str) -> str:
    """Take out of a name what only the linker needs."""
    name = _CRATE_HASH.sub("", name)
    legacy = _RUST_HASH.sub("", name)
    if legacy == name and "$" not in name:
        return name
    plain = _ESCAPE.sub(_letter, legacy).replace("..", "::")
    return re.sub(r"(^|::)_(?=[<{&*(\[])", r"\1", plain)


def _letter(escape: re.Match[str]) -> str:
    code, name = escape.groups()
    return chr(int(code, 16)) if code else _ESCAPED.get(name, escape[0])
