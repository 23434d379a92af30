"""Reads the task list in a pull request's body, for the gate `acceptance`.

Must not change a body: plan/tick.py does that.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from markdown_it import MarkdownIt

from bot.core.blocks import block_parser

MAX_BODY = 65_536  # characters: GitHub's limit for a body
MAX_NESTING = 100  # the parser's default of 20 hides lists nested deeper than 10
MAX_ITEM = 500  # characters of an item that are read: it is only shown, and markup nested for pages takes seconds

_BOX = re.compile(r"\[([ xX])\](?=\s)")
_BLOCKS = block_parser(MAX_NESTING)
_INLINE = MarkdownIt("commonmark")


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One checkbox: its words without markup, and whether it is ticked."""

    text: str
    ticked: bool


@lru_cache(maxsize=128)  # every turn asks for the same bodies again
def all_tasks(body: str) -> tuple[Task, ...]:
    """Return the checkboxes of a body in its order; those in code, quotes and HTML are not the author's own tasks."""
    found: list[Task] = []
    quotes = 0
    fresh_item = False
    for token in _BLOCKS.parse(body[:MAX_BODY]):
        quotes += {"blockquote_open": 1, "blockquote_close": -1}.get(token.type, 0)
        if token.type == "inline" and fresh_item and not quotes and (box := _BOX.match(token.content)):
            found.append(Task(text=_words(token.content[box.end() : MAX_ITEM]), ticked=box.group(1) != " "))
        fresh_item = token.type == "list_item_open" or (fresh_item and token.type == "paragraph_open")
    return tuple(found)


def open_tasks(body: str) -> tuple[str, ...]:
    """Return the words of every checkbox that is not ticked, in the body's order."""
    return tuple(task.text for task in all_tasks(body) if not task.ticked)


def _words(item: str) -> str:
    """What is read of an item: its text and code, without links, emphasis and HTML."""
    return "".join(
        child.content if child.type in {"text", "code_inline"} else " " * child.type.endswith("break")
        for inline in _INLINE.parseInline(item.strip())
        for child in inline.children or ()
    )
