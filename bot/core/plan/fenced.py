"""Opens the code blocks that hold drafts of issues: "## Issue 1: Title", then the text of the issue in a markdown fence.

Comes before the blocks, on the text, and keeps every line at its number. Must not open any other code block: a template or
a prompt in a fence is no part of the plan.
"""

import re

from bot.core.plan.keys import name_of
from bot.core.plan.vocabulary import UNITS

_OPEN = re.compile(r"^(?P<ticks>`{3,10}|~{3,10})[ \t]*(?P<info>[\w+-]{0,30})")
_HEADING = re.compile(r"^(?P<marks>#{1,6})[ \t]+(?P<title>\S.*)$")
_MARKDOWN = frozenset({"markdown", "md"})
_DEEPEST = 6  # levels of headings


def unfenced(text: str) -> str:
    """Return the text with drafts of issues as plain markdown, their headings one level below the issue's heading.

    A fence inside a draft closes it for the markdown parser; here fences with a language nest. The number of lines stays.
    """
    lines = text.split("\n")
    if not any(info in text for info in ("```m", "~~~m", "``` m")):
        return text
    level, holds, position = 0, False, 0
    while position < len(lines):
        fence = _OPEN.match(lines[position])
        if fence is None:
            heading = _HEADING.match(lines[position])
            if heading is not None:
                level, holds = len(heading["marks"]), _is_unit(heading["title"])
            position += 1
            continue
        markdown = fence["info"].lower() in _MARKDOWN
        end = _end(lines, position, fence["ticks"], nests=markdown)
        if end is None:
            break
        if markdown and (holds or _begins_issue(lines, position, end)):
            _open_up(lines, position, end, level if holds else 0)
        position = end + 1
    return "\n".join(lines)


def _is_unit(title: str) -> bool:
    named = name_of(title)
    return named is not None and named.word in UNITS


def _begins_issue(lines: list[str], start: int, end: int) -> bool:
    """Say whether the draft begins with the heading of an issue: "### Issue 1: Title"."""
    first = next((each for each in lines[start + 1 : end] if each.strip()), "")
    heading = _HEADING.match(first)
    named = name_of(heading["title"]) if heading else None
    return named is not None and named.word in {"issue", "ticket"}


def _end(lines: list[str], start: int, ticks: str, *, nests: bool) -> int | None:
    """Return the line that closes the fence of line `start`, None if none does."""
    depth = 0
    for position in range(start + 1, len(lines)):
        fence = _OPEN.match(lines[position])
        if fence is None or fence["ticks"][0] != ticks[0] or len(fence["ticks"]) < len(ticks):
            continue
        if fence["info"]:
            depth += nests
        elif depth == 0:
            return position
        else:
            depth -= 1
    return None


def _open_up(lines: list[str], start: int, end: int, level: int) -> None:
    lines[start] = lines[end] = ""
    inside: str | None = None  # the marks of a fence inside the draft
    for position in range(start + 1, end):
        fence = _OPEN.match(lines[position])
        if fence is not None:
            inside = fence["ticks"] if inside is None else None
        heading = _HEADING.match(lines[position]) if inside is None else None
        if heading is not None:
            marks = "#" * min(_DEEPEST, level + len(heading["marks"]))
            lines[position] = f"{marks} {heading['title']}"
