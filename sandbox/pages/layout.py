"""Lays a parsed flowchart out in layers and writes it as SVG; no parsing here, and nothing unescaped leaves it."""

import html
from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise

from .mermaid import Chart, Edge, Node, UnreadableError, parse

CHARACTER = 7.4  # average width in px of a 13 px sans-serif character
LINE = 18  # px
PADDING = 14  # px inside a box
LAYER_GAP = 56  # px between layers
SIBLING_GAP = 18  # px between boxes of one layer
MARGIN = 12  # px around the drawing
SWEEPS = 4  # passes of barycentre ordering; more changes little in charts of this size


@dataclass
class Slot:
    """A place in a layer: a node, or a bend where a long edge passes through. Centre and size in px."""

    node: Node | None
    layer: int
    width: float
    height: float
    x: float = 0
    y: float = 0


Routes = list[tuple[Edge, list[Slot]]]


def draw(source: str) -> str | None:
    """Return the flowchart as an `<svg>` element, or None if the text is not one that can be drawn."""
    try:
        chart = parse(source)
    except UnreadableError:
        return None
    layers, routes = _arrange(chart)
    horizontal = chart.direction in {"LR", "RL"}
    width, height = _place(layers, horizontal=horizontal, mirrored=chart.direction in {"RL", "BT"})
    parts = [_edge(edge, points, horizontal=horizontal) for edge, points in routes]
    parts += [_box(chart, slot) for layer in layers for slot in layer if slot.node is not None]
    return (
        f'<svg class="mermaid" xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" role="img" aria-label="flowchart">{"".join(parts)}</svg>'
    )


def _depths(chart: Chart) -> dict[str, int]:
    """Return each node's layer, the longest way from a root; an edge that closes a cycle does not count."""
    children: dict[str, list[str]] = defaultdict(list)
    for edge in chart.edges:
        children[edge.source].append(edge.target)
    order: list[str] = []
    state: dict[str, int] = {}
    forward: set[tuple[str, str]] = set()
    for root in chart.nodes:
        stack = [(root, iter(children[root]))] if root not in state else []
        state.setdefault(root, 1)
        while stack:
            name, rest = stack[-1]
            child = next(rest, None)
            if child is None:
                stack.pop()
                state[name] = 2
                order.append(name)
                continue
            if state.get(child) != 1:
                forward.add((name, child))
            if child not in state:
                state[child] = 1
                stack.append((child, iter(children[child])))
    depth = dict.fromkeys(chart.nodes, 0)
    for name in reversed(order):
        for child in children[name]:
            if (name, child) in forward:
                depth[child] = max(depth[child], depth[name] + 1)
    return depth


def _arrange(chart: Chart) -> tuple[list[list[Slot]], Routes]:
    """Return the layers in drawing order, and for every edge the slots that it passes."""
    depth = _depths(chart)
    layers: list[list[Slot]] = [[] for _ in range(max(depth.values()) + 1)]
    slots: dict[str, Slot] = {}
    for name, node in chart.nodes.items():
        width = max(len(line) for line in node.lines) * CHARACTER + 2 * PADDING
        slots[name] = Slot(node, depth[name], width, len(node.lines) * LINE + 2 * PADDING - 8)
        layers[depth[name]].append(slots[name])
    routes: Routes = []
    neighbours: dict[int, list[Slot]] = defaultdict(list)
    for edge in chart.edges:
        source, target = slots[edge.source], slots[edge.target]
        step = 1 if target.layer >= source.layer else -1
        bends = [Slot(None, layer, 4, 4) for layer in range(source.layer + step, target.layer, step)]
        for bend in bends:
            layers[bend.layer].append(bend)
        points = [source, *bends, target]
        routes.append((edge, points))
        for one, other in pairwise(points):
            neighbours[id(one)].append(other)
            neighbours[id(other)].append(one)
    _order(layers, neighbours)
    return layers, routes


def _order(layers: list[list[Slot]], neighbours: dict[int, list[Slot]]) -> None:
    """Sort each layer by the mean position of its neighbours in the layer before, to and fro."""
    for sweep in range(SWEEPS):
        down = sweep % 2 == 0
        sequence = layers if down else layers[::-1]
        for previous, layer in pairwise(sequence):
            position = {id(slot): index for index, slot in enumerate(previous)}
            current = {id(slot): index for index, slot in enumerate(layer)}

            def weight(slot: Slot, position: dict[int, int] = position, current: dict[int, int] = current) -> float:
                near = [position[id(other)] for other in neighbours[id(slot)] if id(other) in position]
                return sum(near) / len(near) if near else current[id(slot)]

            layer.sort(key=weight)


