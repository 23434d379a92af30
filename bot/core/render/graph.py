"""The plan as a mermaid graph: what needs what, coloured by stage once the plan runs.

Must not let a title out of its box: labels are quoted, and what mermaid or markdown would read is written as a code.
"""

import unicodedata
from collections.abc import Iterable

from bot.core.model import Stage, Workstream
from bot.core.render.parts import fence, size
from bot.core.render.words import LOOKS
from bot.core.text import cut
from bot.core.views import PlanView

LABEL_LIMIT = 40  # characters in a box
MAX_NODES = 100  # more than that nobody can read
MAX_EDGES = 400  # mermaid refuses 500 (https://mermaid.js.org/config/schema-docs/config.html#maxedges)

_DARK = frozenset({Stage.DONE, Stage.FAILED, Stage.RUNNING, Stage.HELD, Stage.ROLLED_BACK})
_SAFE = frozenset(" ,:/()-.")  # what stands for itself between double quotes; letters and digits do too


def graph(view: PlanView, room: int) -> str:
    """Return the fenced graph; "" where it would be too large to read, to draw, or for the `room` (bytes) there is."""
    streams = view.plan.workstreams
    ids = {each.key: f"n{index}" for index, each in reversed(list(enumerate(streams)))}
    edges = [f"  {ids[need]} --> {ids[each.key]}" for each in streams for need in view.plan.prerequisites(each.key)]
    if len(streams) > MAX_NODES or len(edges) > MAX_EDGES:
        return ""
    stages = {each.workstream.key: each.stage for each in view.streams} if view.intent.start is not None else {}
    nodes = [_node(f"n{index}", each, stages.get(each.key)) for index, each in enumerate(streams)]
    text = fence(["graph LR", *nodes, *edges, *_colours(stages.values())], "mermaid")
    return text if size(text) <= room else ""


def _node(name: str, stream: Workstream, stage: Stage | None) -> str:
    title = f"{stream.key}: {stream.title}" if stream.title else stream.key
    label = mermaid_text(cut(" ".join(title.split()), LABEL_LIMIT))
    if stage is None:
        return f'  {name}["{label}"]'
    look = LOOKS[stage]
    return f'  {name}["{label}<br/>{look.sign} {look.word}"]:::{_class(stage)}'


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


def _colours(stages: Iterable[Stage]) -> list[str]:
    used = set(stages)
    return [
        f"  classDef {_class(stage)} fill:#{LOOKS[stage].colour},stroke:#57606a,"
        f"color:{'#ffffff' if stage in _DARK else '#1f2328'}"
        for stage in Stage
        if stage in used
    ]


def _class(stage: Stage) -> str:
    return stage.value.replace("-", "")
