"""Builds the executable schema from the SDL files; knows types only, no world and no resolver logic."""

import re
from pathlib import Path

from graphql import GraphQLSchema, build_schema

SCHEMA_DIRECTORY = Path(__file__).parent / "schema"
REFERENCE = re.compile(r"(?:: |\[)([A-Z]\w*?)(Connection|Edge)\b")
DEFINITION = re.compile(r"^type (\w+)", re.MULTILINE)

CONNECTION = """
type {node}Connection {{
  edges: [{node}Edge]
  nodes: [{node}]
  pageInfo: PageInfo!
  totalCount: Int!
}}
"""

EDGE = """
type {node}Edge {{
  cursor: String!
  node: {node}
}}
"""


def complete(sdl: str) -> str:
    """Return the SDL with every `XConnection` and `XEdge` that is used but not written out.

    GitHub's connections all share one shape (docs.github.com, "Using pagination in the GraphQL API"); writing forty
    of them by hand would hide the few that differ.
    """
    defined = set(DEFINITION.findall(sdl))
    connections = {name for name, kind in REFERENCE.findall(sdl) if kind == "Connection"}
    missing = sorted(name for name in connections if f"{name}Connection" not in defined)
    sdl += "".join(CONNECTION.format(node=name) for name in missing)
    edges = {name for name, kind in REFERENCE.findall(sdl) if kind == "Edge" and f"{name}Edge" not in defined}
    return sdl + "".join(EDGE.format(node=name) for name in sorted(edges))


def load_schema() -> GraphQLSchema:
    """Return a fresh, validated schema without resolvers; the caller attaches them."""
    files = sorted(SCHEMA_DIRECTORY.glob("*.graphql"))
    return build_schema(complete("\n".join(file.read_text(encoding="utf-8") for file in files)))
