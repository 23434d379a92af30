"""Adds the units that the chosen group misses because the text writes them another way: in a table only, as "Plan 0".

Used by reader.py right after the choice. Every addition has evidence of its own: a branch, files, or a workstream that needs
it. Must not change the choice, and must not add what merely looks like a unit.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from bot.core.plan.candidates import Group
from bot.core.plan.choice import MAX_JUDGED, Choice, is_aside, members_of
from bot.core.plan.draft import Candidate, Said
from bot.core.plan.entries import cut, entries_of
from bot.core.plan.fields import branch_in
from bot.core.plan.inline import plain
from bot.core.plan.vocabulary import CONTAINERS, Field

_WORD = re.compile(r"#?\w[\w.-]*\w|\w")


def complete(choice: Choice, groups: Sequence[Group]) -> list[Candidate]:
    """Return the members of the choice and what belongs to them, in the order of the text."""
    members = members_of(choice)
    others = [each for each in groups if each is not choice.group and each.kind in {"heading", "row", "lead"}]
    known = {each.key.lower() for each in members}
    found = list(members)
    for each in (*_in_twins(members, others), *_branched(members, others), *_wanted(members, others)):
        if each.key.lower() not in known:
            known.add(each.key.lower())
            found.append(each)
    return sorted(found, key=lambda each: each.line)


def _in_twins(members: Sequence[Candidate], others: Iterable[Group]) -> Iterator[Candidate]:
    """Yield what a table of the same units has beyond them, if it has a branch or files that nobody else has."""
    known = {each.key.lower() for each in members if each.key}
    taken = {branch for each in members[:MAX_JUDGED] for branch in _values(each, Field.BRANCH)}
    for group in others:
        keys = {each.key.lower() for each in group.members}
        shared = keys & known
        if len(shared) < 2 or len(shared) * 2 < len(keys):
            continue
        for each in group.members[:MAX_JUDGED]:
            branches = _values(each, Field.BRANCH)
            if each.key.lower() in known or is_aside(each) or set(branches) & taken:
                continue
            if branches or _values(each, Field.FILES):
                yield each


def _branched(members: Sequence[Candidate], others: Iterable[Group]) -> Iterator[Candidate]:
    """Yield headings such as "Plan 0" beside the phases that hold workstreams, if they hold none and have a branch."""
    holding = {
        id(section)
        for each in members
        if each.section is not None
        for section in (each.section, *each.section.ancestors())
    }
    if not any(_values(each, Field.BRANCH) for each in members[:MAX_JUDGED]):
        return
    for group in others:
        for each in group.members[:MAX_JUDGED]:
            if each.heads and each.word in CONTAINERS and id(each.section) not in holding:
                own = (branch_in(entry) for entry in cut(each.blocks) if entry.kind is Field.BRANCH)
                if any(own):
                    yield each


def _wanted(members: Sequence[Candidate], others: Iterable[Group]) -> Iterator[Candidate]:
    """Yield what members need by its key and the text introduces elsewhere under a heading or a bold line of its own."""
    shapes = {each.shape for each in members if each.key}
    words = {
        word.lower()
        for each in members[:MAX_JUDGED]
        for value in _said(each, Field.NEEDS)
        for word in _WORD.findall(plain(value.value))
    }
    for group in others:
        if group.kind == "row":
            continue
        for each in group.members:
            if each.shape in shapes and each.title and each.key.lower() in words and not each.key.isdecimal():
                yield each


def _said(candidate: Candidate, kind: Field) -> Iterator[Said]:
    for entry in entries_of(candidate):
        if entry.kind is kind:
            yield from (Said(text.raw, text.line) for text, _ in entry.rows())


def _values(candidate: Candidate, kind: Field) -> list[str]:
    if kind is not Field.BRANCH:
        return [plain(each.value) for each in _said(candidate, kind)]
    found = (branch_in(each) for each in entries_of(candidate) if each.kind is kind)
    return [each.value for each in found if each is not None]
