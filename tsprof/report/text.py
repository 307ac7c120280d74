"""Text from the target made harmless before any renderer sees it.

Names, paths, log lines and messages come from the program under test, which may be hostile or
merely broken. Each renderer still escapes for its own format; what no format should carry
(terminal escapes, control characters, reordering marks) goes here, once.
"""

import re
import unicodedata

from tsprof.report.model import Report

_TERMINAL_SEQUENCE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor movement
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)"  # OSC, DCS, ...
    r"|\x1b[ -/]*[0-~]"  # two-character escapes
)
_SPACE = re.compile(r"\s+")
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def clean(text: str, limit: int | None = None) -> str:
    """One printable line of at most ``limit`` characters.

    Terminal sequences, control and formatting characters (bidirectional overrides among them)
    are dropped, any run of white space becomes one space, and what cannot be encoded as UTF-8
    or written in XML becomes U+FFFD. A text that is too long loses its middle, because the
    start and the end of a path or a sentence say most.
    """
    if not (text.isascii() and text.isprintable()):
        text = _TERMINAL_SEQUENCE.sub("", text)
        text = "".join(map(_printable, text))
    text = _SPACE.sub(" ", text).strip()
    if limit is None or len(text) <= limit:
        return text
    tail = max(limit - 3, 0) // 2
    return f"{text[: max(limit - 3, 0) - tail]}...{text[len(text) - tail :]}"


def _printable(character: str) -> str:
    category = unicodedata.category(character)
    if character.isspace() or category in {"Zl", "Zp"}:
        return " "
    if category in {"Cc", "Cf"}:
        return ""
    # Surrogates, and the code points that Unicode reserves as non-characters (U+FFFE, U+FFFF).
    if category == "Cs" or ord(character) & 0xFFFE == 0xFFFE:  # noqa: PLR2004
        return _REPLACEMENT
    return character


def encodable(text: str, encoding: str) -> str:
    r"""The text with ``\N{...}`` in place of each character that the encoding does not have."""
    return text if text.isascii() else text.encode(encoding, "namereplace").decode(encoding)


def printable(report: Report, *, limit: int | None = None, encoding: str = "utf-8") -> Report:
    r"""The report with every text in it cleaned.

    Args:
        report: as the run left it.
        limit: the longest text that the renderer wants, in characters.
        encoding: of the stream that the text goes to; what it cannot hold is written as
            ``\N{...}`` escapes rather than failing half-way.

    Returns:
        A new report; numbers are untouched.
    """

    def tidy(value: object) -> object:
        if isinstance(value, str):
            return encodable(clean(value, limit), encoding)
        if isinstance(value, dict):
            return {str(tidy(str(key))): tidy(item) for key, item in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [tidy(item) for item in value]
        return value

    return Report.model_validate(tidy(report.model_dump(by_alias=True)))
