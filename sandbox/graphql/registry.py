"""Collects the resolvers of all files and attaches them to the schema; decides nothing about any field itself."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

from graphql import (
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLUnionType,
)

Resolver = Callable[..., Any]
R = TypeVar("R", bound=Resolver)
RESOLVERS: dict[tuple[str, str], Resolver] = {}
#: Python class -> GraphQL type, or a function that tells it from the value.
TYPES: dict[type, str | Callable[[Any], str]] = {}

CAPITAL = re.compile(r"(?<=[a-z0-9])([A-Z])")


def field(type_names: str, name: str) -> Callable[[R], R]:
    """Register a resolver for one field of one or more types (`"Issue PullRequest"`)."""

    def register(resolver: R) -> R:
        for type_name in type_names.split():
            RESOLVERS[type_name, name] = resolver
        return resolver

    return register


def constant(type_names: str, value: Any, *names: str) -> None:
    """Register fields that always have the same value."""
    for name in names:
        field(type_names, name)(lambda _source, _info, **_arguments: value)


def attach(schema: GraphQLSchema) -> None:
    """Give every field its resolver; raise KeyError for a resolver without a field (a misspelt name)."""
    for name in ("DateTime", "GitTimestamp"):
        declared = schema.type_map[name]
        assert isinstance(declared, GraphQLScalarType)
        declared.coerce_output_value = _timestamp
    for type_name, field_name in RESOLVERS:
        declared = schema.type_map[type_name]
        assert isinstance(declared, GraphQLObjectType)
        if field_name not in declared.fields:
            raise KeyError(f"{type_name}.{field_name}")
    for declared in schema.type_map.values():
        if isinstance(declared, GraphQLObjectType) and not declared.name.startswith("__"):
            for field_name, declared_field in declared.fields.items():
                declared_field.resolve = RESOLVERS.get((declared.name, field_name)) or _read(field_name)
        elif isinstance(declared, GraphQLInterfaceType | GraphQLUnionType):
            declared.resolve_type = lambda value, _info, _type: type_name_of(value)


def type_name_of(value: Any) -> str:
    """Return the GraphQL type of a value of the world."""
    found = TYPES[type(value)]
    return found if isinstance(found, str) else found(value)


def snake_case(name: str) -> str:
    """Return `mergedAt` as `merged_at`."""
    return CAPITAL.sub(r"_\1", name).lower()


def _timestamp(value: datetime | str) -> str:
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if isinstance(value, datetime) else value


def _read(field_name: str) -> Resolver:
    """Read a field that the world calls by the same name, in Python's spelling; a mapping is asked by GitHub's name."""
    attribute = {"id": "node_id", "databaseId": "id"}.get(field_name) or snake_case(field_name)

    def resolve(source: Any, _info: object, **_arguments: Any) -> Any:
        return source[field_name] if isinstance(source, dict) else getattr(source, attribute)

    return resolve
