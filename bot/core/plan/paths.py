"""What looks like a path or glob, and how paths are cut out of a text.

Must not decide who owns a file, nor which paths meet; globs.py does.
"""

import re
from collections.abc import Iterator, Sequence

from bot.core.plan.inline import Text, plain, without_code
from bot.core.plan.vocabulary import FILE_NAMES, FILE_TYPES

_TOKEN = re.compile(r"[^\s,;|`'\"<>]+")
_REJECT = re.compile(r"^(?:https?:|git@|[-$@~=]|\.\.\.)|\(\)|\.\.\.$|\\|^/?api/|^\w+\(|^#|://")
_LINES = re.compile(r"(?::\d[\d,+-]*\+?|:L\d+(?:-L?\d+)?|#L\d+(?:-L?\d+)?)$")
_VERSION = re.compile(r"^v?\d+(?:\.\d+)*$")
_TREE = re.compile(r"^(?P<indent>[\s│|]*)(?P<branch>[├└]──\s*|[|+`]--\s*)?(?P<name>[^\s#←]+)")


def clean(token: str) -> str:
    """Return a path without quotes, line range, leading `./` or `/` and closing punctuation."""
    path = token.strip().strip("`'\"").rstrip(",;:").strip()
    path = _LINES.sub("", path)
    if path.endswith(".") and not path.endswith(".."):
        path = path[:-1]
    while path.startswith("./"):
        path = path[2:]
    return path.lstrip("/") if len(path) > 1 else path


def is_path(token: str) -> bool:
    """Say whether a word is a path or glob: a slash, a known file type, or a known name."""
    path = clean(token)
    if not path or len(path) > 300 or " " in path or _REJECT.search(path) or _VERSION.match(path):
        return False
    name = path.rstrip("/").rsplit("/", 1)[-1]
    if name.lower() in FILE_NAMES or _variant(name.lower()):
        return True
    stem, dot, extension = name.rpartition(".")
    known = bool(dot) and extension.lower() in FILE_TYPES and bool(stem or path != name)
    if "/" in path:
        return (
            known
            or path.endswith(("/", "*"))
            or (path.count("/") > 0 and not path.replace("/", "").isdecimal() and _wordy(path))
        )
    return known or (bool(dot) and extension == "*")


def _variant(name: str) -> bool:
    """Say whether it is one of the known names with an ending: Dockerfile.web, .env.example."""
    stem, dot, _ = name.rpartition(".")
    return bool(dot) and stem in FILE_NAMES


def _wordy(path: str) -> bool:
    return all(part and not part[0].isspace() for part in path.split("/")) and any(
        len(part) > 2 for part in path.split("/")
    )


def paths_in(text: Text) -> Iterator[str]:
    """Yield the paths of one line: its code spans that are paths; without any, its words that are paths.

    What stands in parentheses behind a path is a remark; parentheses inside a path belong to it.
    """
    spans = [piece for span in text.codes for piece in (span.split(",") if "{" not in span else [span])]
    found = [clean(each) for each in spans if is_path(each)]
    if found:
        yield from found
        return
    rest = plain(without_code(text.raw))
    for match in _TOKEN.finditer(_without_remarks(rest)):
        word = match[0]
        if is_path(word) and (
            "." in word or word.count("/") > 1 or word.endswith(("/", "*")) or not rest[match.end() :].strip()
        ):
            yield clean(word)


def _without_remarks(text: str) -> str:
    """Drop `(...)` that stand free, as a remark does; keep those glued to a path."""
    kept, position = [], 0
    while (start := text.find(" (", position)) >= 0 and (end := text.find(")", start)) >= 0:
        kept.append(text[position:start])
        position = end + 1
    return "".join([*kept, text[position:]])


def paths_in_code(lines: Sequence[Text]) -> Iterator[tuple[str, int]]:
    """Yield (path, line) of a code block: one path at the start of a line, or a drawn tree joined to full paths."""
    stack: list[tuple[int, str]] = []
    for text in lines:
        match = _TREE.match(text.raw)
        if match is None:
            continue
        depth = match.start("branch") if match["branch"] else len(match["indent"])
        name = clean(match["name"])
        drawn = bool(match["branch"]) or depth > 0
        while stack and (stack[-1][0] >= depth or not drawn):
            stack.pop()
        full = "".join(each for _, each in stack) + name if drawn else name
        if name.endswith("/"):
            stack.append((depth if match["branch"] or depth else -1, name))
            if _has_children(lines, text):
                continue
        if is_path(full):
            yield full, text.line


def _has_children(lines: Sequence[Text], text: Text) -> bool:
    after = text.line - lines[0].line + 1
    return (
        after < len(lines)
        and bool(re.match(r"^[\s│|]*[├└|+`]--|^[\s│]*[├└]──|^\s+\S", lines[after].raw))
        and not (re.match(r"^\s", text.raw) and not re.match(r"^[\s│|]*[├└]", lines[after].raw))
    )
