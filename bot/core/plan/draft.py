"""What the steps of the reader hand on: candidates, and workstreams in the making whose every value knows its line.

Must hold no rules; reader.py turns the last drafts into the Plan.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum

from bot.core.model import Key, Sureness
from bot.core.plan.inline import Text
from bot.core.plan.markdown import Block, Section


@dataclass(frozen=True, slots=True)
class Said:
    """A value and the line that says it."""

    value: str
    line: int


class Role(Enum):
    """What a workstream is to a file."""

    OWNER = "owner"  # it lists the file, nothing more is said
    PRIMARY = "primary"
    SECONDARY = "secondary"
    SHARED = "shared"


class Verb(Enum):
    """What a workstream does to a file."""

    CREATE = "create"
    MODIFY = "modify"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Lines:
    """A range of lines of a file, 1-based, both ends in it; `last` None = to the end of the file."""

    first: int
    last: int | None

    def __str__(self) -> str:
        if self.last is None:
            return f"{self.first}+"
        return str(self.first) if self.first == self.last else f"{self.first}-{self.last}"


@dataclass(frozen=True, slots=True)
class Owned:
    """A path that a workstream claims, and what the text says about the claim."""

    path: str
    line: int
    role: Role = Role.OWNER
    lines: Lines | None = None  # None = all of the file
    verb: Verb | None = None
    condition: str = ""  # "only if needed"
    table: bool = False  # an ownership table says so, and not the workstream itself


@dataclass(frozen=True, slots=True)
class Need:
    """`of` waits for `on`, because of that line."""

    of: Key
    on: Key
    line: int
    sure: Sureness = Sureness.STATED


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """Something that could be a workstream: a keyed heading, a row, a checkbox, a numbered item."""

    key: str  # "" = the text gives none
    title: str
    line: int
    word: str = ""  # the unit word before the key, lower case
    shape: str = ""
    blocks: tuple[Block, ...] = ()  # what stands below it
    remarks: tuple[Text, ...] = ()  # what stands beside it on its own line
    cells: tuple[tuple[str, Text], ...] = ()  # of a row: (column, cell)
    section: Section | None = None  # the section it heads, or the one it stands in
    heads: bool = False  # it is the heading of `section`
    ticked: bool | None = None


@dataclass(slots=True, kw_only=True)
class Draft:
    """A workstream in the making."""

    key: Key
    title: str
    line: int
    candidate: Candidate
    word: str = ""
    shape: str = ""
    groups: tuple[str, ...] = ()  # names of the sections around it: "Phase 2A"
    aliases: list[str] = field(default_factory=list)
    branch: Said | None = None
    status: Said | None = None  # "Status: done"
    base: Said | None = None
    files: list[Said] = field(default_factory=list)
    owned: list[Owned] = field(default_factory=list)  # the same with roles, lines and verbs, and what tables say
    needs: list[Said] = field(default_factory=list)  # texts of its needs fields, as written
    needs_again: list[Said] = field(default_factory=list)  # those of other places, where its own says something
    blocks: list[Said] = field(default_factory=list)
    prose: list[Said] = field(default_factory=list)  # text that may tell of needs
    scope: list[Said] = field(default_factory=list)
    out_of_scope: list[Said] = field(default_factory=list)
    acceptance: list[Said] = field(default_factory=list)
    validation: list[Said] = field(default_factory=list)
    ticked: bool = False


@dataclass(frozen=True, slots=True)
class Order:
    """A stated merge order: its waves, and the line where it stands.

    `loose` = it is only how the headings divide the plan; needs inside one wave refine it and contradict nothing.
    """

    waves: tuple[tuple[Key, ...], ...]
    line: int
    loose: bool = False
    sure: Sureness = Sureness.STATED
    lines: tuple[int, ...] = ()  # of each wave; () = `line` says them all

    def line_of(self, wave: int) -> int:
        """Return the line that says a wave, counted from 0."""
        return self.lines[wave] if wave < len(self.lines) else self.line


def own_sections(drafts: Iterable[Draft]) -> set[int]:
    """Return the ids of the sections that the workstreams head, and of those below them."""
    return {
        id(part)
        for each in drafts
        if each.candidate.heads and each.candidate.section
        for part in each.candidate.section.walk()
    }
