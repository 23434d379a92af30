"""Cuts what stands below a candidate into labelled entries: `**Files:** a`, `- Files:` lists, sub-headings, cells.

Must not read the values; fields.py does.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from bot.core.plan.draft import Candidate, Said
from bot.core.plan.inline import Text, label_of, without_code
from bot.core.plan.keys import name_of
from bot.core.plan.markdown import Block, Fence, Item, Items, Paragraph, Section, Table, unlazy
from bot.core.plan.paths import paths_in
from bot.core.plan.vocabulary import AFTER_WORDS, Field, field_of

_REMARK_FIELD = re.compile(
    r"^(?P<label>needs|depends on|requires|blocked by|after|branch|base|files)\s*:?\s+(?P<rest>\S.*)$", re.IGNORECASE
)
_SENTENCE = re.compile(r"[^\W\d_a-z][\w'’]*(?:\s+[\w'’,-]+){2}")  # a capital word and two more words
_NEED = re.compile(rf"(?:{'|'.join(re.escape(each) for each in AFTER_WORDS)})\s", re.IGNORECASE)
_NEXT_LABEL = re.compile(r"\s[·•|—–;]\s(?=\*\*[^*]{1,60}\*\*)|\s[·•|—–;]\s(?=__[^_]{1,60}__)")
_STOP = re.compile(r"(?<=[`\w)])[.;]\s+")
_TOLD_BRANCH = re.compile(
    r"^\W{0,3}(?:(?:works?|lives?|is|goes)\s)?(?:on\s)?(?:the\s)?(?P<branch>branch):?\s(?P<value>`)", re.IGNORECASE
)
_TOLD_FILES = re.compile(
    r"^\W{0,3}(?:it\s)?(?:owns|touches|edits|modifies|changes|works in|may edit|may touch)\s(?:only\s)?(?P<value>\S)",
    re.IGNORECASE,
)
_PARENTHESES = re.compile(r"\(([^()]{1,300})\)")


@dataclass(slots=True)
class Entry:
    """A labelled piece: `kind` None = a label that is not known, or text without a label."""

    kind: Field | None
    label: str
    line: int
    texts: list[Text] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)

    def rows(self) -> Iterator[tuple[Text, int]]:
        """Yield every text of it with its depth: 0 its own text and top items, 1 and more what is nested."""
        for text in self.texts:
            yield text, 0
        yield from _rows(self.blocks, 0)

    def fences(self) -> Iterator[Fence]:
        """Yield the code blocks in it."""
        yield from _fences(self.blocks)

    def items(self) -> Iterator[Item]:
        """Yield its list items, nested ones too."""
        yield from _items(self.blocks)


def _rows(blocks: Iterable[Block], depth: int) -> Iterator[tuple[Text, int]]:
    for block in blocks:
        if isinstance(block, Paragraph):
            for text in block.lines:
                yield text, depth
        elif isinstance(block, Items):
            for item in block.items:
                if item.lines:
                    yield item.text, depth
                yield from _rows(item.blocks, depth + 1)
        elif isinstance(block, Table):
            for row in block.rows:
                for cell in row.cells[:1]:
                    yield cell, depth


def _fences(blocks: Iterable[Block]) -> Iterator[Fence]:
    for block in blocks:
        if isinstance(block, Fence):
            yield block
        elif isinstance(block, Items):
            for item in block.items:
                yield from _fences(item.blocks)


def _items(blocks: Iterable[Block]) -> Iterator[Item]:
    for block in blocks:
        if isinstance(block, Items):
            for item in block.items:
                yield item
                yield from _items(item.blocks)


def said(entry: Entry, depth: int = 0) -> list[Said]:
    """Return the texts of an entry down to a depth, as markdown inline text."""
    return [Said(text.raw, text.line) for text, at in entry.rows() if at <= depth and text.raw]


class _Cutter:
    """Collects entries block by block; `current` is the entry that following blocks belong to."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.current: Entry | None = None

    def open(self, kind: Field | None, label: str, rest: Text, blocks: Iterable[Block] = ()) -> Entry:
        entry = Entry(kind, label, rest.line, [rest] if rest.raw else [], list(blocks))
        self.entries.append(entry)
        return entry

    def paragraph(self, block: Paragraph) -> None:
        for n, text in enumerate(part for each in block.lines for part in _labels_apart(each)):
            label = label_of(text)
            kind = field_of(label.name) if label else None
            if label and (label.strong or kind is not None):
                self.current = self.open(kind, label.name, label.rest)
            elif self._ends(text, first=n == 0):
                self.current = None
                self.open(None, "", text)
            elif self.current is not None:
                self.current.texts.append(text)
            else:
                self.open(None, "", text)

    def _ends(self, text: Text, *, first: bool) -> bool:
        if self.current is None:
            return first
        return bool(self.current.texts or self.current.blocks) if first else _ends(self.current, text)

    def items(self, block: Items) -> None:
        fresh = self.current is not None and not self.current.texts
        labelled = [self._label(item) for item in block.items]
        if (fresh and self.current and self.current.kind is not None) or not any(labelled):
            self.attach(block)
            return
        for item, label in zip(block.items, labelled, strict=True):
            if label is None:
                self.open(None, "", item.text, item.blocks)
            else:
                kind, name, rest = label
                self.open(kind, name, rest, item.blocks)
        self.current = None

    @staticmethod
    def _label(item: Item) -> tuple[Field, str, Text] | None:
        if not item.lines or item.checked is not None:
            return None
        label = label_of(item.text)
        name, rest = (label.name, label.rest) if label else (item.text.plain.rstrip(":"), Text("", item.line))
        kind = field_of(name)
        if kind is None or (label is None and (not item.blocks or len(name) > 40)):
            return None
        return kind, name, rest

    def table(self, block: Table) -> None:
        kinds = [field_of(row.cells[0].plain) if len(row.cells) == 2 else None for row in block.rows]
        if self.current is not None or not any(kinds):
            self.attach(block)
            return
        for row, kind in zip(block.rows, kinds, strict=True):
            self.open(kind, row.cells[0].plain, row.cells[1])

    def attach(self, block: Block) -> None:
        if self.current is not None:
            self.current.blocks.append(block)
        else:
            self.entries.append(Entry(None, "", block.line, blocks=[block]))


