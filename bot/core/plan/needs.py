"""Who states that it waits for whom: from needs fields, from prose in a workstream, from prose about the order.

Must not read the merge order itself; order.py does.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from itertools import pairwise

from bot.core.model import Key, Sureness
from bot.core.plan.arrows import drawn
from bot.core.plan.draft import Draft, Need, Said
from bot.core.plan.entries import Entry, cut, said
from bot.core.plan.groups import group_needs, waits_between
from bot.core.plan.inline import Text, plain
from bot.core.plan.keys import is_key, name_of
from bot.core.plan.markdown import Section
from bot.core.plan.references import Names
from bot.core.plan.relations import Clause, chain, clauses
from bot.core.plan.vocabulary import DONE_WORDS, ORDER_HEADINGS, is_about, is_none

_PIECES = re.compile(r"[,;]|\s\+\s|\s&\s|(?<!\w)(?:and|und|y|e|et)(?!\w)|\.\s")
SUGGESTIONS = 50  # of what was meant by a key that nobody has; each takes a look at all keys
_SIDE_BY_SIDE = re.compile(r"\s[|│]\s")  # chains that share a line of a drawing
_REMARK = re.compile(r"\([^()]{0,300}\)")
_SOFT = re.compile(
    r"(?<!\w)(?:benefits?|should|ideally|preferably|optional(?:ly)?|coordinates?|parallel|soft"
    r"|nice to have|not blocked|no longer)(?!\w)",
    re.IGNORECASE,
)


_OTHERS_WAIT = re.compile(
    r"(?<!\w)(?:(?:all )?(?:the )?others?|all other \w+|everything(?: else)?|everyone(?: else)?|all)"
    r" (?:depends?|waits?|builds?|rel(?:y|ies)|(?:is|are) blocked) (?:on|for|by) (?:this|it)(?!\w)"
    r"|(?<!\w)blocks (?:everything|everyone|all)(?: (?:else|others?|other \w+))?(?!\w)",
    re.IGNORECASE,
)
_ALL_BEFORE = re.compile(r"^\W*all (?:of the )?(?:the )?(?:above|previous|preceding|earlier)(?!\w)", re.IGNORECASE)
_ALL_OTHERS = re.compile(
    r"^\W*(?:everything(?: else)?|all (?:of )?(?:the )?(?:others?|other \w+)|all)\W*$", re.IGNORECASE
)


@dataclass(slots=True)
class Stated:
    """The edges a plan states, and the needs that name no workstream of it."""

    edges: list[Need] = field(default_factory=list)
    unknown: list[tuple[Key, Said, str | None]] = field(default_factory=list)  # of, the words, the nearest key

    def add(self, of: Iterable[Key], on: Iterable[Key], line: int, sure: Sureness = Sureness.DERIVED) -> None:
        """Add an edge for every pair; an edge that is known keeps its first line."""
        known = {(each.of, each.on) for each in self.edges}
        wanted = list(on)
        for waiting in of:
            for need in wanted:
                if (waiting, need) not in known:
                    known.add((waiting, need))
                    self.edges.append(Need(waiting, need, line, sure))

    def of(self, key: Key) -> set[Key]:
        """Return what a workstream needs by these edges."""
        return {each.on for each in self.edges if each.of == key}


def find_needs(root: Section, drafts: Sequence[Draft], names: Names) -> Stated:
    """Return the stated needs of every workstream: its own words first, then what the rest of the plan says."""
    stated = Stated()
    branches = {each.branch.value: each.key for each in drafts if each.branch}
    for draft in drafts:
        below = branches.get(draft.base.value) if draft.base is not None else None
        if draft.base is not None and below is not None and below != draft.key:  # a stack of pulls
            stated.add([draft.key], [below], draft.base.line, Sureness.STATED)
        _of_draft(draft, names, stated)
    silent = {each.key for each in drafts if not each.needs and not stated.of(each.key)}
    for text, ordering in _told(root, drafts):
        for clause in clauses(text.value, names):
            _of_clause(clause, None, text.line, stated)
            if ordering and clause.beside and clause.subjects:
                _share(clause, text.line, stated)
    _of_drawings(root, drafts, names, stated)
    for wait in waits_between(root, drafts):
        stated.add(wait.members, wait.on, wait.line)
    for group in group_needs(root, drafts, names):  # the more specific statement wins: what a workstream says itself
        stated.add([each for each in group.members if each in silent], group.on, group.line)
    # A group that holds the workstream itself ("after phase 2" inside phase 2) is no need on itself.
    stated.edges = [each for each in stated.edges if each.of != each.on or _says_itself(each, drafts, names)]
    return stated


def _of_draft(draft: Draft, names: Names, stated: Stated) -> None:
    """Read what a workstream says of itself."""
    for value in draft.needs:
        _of_field(draft, value, names, stated)
    for value in draft.blocks:
        waiting = names.keys_in(_REMARK.sub(" ", value.value), bare=True)
        stated.add(waiting, [draft.key], value.line, Sureness.STATED)
    for value in draft.prose:
        if _OTHERS_WAIT.search(value.value):
            stated.add([each for each in names.keys if each != draft.key], [draft.key], value.line)
        for clause in clauses(value.value, names, remarks=True):
            _of_clause(clause, draft.key, value.line, stated)


def _of_drawings(root: Section, drafts: Sequence[Draft], names: Names, stated: Stated) -> None:
    """Read the arrows outside the workstreams and the order sections: in one line, and drawn over several."""
    for entry in _outside(root, drafts):
        fences = list(entry.fences())
        lines = [part for fence in fences for text in fence.lines for part in _side_by_side(text)]
        for text in [*said(entry, depth=1), *lines]:
            for before, after in pairwise(chain(text.value, names)):
                stated.add(after, before, text.line)
        for fence in fences:
            for arrow in drawn(fence.lines, names):
                stated.add(arrow.of, arrow.on, arrow.line)


def _side_by_side(text: Text) -> Iterator[Said]:
    """Cut a line of a drawing where several chains share it."""
    return (Said(each, text.line) for each in _SIDE_BY_SIDE.split(text.raw))


def _says_itself(need: Need, drafts: Sequence[Draft], names: Names) -> bool:
    values = next((each.needs for each in drafts if each.key == need.of), [])
    return any(value.line == need.line and names.keys_in(value.value, bare=True) == (need.of,) for value in values)


def _of_field(draft: Draft, value: Said, names: Names, stated: Stated) -> None:
    """Read a needs field: references in pieces; what is soft ("benefits from") or met already is no need."""
    if is_none(plain(value.value)):
        return
    text = _REMARK.sub(" ", value.value)
    if _ALL_BEFORE.match(plain(text)):
        stated.add([draft.key], names.keys[: names.keys.index(draft.key)], value.line)
    elif _ALL_OTHERS.match(plain(text)) or plain(text).lower().strip(" .") == f"all {draft.word}s":
        stated.add([draft.key], [each for each in names.keys if each != draft.key], value.line)
    marked, mentions = names.marked(text, bare=True)
    for piece in _PIECES.split(marked):
        if _SOFT.search(piece):
            continue
        keys = names.keys_of(piece, mentions)
        if keys:
            stated.add([draft.key], keys, value.line, Sureness.STATED)
    if mentions:
        position, rest = 0, []
        for each in mentions:
            rest.append(plain(text)[position : each.start])
            position = each.end
        text = "".join([*rest, plain(text)[position:]])
    for piece in dict.fromkeys(_PIECES.split(plain(text))):
        words = piece.strip(" .:*`-")
        if (
            words
            and is_key(words)
            and not any(each in piece.lower() for each in DONE_WORDS)
            and not _met(words, value.value)
        ):
            meant = _nearest(words, draft.key, names) if len(stated.unknown) < SUGGESTIONS else None
            stated.unknown.append((draft.key, Said(words, value.line), meant))


def _nearest(words: str, own: Key, names: Names) -> Key | None:
    """Return the key that somebody may have meant who wrote one that nobody has."""
    others = {each.lower(): each for each in names.keys if each != own}
    nearest = get_close_matches(words.lower(), others, n=1, cutoff=0.5)
    return others[nearest[0]] if nearest else None


def _met(words: str, value: str) -> bool:
    """Say whether the remark behind a reference tells that it is done: "T-146 (research complete ✅)"."""
    shown = plain(value)
    at = shown.find(words)
    remark = _REMARK.match(shown, at + len(words) + 1) if at >= 0 else None
    return remark is not None and any(each in remark[0].lower() for each in DONE_WORDS)


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
    """Yield the prose outside the workstreams, and whether it stands in a section about the order.

    A sentence that names both sides ("W2 after W1") says the same wherever it stands.
    """
    own = {id(each.candidate.section) for each in drafts if each.candidate.heads}
    for section in root.walk():
        if id(section) in own:
            continue
        around = [each for each in (section, *section.ancestors()) if each.level > 1]
        ordering = any(is_about(each.title.plain, ORDER_HEADINGS) for each in around)
        for entry in cut(section.blocks):
            for each in said(entry, depth=9):
                yield each, ordering


def _outside(root: Section, drafts: Sequence[Draft]) -> Iterator[Entry]:
    """Yield the entries outside the workstreams and the order sections."""
    own = {id(each.candidate.section) for each in drafts if each.candidate.heads}
    for section in root.walk():
        around = [each.title.plain for each in (section, *section.ancestors()) if each.level]
        if id(section) not in own and not any(is_about(each, ORDER_HEADINGS) for each in around):
            yield from (each for each in cut(section.blocks) if not is_about(each.label, ORDER_HEADINGS))


def names_nothing(words: str) -> bool:
    """Say whether an unresolved need looks like an issue number, which may be work outside this plan."""
    named = name_of(words)
    return named is not None and named.shape == "#"
