"""Reads arrows out of a drawing: boxes and lines in a code block, followed cell by cell from label to label.

Only lines that end in an arrow head count, so that a frame or a tree says nothing. Used by needs.py. Must not read the
arrows of a sentence; relations.py does.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot.core.model import Key
from bot.core.plan.inline import Text
from bot.core.plan.references import Names

MAX_LINES = 200  # of a drawing
MAX_WIDTH = 300  # characters of its lines that are looked at
_UP, _DOWN, _LEFT, _RIGHT = (-1, 0), (1, 0), (0, -1), (0, 1)
Step = tuple[int, int]
Cell = tuple[int, int]  # row, column
_LINES: dict[str, tuple[Step, ...]] = {
    **dict.fromkeys("─━═╌┄", (_LEFT, _RIGHT)),
    **dict.fromkeys("│┃║╎┆", (_UP, _DOWN)),
    **dict.fromkeys("┌╔╭┏", (_RIGHT, _DOWN)),
    **dict.fromkeys("┐╗╮┓", (_LEFT, _DOWN)),
    **dict.fromkeys("└╚╰┗", (_UP, _RIGHT)),
    **dict.fromkeys("┘╝╯┛", (_UP, _LEFT)),
    **dict.fromkeys("├╠┣", (_UP, _DOWN, _RIGHT)),
    **dict.fromkeys("┤╣┫", (_UP, _DOWN, _LEFT)),
    **dict.fromkeys("┬╦┳", (_LEFT, _RIGHT, _DOWN)),
    **dict.fromkeys("┴╩┻", (_LEFT, _RIGHT, _UP)),
    **dict.fromkeys("┼╬╋", (_UP, _DOWN, _LEFT, _RIGHT)),
}
_HEADS: dict[str, Step] = {
    **dict.fromkeys("→►▶➜⟶", _RIGHT),
    **dict.fromkeys("←◄◀", _LEFT),
    **dict.fromkeys("↓▼", _DOWN),
    **dict.fromkeys("↑▲", _UP),
}
_TOP_LEFT, _BOTTOM_LEFT, _RIGHT_CORNERS, _SIDES = set("┌╔╭┏"), set("└╚╰┗"), set("┐╗╮┓┘╝╯┛"), set("│┃║├┤┼")


@dataclass(frozen=True, slots=True)
class Arrow:
    """`of` waits for `on`: a line of the drawing leads from the one to the other."""

    of: tuple[Key, ...]
    on: tuple[Key, ...]
    line: int  # where the arrow head stands


def drawn(lines: Sequence[Text], names: Names) -> Iterator[Arrow]:
    """Yield the arrows of a drawing. Time grows linearly with its size."""
    grid = [text.raw.expandtabs(4)[:MAX_WIDTH].replace("|", "│") for text in lines[:MAX_LINES]]
    if not any(char in _HEADS for row in grid for char in row):
        return
    owner: dict[Cell, tuple[Key, ...]] = {}
    for row, text in enumerate(grid):
        for start, end in _segments(text):
            if keys := names.keys_in(text[start:end])[:1]:
                for cell in _region(grid, row, start, end):
                    owner.setdefault(cell, keys)
    for line in _lines(grid, owner):
        sources, targets = _ends(grid, line, owner)
        for at, on in targets:
            waiting = tuple(each for each in sources if each not in on)
            if waiting:
                yield Arrow(on, waiting, lines[at[0]].line)


def _segments(text: str) -> Iterator[tuple[int, int]]:
    """Yield (start, end) of the runs of text between lines, heads and wide gaps."""
    start = None
    padded = f"{text}  "
    for at, char in enumerate(padded):
        ends = char in _LINES or char in _HEADS or padded[at : at + 2] in {"  ", " "}
        if start is None and not ends and char != " ":
            start = at
        elif start is not None and ends:
            yield start, start + len(text[start:at].rstrip())
            start = None


def _region(grid: Sequence[str], row: int, start: int, end: int) -> Iterator[Cell]:
    """Yield the cells that stand for a label: its own, and those of the box around it. A head on a border stays free."""
    yield from ((row, at) for at in range(start - 1, end + 1))
    left = max(grid[row].rfind(side, 0, start) for side in "│┃║")
    if left < 0 or grid[row][left + 1 : start].strip():
        return
    top, bottom = (_border(grid, row, left, step) for step in (-1, 1))
    if top is None or bottom is None:
        return
    right = left + 1
    while _at(grid, bottom, right) not in {"", " "} and _at(grid, bottom, right - 1) not in _RIGHT_CORNERS:
        right += 1
    for at in range(top, bottom + 1):
        yield from ((at, column) for column in range(left, right) if _at(grid, at, column) not in _HEADS)


def _border(grid: Sequence[str], row: int, left: int, step: int) -> int | None:
    """Return the row of the box's border above (step -1) or below (1), None if there is no box."""
    row += step
    while _at(grid, row, left) in _SIDES:
        row += step
    return row if _at(grid, row, left) in (_TOP_LEFT if step < 0 else _BOTTOM_LEFT) else None


