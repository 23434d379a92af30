"""Waves that a plan lists outside a section about the order: "Wave 1: W1, W2", a table with a column "Wave", a critical path.

Used by order.py. A listing counts only if every one of its waves names workstreams. Must not read needs.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from bot.core.model import Key
from bot.core.plan.draft import Draft, Order, own_sections
from bot.core.plan.entries import cut
from bot.core.plan.inline import Text, undecorated
from bot.core.plan.markdown import Block, Fence, Items, Paragraph, Section, Table
from bot.core.plan.references import Names
from bot.core.plan.steps import Titles
from bot.core.plan.vocabulary import PHASE_WORDS, WAVE_WORDS, folded, is_about

CRITICAL = ("critical path",)
ROADMAPS = ("roadmap", "releases", "release plan", "milestones")
_RELEASE = re.compile(
    r"^v?\d+\.(?:\d+|x)(?:[.-]\w+)*(?!\w)|(?<!\w)(?:v\d+(?:\.\d+)*|alpha|beta|rc|ga|mvp)(?!\w)", re.IGNORECASE
)
_COMPLETES = re.compile(r"^\W{0,3}(?:is )?(?:complete|done|finished|gate|exit|checkpoint)", re.IGNORECASE)
_HEAD = re.compile(
    rf"^(?P<word>{'|'.join(WAVE_WORDS)})\s+(?P<id>\d{{1,2}}[a-z]?|[a-z])(?!\w|\s*[-–—]\s*\d|\s*[+&])(?P<rest>.*)$",
    re.IGNORECASE,
)


@dataclass(slots=True)
class _Listing:
    """Waves of one kind of word in one place."""

    line: int
    waves: dict[str, list[Key]] = field(default_factory=dict)
    gated: bool = True  # every wave is told by what completes it

    def add(self, wave: str, keys: Iterable[Key]) -> None:
        placed = {each for listed in self.waves.values() for each in listed}
        self.waves.setdefault(wave, []).extend(each for each in dict.fromkeys(keys) if each not in placed)

    def order(self) -> Order | None:
        """Return its order; None if it has one wave only or a wave that names nobody."""
        if len(self.waves) < 2 or not all(self.waves.values()):
            return None
        return Order(tuple(tuple(each) for each in self.waves.values()), self.line)


def listed_waves(root: Section, drafts: Sequence[Draft], names: Names) -> Iterator[Order]:
    """Yield every listing of waves outside the workstreams' own sections.

    Phases order the work only where no workstream states needs of its own, or where it is said what completes each.
    """
    free = not any(each.needs for each in drafts)
    own = own_sections(drafts)
    for section in root.walk():
        if id(section) in own:
            continue
        yield from _of_blocks(section.blocks, names, phases=free)
        for block in section.blocks:
            if isinstance(block, Table) and (order := _of_table(block, names)):
                yield order


def _of_blocks(blocks: Sequence[Block], names: Names, *, phases: bool) -> Iterator[Order]:
    """Read `Wave 1: W1, W2` line by line; what follows a head that names nobody belongs to it, one name a line."""
    listings: dict[str, _Listing] = {}
    open_wave: tuple[_Listing, str] | None = None
    for text in _texts(blocks):
        head = _HEAD.match(undecorated(text.plain))
        if head is not None:
            word = head["word"].lower()
            listing = listings.setdefault(word, _Listing(text.line))
            keys = names.keys_in(head["rest"])
            listing.gated &= bool(_COMPLETES.match(head["rest"]))
            listing.add(head["id"].lower(), keys)
            open_wave = None if keys else (listing, head["id"].lower())
        elif open_wave is not None and (found := names.find(text.raw)[1]):
            open_wave[0].add(open_wave[1], found[0].keys)
    for word, listing in listings.items():
        if (phases or word not in PHASE_WORDS or listing.gated) and (order := listing.order()):
            yield order


def _texts(blocks: Iterable[Block]) -> Iterator[Text]:
    for block in blocks:
        if isinstance(block, Paragraph | Fence):
            yield from block.lines
        elif isinstance(block, Items):
            for item in block.items:
                yield from item.lines
                yield from _texts(item.blocks)


def _of_table(table: Table, names: Names) -> Order | None:
    """Read a table whose first column is the wave and whose rows name who is in it."""
    if folded(table.header[0].plain) not in WAVE_WORDS:
        return None
    listing = _Listing(table.line)
    for row in table.rows:
        keys = next((found for cell in row.cells[1:] if (found := names.keys_in(cell.raw))), ())
        listing.add(row.cells[0].plain.lower(), keys)
    return listing.order()


def critical_paths(root: Section, names: Names, titles: Titles, drafts: Sequence[Draft]) -> Iterator[Order]:
    """Yield a critical path told in titles or keys that runs through every workstream: then it is an order."""
    for section in root.walk():
        for entry in cut(section.blocks):
            if not is_about(entry.label, CRITICAL):
                continue
            for text, _ in entry.rows():
                waves = titles.chain(text.raw)
                if len({key for each in waves for key in each}) == len(drafts) > 1:
                    yield Order(waves, text.line)


def release_gates(drafts: Sequence[Draft]) -> Order | None:
    """Read headings that are releases ("2.x-beta blockers", "2.0") as waves: of the lists below them, or of themselves."""
    waves: dict[int, list[Key]] = {}
    line = 0
    for draft in drafts:
        section = draft.candidate.section
        if section is None or not _RELEASE.search(section.title.plain):
            return None
        if draft.candidate.heads and not (section.parent and is_about(section.parent.title.plain, ROADMAPS)):
            return None
        line = line or section.line
        waves.setdefault(id(section), []).append(draft.key)
    return Order(tuple(tuple(each) for each in waves.values()), line, loose=True) if len(waves) > 1 else None
