"""Finds the slash commands in a comment: only what its author wrote, in the open and first on a line, counts.

Must not know which commands there are; an unknown one is answered by fold.py.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.token import Token

from bot.core.blocks import block_parser
from bot.core.redaction import without_secrets

MAX_COMMANDS = 10  # of one comment; what comes after is not read
MAX_BODY = 65_536  # characters: GitHub's limit for a comment
MAX_TEXT = 500  # characters of a command's line that are kept
MAX_VERB = 50  # characters
MAX_NESTING = 20  # of quotes and lists; what is deeper in them is no command in any case

_COMMAND = re.compile(r"^ {0,3}/(?:signalbox|sb)(?:[ \t]+(?P<rest>.*))?$", re.IGNORECASE)
_HTML_TAG = re.compile(r"<(/?)(details|blockquote|table|div|ul|ol|dl)\b", re.IGNORECASE)
_MARK, _MARK_END = "\ue000", "\ue001"  # around a candidate's number; private characters that mean nothing elsewhere
_MARKED = re.compile(f"^{_MARK}(\\d+){_MARK_END}")

_BLOCKS = block_parser(MAX_NESTING, most_tokens=0.5)  # a table holds no command, so that it may well end early
# Emphasis, links and images need not be told apart to see where code and HTML are; without them it takes linear time.
_INLINE = MarkdownIt("zero").enable(["newline", "escape", "backticks", "html_inline"])
_INLINE.options["html"] = True
_INLINE.parseInline("-")  # as in blocks.py, for deliveries are read by a thread of their own


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedCommand:
    """One command as it was typed."""

    line: int  # 1-based line of the comment
    verb: str  # lower case; "help" where nothing stands behind "/signalbox"
    words: tuple[str, ...]  # what stands behind the verb
    text: str  # the whole line without secrets, at most MAX_TEXT characters


def commands_in(body: str) -> tuple[TypedCommand, ...]:
    """Return the commands of a new comment, in their order, MAX_COMMANDS at most.

    What stands in code, quotes, lists, tables, HTML or comments of HTML is quoted or hidden, so it is no command.
    """
    body = body[:MAX_BODY]
    if re.search(r"/s(?:b|ignalbox)\b", body, re.IGNORECASE) is None:
        return ()
    found: list[TypedCommand] = []
    for first_line, content in _texts(_BLOCKS.parse(body)):
        found.extend(_read(first_line, content))
        if len(found) >= MAX_COMMANDS:
            break
    return tuple(found[:MAX_COMMANDS])


def _texts(tokens: list[Token]) -> Iterator[tuple[int, str]]:
    """The text of every paragraph at the top, with the number of its first line.

    A line of dashes below a paragraph makes it a heading, as a signature may do by accident; it counts as well.
    """
    inside_html = 0
    for before, token in pairwise(tokens):
        if before.type == "html_block":
            for closing, _ in _HTML_TAG.findall(before.content):
                inside_html = max(0, inside_html + (-1 if closing else 1))
        underlined = before.type == "heading_open" and before.markup in {"-", "="}
        top = before.level == 0 and (before.type == "paragraph_open" or underlined)
        if top and token.type == "inline" and token.map is not None and not inside_html:
            yield token.map[0] + 1, token.content


def _read(first_line: int, content: str) -> Iterator[TypedCommand]:
    lines = content.replace(_MARK, "").replace(_MARK_END, "").split("\n")
    candidates = {index: found for index, line in enumerate(lines) if (found := _COMMAND.match(line)) is not None}
    for index in _in_the_open(lines, set(candidates)):
        words = without_secrets(candidates[index]["rest"] or "").split()
        yield TypedCommand(
            line=first_line + index,
            verb=words[0].lower()[:MAX_VERB] if words else "help",
            words=tuple(words[1:]),
            text=without_secrets(lines[index].strip())[:MAX_TEXT],
        )


def _in_the_open(lines: list[str], candidates: set[int]) -> Iterator[int]:
    """Those of the candidates that no code span or tag, opened in an earlier line, swallows."""
    if not candidates:
        return
    marked = (f"{_MARK}{index}{_MARK_END}{line.lstrip()}" if index in candidates else line
              for index, line in enumerate(lines))  # fmt: skip
    previous = "softbreak"
    for token in _INLINE.parseInline("\n".join(marked))[0].children or ():
        found = _MARKED.match(token.content) if token.type == "text" and previous.endswith("break") else None
        if found is not None:
            yield int(found.group(1))
        previous = token.type