def _at(grid: Sequence[str], row: int, column: int) -> str:
    return grid[row][column] if 0 <= row < len(grid) and 0 <= column < len(grid[row]) else ""


def _lines(grid: Sequence[str], owner: dict[Cell, tuple[Key, ...]]) -> Iterator[set[Cell]]:
    """Yield the connected lines outside the labels, each as its cells."""
    free = {
        (row, at)
        for row, text in enumerate(grid)
        for at, char in enumerate(text)
        if (char in _LINES or char in _HEADS) and (row, at) not in owner
    }
    while free:
        line = {first := free.pop()}
        waiting = [first]
        while waiting:
            for near in _neighbours(grid, waiting.pop()):
                if near in free:
                    free.discard(near)
                    line.add(near)
                    waiting.append(near)
        yield line


def _neighbours(grid: Sequence[str], cell: Cell) -> Iterator[Cell]:
    """Yield the cells that a line leads to. A head ends one line and may point into another, which it joins.

    Drawings made by hand are often a column off: where nothing stands right above or below, the cells beside it count.
    """
    char = _at(grid, *cell)
    for step in (_UP, _DOWN, _LEFT, _RIGHT):
        row, column = cell[0] + step[0], cell[1] + step[1]
        slips = (0, -1, 1) if step[0] and _at(grid, row, column) in {"", " "} else (0,)
        for slip in slips:
            other = _at(grid, row, column + slip)
            if _joins(char, step, other) or _joins(other, (-step[0], -step[1]), char):
                yield row, column + slip


def _joins(char: str, step: Step, other: str) -> bool:
    """Say whether a cell leads on to its neighbour in that direction."""
    if char in _HEADS:
        return step == _HEADS[char] and (other in _LINES or other in _HEADS)
    return step in _LINES.get(char, ()) and (other in _HEADS or (-step[0], -step[1]) in _LINES.get(other, ()))


def _ends(
    grid: Sequence[str], line: set[Cell], owner: dict[Cell, tuple[Key, ...]]
) -> tuple[tuple[Key, ...], list[tuple[Cell, tuple[Key, ...]]]]:
    """Return where a line comes from, and (head, whom) for each head that points at a label."""
    sources: dict[tuple[Key, ...], None] = {}
    targets: dict[tuple[Key, ...], Cell] = {}
    for cell in sorted(line):
        head = _HEADS.get(_at(grid, *cell))
        if head is not None and (keys := owner.get((cell[0] + head[0], cell[1] + head[1]))):
            targets.setdefault(keys, cell)
        for step in ((-head[0], -head[1]),) if head is not None else _LINES[_at(grid, *cell)]:
            if keys := owner.get((cell[0] + step[0], cell[1] + step[1])):
                sources.setdefault(keys)
    found = dict.fromkeys(key for keys in sources if keys not in targets for key in keys)
    return tuple(found), [(cell, keys) for keys, cell in targets.items()]
