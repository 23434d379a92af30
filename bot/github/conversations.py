"""What was said on issues and pulls, and which issues may be plans: read where the store knows nothing of a plan.

Below client.py. Must not judge what was said, nor whose a comment is beyond what GitHub says of it.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from bot.core.model import CONFIG_PATH, IssueNumber, NodeId
from bot.errors import NotFound
from bot.github import queries, readings
from bot.github.answers import GraphQLError, documented_shapes
from bot.github.pieces import in_pieces
from bot.github.port import CommentReading, ConversationReading

COMMENTS_PER_PAGE = 100
THREADS_PER_REQUEST = 10
ISSUES_PER_PAGE = 100

Ask = Callable[..., Awaitable[dict[str, Any]]]

# One request asks for 1 + 10 connections (1 point) and at most 1,010 nodes. `lastEditedAt` tells an edit of the text from
# other changes of a comment, which `updatedAt` does not.
_SAID = f"""
fragment Said on IssueComment {{
  id fullDatabaseId url body createdAt lastEditedAt viewerDidAuthor
  author {{ ...Actor }}
  editor {{ ...Actor }}
}}
{queries.ACTOR}"""

_LABELLED = f"""
query Labelled($owner: String!, $name: String!, $config: String!, $label: String!, $after: String) {{
  repository(owner: $owner, name: $name) {{
    config: object(expression: $config) {{ ... on Blob {{ text isBinary isTruncated }} }}
    issues(labels: [$label], states: OPEN, first: {ISSUES_PER_PAGE}, after: $after) {{
      pageInfo {{ hasNextPage endCursor }}
      nodes {{ number }}
    }}
  }}
}}"""


async def conversations(ask: Ask, numbers: Sequence[int]) -> dict[int, ConversationReading]:
    """Return what was said on issues and pulls, oldest first: a request for 10 of them, and one for 100 comments more.

    Those that are gone are left out. Raises as `ask` does.
    """
    found: dict[int, ConversationReading] = {}

    async def read(page: Sequence[int], splits: bool) -> Mapping[str, Any]:
        return await _page(ask, page, None, splits=splits)

    for page, data in await in_pieces(numbers, THREADS_PER_REQUEST, read):
        for place, number in enumerate(page):
            if (thread := data.get(f"t{place}")) is not None:
                found[number] = await _whole(ask, number, thread)
    return found


async def labelled_issues(ask: Ask, label: str) -> tuple[str | None, tuple[IssueNumber, ...]]:
    """Return the config on the default branch, and the open issues with a label: one request for 100. Raises as `ask`."""
    found: list[IssueNumber] = []
    after: str | None = None
    while True:
        variables = {"config": f"HEAD:{CONFIG_PATH}", "label": label, "after": after}
        data = (await ask(queries.Request(operation="Labelled", document=_LABELLED, variables=variables)))["repository"]
        if data is None:
            raise NotFound("the repository")
        with documented_shapes("the issues of a label"):
            found += [IssueNumber(node["number"]) for node in data["issues"]["nodes"]]
            page = data["issues"]["pageInfo"]
        if not page["hasNextPage"]:
            return readings.config(data["config"]), tuple(found)
        after = page["endCursor"]


async def _whole(ask: Ask, number: int, thread: Mapping[str, Any]) -> ConversationReading:
    with documented_shapes("comments"):
        said = [_comment(node) for node in thread["comments"]["nodes"]]
        node_id, page = NodeId(thread["id"]), thread["comments"]["pageInfo"]
    while page["hasNextPage"]:
        data = await _page(ask, [number], page["endCursor"])
        with documented_shapes("comments"):
            said += [_comment(node) for node in data["t0"]["comments"]["nodes"]]
            page = data["t0"]["comments"]["pageInfo"]
    return ConversationReading(node_id=node_id, comments=tuple(said))


async def _page(ask: Ask, numbers: Sequence[int], after: str | None, *, splits: bool = False) -> Mapping[str, Any]:
    declared = ", ".join(f"$n{place}: Int!" for place in range(len(numbers)))
    comments = (
        f"id comments(first: {COMMENTS_PER_PAGE}, after: $after) "
        "{ pageInfo { hasNextPage endCursor } nodes { ...Said } }"
    )
    fields = "\n".join(
        f"    t{place}: issueOrPullRequest(number: $n{place}) "
        f"{{ ... on Issue {{ {comments} }} ... on PullRequest {{ {comments} }} }}"
        for place in range(len(numbers))
    )
    document = f"""
query Conversations($owner: String!, $name: String!, $after: String, {declared}) {{
  repository(owner: $owner, name: $name) {{
{fields}
  }}
}}{_SAID}"""
    variables = {f"n{place}": number for place, number in enumerate(numbers)} | {"after": after}
    request = queries.Request(operation="Conversations", document=document, variables=variables)
    found: Mapping[str, Any] | None = (await ask(request, forgive=_is_gone, splits=splits))["repository"]
    if found is None:
        raise NotFound("the repository")
    return found


def _comment(node: Mapping[str, Any]) -> CommentReading:
    author, editor = node["author"], node["editor"]
    return CommentReading(
        id=int(node["fullDatabaseId"]),
        node_id=NodeId(node["id"]),
        url=node["url"],
        body=node["body"],
        author=readings.login(author),
        author_is_bot=author is None or author["__typename"] != "User",
        ours=node["viewerDidAuthor"],
        at=datetime.fromisoformat(node["createdAt"]),
        edited=node["lastEditedAt"] is not None,
        editor=readings.login(editor) if editor is not None else None,
    )


def _is_gone(error: GraphQLError) -> bool:
    """Say whether an error only means that one of the threads was deleted."""
    return error.kind == "NOT_FOUND" and len(error.path) == 2 and error.path[0] == "repository"
