"""Ticks landed workstreams in the plan's own text and leaves every other byte as it is.

Must not reformat: people and their tools own the text.
"""

import re
from collections.abc import Collection

from bot.core.model import Key
from bot.core.plan.reader import read_plan

_BOX = re.compile(r"^(?P<before>[\s>]*(?:[-*+]|\d{1,9}[.)]|#{1,6})\s+)\[ \](?=\s)")
_TICKED_BOX = re.compile(r"^[\s>]*(?:[-*+]|\d{1,9}[.)]|#{1,6})\s+\[[xX]\](?=\s)")
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")  # as the reader counts lines
_HEADING = re.compile(r"^ {0,3}#{1,6}\s+\S")
_CLOSING = re.compile(r"\s+#+\s*$")
MARK = " ✅"


def tick(body: str, keys: Collection[Key]) -> str:
    """Return the body with the workstreams of `keys` ticked: their checkbox, else a mark behind their heading.

    Everything else stays byte for byte, line ends too. Unknown keys change nothing; ticking twice changes nothing.
    """
    if not keys:
        return body
    lines = _LINE.findall(body)
    for stream in read_plan(body).workstreams:
        if stream.key in keys and 0 < stream.line <= len(lines):
            lines[stream.line - 1] = _ticked(lines[stream.line - 1])
    return "".join(lines)


def untick(body: str, keys: Collection[Key]) -> str:
    """Return the body with the ticks of `keys` taken back, the boxes and the marks alike; the rest stays as it is."""
    if not keys:
        return body
    lines = _LINE.findall(body)
    for stream in read_plan(body).workstreams:
        if stream.key in keys and 0 < stream.line <= len(lines):
            lines[stream.line - 1] = _unticked(lines[stream.line - 1])
    return "".join(lines)


def _unticked(line: str) -> str:
    text = line.rstrip("\r\n")
    end = line[len(text) :]
    box = _TICKED_BOX.match(text)
    if box:
        at = text.index("[", box.start())
        return f"{text[:at]}[ ]{text[at + 3 :]}{end}"
    return line.replace(MARK, "", 1) if _HEADING.match(text) else line


def _ticked(line: str) -> str:
    """Tick the box of a line; a heading without a box gets the mark behind its text."""
    text = line.rstrip("\r\n")
    end = line[len(text) :]
    box = _BOX.match(text)
    if box:
        return f"{box['before']}[x]{text[box.end() :]}{end}"
    if _TICKED_BOX.match(text) or not _HEADING.match(text) or MARK.strip() in text:
        return line
    closing = _CLOSING.search(text)
    at = closing.start() if closing else len(text.rstrip())
    return f"{text[:at]}{MARK}{text[at:]}{end}"
