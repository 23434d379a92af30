"""Branch names outside the workstreams: lists of branches to pair with them, and the base that they merge into.

Also GitHub's rules for a branch name. Must not make names up.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from bot.core.plan.draft import Draft, Said, own_sections
from bot.core.plan.entries import Entry, cut, said
from bot.core.plan.fields import branch_in, is_template
from bot.core.plan.inline import Text
from bot.core.plan.markdown import Fence, Section
from bot.core.plan.vocabulary import Field, field_of, folded

MAX_BRANCH = 200  # bytes; git itself stops at the file system's 255 for one part
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//")
_CREATED = re.compile(
    r"\bgit\s+(?:worktree\s+add\s+\S+\s+-b|checkout\s+-b|switch\s+-c|branch)\s+(?P<name>[^\s;&|-][^\s;&|]*)"
)
_CHECKED_OUT = re.compile(r"\bgit\s+(?:checkout|switch)\s+(?P<name>[^\s;&|-][^\s;&|]*)\s*$")
_MERGED = re.compile(r"\bgit\s+merge\s+(?:--?[\w-]+\s+)*(?P<name>[^\s;&|-][^\s;&|]*)")
_ONTO = re.compile(
    r"\b(?:rebase[ds]?\b[^`.]{0,60}\bonto|merge[ds]?\b[^`.]{0,60}\binto|branch(?:es|ed)?\s+(?:off|from))\s+`(?P<name>[^`\s]+)`",
    re.IGNORECASE,
)
_NAME = re.compile(r"^[\w.-]+(?:/[\w.#-]+)+$")


def why_invalid(name: str) -> str | None:
    """Return why git refuses a branch name, None if it takes it.

    The rules of https://git-scm.com/docs/git-check-ref-format, and GitHub's refusal of names that look like a SHA.
    """
    parts = name.split("/")
    rules = (
        (not name or name == "@", "it is empty or only @"),
        (
            bool(_FORBIDDEN.search(name)),
            "it holds a space, a control character, '..', '//', '@{' or one of ~ ^ : ? * [ \\",
        ),
        (name.startswith(("-", "/")) or name.endswith(("/", ".")), "it begins with - or /, or ends with / or ."),
        (
            any(each.startswith(".") or each.endswith(".lock") for each in parts),
            "a part of it begins with . or ends with .lock",
        ),
        (name.startswith("refs/"), "it begins with refs/"),
        (len(name) == 40 and all(each in "0123456789abcdef" for each in name), "it looks like a commit's SHA"),
        (len(name.encode("utf-8", "surrogatepass")) > MAX_BRANCH, f"it is longer than {MAX_BRANCH} bytes"),
    )
    return next((reason for broken, reason in rules if broken), None)


def merged_in(fence: Fence) -> Iterator[Said]:
    """Yield the branches that a shell block merges, in order."""
    for text in fence.lines:
        if not text.raw.lstrip().startswith("#") and (match := _MERGED.search(text.raw)):
            yield Said(match["name"], text.line)


def _fences(sections: Sequence[Section]) -> Iterator[Fence]:
    for section in sections:
        for entry in cut(section.blocks):
            yield from entry.fences()


def pair_branches(root: Section, drafts: Sequence[Draft]) -> None:
    """Give the drafts without a branch one of a list that stands elsewhere: `git worktree add`, "Branch naming: ...".

    A branch goes to the workstream whose key it contains; a list as long as the plan is paired by position.
    """
    if all(each.branch for each in drafts):
        return
    own = {id(each.candidate.section) for each in drafts if each.candidate.heads}
    outside = [each for each in root.walk() if id(each) not in own]
    for listed in (*_created(outside), *_listed(outside)):
        free = [each for each in drafts if each.branch is None]
        if not free:
            return
        if len(listed) == len(drafts) == len(free):
            for draft, branch in zip(drafts, _by_name(listed, drafts) or listed, strict=True):
                draft.branch = branch
        else:
            _by_key(listed, free)


def _created(sections: Sequence[Section]) -> Iterator[list[Said]]:
    for fence in _fences(sections):
        names = [Said(match["name"], text.line) for text in fence.lines for match in _CREATED.finditer(text.raw)]
        yield from _several(names)


def _listed(sections: Sequence[Section]) -> Iterator[list[Said]]:
    """Yield the lists of branch names: below a heading, label or item that speaks of branches."""
    for section in sections:
        for entry in cut(section.blocks):
            if entry.kind is Field.BRANCH or _of_branches(entry.label or section.title.plain):
                yield from _names(entry.rows())
            for item in entry.items():
                if item.blocks and _of_branches(item.text.plain):
                    yield from _names(Entry(None, "", item.line, blocks=list(item.blocks)).rows())


def _of_branches(label: str) -> bool:
    return not {"branch", "branches"}.isdisjoint(folded(label).split())


def _names(rows: Iterable[tuple[Text, int]]) -> Iterator[list[Said]]:
    names = [Said(text.codes[0], text.line) for text, _ in rows if text.codes and _NAME.match(text.codes[0])]
    yield from _several(names)


def _several(names: list[Said]) -> Iterator[list[Said]]:
    concrete = [each for each in names if not is_template(each.value)]
    if len(concrete) > 1:
        yield concrete


def _words(text: str) -> set[str]:
    return {each for each in re.split(r"[^a-z0-9]+", text.lower()) if each}


def _own_words(draft: Draft) -> set[str]:
    words = _words(draft.key) - _words(draft.word)
    return {each for each in words if len(each) > 1}


def _by_name(listed: list[Said], drafts: Sequence[Draft]) -> list[Said] | None:
    """Return the branches in the order of the drafts if every key stands in exactly one of them."""
    found = []
    for draft in drafts:
        wanted = _own_words(draft)
        hits = [each for each in listed if wanted and wanted <= _words(each.value)]
        if len(hits) != 1:
            return None
        found.append(hits[0])
    return found


def _by_key(listed: list[Said], drafts: Sequence[Draft]) -> None:
    for draft in drafts:
        wanted = _own_words(draft)
        hits = [each for each in listed if wanted and wanted <= _words(each.value)]
        if len(hits) == 1:
            draft.branch = hits[0]


def find_base(root: Section, drafts: Sequence[Draft]) -> Said | None:
    """Return the branch the plan merges into, None if it names none.

    In this order: a base label of the plan; the base that all workstreams name; what is rebased onto or merged into;
    what a shell block checks out before it merges; a branch label outside the workstreams.
    """
    own = own_sections(drafts)
    outside = [each for each in root.walk() if id(each) not in own]
    taken = {each.branch.value for each in drafts if each.branch}
    entries = [entry for section in outside for entry in cut(section.blocks)]
    entries += [
        Entry(Field.BASE, each.title.plain, each.line, blocks=list(each.blocks))  # as an issue form writes it
        for each in outside
        if each.level and field_of(each.title.plain) is Field.BASE
    ]
    labelled = [found for entry in entries if entry.kind is Field.BASE and (found := branch_in(entry))]
    stated = [each.base for each in drafts if each.base and each.base.value not in taken]
    onto = [
        Said(match["name"], each.line)
        for entry in entries
        for each in said(entry, 9)
        for match in _ONTO.finditer(each.value)
    ]
    checked_out = [
        Said(match["name"], text.line)
        for fence in _fences(outside)
        if any(True for _ in merged_in(fence))
        for text in fence.lines
        if (match := _CHECKED_OUT.search(text.raw.split("#", 1)[0]))
    ]
    baseline = [
        found
        for entry in entries
        if entry.kind is Field.BRANCH and len(list(entry.rows())) == 1 and (found := branch_in(entry))
    ]
    for source in (labelled, stated, onto, checked_out, baseline):
        for found in source:
            if (found.value not in taken or source is labelled) and why_invalid(found.value) is None:
                return found
    return None
