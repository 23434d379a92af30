"""The plan as a mermaid graph: what needs what, coloured by stage once the plan runs.

Must not let a title out of its box: labels are quoted, and what mermaid or markdown would read is written as a code.
"""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bot.core.model import Key, Stage, Workstream
from bot.core.redaction import without_secrets
from bot.core.render.parts import fence, size
from bot.core.render.words import LOOKS
from bot.core.text import cut
from bot.core.views import PlanView

LABEL_LIMIT = 40  # characters in a box
MAX_NODES = 100  # more than that nobody can read
MAX_EDGES = 400  # mermaid refuses 500 (https://mermaid.js.org/config/schema-docs/config.html#maxedges)

_DARK = frozenset({Stage.DONE, Stage.FAILED, Stage.RUNNING, Stage.HELD, Stage.ROLLED_BACK})
_SAFE = frozenset(" ,:/()-.")  # what stands for itself between double quotes; letters and digits do too


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What a box says below its title, and how it looks."""

    text: str
    name: str  # of its class, a word of small letters
    colour: str  # 6 hex digits
    dark: bool  # light letters are read better on it


def graph(view: PlanView, room: int) -> str:
    """Return the fenced graph; "" where it would be too large to read, to draw, or for the `room` (bytes) there is."""
    needs = {each.key: view.plan.prerequisites(each.key) for each in view.plan.workstreams}
    stages = {each.workstream.key: each.stage for each in view.streams} if view.intent.start is not None else {}
    return draw(view.plan.workstreams, needs, {key: _mark(stage) for key, stage in stages.items()}, room)


def draw(
    streams: Sequence[Workstream], needs: Mapping[Key, Sequence[Key]], marks: Mapping[Key, Mark], room: int
) -> str:
    """Return the fenced graph of workstreams, or "" as `graph` does. `needs` names none that is not in `streams`."""
    ids = {each.key: f"n{index}" for index, each in reversed(list(enumerate(streams)))}
    edges = [f"  {ids[need]} --> {ids[each.key]}" for each in streams for need in needs.get(each.key, ())]
    if len(streams) > MAX_NODES or len(edges) > MAX_EDGES:
        return ""
    nodes = [_node(f"n{index}", each, marks.get(each.key)) for index, each in enumerate(streams)]
    text = fence(["graph LR", *nodes, *edges, *_colours(marks.values())], "mermaid")
    return text if size(text) <= room else ""


def _node(name: str, stream: Workstream, mark: Mark | None) -> str:
    title = f"{stream.key}: {stream.title}" if stream.title else stream.key
    label = mermaid_text(cut(without_secrets(" ".join(title.split())), LABEL_LIMIT))
    return f'  {name}["{label}"]' if mark is None else f'  {name}["{label}<br/>{mark.text}"]:::{mark.name}'


def mermaid_text(text: str) -> str:
    """Return text for a quoted mermaid label: letters and digits as they are, marks as codes.

    `#35;` is mermaid's own way to write a character by its number (https://mermaid.js.org/syntax/flowchart.html).
    """
    return "".join(_mermaid_char(char) for char in text)


def _mermaid_char(char: str) -> str:
    if char in _SAFE or (char.isascii() and char.isalnum()):
        return char
    if unicodedata.category(char)[0] in "CZ":
        return ""  # control and format characters, right-to-left marks, odd spaces
    return f"#{ord(char)};" if char.isascii() else char


def _colours(marks: Iterable[Mark]) -> list[str]:
    """The classes that are used, in a steady order."""
    return [
        f"  classDef {mark.name} fill:#{mark.colour},stroke:#57606a,color:{'#ffffff' if mark.dark else '#1f2328'}"
        for mark in sorted(set(marks), key=lambda each: (_PLACES.get(each.name, -1), each.name))
    ]


def _mark(stage: Stage) -> Mark:
    look = LOOKS[stage]
    return Mark(text=f"{look.sign} {look.word}", name=_class(stage), colour=look.colour, dark=stage in _DARK)


def _class(stage: Stage) -> str:
    return stage.value.replace("-", "")


_PLACES = {_class(stage): place for place, stage in enumerate(Stage)}
