"""Counts what a query asks for before it runs: points, nodes and page sizes, as GitHub does; runs nothing.

Source: docs.github.com/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api
(node limit 500,000; `first` or `last` of 1 to 100 on every connection; points = connection requests / 100, at least 1).
"""

from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLCompositeType,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    value_from_ast_untyped,
)

MAX_NODES = 500_000
MAX_PAGE = 100


@dataclass
class Count:
    """What one operation asks for; `errors` are in the form of the answer."""

    requests: int = 0
    nodes: int = 0
    errors: list[dict[str, Any]] = field(default_factory=list)

    @property
    def points(self) -> int:
        """The cost against the hourly limit."""
        return max(1, round(self.requests / 100))


@dataclass
class _Walk:
    schema: GraphQLSchema
    fragments: dict[str, FragmentDefinitionNode]
    variables: dict[str, Any]
    count: Count

    def selections(
        self, parent: GraphQLCompositeType, selection_set: SelectionSetNode, times: int, path: list[str]
    ) -> None:
        for node in selection_set.selections:
            if isinstance(node, FieldNode):
                self.field(parent, node, times, path)
                continue
            inner: GraphQLCompositeType = parent
            if isinstance(node, FragmentSpreadNode):
                fragment = self.fragments[node.name.value]
                inner, following = self.composite(fragment.type_condition.name.value), fragment.selection_set
            else:
                assert isinstance(node, InlineFragmentNode)
                if node.type_condition is not None:
                    inner = self.composite(node.type_condition.name.value)
                following = node.selection_set
            self.selections(inner, following, times, path)

    def composite(self, name: str) -> GraphQLCompositeType:
        found = self.schema.type_map[name]
        assert isinstance(found, GraphQLObjectType | GraphQLInterfaceType | GraphQLUnionType)
        return found

    def field(self, parent: GraphQLCompositeType, node: FieldNode, times: int, path: list[str]) -> None:
        if not isinstance(parent, GraphQLObjectType | GraphQLInterfaceType) or node.selection_set is None:
            return
        declared = parent.fields.get(node.name.value)
        if declared is None:  # __schema and __type
            return
        here = [*path, node.alias.value if node.alias else node.name.value]
        inner = get_named_type(declared.type)
        if inner.name.endswith("Connection") and "first" in declared.args:
            self.count.requests += times
            times *= self.page_size(declared, node, here)
            self.count.nodes += times
        self.selections(inner, node.selection_set, times, here)

    def page_size(self, declared: GraphQLField, node: FieldNode, path: list[str]) -> int:
        """Return the page size of a connection, and note an error if it is missing or out of bounds."""
        given = {argument.name.value: argument.value for argument in node.arguments or ()}
        for name in ("first", "last"):
            if name not in given:
                continue
            value = given[name]
            size = (
                self.variables.get(value.name.value)
                if isinstance(value, VariableNode)
                else value_from_ast_untyped(value)
            )
            if size is None:
                continue
            if size > MAX_PAGE:
                message = (
                    f"Requesting {size} records on the `{node.name.value}` connection exceeds the `{name}` limit of "
                    f"{MAX_PAGE} records."
                )
                self.error("EXCESSIVE_PAGINATION", message, node, path)
            elif size < 0:
                message = f"`{name}` on the `{node.name.value}` connection cannot be less than zero."
                self.error("INVALID_PAGINATION", message, node, path)
            return max(0, min(int(size), MAX_PAGE))
        message = f"You must provide a `first` or `last` value to properly paginate the `{node.name.value}` connection."
        self.error("MISSING_PAGINATION_BOUNDARIES", message, node, path)
        return 1

    def error(self, kind: str, message: str, node: FieldNode, path: list[str]) -> None:
        locations = []
        if node.loc is not None:
            start = node.loc.start_token
            locations.append({"line": start.line, "column": start.column})
        self.count.errors.append({"type": kind, "path": path, "locations": locations, "message": message})


def count(
    schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode, variables: dict[str, Any]
) -> Count:
    """Return the points, nodes and page errors of a validated operation."""
    fragments = {
        definition.name.value: definition
        for definition in document.definitions
        if isinstance(definition, FragmentDefinitionNode)
    }
    defaults = {
        definition.variable.name.value: value_from_ast_untyped(definition.default_value)
        for definition in operation.variable_definitions or ()
        if definition.default_value is not None
    }
    result = Count()
    root = schema.get_root_type(operation.operation)
    assert root is not None
    walk = _Walk(schema, fragments, defaults | variables, result)
    walk.selections(root, operation.selection_set, 1, [operation.operation.value])
    if result.nodes > MAX_NODES:
        message = (
            f"This query requests up to {result.nodes:,} possible nodes "
            f"which exceeds the maximum limit of {MAX_NODES:,}."
        )
        result.errors.append({"type": "MAX_NODE_LIMIT_EXCEEDED", "message": message})
    return result
