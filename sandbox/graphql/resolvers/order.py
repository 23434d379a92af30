"""Filters and sorts issues and pulls as the arguments of GitHub's lists say; reads no git and no network."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, TypeVar

from sandbox.model import Issue, Pull
from sandbox.world import World

T = TypeVar("T", bound=Issue)


def moment(text: str) -> datetime:
    """Return an ISO 8601 time as GitHub's inputs write it."""
    return datetime.fromisoformat(text)


def state_of(thread: Issue) -> str:
    """Return GraphQL's state: OPEN, CLOSED, and MERGED for a pull."""
    return "MERGED" if isinstance(thread, Pull) and thread.merged else thread.state.upper()


def select_issues(world: World, issues: Iterable[Issue], arguments: dict[str, Any]) -> list[Issue]:
    """Return the issues that `states`, `labels` and `filterBy` keep, in the order of `orderBy`."""
    filters = {key: value for key, value in (arguments.get("filterBy") or {}).items() if value is not None}
    kept = _labelled(world, issues, arguments.get("labels") or filters.get("labels"))
    states = arguments.get("states") or filters.get("states")
    since = moment(filters["since"]) if "since" in filters else None
    return _ordered(
        world,
        [
            issue
            for issue in kept
            if (not states or state_of(issue) in states)
            and (since is None or issue.updated_at >= since)
            and ("createdBy" not in filters or world.author(issue).login == filters["createdBy"])
            and ("assignee" not in filters or filters["assignee"] in [one.login for one in world.assignees_of(issue)])
        ],
        arguments.get("orderBy"),
    )


def select_pulls(world: World, pulls: Iterable[Pull], arguments: dict[str, Any]) -> list[Pull]:
    """Return the pulls that `states`, `labels`, `headRefName` and `baseRefName` keep, in the order of `orderBy`."""
    states, head, base = arguments.get("states"), arguments.get("headRefName"), arguments.get("baseRefName")
    kept = [
        pull
        for pull in _labelled(world, pulls, arguments.get("labels"))
        if (not states or state_of(pull) in states) and head in (None, pull.head_ref) and base in (None, pull.base_ref)
    ]
    return _ordered(world, kept, arguments.get("orderBy"))


def _labelled(world: World, threads: Iterable[T], names: list[str] | None) -> list[T]:
    """Keep the threads with any of the labels."""
    wanted = {name.lower() for name in names or ()}
    return [one for one in threads if not wanted or wanted & {label.name.lower() for label in world.labels_of(one)}]


def _ordered(world: World, threads: list[T], order: dict[str, str] | None) -> list[T]:
    keys: dict[str, Callable[[T], Any]] = {
        "CREATED_AT": lambda one: one.created_at,
        "UPDATED_AT": lambda one: one.updated_at,
        "COMMENTS": lambda one: len(world.comments_of(one)),
    }
    if order:
        threads.sort(key=lambda one: (keys[order["field"]](one), one.number), reverse=order["direction"] == "DESC")
    return threads
