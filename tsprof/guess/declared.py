"""How a project says that it is started: Procfile, Dockerfile, ``gunicorn.conf.py``."""

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tsprof.guess.project import text_of

_SEPARATORS = frozenset({"&&", ";", "||", "|"})
_WRAPPERS = (
    ("poetry", "run"),
    ("uv", "run"),
    ("pipenv", "run"),
    ("pdm", "run"),
    ("hatch", "run"),
    ("tini", "--"),
    ("/sbin/tini", "--"),
    ("/usr/bin/tini", "--"),
    ("dumb-init", "--"),
    ("dumb-init",),
    ("exec",),
)
_SHELLS = frozenset({"sh", "bash", "/bin/sh", "/bin/bash", "ash"})
_VARIABLE = re.compile(r"\$\{(\w+)(?::?-([^}]*))?\}|\$\(?(\w+)\)?")
_RELOADERS = frozenset({"FLASK_DEBUG", "FLASK_ENV", "UVICORN_RELOAD", "DEBUG"})


@dataclass(frozen=True, kw_only=True)
class Declared:
    """A command that a file of the project names."""

    words: tuple[str, ...]
    """With ``{port}`` for the port variable."""
    source: str
    """Where it stands, such as ``Procfile, web``."""
    env: Mapping[str, str] = field(default_factory=dict)
    """Variables that were set in front of it."""
    left_out: tuple[str, ...] = ()
    """What of it could not be used without a shell."""


def declared_commands(directory: Path) -> list[Declared]:
    """Return the commands that the project names, the most telling first."""
    found = [*_procfile(directory), *_dockerfile(directory)]
    return [command for command in found if command.words]


def _procfile(directory: Path) -> Iterator[Declared]:
    for line in text_of(directory / "Procfile").splitlines():
        name, colon, command = line.partition(":")
        if colon and name.strip() == "web" and command.strip():
            yield parse_command(command, "Procfile, web")


def _dockerfile(directory: Path) -> Iterator[Declared]:
    """The command of the last stage: ENTRYPOINT with CMD as its arguments, or CMD alone."""
    instructions: dict[str, str] = {}
    text = re.sub(r"\\\s*\n", " ", text_of(directory / "Dockerfile"))
    for line in text.splitlines():
        word, _, rest = line.strip().partition(" ")
        if word.upper() == "FROM":
            instructions = {}
        elif word.upper() in {"CMD", "ENTRYPOINT"}:
            instructions[word.upper()] = rest.strip()
    entrypoint, command = (_docker_words(instructions.get(k, "")) for k in ("ENTRYPOINT", "CMD"))
    if entrypoint and command:
        yield parse_command(f"{entrypoint} {command}", "Dockerfile, ENTRYPOINT and CMD")
    for name, line in (("CMD", command), ("ENTRYPOINT", entrypoint)):
        if line:
            yield parse_command(line, f"Dockerfile, {name}")


def _docker_words(text: str) -> str:
    """One command line from an instruction, in its JSON form or its shell form."""
    if not text.startswith("["):
        return text
    try:
        words = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        return ""
    # Quoted, except that a variable must stay one.
    return " ".join(
        word if "$" in word and " " not in word else shlex.quote(word) for word in words
    )


def parse_command(line: str, source: str) -> Declared:
    """Read a command line that was written for a shell.

    Args:
        line: such as ``migrate && exec gunicorn -b 0.0.0.0:${PORT:-80} shop:app``.
        source: where it stands.

    Returns:
        The last command in it, without wrappers, its variables replaced; no words when it is not
        a plain command.
    """
    try:
        words = shlex.split(line, comments=True)
    except ValueError:
        return Declared(words=(), source=source)
    left_out = []
    for position, word in reversed(list(enumerate(words))):
        if word in _SEPARATORS or word.endswith(";"):
            left_out.append(" ".join(words[: position + (word not in _SEPARATORS)]).rstrip(";"))
            words = words[position + 1 :]
            break
    env = {}
    while words:
        variable = re.fullmatch(r"([A-Za-z_]\w*)=(.*)", words[0], re.DOTALL)
        wrapper = next((w for w in _WRAPPERS if tuple(words[: len(w)]) == w), None)
        if variable and variable[1] not in _RELOADERS:
            env[variable[1]] = _with_port(variable[2])
        if variable or wrapper:
            words = words[len(wrapper) if wrapper else 1 :]
        elif words[0] in _SHELLS and len(words) > 2 and words[1] in {"-c", "-ec", "-lc"}:  # noqa: PLR2004 - shell, option, script
            return parse_command(words[2], source)
        else:
            break
    kept, dropped = _without_variables([_with_port(word) for word in words])
    usable = {name: value for name, value in env.items() if "$" not in value}
    return Declared(words=kept, source=source, env=usable, left_out=(*left_out, *dropped))


def _with_port(word: str) -> str:
    """A word with the port variable and defaults filled in; other variables stay."""

    def value(match: re.Match[str]) -> str:
        name = match[1] or match[3]
        if "PORT" in name.upper():
            return "{port}"
        return match[2] if match[2] is not None else match[0]

    return _VARIABLE.sub(value, word)


def _without_variables(words: list[str]) -> tuple[tuple[str, ...], list[str]]:
    """The words without options whose value only a shell knows; no words if others use one."""
    kept: list[str] = []
    dropped: list[str] = []
    for word in words:
        if "$" not in word:
            kept.append(word)
        elif word.startswith("--") and "=" in word:
            dropped.append(word)
        elif len(kept) > 1 and kept[-1].startswith("-"):
            dropped.append(f"{kept.pop()} {word}")
        else:
            return (), [*dropped, word]
    return tuple(kept), dropped
