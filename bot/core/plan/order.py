"""The merge order a plan states: numbered lists, arrows, tables, shell blocks with `git merge`, as waves.

Reads sections headed "Merge order" and the like, and blocks that merge the plan's branches; steps.py reads what is told
in words. Must not read needs.
"""

import re
from collections.abc import Iterator, Sequence

from bot.core.model import Key
from bot.core.plan.branches import merged_in
from bot.core.plan.draft import Draft, Order
from bot.core.plan.entries import Entry, cut
from bot.core.plan.groups import waits_between
from bot.core.plan.inline import Text, label_of
from bot.core.plan.keys import name_of
from bot.core.plan.markdown import Block, Fence, Items, Paragraph, Section, Table
from bot.core.plan.references import Names
from bot.core.plan.relations import chain, clauses
from bot.core.plan.steps import Titles, told
from bot.core.plan.vocabulary import CONTAINERS, ORDER_HEADINGS, is_about
from bot.core.plan.waves import critical_paths, listed_waves, release_gates

_REMARK = re.compile(r"\([^()]{0,300}\)")
_ANY_ORDER = re.compile(r"(?<!\w)(?:in )?(?:any|either) order(?!\w)", re.IGNORECASE)
_THEN = re.compile(r"(?<!\w)then(?!\w)", re.IGNORECASE)
_NUMBERED = re.compile(r"^\s*\d{1,3}[.)]\s+(?P<text>\S.*)$")


class _Waves:
    """Collects steps into waves; a workstream counts where it stands first."""

    def __init__(self) -> None:
        self.waves: list[list[Key]] = []
        self.lines: list[int] = []  # of each wave, 0 = not known
        self.placed: set[Key] = set()

    def add(self, keys: Sequence[Key], beside: Sequence[Key] = (), line: int = 0) -> None:
        new = [each for each in dict.fromkeys(keys) if each not in self.placed]
        if not new:
            return
        self.placed.update(new)
        if beside and self.waves and set(beside) <= set(self.waves[-1]):
            self.waves[-1].extend(new)
        else:
            self.waves.append(new)
            self.lines.append(line)

    def order(self, line: int) -> Order | None:
        if len(self.waves) < 2:
            return None
        lines = tuple(each or line for each in self.lines)
        return Order(tuple(tuple(each) for each in self.waves), line, lines=lines)


def find_orders(root: Section, drafts: Sequence[Draft], names: Names) -> list[Order]:
    """Return every order the text states, the strongest evidence first: shell blocks that merge, then sections.

    Without any, the headings around the workstreams count: waves always, phases if no workstream states needs of its own.
    """
    branches = {each.branch.value: each.key for each in drafts if each.branch}
    titles = Titles(drafts)
    merged: list[Order] = []
    listed: list[Order] = []
    for section in root.walk():
        ordering = is_ordering(section)
        here: list[Order] = []
        for entry in cut(section.blocks):
            merged += _of_fences(entry.fences(), branches)
            here += _of_labels(entry, names, titles)
            if ordering or (entry.label and is_about(entry.label, ORDER_HEADINGS)):
                here += _of_entry(entry, names, titles)
        if ordering:
            here += [order] if (order := _of_parts(section, names)) else []
            paragraphs = [each for each in section.blocks if isinstance(each, Paragraph)]
            here = here or [order for each in paragraphs if (order := _of_prose(each.lines, names, titles))]
        listed += here
    listed += critical_paths(root, names, titles, drafts)
    waves = [] if listed else list(listed_waves(root, drafts, names))
    stated = [order for each in (merged, listed, waves) for order in sorted(each, key=_size, reverse=True)]
    if not stated:
        words = ("wave",) if any(each.needs for each in drafts) else ("wave", "phase", "stage", "fase")
        order = _of_containers(drafts, words) or release_gates(drafts) or _of_waits(root, drafts)
        stated = [order] if order else []
    return stated


def is_ordering(section: Section) -> bool:
    """Say whether a section, or one around it, is headed "Merge order" or the like."""
    return any(is_about(each.title.plain, ORDER_HEADINGS) for each in (section, *section.ancestors()) if each.level)


def _size(order: Order) -> int:
    return sum(len(each) for each in order.waves)


def _of_labels(entry: Entry, names: Names, titles: Titles) -> Iterator[Order]:
    """Yield the orders in items such as "- **Sequence**: W1 → W2"."""
    for text, _ in entry.rows():
        label = label_of(text)
        if label is None or not is_about(label.name, ORDER_HEADINGS):
            continue
        if order := _of_arrows(label.rest, names, titles) or _of_prose([label.rest], names, titles):
            yield order


def _of_entry(entry: Entry, names: Names, titles: Titles) -> list[Order]:
    """Return the orders of one entry about the order: in its lines and blocks, else in its sentences."""
    blocks: list[Block] = [Paragraph((each,)) for each in entry.texts]
    found = [order for block in [*blocks, *entry.blocks] if (order := _of_block(block, names, titles))]
    prose = _of_prose(entry.texts, names, titles) if entry.label and not found else None
    return [prose] if prose else found


