"""What the steps of the reader hand on: candidates, and workstreams in the making whose every value knows its line.

Must hold no rules; reader.py turns the last drafts into the Plan.
"""

from dataclasses import dataclass, field

from bot.core.model import Key
from bot.core.plan.inline import Text
from bot.core.plan.markdown import Block, Section


@dataclass(frozen=True, slots=True)
class Said:
    """A value and the line that says it."""

    value: str
    line: int


@dataclass(frozen=True, slots=True)
class Need:
    """`of` waits for `on`, because of that line."""

    of: Key
    on: Key
    line: int


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
    base: Said | None = None
    files: list[Said] = field(default_factory=list)
    needs: list[Said] = field(default_factory=list)  # texts of its needs fields, as written
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
