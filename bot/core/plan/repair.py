"""Repairs a text before it is read: double-encoded characters, line ends, control characters. The first step of the reader.

Must keep every line where it is: problems, ticks and provenance speak in the line numbers of the issue.
"""

import re

import ftfy
from ftfy.badness import is_bad

_LINE_END = re.compile(r"\r\n|\r|\n")
_CONFIG = ftfy.TextFixerConfig(explain=False)
MAX_LINE = 2000  # characters; a longer line is no sentence that somebody saved in the wrong encoding


def repaired(text: str) -> str:
    """Return the text with LF line ends, without NUL and byte order mark, and with mojibake such as "â†’" undone.

    A line is changed only where `ftfy` finds an unlikely run of characters in it that decodes to a likely one.
    """
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").replace("\x00", " ").split("\n")
    return "\n".join(_line(each) for each in lines)


def first_garbled(text: str, repaired_text: str) -> int:
    """Return the 1-based number of the first line in which mojibake was undone, 0 if there is none."""
    pairs = zip(_LINE_END.split(text), repaired_text.split("\n"), strict=False)
    return next((n for n, (one, other) in enumerate(pairs, 1) if not one.isascii() and _line(one) == other != one), 0)


def _line(line: str) -> str:
    if line.isascii() or len(line) > MAX_LINE or not is_bad(line):
        return line
    return " ".join(ftfy.fix_encoding(line, _CONFIG).splitlines())
