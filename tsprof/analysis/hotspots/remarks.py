"""What stands out in a profile: work that a service seldom means to do for every request."""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from tsprof.analysis.hotspots.profiles import OUTSIDE
from tsprof.report import format as fmt
from tsprof.stacks import Frame, StackProfile

NOTABLE = 0.05
"""Share of the CPU time from which something is worth a sentence."""
LEAST_WEIGHT = 10.0
"""Samples that must have seen it: of the 16 samples of a service that idles, each is 6 %."""
MUCH_OUTSIDE = 0.4
"""Share of the CPU time without the GIL from which the picture leaves out too much."""
_OUTSIDE = (
    "of the CPU time is spent without the GIL, in system calls and in C code that lets go of it: "
    "tsprof flame --no-gil shows where"
)


@dataclass(frozen=True)
class _Matter:
    """Something that takes time."""

    files: re.Pattern[str]
    """Paths of the files that do it."""
    functions: re.Pattern[str]
    """Names of the functions in them."""
    words: str
    """What it is, after *goes into*."""
    advice: str = ""


def _matter(files: str, words: str, advice: str = "", functions: str = ".*") -> _Matter:
    return _Matter(re.compile(rf".*(?:{files})"), re.compile(functions), words, advice)


_MATTERS: Sequence[_Matter] = (
    _matter(
        r"/re/_(compiler|parser)\.py|/sre_(compile|parse)\.py|/regex/_regex_core\.py",
        "compiling regular expressions",
        "compile them once, at import",
    ),
    _matter(
        r"/jinja2/(lexer|parser|compiler|nodes|optimizer|idtracking)\.py",
        "compiling templates",
        "keep the compiled ones",
    ),
    _matter(
        r"<frozen importlib\._bootstrap(_external)?>",
        "importing modules",
        "import at the top of the module",
        functions="_find_and_load.*|_handle_fromlist|.*exec_module",
    ),
    _matter(r"/json/(__init__|encoder|decoder|scanner)\.py|/(ujson|orjson|simplejson)\b.*", "JSON"),
    _matter(r"/logging/(__init__|handlers|config)\.py|/(loguru|structlog)/.*", "logging"),
    _matter(r"/(traceback|linecache)\.py", "formatting tracebacks"),
    _matter(r"/copy\.py", "copying objects", functions=r".*deepcopy.*|copy|_reconstruct"),
    _matter(r"/_strptime\.py", "parsing dates", "datetime.fromisoformat is faster than strptime"),
    _matter(
        r"/(threading|queue|_weakrefset)\.py",
        "locks and queues",
        functions=r".*(acquire|release|__enter__|__exit__|wait|notify|put|get)",
    ),
    _matter(r"/(ssl|tlsv1)\.py|libssl\.so.*|libcrypto\.so.*", "TLS"),
    _matter(r".*", "the garbage collector", functions=r"_?(Py)?_?(gc|GC)_[cC]ollect.*"),
)


def remarks(profile: StackProfile) -> tuple[str, ...]:
    """Return a sentence for each thing that takes a notable part of the time, the most first.

    Args:
        profile: of any unit.
    """
    everything = profile.total
    if not everything:
        return ()
    weights: defaultdict[_Matter, float] = defaultdict(float)
    callers: defaultdict[tuple[_Matter, str], float] = defaultdict(float)
    found = [[m for m in _MATTERS if _does(frame, m)] for frame in profile.frames]
    for stack in profile.stacks:
        seen = set()
        for depth, place in enumerate(stack.frames):
            for matter in found[place]:
                if matter not in seen:
                    seen.add(matter)
                    weights[matter] += stack.weight
                    outer = [profile.frames[p] for p in stack.frames[:depth]]
                    callers[matter, _caller(outer)] += stack.weight
    least = max(NOTABLE * everything, LEAST_WEIGHT)
    notable = [matter for matter, weight in weights.items() if weight >= least]
    notable.sort(key=lambda matter: -weights[matter])
    outside = sum(s.weight for s in profile.stacks if profile.frames[s.frames[-1]] == OUTSIDE)
    without = (f"{fmt.percentage(outside / everything)} {_OUTSIDE}",)
    much = max(MUCH_OUTSIDE * everything, LEAST_WEIGHT)
    return (without if outside >= much else ()) + tuple(
        _sentence(matter, weights[matter] / everything, _main_caller(matter, callers))
        for matter in notable
    )


def _does(frame: Frame, matter: _Matter) -> bool:
    return bool(matter.files.fullmatch(frame.file) and matter.functions.fullmatch(frame.function))


def _caller(outer: Sequence[Frame]) -> str:
    """Name the innermost function of the application's, or of a dependency, among the callers."""
    for origin in ("application", "dependency"):
        for frame in reversed(outer):
            if frame.origin == origin and frame.file:
                return f"{frame.function} ({frame.file}:{frame.line})"
    return ""


def _main_caller(matter: _Matter, callers: dict[tuple[_Matter, str], float]) -> str:
    of = {caller: weight for (who, caller), weight in callers.items() if who is matter}
    return max(of, key=lambda caller: of[caller])


def _sentence(matter: _Matter, share: float, caller: str) -> str:
    called = f", mostly called by {caller}" if caller else ""
    advice = f": {matter.advice}" if matter.advice else ""
    return f"{fmt.percentage(share)} of the CPU time goes into {matter.words}{called}{advice}"
