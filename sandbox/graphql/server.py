"""POST /graphql: reads the request, runs it on the schema, writes the answer; no field is resolved here."""

import inspect
import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from aiohttp import web
from graphql import (
    DocumentNode,
    ExecutionResult,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    execute,
    get_operation_ast,
    parse,
    validate,
)
from graphql.execution.values import get_variable_values

from sandbox.limits import COST
from sandbox.world import World

from .context import Context
from .cost import count
from .errors import formatted
from .resolvers import attach
from .schema import load_schema

DOCUMENTATION = "https://docs.github.com/graphql"


@lru_cache(maxsize=1)
def executable_schema() -> GraphQLSchema:
    """Return the schema with its resolvers; the same one for every world."""
    schema = load_schema()
    attach(schema)
    return schema


@lru_cache(maxsize=1024)
def prepare(query: str) -> tuple[DocumentNode | None, tuple[GraphQLError, ...]]:
    """Parse and validate a text, once; return the document, or the errors."""
    try:
        document = parse(query)
    except GraphQLError as error:
        return None, (error,)
    return document, tuple(validate(executable_schema(), document))


@dataclass
class _Answer:
    """What goes back: the JSON body, and the points that it costs."""

    body: dict[str, Any]
    cost: int = 1


def mount(app: web.Application, world: World) -> None:
    """Add POST /graphql to the application; the middleware has authenticated the request before."""

    async def handle(request: web.Request) -> web.Response:
        try:
            body = await request.json()
        except json.JSONDecodeError:
            return _refuse(400, "Problems parsing JSON")
        if not isinstance(body, dict) or not isinstance(body.get("query"), str):
            return _refuse(400, "A query attribute must be specified and must be a string.")
        context = Context.of(world, request)
        if context is None:
            return _refuse(401, "This endpoint requires you to be authenticated.")
        answer = await run(context, body["query"], body.get("variables") or {}, body.get("operationName"))
        request[COST] = answer.cost
        return web.json_response(answer.body)

    app.router.add_post("/graphql", handle)


def _refuse(status: int, message: str) -> web.Response:
    return web.json_response({"message": message, "documentation_url": DOCUMENTATION}, status=status)


async def run(context: Context, query: str, variables: dict[str, Any], operation_name: str | None) -> _Answer:
    """Execute one operation; mutations run one after the other, and a failed one does not stop the next."""
    document, problems = prepare(query)
    if document is None or problems:
        return _Answer({"errors": [formatted(problem) for problem in problems]})
    operation = get_operation_ast(document, operation_name)
    if operation is None:
        message = f"No operation named {operation_name!r}" if operation_name else "An operation name is required"
        return _Answer({"errors": [{"message": message}]})
    schema = executable_schema()
    given = get_variable_values(schema, list(operation.variable_definitions or ()), variables)
    if isinstance(given, list):
        return _Answer({"errors": [formatted(problem) for problem in given]})
    asked = count(schema, document, operation, variables)
    if asked.errors:
        return _Answer({"errors": asked.errors}, asked.points)
    context.asked = asked
    result = execute(schema, document, context_value=context, variable_values=variables, operation_name=operation_name)
    if inspect.isawaitable(result):
        result = await result
    assert isinstance(result, ExecutionResult)
    body: dict[str, Any] = {"data": result.data}
    if result.errors:
        body["errors"] = [formatted(error) for error in result.errors]
    return _Answer(body, asked.points)


def root_fields(document: DocumentNode, operation: OperationDefinitionNode) -> list[str]:
    """Return the names of the operation's top fields in order, aliases resolved."""
    fragments = {
        definition.name.value: definition.selection_set
        for definition in document.definitions
        if isinstance(definition, FragmentDefinitionNode)
    }

    def walk(selections: SelectionSetNode) -> list[str]:
        names: list[str] = []
        for node in selections.selections:
            if isinstance(node, FieldNode):
                names.append(node.name.value)
            elif isinstance(node, InlineFragmentNode):
                names += walk(node.selection_set)
            elif isinstance(node, FragmentSpreadNode):
                names += walk(fragments[node.name.value])
        return names

    return walk(operation.selection_set)


def fields_of(body: bytes) -> list[str]:
    """Return `["mutation:createPullRequest", ...]` for a request body, or nothing for a query or an unreadable body."""
    try:
        request = json.loads(body)
    except ValueError:
        return []
    if not isinstance(request, dict) or not isinstance(request.get("query"), str):
        return []
    document, problems = prepare(request["query"])
    if document is None or problems:
        return []
    operation = get_operation_ast(document, request.get("operationName"))
    if operation is None or operation.operation is not OperationType.MUTATION:
        return []
    return [f"mutation:{name}" for name in root_fields(document, operation)]