def _labels_apart(text: Text) -> list[Text]:
    """Cut "**Milestone:** 3 · **Depends:** B" before every bold label behind a divider."""
    return [Text(each, text.line) for each in _NEXT_LABEL.split(text.raw)]


def _ends(entry: Entry, text: Text) -> bool:
    """Say whether the next line of the paragraph is a sentence of its own and no more of a one-line value."""
    if not entry.texts or entry.kind not in {Field.BRANCH, Field.BASE, Field.FILES}:
        return False
    if entry.kind is not Field.FILES:
        return True
    return not entry.texts[-1].raw.rstrip().endswith(",") and bool(_SENTENCE.match(text.raw) or _NEED.match(text.raw))


def _is_field(text: Text) -> bool:
    label = label_of(text)
    return label is not None and field_of(label.name) is not None


def cut(blocks: Iterable[Block]) -> list[Entry]:
    """Return the entries of a run of blocks."""
    cutter = _Cutter()
    for block in blocks:
        if isinstance(block, Paragraph):
            cutter.paragraph(block)
        elif isinstance(block, Items):
            for part in unlazy(block, _is_field):
                if isinstance(part, Items):
                    cutter.items(part)
                else:
                    cutter.paragraph(part)
        elif isinstance(block, Table):
            cutter.table(block)
        else:
            cutter.attach(block)
    return cutter.entries


def cut_sections(sections: Iterable[Section]) -> Iterator[Entry]:
    """Yield the entries of sub-sections: the heading is the label. A heading with a key of its own is no field."""
    for section in sections:
        label = label_of(section.title)  # "### Dependencies: 1, 2"
        kind = field_of(section.title.plain) or (field_of(label.name) if label else None)
        if kind is not None:
            rest = [label.rest] if label is not None and label.rest.raw else []
            blocks = [block for each in section.walk() for block in each.blocks]
            yield Entry(kind, label.name if label else section.title.plain, section.line, rest, blocks)
        elif name_of(section.title.raw) is None:
            yield from cut(section.blocks)
            yield from cut_sections(section.children)


def entries_of(candidate: Candidate) -> list[Entry]:
    """Return everything a candidate says about itself, cut into entries."""
    entries = [Entry(field_of(column), column, cell.line, [cell]) for column, cell in candidate.cells if cell.raw]
    for remark in candidate.remarks:
        entries += _remarks(remark)
    entries += cut(candidate.blocks)
    if candidate.heads and candidate.section is not None:
        entries += cut_sections(candidate.section.children)
    return [*entries, *(told for entry in entries for told in _told(entry))]


def _told(entry: Entry) -> Iterator[Entry]:
    """Read the fields that a sentence of free text holds: "Works on branch `a/b`. Touches only `c/`."."""
    if entry.kind is not None or entry.label:
        return
    for text in entry.texts:
        if "`" not in text.raw:
            continue
        for piece in _STOP.split(text.raw):
            match = _TOLD_BRANCH.match(piece) or _TOLD_FILES.match(piece)
            value = Text(piece[match.start("value") :], text.line) if match is not None else None
            if match is None or value is None:
                continue
            if "branch" in match.groupdict():
                yield Entry(Field.BRANCH, "", text.line, [value])
            elif any(paths_in(value)):
                yield Entry(Field.FILES, "", text.line, [value])


def _remarks(text: Text) -> Iterator[Entry]:
    """Read `(needs W1; branch x)` beside a title."""
    inside = [each[1] for each in _PARENTHESES.finditer(text.raw)]
    for piece in (part.strip() for remark in inside for part in remark.split(";")):
        match = _REMARK_FIELD.match(piece)
        if match and (kind := field_of(match["label"])) is not None:
            yield Entry(kind, match["label"], text.line, [Text(match["rest"], text.line)])
    if without_code(text.raw).strip():
        yield Entry(None, "", text.line, [text])
