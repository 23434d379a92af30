"""Repairs a text before it is read: double-encoded characters, line ends, control characters. The first step of the reader.

Must keep every line where it is: problems, ticks and provenance speak in the line numbers of the issue.
"""

import ftfy
from ftfy.badness import is_bad

_CONFIG = ftfy.TextFixerConfig(explain=False)
MAX_LINE = 2000  # characters; a longer line is no sentence that somebody saved in the wrong encoding


def repaired(text: str) -> tuple[str, int]:
    """Return the text with LF line ends, without NUL and byte order mark, and with mojibake such as "â†’" undone.

    The number is the 1-based line where mojibake was undone first, 0 if nowhere. A line is changed only where `ftfy` finds an
    unlikely run of characters in it that decodes to a likely one.
    """
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").replace("\x00", " ").split("\n")
    mended = [_line(each) for each in lines]
    first = next((n for n, (one, other) in enumerate(zip(lines, mended, strict=True), 1) if one != other), 0)
    return "\n".join(mended), first


def _line(line: str) -> str:
    if line.isascii() or len(line) > MAX_LINE or not is_bad(line):
        return line
    return " ".join(ftfy.fix_encoding(line, _CONFIG).splitlines())
