"""What a whole group of workstreams waits for: "### Wave 3 (after phase 2)", "**Depends:** Epic B" below an epic's heading.

Also lists with a wait between them. Used by needs.py, after everything that workstreams say themselves: the more specific
statement wins. Must not read a workstream's own text.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from bot.core.model import Key
from bot.core.plan.draft import Candidate, Draft, Said
from bot.core.plan.entries import cut, said
from bot.core.plan.inline import plain
from bot.core.plan.keys import group_in, name_of
from bot.core.plan.markdown import Items, Paragraph, Section
from bot.core.plan.references import Names
from bot.core.plan.relations import clauses
from bot.core.plan.vocabulary import CONTAINERS, Field, is_none

_REMARK = re.compile(r"\([^()]{0,300}\)")
_AND = re.compile(r"\s[&+]\s|(?<!\w)and(?!\w)")
_WAIT = re.compile(
    r"^\W{0,3}(?:(?:and |only )?then|wait(?:ing)?|after (?:that|those|these|this|all)|afterwards|once|when|finally)(?!\w)",
    re.IGNORECASE,
)
_ALL_THOSE = re.compile(
    r"(?<!\w)(?:wait|then|afterwards|finally|all|those|these|above|that|everything)(?!\w)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class GroupNeed:
    """Every one of `members` waits for every one of `on`, because of that line."""

    members: tuple[Key, ...]
    on: tuple[Key, ...]
    line: int


def groups_around(candidate: Candidate) -> tuple[str, ...]:
    """Return the groups a candidate stands in, such as "Phase 2": by the sections around it, by a column "Phase".

    "Wave 2: Phase 2 (two teams)" is the heading of both.
    """
    section = candidate.section
    around: Iterable[Section] = ()
    if section is not None:
        around = section.ancestors() if candidate.heads else (section, *section.ancestors())
    found = [name for each in around for name in _names_of(each.title.raw)]
    return (*found, *(group for column, cell in candidate.cells if (group := group_in(column, cell.raw))))


def _names_of(title: str) -> Iterator[str]:
    named = name_of(title)
    if named is not None and named.word:
        yield named.key
        for part in _AND.split(named.title):
            inner = name_of(part)
            if inner is not None and inner.word in CONTAINERS:
                yield inner.key


def group_needs(root: Section, drafts: Sequence[Draft], names: Names) -> Iterator[GroupNeed]:
    """Yield what the headings around workstreams, and what stands right below them, say that the whole group waits for."""
    own = {id(each.candidate.section) for each in drafts if each.candidate.heads}
    members = _members(drafts)
    for section in root.walk():
        inside = members.get(id(section), ())
        if not section.level or id(section) in own or not inside or len(inside) == len(drafts):
            continue
        named = name_of(section.title.raw)
        kind = named.word if named is not None else ""
        for value, bare in _statements(section):
            keys = _wanted(value, names, inside, kind=kind, bare=bare)
            on = tuple(each for each in keys if each not in inside)
            if on:
                yield GroupNeed(inside, on, value.line)


def _members(drafts: Sequence[Draft]) -> dict[int, tuple[Key, ...]]:
    """Return who stands in which section, by the section's id, at any depth."""
    found: dict[int, tuple[Key, ...]] = {}
    for draft in drafts:
        section = draft.candidate.section
        if section is not None:
            around = section.ancestors() if draft.candidate.heads else (section, *section.ancestors())
            for each in around:
                found[id(each)] = (*found.get(id(each), ()), draft.key)
    return found


def _statements(section: Section) -> Iterator[tuple[Said, bool]]:
    """Yield (text, it is a needs field) of a group: its heading behind the key, and the text right below it."""
    yield Said(section.title.raw, section.line), False
    blocks = [each for each in section.blocks if isinstance(each, Paragraph | Items)]
    for entry in cut(blocks):
        if entry.kind is Field.NEEDS:
            for each in said(entry, depth=9):
                yield each, True
        elif entry.kind in {None, Field.OTHER, Field.COORDINATION}:
            texts = [Said(each.raw, each.line) for each in entry.texts]
            for each in texts:
                yield each, False


def _wanted(value: Said, names: Names, inside: tuple[Key, ...], *, kind: str, bare: bool) -> tuple[Key, ...]:
    if bare:
        return () if is_none(plain(value.value)) else names.keys_in(_REMARK.sub(" ", value.value), bare=True, kind=kind)
    found: list[Key] = []
    for clause in clauses(value.value, names, remarks=True):
        if set(clause.subjects) <= set(inside):  # it speaks of the group, or of nobody by name
            found += clause.after if set(clause.subjects) in (set(), set(inside)) else ()
    return tuple(dict.fromkeys(found))


def waits_between(root: Section, drafts: Sequence[Draft]) -> Iterator[GroupNeed]:
    """Yield what follows from a wait between two lists of workstreams: "(wait a release)", "Then:", "Once all are done:"."""
    by_line = {each.line: each.key for each in drafts if not each.candidate.heads}
    for section in root.walk():
        before: list[Key] = []
        wait: Paragraph | None = None
        for block in section.blocks:
            if isinstance(block, Paragraph):
                first = block.lines[0].plain
                wait = block if _WAIT.match(first) and _ALL_THOSE.search(first) and before else wait
            elif isinstance(block, Items):
                keys = [by_line[item.line] for item in block.items if item.line in by_line]
                if wait is not None and keys:
                    yield GroupNeed(tuple(keys), tuple(before), wait.line)
                before += keys
