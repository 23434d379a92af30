"""Finds units of work that only a code block lists: "Task 2: api (depends on 1)", lines of a tree or of a drawing.

Used by candidates.py on one code block. Must not read arrows; order.py and needs.py do.
"""

import re
from collections.abc import Iterator

from bot.core.plan.inline import Text
from bot.core.plan.keys import Named, name_of
from bot.core.plan.markdown import Fence
from bot.core.plan.vocabulary import UNITS

_LANGUAGES = frozenset({"", "text", "txt", "plain", "plaintext", "ascii", "none"})
_STROKES = re.compile(r"^[\s│├└┌┐┘┤┬┴┼─━┃╭╰║╠╚╔═|+`>*•→▶▼↓-]+")
_BEHIND = re.compile(r"[\s│┃║|┐┘┤]+$")
_REMARKS = re.compile(r"\s*\([^()]{0,300}\)")
_ARROW = re.compile(r"[→▶⟶←]|-+>|<-|=>")


def listed_in(fence: Fence) -> Iterator[tuple[Named, str, Text]]:
    """Yield (name, title, the line without strokes) for each line of a code block that says "Task 1: title"."""
    if fence.info.strip().lower() not in _LANGUAGES:
        return
    for line in fence.lines:
        raw = _BEHIND.sub("", _STROKES.sub("", line.raw[:1000]))
        named = name_of(raw)
        if named is None or named.word not in UNITS or _ARROW.search(named.title):
            continue
        title = _REMARKS.sub("", named.title).strip()
        if title:
            yield named, title, Text(raw, line.line)
