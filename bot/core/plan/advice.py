"""Finds what a plan itself says about conflicts in a file: people write it in prose, in notes and in ownership lists.

Must not understand it: the line is quoted as it stands.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

_ABOUT = re.compile(
    r"\b(conflict|resolve|rebase|merge|append|keep both|shared|both sides|coordinate|last|first|take theirs|take ours)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """One line of the plan."""

    line: int  # 1-based
    text: str  # as written, unsafe


def advice_on(body: str, paths: Iterable[str]) -> Advice | None:
    """Return the first line that names one of the paths, or a file of that name, and speaks of merging; None if none does."""
    names = {name for path in paths for name in (path, path.rsplit("/", 1)[-1]) if len(name) > 2}
    named = re.compile(
        "|".join(rf"(?<![\w.-]){re.escape(name)}(?![\w-])" for name in sorted(names, key=len, reverse=True))
    )
    if not names:
        return None
    for number, line in enumerate(body.splitlines(), 1):
        if named.search(line) and _ABOUT.search(named.sub("", line)):
            return Advice(line=number, text=line.strip())
    return None
