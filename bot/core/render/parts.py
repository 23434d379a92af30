"""The pieces that every text is built of: tables, lists, fences, links, counted nouns. Below all other texts.

Must not know what a plan is. Every piece takes markdown that is already safe, except `inline` and `fence`, which
take what users typed and make it safe.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime

from bot.core.redaction import without_secrets
from bot.core.text import code, cut, plain, when

COMMENT_LIMIT = 60_000  # bytes; GitHub takes 65,536 characters, the rest is room for the hidden marker
SUMMARY_LIMIT = 65_000  # bytes; GitHub takes 65,535 characters of check summary
TITLE_LIMIT = 200  # characters
INLINE_LIMIT = 1_000  # characters of one item that a user typed

_CODE_SPAN = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)")
_PIPE = re.compile(r"(\\*)\|")
_NO_BREAK = "\u00a0"
_SPACE = re.compile(rf"[^\S{_NO_BREAK}]+")  # what `str.split` splits at, but for what `unbroken` made


def size(text: str) -> int:
    """Return the bytes of a text, never fewer than its characters: what fits in bytes fits however GitHub counts."""
    return len(text.encode("utf-8", "surrogatepass"))


def inline(text: str, limit: int = INLINE_LIMIT) -> str:
    """Return one line of safe markdown for text that a user typed; what stands between backticks stays code."""
    text = cut(" ".join(text.split()), limit)
    pieces: list[str] = []
    end = 0
    for span in _CODE_SPAN.finditer(text):
        pieces += [_plain_piece(text[end : span.start()]), code(span[2].strip())]
        end = span.end()
    pieces.append(_plain_piece(text[end:]))
    return "".join(pieces)


def _plain_piece(text: str) -> str:
    """Escape a piece between two code spans, and keep the space that sets it off from them."""
    if not text.strip():
        return text
    before = " " if text[0] == " " else ""
    after = " " if text[-1] == " " else ""
    return f"{before}{plain(text.strip())}{after}"


def link(label: str, url: str | None) -> str:
    """Return a link; `label` is safe markdown, no URL gives the label alone."""
    return f"[{label}]({url})" if url else label


def fence(lines: Iterable[str], language: str = "") -> str:
    """Return a code block that its content cannot close: its fence is longer than any run of backticks inside."""
    body = without_secrets("\n".join("\n".join(each.splitlines()) for each in lines))
    longest = max((len(run) for run in re.findall(r"`+", body)), default=0)
    marks = "`" * max(3, longest + 1)
    return f"{marks}{language}\n{body}\n{marks}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]], limit: int) -> str:
    """Return a table of at most `limit` bytes; rows that do not fit are counted below it."""
    lines = [_row(head), "|" + " --- |" * len(head)]
    return "\n".join(fit(lines, (_row(cells) for cells in rows), limit, gap=True))


def unbroken(text: str) -> str:
    """Return the text of a narrow cell so that it stays in one line."""
    return text.replace(" ", _NO_BREAK)


def when_cell(at: datetime) -> str:
    """Return a time for a narrow cell: a line may end after the date. In one line it would be broken in its hyphens."""
    date, _, time = when(at).partition(" ")
    return f"{date} {unbroken(time)}"


def bullets(items: Iterable[str], limit: int) -> str:
    """Return a list of at most `limit` bytes; items that do not fit are counted at its end."""
    return "\n".join(fit([], (f"- {item}" for item in items), limit))


def numbered(items: Iterable[str], limit: int) -> str:
    """Return a numbered list of at most `limit` bytes; items that do not fit are counted at its end."""
    return "\n".join(fit([], (f"{number}. {item}" for number, item in enumerate(items, 1)), limit))


def fit(start: Sequence[str], lines: Iterable[str], limit: int, *, gap: bool = False) -> list[str]:
    """Return `start` and as many of `lines` as fit into `limit` bytes, then how many were left out."""
    kept = list(start)
    used = sum(size(line) + 1 for line in kept)
    left_out = 0
    for line in lines:
        used += size(line) + 1
        if left_out or used > limit:
            left_out += 1
        else:
            kept.append(line)
    if left_out:
        # a line right below a table would become one more row of it
        kept += ["", f"… and {left_out} more"] if gap else [f"… and {left_out} more"]
    return kept


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(_cell(cell) for cell in cells)} |"


def _cell(text: str) -> str:
    """Keep a cell in its column: one line, and every pipe behind an odd number of backslashes.

    GitHub splits cells before it reads code spans, so a pipe inside one needs the backslash too
    (https://github.github.com/gfm/#tables-extension-).
    """
    one_line = _SPACE.sub(" ", text).strip() or "–"
    return _PIPE.sub(lambda found: found[0] if len(found[1]) % 2 else f"{found[1]}\\|", one_line)


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return "1 pull", "2 pulls", "no pulls"."""
    if number == 1:
        return f"1 {noun}"
    return f"{number or 'no'} {plural or noun + 's'}"


def listed(items: Sequence[str], most: int = 10) -> str:
    """Return "a", "a and b", "a, b and c", "a, b and 3 more"."""
    if len(items) > most:
        items = [*items[:most], f"{len(items) - most} more"]
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"


def sections(*parts: str) -> str:
    """Join paragraphs, leaving out empty ones."""
    return "\n\n".join(part for part in parts if part)


def sentence(text: str) -> str:
    """Return the text with a capital letter at its start and a full stop at its end."""
    return stopped(f"{text[:1].upper()}{text[1:]}")


def stopped(text: str) -> str:
    """Return the text with a full stop at its end, unless it ends in a mark already."""
    return f"{text}." if text and text[-1] not in ".?!:…" else text
