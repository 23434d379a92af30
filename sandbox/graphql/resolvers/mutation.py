"""The frame of a mutation: take `input`, find what its ids name, call an operation, give back the payload."""

from collections.abc import Awaitable, Callable
from typing import Any

from sandbox.graphql.context import Context, Info
from sandbox.graphql.lookup import expect
from sandbox.graphql.registry import field
from sandbox.model import Comment, Issue, Label, Pull, Repository, User

Payload = dict[str, Any]
Mutation = Callable[[Context, dict[str, Any]], Awaitable[Payload]]


def mutation(name: str) -> Callable[[Mutation], Mutation]:
    """Register a mutation; absent and null inputs look the same to it, and `clientMutationId` is echoed."""

    def register(perform: Mutation) -> Mutation:
        async def resolve(_root: None, info: Info, **arguments: Any) -> Payload:
            given = {key: value for key, value in arguments["input"].items() if value is not None}
            info.context.forget()
            payload = await perform(info.context, given)
            info.context.forget()
            return {"clientMutationId": given.get("clientMutationId")} | payload

        field("Mutation", name)(resolve)
        return perform

    return register


async def the_repository(context: Context, node_id: str) -> Repository:
    return await expect(context, node_id, Repository, "Repository")


async def the_pull(context: Context, node_id: str) -> tuple[Repository, Pull]:
    """Return a pull and its repository."""
    pull = await expect(context, node_id, Pull, "PullRequest")
    return context.world.repository_of(pull), pull


async def the_thread(context: Context, node_id: str, name: str = "Issue") -> tuple[Repository, Issue]:
    """Return an issue or pull and its repository."""
    thread = await expect(context, node_id, Issue, name)
    return context.world.repository_of(thread), thread


async def the_comment(context: Context, node_id: str) -> tuple[Repository, Comment]:
    """Return a comment and its repository."""
    comment = await expect(context, node_id, Comment, "IssueComment")
    return context.world.repository_of(comment), comment


async def label_names(context: Context, node_ids: list[str]) -> list[str]:
    """Return the names of labels by id; operations know labels by name, as REST does."""
    return [(await expect(context, one, Label, "Label")).name for one in node_ids]


async def logins(context: Context, node_ids: list[str]) -> list[str]:
    """Return the logins of users by id."""
    return [(await expect(context, one, User, "User")).login for one in node_ids]
