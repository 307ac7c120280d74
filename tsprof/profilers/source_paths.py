"""Whole paths of source files, where debug information tells them from a compiler's folder.

A crate's files are all called ``src/...``; in which folder it was compiled tells whose they are.
"""

import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence

PATIENCE = 60.0
"""Seconds for binutils' addr2line on one module: 0.2 for a Rust service of 14 MB."""
_ADDRESS = re.compile(r"0x[0-9a-f]+$")


def source_files(module: str, offsets: Sequence[int]) -> Mapping[int, list[str]]:
    """Return the source files at addresses of a module, of the innermost inlined function first.

    Args:
        module: path of a program or shared object.
        offsets: addresses in it.

    Returns:
        Nothing without binutils' ``addr2line``.
    """
    program = shutil.which("addr2line")
    if program is None or not offsets:
        return {}
    try:
        done = subprocess.run(
            [program, "--addresses", "--inlines", f"--exe={module}"],
            input="\n".join(map(hex, offsets)),
            capture_output=True,
            text=True,
            errors="replace",
            timeout=PATIENCE,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return {}
    return read_files(done.stdout)


def read_files(output: str) -> Mapping[int, list[str]]:
    """Take the files out of what addr2line prints: ``/srv/app/main.rs:30 (discriminator 2)``."""
    found: dict[int, list[str]] = {}
    files: list[str] = []
    for line in output.splitlines():
        if _ADDRESS.match(line):
            files = found[int(line, 16)] = []
        else:
            files.append(line.partition(" (discriminator")[0].rpartition(":")[0])
    return found


def completed(files: Sequence[str], whole: Sequence[str]) -> list[str]:
    """Return files with the whole paths in their place, as far as they are the same files."""
    if len(files) != len(whole):
        return list(files)
    pairs = zip(files, whole, strict=True)
    return [path if path.endswith(f"/{_plain(file)}") else file for file, path in pairs]


def _plain(file: str) -> str:
    return file.removeprefix("./")