def _place(layers: list[list[Slot]], *, horizontal: bool, mirrored: bool) -> tuple[float, float]:
    """Give every slot its centre; return the drawing's width and height."""

    def along(slot: Slot) -> float:
        return slot.width if horizontal else slot.height

    def across(slot: Slot) -> float:
        return slot.height if horizontal else slot.width

    spans = [sum(across(slot) for slot in layer) + SIBLING_GAP * (len(layer) - 1) for layer in layers]
    breadth = max(spans)
    total = sum(max(along(slot) for slot in layer) for layer in layers) + LAYER_GAP * (len(layers) - 1)
    start = 0.0
    for layer, span in zip(layers, spans, strict=True):
        thickness = max(along(slot) for slot in layer)
        main = start + thickness / 2
        if mirrored:
            main = total - main
        offset = (breadth - span) / 2
        for slot in layer:
            cross = offset + across(slot) / 2
            slot.x, slot.y = (main, cross) if horizontal else (cross, main)
            slot.x, slot.y = slot.x + MARGIN, slot.y + MARGIN
            offset += across(slot) + SIBLING_GAP
        start += thickness + LAYER_GAP
    width, height = (total, breadth) if horizontal else (breadth, total)
    return width + 2 * MARGIN, height + 2 * MARGIN


def _edge(edge: Edge, slots: list[Slot], *, horizontal: bool) -> str:
    """Draw a smooth line from border to border, its arrow head and its label."""
    first, last = slots[0], slots[-1]
    ahead = last.x >= first.x if horizontal else last.y >= first.y
    sign = 1 if ahead else -1
    gap = 7 if edge.arrow else 0
    if horizontal:
        begin = (first.x + sign * first.width / 2, first.y)
        end = (last.x - sign * (last.width / 2 + gap), last.y)
        head = f"{end[0]:.1f},{end[1] - 4:.1f} {end[0] + sign * 7:.1f},{end[1]:.1f} {end[0]:.1f},{end[1] + 4:.1f}"
    else:
        begin = (first.x, first.y + sign * first.height / 2)
        end = (last.x, last.y - sign * (last.height / 2 + gap))
        head = f"{end[0] - 4:.1f},{end[1]:.1f} {end[0]:.1f},{end[1] + sign * 7:.1f} {end[0] + 4:.1f},{end[1]:.1f}"
    points = [begin, *((slot.x, slot.y) for slot in slots[1:-1]), end]
    path = f"M{begin[0]:.1f},{begin[1]:.1f}"
    for (x, y), (to_x, to_y) in pairwise(points):
        middle_x, middle_y = (x + to_x) / 2, (y + to_y) / 2
        control = (middle_x, y, middle_x, to_y) if horizontal else (x, middle_y, to_x, middle_y)
        path += " C" + " ".join(f"{number:.1f}" for number in (*control, to_x, to_y))
    dash = ' stroke-dasharray="4 4"' if edge.dotted else ""
    drawn = f'<path d="{path}" fill="none" stroke="#8c959f" stroke-width="1.5"{dash}/>'
    if edge.arrow:
        drawn += f'<polygon points="{head}" fill="#8c959f"/>'
    if edge.label:
        (x, y), (to_x, to_y) = points[len(points) // 2 - 1], points[len(points) // 2]
        drawn += _text([edge.label], (x + to_x) / 2, (y + to_y) / 2, "#57606a", halo=True)
    return drawn


def _box(chart: Chart, slot: Slot) -> str:
    assert slot.node is not None
    style = chart.styled(slot.node)
    left, top = slot.x - slot.width / 2, slot.y - slot.height / 2
    radius = slot.height / 2 if slot.node.rounded else 6
    return (
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{slot.width:.1f}" height="{slot.height:.1f}" rx="{radius:.1f}" '
        f'fill="{style.get("fill", "#f6f8fa")}" stroke="{style.get("stroke", "#8c959f")}"/>'
        + _text(slot.node.lines, slot.x, slot.y, style.get("color", "#1f2328"))
    )


def _text(lines: list[str], x: float, y: float, colour: str, *, halo: bool = False) -> str:
    top = y - (len(lines) - 1) * LINE / 2 + 4.5
    behind = ' stroke="#ffffff" stroke-width="5" paint-order="stroke"' if halo else ""
    spans = "".join(
        f'<tspan x="{x:.1f}" y="{top + index * LINE:.1f}">{html.escape(line)}</tspan>'
        for index, line in enumerate(lines)
    )
    return f'<text text-anchor="middle" font-size="13" fill="{colour}"{behind}>{spans}</text>'
