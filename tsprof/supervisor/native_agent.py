"""The agent for native programs: built with the machine's C compiler when it is first needed."""

import hashlib
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tsprof.cache_folder import cache_folder
from tsprof.errors import AgentError

SOURCES = Path(__file__).parents[1] / "agent" / "native"
COMPILERS = ("cc", "gcc", "clang")
FLAGS = ("-O2", "-fPIC", "-shared", "-fvisibility=hidden", "-U_FORTIFY_SOURCE")
"""A fortified call is glibc's alone: a musl program would not start with the agent in it."""
LIBRARIES = ("-pthread", "-ldl")
BUILD_PATIENCE = 60.0
"""Seconds; 0.3 on an idle machine."""
SEPARATORS = " :"
"""What ends a name in LD_PRELOAD (ld.so(8)); it cannot be quoted."""


def library() -> Path:
    """Return the agent as a shared library, built if this user has none of this source yet.

    Raises:
        AgentError: it cannot be built, or not loaded from where it would be.
    """
    folder = cache_folder()
    built = folder / f"agent-{_fingerprint()}.so"
    if any(letter in str(built) for letter in SEPARATORS):
        raise AgentError(
            f"{folder} has a space or a colon in its name; let XDG_CACHE_HOME name another folder"
        )
    if built.exists():
        return built
    program = compiler()
    if program is None:
        raise AgentError("there is no C compiler to build its agent with (apt install gcc)")
    _build(program, built)
    return built


def compiler() -> str | None:
    """Return the path of the C compiler; None where there is none."""
    return next(filter(None, map(shutil.which, COMPILERS)), None)


def environment(inherited: Mapping[str, str], agent: Path) -> dict[str, str]:
    """Return the variables that bring the agent in, behind what is preloaded already.

    A program with AddressSanitizer in it would refuse to start behind anything that is preloaded.
    """
    return {
        "LD_PRELOAD": " ".join(filter(None, (inherited.get("LD_PRELOAD"), str(agent)))),
        "ASAN_OPTIONS": ":".join(
            filter(None, (inherited.get("ASAN_OPTIONS"), "verify_asan_link_order=0"))
        ),
    }


def _fingerprint() -> str:
    """Return a name for the library that changes with all that it is made from."""
    digest = hashlib.sha256(repr((FLAGS, platform.machine(), platform.libc_ver())).encode())
    for source in sorted(SOURCES.iterdir()):
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


def _build(program: str, built: Path) -> None:
    sources = map(str, sorted(SOURCES.glob("*.c")))
    try:
        with tempfile.TemporaryDirectory(dir=built.parent) as folder:
            unfinished = Path(folder) / built.name
            subprocess.run(
                [program, *FLAGS, *sources, "-o", str(unfinished), *LIBRARIES],
                check=True,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=BUILD_PATIENCE,
            )
            unfinished.replace(built)  # two runs may build at once
    except subprocess.CalledProcessError as error:
        errors = [line for line in error.stderr.splitlines() if "error" in line]
        reason = (errors or error.stderr.splitlines() or [f"exit code {error.returncode}"])[0]
        raise AgentError(f"{program} could not build its agent: {reason[:200]}") from error
    except (OSError, subprocess.SubprocessError) as error:
        raise AgentError(f"its agent could not be built: {error}") from error
