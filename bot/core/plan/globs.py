"""Whether two paths or globs can mean one file, exactly, and all such pairs among many owners without trying every pair.

A glob is `*`, `**`, `?` and `{a,b}`; brackets and parentheses are literal, as in the folders of web frameworks. Must not
decide whose file it is.
"""

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import takewhile

from bot.core.plan.vocabulary import FILE_NAMES

MAX_PATH = 300  # characters; a longer one matches itself alone
MAX_ALTERNATIVES = 16  # of the braces of one glob; beyond that braces are literal
MAX_COMPARISONS = 10_000  # of globs in one plan, in simple ones; past that the rest is not compared

Parts = tuple[str, ...]
_Heads = dict[str, dict[int, list[int]]]  # the fixed folders of paths -> owner -> numbers of the paths
_Same = Callable[[str, str], bool]


@dataclass(frozen=True, slots=True)
class _Pattern:
    """One alternative of a glob, cut at the slashes."""

    parts: Parts
    below: Parts | None  # the same with what stands below it, None where it can be no folder
    fixed: Parts  # the folders before the first wildcard


def _patterns(glob: str) -> tuple[_Pattern, ...]:
    return tuple(_pattern(each) for each in _alternatives(glob))


def _pattern(path: str) -> _Pattern:
    parts = _resolved(path)
    fixed = tuple(takewhile(lambda part: not _wild(part), parts))
    folder = bool(parts) and not _wild(parts[-1]) and (path.endswith("/") or not _is_file(parts[-1]))
    return _Pattern(parts, (*parts, "**") if folder else None, fixed)


def _resolved(path: str) -> Parts:
    """Return the names of a path as a checkout would have them: `a/../b` is `b`, and an accent is one letter or two."""
    parts: list[str] = []
    for part in unicodedata.normalize("NFC", path).split("/"):
        if part == ".." and parts and parts[-1] not in {"..", "**"}:
            parts.pop()
        elif part not in {"", "."}:
            parts.append(part)
    return tuple(parts)


def _is_file(name: str) -> bool:
    return "." in name[1:] or name.lower() in FILE_NAMES


def _alternatives(glob: str) -> list[str]:
    """Return the globs that braces stand for: `a.{js,ts}` is two. Braces without a comma are literal."""
    if len(glob) > MAX_PATH:
        return [glob]
    done, position = [""], 0
    while (start := glob.find("{", position)) >= 0 and (end := glob.find("}", start)) >= 0:
        inside = glob[start + 1 : end].split(",")
        if len(inside) == 1 or len(done) * len(inside) > MAX_ALTERNATIVES:
            inside = [glob[start : end + 1]]
        done = [f"{each}{glob[position:start]}{one.strip()}" for each in done for one in inside]
        position = end + 1
    return [f"{each}{glob[position:]}" for each in done]


def _wild(part: str) -> bool:
    return "*" in part or "?" in part


def overlap(one: str, other: str) -> bool:
    """Say whether two paths or globs can mean one file. A path is also the folder of what stands below it."""
    if one.rstrip("/") == other.rstrip("/"):
        return True
    if max(len(one), len(other)) > MAX_PATH:
        return False
    return _any_meets(_patterns(one), _patterns(other))


def _any_meets(ones: Sequence[_Pattern], others: Sequence[_Pattern]) -> bool:
    return any(_meet(one, other) for one in ones for other in others)


def _meet(one: _Pattern, other: _Pattern) -> bool:
    first, second = one.parts, other.parts
    if not first or not second or any(a != b for a, b in zip(one.fixed, other.fixed, strict=False)):
        return False
    return (
        _both(first, second)
        or (one.below is not None and _both(one.below, second))
        or (other.below is not None and _both(first, other.below))
    )


def _both(one: Parts, other: Parts) -> bool:
    """Say whether a path matches both. Two that hold `**` need only agree before the first and behind the last one."""
    if "**" in one and "**" in other:
        return all(_same(a, b) for a, b in _before(one, other)) and all(
            _same(a, b) for a, b in _before(one[::-1], other[::-1])
        )
    if "**" in other:
        one, other = other, one
    if "**" not in one:
        return len(one) == len(other) and all(_same(a, b) for a, b in zip(one, other, strict=True))
    return _placed(_runs(one), other, _same)


def _before(one: Parts, other: Parts) -> Iterator[tuple[str, str]]:
    for pair in zip(one, other, strict=False):
        if "**" in pair:
            return
        yield pair


