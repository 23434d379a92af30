"""Inline markdown of one source line: its plain text, its code spans, the label it begins with.

Second step of the plan reader, below the blocks. Must not know what a workstream is.

Inline text is read by one linear pass of our own instead of the markdown parser's: the reader needs code spans, marks
and link texts only, and a parser that builds nested nodes takes seconds for a body full of brackets.
"""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

_TICKS = re.compile(r"`+")
_LINK = re.compile(r"!?\[([^\[\]]{0,200})\]\(<?[^()\s<>]{0,500}>?(?:\s\"[^\"]{0,100}\")?\)")
_ISSUE_URL = re.compile(
    r"<?https?://[\w.-]{1,80}/[\w.-]{1,80}/[\w.-]{1,100}/(?:issues|pull)/(\d{1,9})(?:#[\w-]{1,60})?>?"
)
_TAG = re.compile(r"</?[A-Za-z][^<>]{0,200}>")
_MARKS = re.compile(r"\*\*|__|~~|(?<!\w)[*_](?=\S)|(?<=\S)[*_](?!\w)")
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")
_SPACE = re.compile(r"\s+")
_STRONG_LABEL = re.compile(r"(?:\*\*|__)(?P<label>[^*]{1,100}?)(?P<inner>\s*[:：])?\s*(?:\*\*|__)(?P<outer>\s*[:：])?")
_PLAIN_LABEL = re.compile(r"(?P<label>[^\W\d_][^:*`|\[\]]{0,60}?)\s*[:：](?=\s|$)")
_ORNAMENT = re.compile(r"^[^\w#`*\[(<~/.@-]+")  # emoji and bullets in front of a text


@dataclass(frozen=True, slots=True)
class Text:
    """One line of inline markdown, as written, with its 1-based line."""

    raw: str
    line: int

    @property
    def plain(self) -> str:
        """The text as a reader sees it."""
        return plain(self.raw)

    @property
    def codes(self) -> tuple[str, ...]:
        """The contents of its code spans, in order."""
        return codes(self.raw)


@dataclass(frozen=True, slots=True)
class Label:
    """`**Files:** a, b` in parts: the label, what follows it, and whether it is set off by bold type."""

    name: str
    rest: Text
    strong: bool


def _pieces(raw: str) -> Iterator[tuple[bool, str]]:
    """Cut into (is code, text); a run of backticks without a partner is text."""
    runs = [(each.start(), each.end()) for each in _TICKS.finditer(raw)]
    by_length: dict[int, list[int]] = defaultdict(list)
    for start, end in runs:
        by_length[end - start].append(start)
    position = 0
    for start, end in runs:
        if start < position:
            continue
        partners = by_length[end - start]
        after = bisect_right(partners, start)
        if after == len(partners):
            continue
        yield False, raw[position:start]
        yield True, raw[end : partners[after]].strip()
        position = partners[after] + end - start
    yield False, raw[position:]


@lru_cache(maxsize=8192)
def plain(raw: str) -> str:
    """Return the text without marks, tags and link targets; a URL of an issue or pull becomes `#123`."""
    shown = []
    for is_code, piece in _pieces(raw):
        if is_code:
            shown.append(piece)
            continue
        text = _LINK.sub(r"\1", _ISSUE_URL.sub(r"#\1", piece)) if "/" in piece or "](" in piece else piece
        text = _TAG.sub(" ", text) if "<" in text else text
        shown.append(_ESCAPE.sub(r"\1", _MARKS.sub("", text)))
    return _SPACE.sub(" ", "".join(shown)).strip()


@lru_cache(maxsize=8192)
def codes(raw: str) -> tuple[str, ...]:
    """Return the contents of the code spans, in order."""
    return tuple(piece for is_code, piece in _pieces(raw) if is_code and piece)


def without_code(raw: str) -> str:
    """Return the raw text with its code spans left out."""
    return " ".join(piece for is_code, piece in _pieces(raw) if not is_code)


def undecorated(text: str) -> str:
    """Drop emoji and other ornaments in front."""
    return _ORNAMENT.sub("", text, count=1)


def struck(raw: str) -> bool:
    """Say whether the whole text is struck through, apart from what follows the stroke as a remark."""
    return raw.lstrip().startswith("~~") and raw.count("~~") >= 2


def label_of(text: Text) -> Label | None:
    """Split a line that begins with a label, None if it does not. A bold line is a label without a value."""
    raw = undecorated(text.raw.strip())
    strong = _STRONG_LABEL.match(raw)
    if strong:
        rest = raw[strong.end() :].strip()
        if strong["inner"] or strong["outer"] or not rest:
            return Label(plain(strong["label"]), Text(rest, text.line), strong=True)
        return None
    weak = _PLAIN_LABEL.match(raw)
    if weak:
        return Label(plain(weak["label"]), Text(raw[weak.end() :].strip(), text.line), strong=False)
    return None


def drop_comments(text: str) -> str:
    """Return the text without HTML comments, line ends kept so that line numbers stay right."""
    kept = []
    position = 0
    while (start := text.find("<!--", position)) >= 0 and (end := text.find("-->", start + 4)) >= 0:
        kept.append(text[position:start])
        kept.append("\n" * text.count("\n", start, end))
        position = end + 3
    kept.append(text[position:])
    return "".join(kept)
