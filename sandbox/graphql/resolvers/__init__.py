"""The resolvers by area; importing this package registers all of them, `attach` gives them to a schema."""

from sandbox.graphql.registry import attach

from . import (
    actors,
    checks,
    git,
    merge_queue,
    mutate_checks,
    mutate_git,
    mutate_pulls,
    mutate_threads,
    pulls,
    reactions,
    repository,
    rules,
    threads,
)

__all__ = [
    "actors",
    "attach",
    "checks",
    "git",
    "merge_queue",
    "mutate_checks",
    "mutate_git",
    "mutate_pulls",
    "mutate_threads",
    "pulls",
    "reactions",
    "repository",
    "rules",
    "threads",
]
