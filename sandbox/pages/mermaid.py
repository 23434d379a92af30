"""Draws a mermaid flowchart as inline SVG for the pages; reads text, returns text, and never runs or fetches anything.

Only the part of the language that plans use is read (https://mermaid.js.org/syntax/flowchart.html): `graph` and
`flowchart` with nodes, edges, edge labels and class colours. Anything else is refused, and the page shows the code.
"""

import html
import re
from dataclasses import dataclass, field

HEADER = re.compile(r"^(?:graph|flowchart)(?:\s+(LR|RL|TD|TB|BT))?\s*;?$")
IDENTIFIER = re.compile(r"[A-Za-z0-9_](?:[\w.]|-(?![-.>]))*")
#: opening bracket -> closing bracket, longest first because `([` begins with `(`.
BRACKETS = {"(((": ")))", "((": "))", "([": "])", "[[": "]]", "[(": ")]", "{{": "}}", "[": "]", "(": ")", "{": "}"}
EDGE = re.compile(
    r"(?:--\s*(?P<plain>[^->|][^>|]*?)\s*-->|-\.\s*(?P<dotted>[^.>|]+?)\s*\.->|==\s*(?P<thick>[^=>|]+?)\s*==>"
    r"|(?P<arrow><?-\.+->?|<?--+[>xo-]|<?==+[>=])(?:\|(?P<piped>[^|]*)\|)?)"
)
IGNORED = re.compile(r"^(?:%%|subgraph\b|end$|direction\b|linkStyle\b|click\b|accTitle|accDescr)")
COLOUR = re.compile(r"^(?:#[0-9a-fA-F]{3,8}|[a-z]{3,20})$")
MAX_NODES = 200


@dataclass
class Node:
    """A box; `lines` is its label as shown, `style` its fill, stroke and text colours."""

    name: str
    lines: list[str]
    rounded: bool = False
    classes: list[str] = field(default_factory=list)
    style: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Edge:
    """An arrow between two node names, in the order in which the text draws it."""

    source: str
    target: str
    label: str = ""
    dotted: bool = False
    arrow: bool = True


@dataclass
class Chart:
    """What a flowchart says, before any layout."""

    direction: str
    nodes: dict[str, Node] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)
    class_styles: dict[str, dict[str, str]] = field(default_factory=dict)

    def styled(self, node: Node) -> dict[str, str]:
        """Return the node's colours: its classes' first, its own over them."""
        style: dict[str, str] = {}
        for name in ["default", *node.classes]:
            style.update(self.class_styles.get(name, {}))
        return style | node.style


class UnreadableError(ValueError):
    """The text is not a flowchart of the known kind."""


def parse(source: str) -> Chart:
    """Return the chart; raise `UnreadableError` at the first statement that is not known."""
    statements = [part.strip() for line in source.splitlines() for part in _split(line)]
    statements = [statement for statement in statements if statement]
    header = HEADER.match(statements[0]) if statements else None
    if header is None:
        raise UnreadableError("not a flowchart")
    chart = Chart(header[1] or "TD")
    for statement in statements[1:]:
        _read_statement(chart, statement)
    if not chart.nodes or len(chart.nodes) > MAX_NODES:
        raise UnreadableError("empty, or too large to draw")
    return chart


def _split(line: str) -> list[str]:
    """Split a line at its semicolons, but not inside quotes (`&quot;` ends with one)."""
    if line.strip().startswith("%%"):
        return []
    return re.split(r';(?=(?:[^"]*"[^"]*")*[^"]*$)', line)


def _read_statement(chart: Chart, statement: str) -> None:
    if IGNORED.match(statement):
        return
    keyword, _, rest = statement.partition(" ")
    if keyword in {"classDef", "class", "style"}:
        names, _, value = rest.strip().partition(" ")
        for name in names.split(","):
            if keyword == "classDef":
                chart.class_styles[name] = _read_style(value)
            elif keyword == "class":
                _node(chart, name).classes.append(value.strip())
            else:
                _node(chart, name).style.update(_read_style(value))
        return
    _read_chain(chart, statement)


def _read_style(text: str) -> dict[str, str]:
    pairs = (part.split(":", 1) for part in text.split(",") if ":" in part)
    return {
        key.strip(): value.strip()
        for key, value in pairs
        if key.strip() in {"fill", "stroke", "color"} and COLOUR.match(value.strip())
    }


def _read_chain(chart: Chart, statement: str) -> None:
    """Read `a & b --> c -->|label| d`."""
    group, position = _read_group(chart, statement, 0)
    while position < len(statement):
        match = EDGE.match(statement, position)
        if match is None:
            raise UnreadableError(f"cannot read {statement[position:]!r}")
        label = next((match[key] for key in ("plain", "dotted", "thick", "piped") if match[key]), "")
        following, position = _read_group(chart, statement, match.end())
        shape = match[0]
        chart.edges += [
            Edge(one, other, " ".join(_lines(label)), "-." in shape, shape.split("|")[0].rstrip().endswith(">"))
            for one in group
            for other in following
        ]
        group = following


def _read_group(chart: Chart, text: str, position: int) -> tuple[list[str], int]:
    names = []
    while True:
        name, position = _read_node(chart, text, _skip(text, position))
        names.append(name)
        position = _skip(text, position)
        if not text.startswith("&", position):
            return names, position
        position += 1


def _skip(text: str, position: int) -> int:
    while position < len(text) and text[position].isspace():
        position += 1
    return position


def _read_node(chart: Chart, text: str, position: int) -> tuple[str, int]:
    match = IDENTIFIER.match(text, position)
    if match is None:
        raise UnreadableError(f"no node at {text[position:]!r}")
    node, position = _node(chart, match[0]), match.end()
    opening = next((bracket for bracket in BRACKETS if text.startswith(bracket, position)), None)
    if opening is not None:
        start = position + len(opening)
        quoted = text.startswith('"', start)
        closing = ('"' if quoted else "") + BRACKETS[opening]
        end = text.find(closing, start + quoted)
        if end < 0:
            raise UnreadableError(f"{match[0]} is not closed")
        node.lines = _lines(text[start + quoted : end])
        node.rounded = opening.startswith("(") or opening == "[("
        position = end + len(closing)
    if text.startswith(":::", position):
        name = IDENTIFIER.match(text, position + 3)
        if name is None:
            raise UnreadableError("a class name is missing")
        node.classes.append(name[0])
        position = name.end()
    return match[0], position


def _node(chart: Chart, name: str) -> Node:
    return chart.nodes.setdefault(name, Node(name, [name]))


def _lines(label: str) -> list[str]:
    """Return a label's lines; mermaid writes entities as `#quot;` or `#35;` and line breaks as `<br/>`."""
    text = re.sub(r"(?<!&)#(\d+);", r"&#\1;", label.strip().strip('"'))
    parts = re.split(r"<br\s*/?>|\\n", re.sub(r"(?<!&)#(\w+);", r"&\1;", text))
    return [html.unescape(re.sub(r"</?[a-z]+>|\*\*|`", "", part)).strip() for part in parts]
