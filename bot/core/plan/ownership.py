"""Who owns what, as precisely as the text says it: lines, role, verb and condition of every path; ownership tables.

Works on entries and tables. Must not judge what it finds; ownership_problems.py does.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from bot.core.model import Key
from bot.core.plan.draft import Draft, Lines, Owned, Role, Said, Verb
from bot.core.plan.entries import Entry, entries_of
from bot.core.plan.inline import Text, label_of, plain
from bot.core.plan.markdown import Section, Table
from bot.core.plan.paths import paths_in, paths_in_code
from bot.core.plan.references import Names
from bot.core.plan.vocabulary import Field, field_of, folded

_NUMBERS = r"(?P<first>\d{1,7})(?:ish)?(?:\s?(?:-|–|—|to|bis|,)\s?L?(?P<last>\d{1,7})|(?P<open>\+))?"
_BEHIND = re.compile(rf"(?::L?|#L){_NUMBERS}(?![\w.])")  # lib.rs:1-700, lib.rs#L10-L20
_SAID = re.compile(rf"(?<!\w)(?:lines?|zeilen?|l[ií]neas?|linhas?|lignes?)\s?[~≈]?{_NUMBERS}", re.IGNORECASE)
_REMARK = re.compile(r"[`*\s]{0,4}(?:\((?P<inside>[^()]{1,200})\)|(?:[—–]|-|:)\s+(?P<rest>[^`]{1,80}))")
_CONDITION = re.compile(r"(?:only\s+)?(?:if|when|where|unless)\s|optional(?!\w)", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]+")
MAX_PATH = 400  # characters of a line that may be nothing but a path
MAX_REMARK = 200  # characters behind a path that may tell about it

#: The first word of a cell, a remark or a label -> what it makes of a workstream.
_ROLES = {
    **dict.fromkeys(["primary", "owner", "owns", "own", "lead", "main", "write", "yes", "x"], Role.PRIMARY),
    **dict.fromkeys(["secondary", "support", "supports", "assists", "minor", "also"], Role.SECONDARY),
    **dict.fromkeys(["shared", "shares", "both", "joint", "coowner"], Role.SHARED),
}
_TICKS = frozenset(["✓", "✔", "✅", "☑", "●", "x", "X"])
_TASK_ID = re.compile(r"^\W{0,4}T-?\d{1,4}\W{0,4}\s(?:\[[^\[\]]{1,8}\]\s*){0,3}")
_PLACE = re.compile(r"\sin\s`")  # "Outbox model in `outbox.ts`", a task of its own
#: Verbs at the beginning of a step that tell that its paths are worked on.
_MAKING = frozenset(
    [
        "create",
        "add",
        "implement",
        "write",
        "author",
        "build",
        "update",
        "modify",
        "edit",
        "change",
        "extend",
        "expand",
        "refactor",
        "delete",
        "remove",
        "rename",
        "move",
        "port",
        "migrate",
        "rewrite",
        "introduce",
    ]
)
_SEE = re.compile(r"\((?:see|cf|ref|docs?)\b[^()]{0,300}\)", re.IGNORECASE)
_VERBS = {
    **dict.fromkeys(["create", "creates", "created", "new", "add", "adds", "added", "neu"], Verb.CREATE),
    **dict.fromkeys(
        ["modify", "modifies", "modified", "edit", "edits", "change", "changes", "update", "updates", "extend"],
        Verb.MODIFY,
    ),
    **dict.fromkeys(["delete", "deletes", "deleted", "remove", "removes", "removed"], Verb.DELETE),
}


def owned_in(entry: Entry) -> list[Owned]:
    """Return the paths an entry names, each with its line and what is said about it."""
    label = [each.lower() for each in _WORD.findall(entry.label)]
    role = next((_ROLES[each] for each in label if each in _ROLES and each != "x"), Role.OWNER)
    verbs = {_VERBS[each] for each in label if each in _VERBS}
    verb = verbs.pop() if len(verbs) == 1 else None  # "create/modify" says nothing
    found = list(_joined(entry, role, verb))
    drawn = [
        Owned(path, line, role, verb=verb) for fence in entry.fences() for path, line in paths_in_code(fence.lines)
    ]
    return found + drawn


def _joined(entry: Entry, role: Role, verb: Verb | None) -> Iterator[Owned]:
    """Yield the paths of the rows; a bare name in a list below a folder stands in that folder."""
    folders: list[tuple[int, str]] = []
    for text, depth in entry.rows():
        while folders and folders[-1][0] >= depth:
            folders.pop()
        folder = folders[-1][1] if folders else ""
        found = [
            replace(each, path=folder + each.path) if "/" not in each.path else each
            for each in _owned_by(text, role, verb)
        ]
        yield from found
        if len(found) == 1 and found[0].path.endswith("/"):
            folders.append((depth, found[0].path))


def owned_in_steps(texts: Sequence[Said]) -> Iterator[Owned]:
    """Yield the paths of lines that are nothing but a path, or that begin with a verb of making: "Add `a.py`"."""
    for each in texts:
        value = _TASK_ID.sub("", each.value)  # "T005 [P] Add `a.py`"
        shown = plain(value)
        label = label_of(Text(value, each.line))
        rest = label.rest if label else Text(value, each.line)
        alone = list(paths_in(rest)) if len(rest.raw) <= MAX_PATH else []
        if len(alone) == 1 and _bare(rest.plain, alone[0]):
            yield from _owned_by(rest, Role.OWNER, None)
        elif (first := _WORD.search(shown)) and (
            first[0].lower() in _MAKING or (value != each.value and _PLACE.search(value))
        ):
            text = _SEE.sub(" ", value)
            for owned in _owned_by(Text(text, each.line), Role.OWNER, _VERBS.get(first[0].lower())):
                if f"`{owned.path}`" in text or f"`/{owned.path}`" in text:
                    yield owned


def _bare(text: str, path: str) -> bool:
    before, _, behind = text.partition(path)
    return not before.strip(" ./`") and (not behind.strip() or bool(_REMARK.match(behind)))


def _owned_by(text: Text, role: Role, verb: Verb | None) -> Iterator[Owned]:
    shown, position = text.plain, 0
    first = _WORD.match(shown)
    leading = _VERBS.get(first[0].lower()) if first else None
    for path in paths_in(text):
        start = shown.find(path, position)
        behind = ""
        if start >= 0:
            position = start + len(path)
            behind = shown[position : position + MAX_REMARK]
        match = _REMARK.match(_BEHIND.sub("", behind, count=1) if _BEHIND.match(behind) else behind)
        remark = (match["inside"] or match["rest"] or "").strip() if match else ""
        words = [each.lower() for each in _WORD.findall(remark)[:3]]
        yield Owned(
            path,
            text.line,
            next((_ROLES[each] for each in words if each in _ROLES and len(each) > 1), role),
            lines=_lines_behind(behind),
            verb=next((_VERBS[each] for each in words[:1] if each in _VERBS), leading or verb),
            condition=remark if _CONDITION.match(remark) else "",
        )


def _lines_behind(behind: str) -> Lines | None:
    """Return the range right behind a path: `:1-700`, `:700+`, "(lines 1-700)", "lines 600+"."""
    match = _BEHIND.match(behind) or _SAID.match(behind.lstrip(" `*,("))
    return _lines(match) if match else None


def _lines(match: re.Match[str]) -> Lines | None:
    first = int(match["first"])
    last = None if match["open"] else int(match["last"] or first)
    return None if last is not None and last < first else Lines(first, last)


def add_tables(root: Section, drafts: Sequence[Draft], names: Names) -> None:
    """Add what ownership tables say: a column for each workstream, or columns "Owner", "Primary", "Secondary".

    A workstream that names no files itself owns those of the table; one that does keeps its own.
    """
    by_key = {each.key: each for each in drafts}
    full = _Paths(drafts)
    known = {each.key: set[str]() for each in drafts if not each.files}  # of those that are silent
    for section in root.walk():
        for block in section.blocks:
            for key, owned in _claims(block, names) if isinstance(block, Table) else ():
                draft = by_key[key]
                draft.owned.append(replace(owned, path=full.of(owned.path, draft)))
                if key in known and owned.path not in known[key]:
                    known[key].add(owned.path)
                    draft.files.append(Said(owned.path, owned.line))


class _Paths:
    """Finds the full path that a table means by the end of it."""

    def __init__(self, drafts: Sequence[Draft]) -> None:
        self._by_name: dict[str, dict[str, None]] = {}
        for draft in drafts:
            for each in draft.files:
                self._by_name.setdefault(each.value.rpartition("/")[2], {})[each.value] = None

    def of(self, path: str, draft: Draft) -> str:
        """Return the only path of the plan that ends so, rather one of the workstream itself."""
        known = list(self._by_name.get(path.rpartition("/")[2], ()))[:50]
        ending = [each for each in known if each == path or each.endswith(f"/{path}")]
        if len(ending) > 1:
            mine = {each.value for each in draft.files}
            ending = [each for each in ending if each in mine] or ending
        return ending[0] if len(ending) == 1 else path


def _claims(table: Table, names: Names) -> Iterator[tuple[Key, Owned]]:
    header = [each.plain for each in table.header]
    file_at = _file_column(table, header)
    if file_at is None:
        return
    keyed: dict[int, Key] = {}
    roles: dict[int, Role] = {}
    for n, each in enumerate(table.header):
        keys = names.keys_in(each.raw, bare=True) if n != file_at else ()
        role = next((_ROLES[word] for word in folded(each.plain).split()[:1] if word in _ROLES), None)
        if len(keys) == 1:
            keyed[n] = keys[0]
        elif role is not None and n != file_at:
            roles[n] = role
    if len(keyed) < 2 and not roles:
        return
    for row in table.rows:
        for path in _owned_by(row.cells[file_at], Role.OWNER, None):
            for n, key in keyed.items():
                if role := _role_of(row.cells[n].plain):
                    yield key, replace(path, role=role, table=True)
            for n, role in roles.items():
                for key in names.keys_in(row.cells[n].raw, bare=True):
                    yield key, replace(path, role=role, table=True)


def _file_column(table: Table, header: Sequence[str]) -> int | None:
    """Return the column that is headed "Files", else the first in which most cells are paths."""
    named = next((n for n, each in enumerate(header) if field_of(each) is Field.FILES), None)
    if named is not None:
        return named
    for n in range(len(header)):
        if sum(bool(next(paths_in(row.cells[n]), "")) for row in table.rows) * 2 > len(table.rows):
            return n
    return None


def _role_of(cell: str) -> Role | None:
    words = _WORD.findall(cell.lower())
    if words and words[0] in _ROLES:
        return _ROLES[words[0]]
    return Role.PRIMARY if cell.strip() in _TICKS else None


def ranges_said(draft: Draft, names: Names) -> Iterator[tuple[Key, str, Lines, int]]:
    """Yield what a workstream's sentences say of line numbers: (who, the path or "", the lines, where it is said).

    "W1 changes lib.rs lines 1-600" speaks of W1, whoever says it; "around line 998" of the workstream itself.
    """
    for entry in entries_of(draft.candidate):
        if entry.kind is Field.FILES:
            continue
        for text, _ in entry.rows():
            shown = plain(text.raw)
            match = _SAID.search(shown)
            lines = _lines(match) if match else None
            if match is None or lines is None:
                continue
            before = names.keys_in(shown[: match.start()])
            path = next(paths_in(Text(shown[: match.start()], text.line)), "")
            yield before[0] if len(before) == 1 else draft.key, path, lines, text.line