def _same(one: str, other: str) -> bool:
    """Say whether a name matches both of two folders' patterns; the same rule one level below."""
    if one == other:
        return True
    if not _wild(one) and not _wild(other):
        return False
    if "*" in one and "*" in other:
        return _ends_agree(one, other) and _ends_agree(one[::-1], other[::-1])
    if "*" in other:
        one, other = other, one
    if "*" not in one:
        return len(one) == len(other) and all(_alike(a, b) for a, b in zip(one, other, strict=True))
    return _placed(one.split("*"), other, _alike)


def _ends_agree(one: str, other: str) -> bool:
    return all(_alike(a, b) for a, b in takewhile(lambda pair: "*" not in pair, zip(one, other, strict=False)))


def _alike(one: str, other: str) -> bool:
    return one == other or "?" in {one, other}


def _runs(parts: Parts) -> list[Parts]:
    """Return what stands before, between and behind the `**`."""
    runs: list[Parts] = [()]
    for part in parts:
        if part == "**":
            runs.append(())
        else:
            runs[-1] = (*runs[-1], part)
    return runs


def _placed(runs: Sequence[Sequence[str]], text: Sequence[str], same: _Same) -> bool:
    """Say whether the runs stand in a text one behind another, the first at its start and the last at its end."""
    first, *middle, last = runs
    position, end = len(first), len(text) - len(last)
    if position > end or not _at(first, text, 0, same) or not _at(last, text, end, same):
        return False
    for run in middle:
        if isinstance(run, str) and isinstance(text, str) and "?" not in run and "?" not in text:
            found = text.find(run, position, end)
        else:
            found = next((n for n in range(position, end - len(run) + 1) if _at(run, text, n, same)), -1)
        if found < 0:
            return False
        position = found + len(run)
    return True


def _at(run: Sequence[str], text: Sequence[str], start: int, same: _Same) -> bool:
    return all(same(a, b) for a, b in zip(run, text[start : start + len(run)], strict=True))


@dataclass(frozen=True, slots=True)
class Clash:
    """Two owners, by number, and the path of each, which can be one file."""

    one: int
    path: str
    other: int
    other_path: str


def clashes(owned: Sequence[Sequence[str]], most: int) -> tuple[list[Clash], bool]:
    """Return the pairs of paths of two owners that can be one file, and whether these are all of them.

    Each pair comes once, the owner that stands first in front. Only what stands at or below the fixed folders of
    another is compared. It ends at `most` pairs, or after `MAX_COMPARISONS`.
    """
    every = [(owner, path) for owner, paths in enumerate(owned) for path in paths if len(path) <= MAX_PATH]
    heads = [_heads(path) for _, path in every]
    at: _Heads = {}
    for n, each in enumerate(heads):
        for head in each:
            at.setdefault(head, {}).setdefault(every[n][0], []).append(n)
    patterns = cache(lambda n: _patterns(every[n][1]))
    found: dict[tuple[int, int], Clash] = {}
    left = MAX_COMPARISONS
    for n, (owner, path) in enumerate(every):
        for m in _near(owner, heads[n], at):
            other, other_path = every[m]
            left -= _cost(path, other_path)
            if left < 0 or len(found) == most:
                return list(found.values()), False
            if path == other_path or _any_meets(patterns(n), patterns(m)):
                pair = Clash(other, other_path, owner, path) if m < n else Clash(owner, path, other, other_path)
                found[min(n, m), max(n, m)] = pair
    return list(found.values()), True


def _cost(one: str, other: str) -> int:
    """Return how long a comparison may take: `?` and `**` are tried at every place."""
    slow = "?" in one or "?" in other or "**" in one or "**" in other
    return 1 + len(one) * len(other) // 200 if slow else 1


def _heads(path: str) -> tuple[str, ...]:
    """Return the fixed folders a path begins with, or the path itself; one for each alternative of its braces."""
    if not _wild(path) and "{" not in path and "//" not in path:
        return (path.strip("/"),)
    return tuple(dict.fromkeys("/".join(each.fixed) for each in _patterns(path)))


def _near(owner: int, heads: tuple[str, ...], at: _Heads) -> Iterator[int]:
    """Yield what other owners have: at the same folders those before this owner, and everything at folders above."""
    for head in heads:
        for other, places in at[head].items():
            if other < owner:
                yield from places
        above = head
        while above:
            above = above.rpartition("/")[0]
            for other, places in at.get(above, {}).items():
                if other != owner:
                    yield from places
