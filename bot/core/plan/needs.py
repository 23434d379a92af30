"""Who states that it waits for whom: from needs fields, from prose in a workstream, from prose about the order.

Must not read the merge order itself; order.py does.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from itertools import pairwise

from bot.core.model import Key
from bot.core.plan.draft import Draft, Need, Said
from bot.core.plan.entries import cut, said
from bot.core.plan.inline import plain
from bot.core.plan.keys import is_key, name_of
from bot.core.plan.markdown import Section
from bot.core.plan.references import Names
from bot.core.plan.relations import Clause, chain, clauses
from bot.core.plan.vocabulary import DONE_WORDS, GRAPH_HEADINGS, ORDER_HEADINGS, is_about, is_none

_PIECES = re.compile(r"[,;]|\s\+\s|\s&\s|(?<!\w)(?:and|und|y|e|et)(?!\w)|\.\s")
_REMARK = re.compile(r"\([^()]{0,300}\)")
_SOFT = re.compile(
    r"(?<!\w)(?:benefits?|should|ideally|preferably|optional(?:ly)?|coordinates?|parallel|soft"
    r"|nice to have|not blocked|no longer)(?!\w)",
    re.IGNORECASE,
)


@dataclass(slots=True)
class Stated:
    """The edges a plan states, and the needs that name no workstream of it."""

    edges: list[Need] = field(default_factory=list)
    unknown: list[tuple[Key, Said, str | None]] = field(default_factory=list)  # of, the words, the nearest key

    def add(self, of: Iterable[Key], on: Iterable[Key], line: int) -> None:
        """Add an edge for every pair; an edge that is known keeps its first line."""
        known = {(each.of, each.on) for each in self.edges}
        wanted = list(on)
        for waiting in of:
            for need in wanted:
                if (waiting, need) not in known:
                    known.add((waiting, need))
                    self.edges.append(Need(waiting, need, line))

    def of(self, key: Key) -> set[Key]:
        """Return what a workstream needs by these edges."""
        return {each.on for each in self.edges if each.of == key}


def find_needs(root: Section, drafts: Sequence[Draft], names: Names) -> Stated:
    """Return the stated needs of every workstream."""
    stated = Stated()
    for draft in drafts:
        for value in draft.needs:
            _of_field(draft, value, names, stated)
        for value in draft.blocks:
            stated.add(names.keys_in(_REMARK.sub(" ", value.value), bare=True), [draft.key], value.line)
        for value in draft.prose:
            for clause in clauses(value.value, names, remarks=True):
                _of_clause(clause, draft.key, value.line, stated)
    for text, ordering in _told(root, drafts):
        for clause in clauses(text.value, names):
            _of_clause(clause, None, text.line, stated)
            if ordering and clause.beside and clause.subjects:
                _share(clause, text.line, stated)
    for text in _chained(root, drafts):
        links = chain(text.value, names)
        for before, after in pairwise(links):
            stated.add(after, before, text.line)
    # A group that holds the workstream itself ("after phase 2" inside phase 2) is no need on itself.
    stated.edges = [each for each in stated.edges if each.of != each.on or _says_itself(each, drafts, names)]
    return stated


def _says_itself(need: Need, drafts: Sequence[Draft], names: Names) -> bool:
    values = next((each.needs for each in drafts if each.key == need.of), [])
    return any(value.line == need.line and names.keys_in(value.value, bare=True) == (need.of,) for value in values)


def _of_field(draft: Draft, value: Said, names: Names, stated: Stated) -> None:
    """Read a needs field: references in pieces; what is soft ("benefits from") or met already is no need."""
    if is_none(plain(value.value)):
        return
    text = _REMARK.sub(" ", value.value)
    marked, mentions = names.marked(text, bare=True)
    for piece in _PIECES.split(marked):
        if _SOFT.search(piece):
            continue
        keys = names.keys_of(piece, mentions)
        if keys:
            stated.add([draft.key], keys, value.line)
    if mentions:
        position, rest = 0, []
        for each in mentions:
            rest.append(plain(text)[position : each.start])
            position = each.end
        text = "".join([*rest, plain(text)[position:]])
    for piece in _PIECES.split(plain(text)):
        words = piece.strip(" .:*`-")
        if words and is_key(words) and not any(each in piece.lower() for each in DONE_WORDS):
            others = [each for each in names.keys if each != draft.key]
            nearest = get_close_matches(words.lower(), [each.lower() for each in others], n=1, cutoff=0.5)
            key = next((each for each in others if nearest and each.lower() == nearest[0]), None)
            stated.unknown.append((draft.key, Said(words, value.line), key))


def _of_clause(clause: Clause, own: Key | None, line: int, stated: Stated) -> None:
    """Add what a sentence says. Without a subject it speaks of the workstream it stands in."""
    subjects = clause.subjects or ((own,) if own else ())
    stated.add([each for each in subjects if each not in clause.after], clause.after, line)
    stated.add(clause.before, [each for each in subjects if each not in clause.before], line)
    if own and clause.first and own not in clause.first:
        stated.add([own], clause.first, line)


def _share(clause: Clause, line: int, stated: Stated) -> None:
    """Read "D in parallel with B" in an order: D waits for what all of those wait for."""
    common = set.intersection(*(stated.of(each) for each in clause.beside))
    stated.add(clause.subjects, sorted(common), line)


def _told(root: Section, drafts: Sequence[Draft]) -> Iterator[tuple[Said, bool]]:
    """Yield the prose outside the workstreams that is about order or dependencies, and whether it is about order."""
    own = {id(each.candidate.section) for each in drafts if each.candidate.heads}
    for section in root.walk():
        if id(section) in own:
            continue
        around = [each for each in (section, *section.ancestors()) if each.level > 1]
        ordering = any(is_about(each.title.plain, ORDER_HEADINGS) for each in around)
        graph = any(is_about(each.title.plain, GRAPH_HEADINGS) for each in around)
        for entry in cut(section.blocks):
            if ordering or graph or is_about(entry.label, ORDER_HEADINGS + GRAPH_HEADINGS):
                for each in said(entry, depth=9):
                    yield each, ordering


def _chained(root: Section, drafts: Sequence[Draft]) -> Iterator[Said]:
    """Yield the lines outside the workstreams and the order sections that hold an arrow."""
    own = {id(each.candidate.section) for each in drafts if each.candidate.heads}
    for section in root.walk():
        around = [each.title.plain for each in (section, *section.ancestors()) if each.level]
        if id(section) in own or any(is_about(each, ORDER_HEADINGS) for each in around):
            continue
        for entry in cut(section.blocks):
            if not is_about(entry.label, ORDER_HEADINGS):
                yield from said(entry, depth=1)


def names_nothing(words: str) -> bool:
    """Say whether an unresolved need looks like an issue number, which may be work outside this plan."""
    named = name_of(words)
    return named is not None and named.shape == "#"