def _of_prose(lines: Sequence[Text], names: Names, titles: Titles) -> Order | None:
    waves = told(" ".join(each.raw for each in lines), names, titles)
    return Order(waves, lines[0].line) if waves else None


def _of_fences(fences: Iterator[Fence], branches: dict[str, Key]) -> Iterator[Order]:
    for fence in fences:
        waves = _Waves()
        for branch in merged_in(fence):
            name = branch.value.removeprefix("origin/")
            if name in branches:
                waves.add([branches[name]], line=branch.line)
        if order := waves.order(fence.line):
            yield order


def _of_block(block: Block, names: Names, titles: Titles) -> Order | None:
    if isinstance(block, Items):
        return _of_steps([item.text for item in block.items], names, titles)
    if isinstance(block, Table):
        return _of_rows(block, names, titles)
    if isinstance(block, Paragraph):
        return next((order for each in block.lines if (order := _of_arrows(each, names, titles))), None)
    arrows = next((order for each in block.lines if (order := _of_arrows(each, names, titles))), None)
    numbered = [Text(match["text"], each.line) for each in block.lines if (match := _NUMBERED.match(each.raw))]
    return (_of_steps(numbered, names, titles) if len(numbered) > 1 else None) or arrows


def _of_steps(steps: Sequence[Text], names: Names, titles: Titles) -> Order | None:
    """Read one step a line: "B and C in parallel after A" is a wave of B and C. A step without a key may name titles."""
    waves = _step_waves(steps, names, titles)
    if not waves.waves and names.lettered:
        waves = _Waves()
        for step in steps:
            for part in _THEN.split(_REMARK.sub(" ", step.raw)):
                waves.add(names.keys_in(part, bare=True))
    return waves.order(steps[0].line) if steps else None


def _step_waves(steps: Sequence[Text], names: Names, titles: Titles) -> _Waves:
    waves = _Waves()
    for step in steps:
        chain = _of_arrows(step, names, titles)
        if chain is not None:
            together = tuple(key for wave in chain.waves for key in wave)
            for keys in (together,) if _ANY_ORDER.search(step.raw) else chain.waves:
                waves.add(keys, line=step.line)
            continue
        if listed := names.only(_REMARK.sub(" ", step.raw)):
            waves.add(listed, line=step.line)
            continue
        if titled := titles.only(step.raw):
            waves.add(titled, line=step.line)
            continue
        said = next(iter(clauses(step.raw, names)), None)
        if said is None:
            waves.add(titles.keys(step.raw), line=step.line)
            continue
        subjects = said.subjects or said.first
        if subjects:
            waves.add(subjects, said.beside, step.line)
    return waves


def _of_parts(section: Section, names: Names) -> Order | None:
    """Read one wave a sub-section: "### Phase 1" with a list of what belongs to it."""
    waves = _Waves()
    for child in section.children:
        named = name_of(child.title.raw)
        if named is not None and named.word in CONTAINERS:
            texts = [item.text for block in child.blocks if isinstance(block, Items) for item in block.items]
            firsts = [names.find(each.raw)[1][:1] for each in texts]
            waves.add([key for found in firsts for each in found for key in each.keys])
    return waves.order(section.line)


def _of_rows(table: Table, names: Names, titles: Titles) -> Order | None:
    """Read one wave a row: the first cell that names workstreams, by key or by title."""
    waves = _Waves()
    for row in table.rows:
        keyed = next((keys for cell in row.cells if (keys := names.keys_in(cell.raw, bare=False))), ())
        found = keyed or next((keys for cell in row.cells if (keys := titles.keys(cell.raw))), ())
        waves.add(found, line=row.line)
    return waves.order(table.line)


def _of_containers(drafts: Sequence[Draft], words: tuple[str, ...]) -> Order | None:
    """Return the waves that the headings around the workstreams make: "Wave 1", "Phase 2"."""
    waves: dict[str, list[Key]] = {}
    for draft in drafts:
        group = next((each for each in draft.groups if each.split()[0].lower() in words), None)
        if group is not None:
            waves.setdefault(group.lower(), []).append(draft.key)
    line = min((each.line for each in drafts), default=0)
    return Order(tuple(tuple(each) for each in waves.values()), line, loose=True) if len(waves) > 1 else None


def _of_waits(root: Section, drafts: Sequence[Draft]) -> Order | None:
    """Read "(wait a release)" between two lists as two waves."""
    waves = _Waves()
    waits = list(waits_between(root, drafts))
    for wait in waits:
        waves.add(wait.on)
        waves.add(wait.members)
    return waves.order(waits[0].line) if waits else None


def _of_arrows(text: Text, names: Names, titles: Titles) -> Order | None:
    """Read `W1 → W2, W3 → W4`; every part between arrows is a wave."""
    waves = _Waves()
    for link in chain(text.raw, names) or titles.chain(text.raw):
        waves.add(link)
    return waves.order(text.line)


def position_in(order: Order) -> dict[Key, int]:
    """Return the number of the wave of each workstream in it."""
    return {key: n for n, wave in enumerate(order.waves) for key in wave}
