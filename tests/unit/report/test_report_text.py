import unicodedata

import pytest
from report_builder import HOSTILE, failing, hostile

from tsprof.report.text import clean, encodable, printable


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        ("app.py", "app.py"),
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x9b31mred\x9b0m", "red"),
        ("\x1b]0;new title\x07text", "text"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1bPdevice\x1b\\text", "text"),
        ("\x1b(Btext", "text"),
        ("cut \x1b", "cut"),
        ("cut \x1b[", "cut"),
        ("cut \x1b]0;no end", "cut 0;no end"),
        ("a\r\nb\tc\u2028d\u00a0e\x0bf\x85g", "a b c d e f g"),
        ("  padded  ", "padded"),
        ("bell\x07 nul\x00 del\x7f", "bell nul del"),
        ("\u202eevil\u202c \u2066x\u2069 \u200b\ufeff", "evil x"),
        ("\U000e0041tagged", "tagged"),
        ("bad\udc80byte", "bad\ufffdbyte"),
        ("non\uffffcharacter\ufffe", "non\ufffdcharacter\ufffd"),
        ("Grüße 日本 🎉", "Grüße 日本 🎉"),
        ("[red]<b>|`", "[red]<b>|`"),
    ],
)
def test_clean(raw: str, cleaned: str) -> None:
    assert clean(raw) == cleaned


def test_a_long_text_keeps_its_start_and_its_end() -> None:
    text = clean("/srv/" + "x" * 10_000 + "/app.py", 40)
    assert len(text) == 40
    assert text.startswith("/srv/x")
    assert text.endswith("x/app.py")
    assert "..." in text


def test_every_string_of_a_report_is_cleaned() -> None:
    def strings(value: object) -> list[str]:
        if isinstance(value, str):
            return [value]
        if isinstance(value, dict):
            return [text for item in value.items() for part in item for text in strings(part)]
        if isinstance(value, list | tuple):
            return [text for item in value for text in strings(item)]
        return []

    texts = strings(printable(hostile()).model_dump())
    assert sum("<script>" in text for text in texts) > 30, "the hostile text is everywhere"
    for text in texts:
        assert {unicodedata.category(character) for character in text}.isdisjoint(
            {"Cc", "Cf", "Cs", "Zl", "Zp"}
        ), text


def test_numbers_survive_cleaning() -> None:
    report = failing()
    assert printable(report) == report


def test_what_a_stream_cannot_hold_is_spelled_out() -> None:
    assert encodable("é|x", "ascii") == r"\N{LATIN SMALL LETTER E WITH ACUTE}|x"
    assert encodable("é|x", "utf-8") == "é|x"
    assert printable(hostile("é"), encoding="ascii").notes[0].isascii()


def test_the_hostile_text_is_hostile() -> None:
    assert clean(HOSTILE) != HOSTILE
