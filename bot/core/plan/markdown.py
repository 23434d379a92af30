"""Blocks of a markdown text, every one with its line: the first step of the plan reader.

Turns a text into a tree of sections that hold paragraphs, lists, tables and fences. Must not know what a plan is.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from markdown_it.token import Token

from bot.core.blocks import block_parser
from bot.core.plan.inline import Text, drop_comments

MAX_NESTING = 100  # the parser's default of 20 hides lists nested deeper than 10
_FRONT_MATTER = re.compile(r"\A---\n(?:[^\n]*\n){1,60}?---(?:\n|\Z)")
_CHECKBOX = re.compile(r"\[([ xX])\](?=\s|$)\s*")
_TAG = re.compile(r"</?[A-Za-z][^<>]{0,300}>")
_BLOCKS = block_parser(MAX_NESTING)  # inline.py reads the lines
_WITHOUT_HTML = block_parser(MAX_NESTING, html=False)


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A run of text lines."""

    lines: tuple[Text, ...]

    @property
    def line(self) -> int:
        """Its first line."""
        return self.lines[0].line


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a list: its own text and what is nested in it."""

    lines: tuple[Text, ...]
    blocks: tuple["Block", ...]
    line: int
    checked: bool | None = None  # None = it has no checkbox
    number: int | None = None  # None = a bullet

    @property
    def text(self) -> Text:
        """Its own text as one line."""
        return Text(" ".join(each.raw for each in self.lines), self.line)


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    items: tuple[Item, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table."""

    cells: tuple[Text, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Table:
    """A table; every row has as many cells as the header."""

    header: tuple[Text, ...]
    rows: tuple[Row, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Fence:
    """A code block, fenced or indented; `lines` holds the code with its line numbers."""

    info: str
    lines: tuple[Text, ...]
    line: int


Block = Paragraph | Items | Table | Fence


def unlazy(block: Items, begins: Callable[[Text], bool]) -> Iterator[Items | Paragraph]:
    """Cut lines off the items of a list from the first that `begins` something of its own.

    Without a blank line between, markdown takes such a line for more of the item's text.
    """
    items: list[Item] = []
    for item in block.items:
        at = next((n for n, text in enumerate(item.lines) if n and begins(text)), None)
        items.append(item if at is None else replace(item, lines=item.lines[:at]))
        if at is not None:
            yield Items(tuple(items), block.line)
            yield Paragraph(item.lines[at:])
            items = []
    if items:
        yield Items(tuple(items), block.line)


@dataclass(slots=True)
class Section:
    """A heading with everything up to the next heading of its level. Level 0 is the whole text."""

    level: int
    title: Text
    blocks: list[Block] = field(default_factory=list)
    children: list["Section"] = field(default_factory=list)
    parent: "Section | None" = None

    @property
    def line(self) -> int:
        """The line of its heading."""
        return self.title.line

    def walk(self) -> Iterator["Section"]:
        """Yield it and every section below it, in the order of the text."""
        waiting = [self]
        while waiting:
            section = waiting.pop()
            yield section
            waiting.extend(reversed(section.children))

    def ancestors(self) -> Iterator["Section"]:
        """Yield the sections around it, the nearest first, the whole text last."""
        above = self.parent
        while above is not None:
            yield above
            above = above.parent


def parse(text: str) -> Section:
    """Return the tree of sections. Never raises; time grows linearly with the length of the text."""
    source = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", " ")
    matter = _FRONT_MATTER.match(source)
    if (
        matter is not None
    ):  # the head of a template file; a text may begin with a rule, but not close it with a key between
        head = matter[0]
        source = "\n" * head.count("\n") + source[matter.end() :] if ": " in head else source
    return _parse(source, 1, read_html=True)


def _parse(text: str, first_line: int, *, read_html: bool) -> Section:
    tokens = (_BLOCKS if read_html else _WITHOUT_HTML).parse(text)
    root = Section(0, Text("", 0))
    current = root
    reader = _Reader(tokens, first_line - 1)
    while not reader.at_end:
        if reader.peek().type == "heading_open":
            level, title = reader.heading()
            while current.level >= level and current.parent is not None:
                current = current.parent
            current.children.append(Section(level, title, parent=current))
            current = current.children[-1]
        else:
            current.blocks.extend(reader.block())
    return root


class _Reader:
    """Walks the parser's flat tokens and builds blocks."""

    def __init__(self, tokens: Sequence[Token], offset: int) -> None:
        self._tokens = tokens
        self._offset = offset
        self._at = 0

    @property
    def at_end(self) -> bool:
        return self._at >= len(self._tokens)

    def peek(self) -> Token:
        return self._tokens[self._at]

    def _next(self) -> Token:
        self._at += 1
        return self._tokens[self._at - 1]

    def _line(self, token: Token) -> int:
        return (token.map[0] if token.map else 0) + 1 + self._offset

    def heading(self) -> tuple[int, Text]:
        opening = self._next()
        content = self._next()
        self._next()
        return int(opening.tag[1:]), Text(
            drop_comments(content.content).replace("\n", " ").strip(), self._line(opening)
        )

    def block(self) -> list[Block]:
        """Read one block; a quote or HTML yields the blocks inside it."""
        token = self._next()
        match token.type:
            case "paragraph_open":
                lines = self._text_lines(self._next())
                self._next()
                return [Paragraph(lines)] if lines else []
            case "bullet_list_open" | "ordered_list_open":
                return [self._items(token)]
            case "table_open":
                return [self._table(token)]
            case "fence" | "code_block":
                return [self._fence(token)]
            case "html_block":
                return self._html(token)
            case "blockquote_open":
                return self._until("blockquote_close")
            case "heading_open":  # a heading inside a quote or an item is no section: read as a bold line
                content = self._next()
                self._next()
                title = drop_comments(content.content).replace("\n", " ").strip()
                return [Paragraph((Text(f"**{title}**", self._line(token)),))] if title else []
            case _:
                return []

    def _until(self, closing: str) -> list[Block]:
        blocks: list[Block] = []
        while self.peek().type != closing:
            blocks.extend(self.block())
        self._next()
        return blocks

    def _text_lines(self, inline: Token) -> tuple[Text, ...]:
        first = self._line(inline)
        lines = drop_comments(inline.content).split("\n")
        return tuple(Text(each.strip(), first + n) for n, each in enumerate(lines) if each.strip())

    def _items(self, opening: Token) -> Items:
        closing = opening.type.replace("open", "close")
        items = []
        while self.peek().type != closing:
            items.append(self._item(self._next(), ordered=opening.type.startswith("ordered")))
        self._next()
        return Items(tuple(items), self._line(opening))

    def _item(self, opening: Token, *, ordered: bool) -> Item:
        blocks = self._until("list_item_close")
        lines: tuple[Text, ...] = ()
        if blocks and isinstance(blocks[0], Paragraph):
            lines = blocks[0].lines
            blocks = blocks[1:]
        checked = None
        if lines and (box := _CHECKBOX.match(lines[0].raw)):
            checked = box[1] != " "
            lines = (Text(lines[0].raw[box.end() :], lines[0].line), *lines[1:])
        number = int(opening.info) if ordered and opening.info.isdecimal() else None
        return Item(lines, tuple(blocks), self._line(opening), checked, number)

    def _table(self, opening: Token) -> Table:
        rows: list[Row] = []
        cells: list[Text] = []
        line = self._line(opening)
        while (token := self._next()).type != "table_close":
            if token.type == "tr_open":
                line, cells = self._line(token), []
            elif token.type == "inline":
                cells.append(Text(drop_comments(token.content).strip(), line))
            elif token.type == "tr_close":
                rows.append(Row(tuple(cells), line))
        return Table(rows[0].cells, tuple(rows[1:]), self._line(opening))

    def _fence(self, token: Token) -> Fence:
        first = self._line(token) + (token.type == "fence")
        lines = token.content.rstrip("\n").split("\n")
        return Fence(
            token.info.strip().lower(), tuple(Text(each, first + n) for n, each in enumerate(lines)), self._line(token)
        )

    def _html(self, token: Token) -> list[Block]:
        """Read what stands between the tags as markdown, as `<details>` holds it; comments are no text."""
        bare = _TAG.sub("", drop_comments(token.content))
        if not bare.strip() or bare == token.content:
            return []
        inner = _parse(bare, self._line(token), read_html=False)  # one level only, so that tags in tags stay linear
        return [block for section in inner.walk() for block in section.blocks]
