"""Reading the merge queue of a branch, page by page. A part of client.py, which says how to ask.

Must not decide which queues are read: a repository without one must not pay a request.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from bot.core.facts import QueueEntry
from bot.core.model import Branch
from bot.errors import NotFound
from bot.github import queries, readings
from bot.github.answers import documented_shapes

Ask = Callable[[queries.Request], Awaitable[dict[str, Any]]]


async def entries(ask: Ask, base: Branch) -> tuple[QueueEntry, ...]:
    """Return all entries, next first, one request per 50; () where the branch has no queue. Errors: see client.py."""
    found: list[QueueEntry] = []
    after: str | None = None
    while True:
        variables = {"branch": base, "after": after}
        data = await ask(queries.Request(operation="MergeQueue", document=queries.MERGE_QUEUE, variables=variables))
        if data["repository"] is None:
            raise NotFound("the repository")
        with documented_shapes("the merge queue"):
            queue = data["repository"]["mergeQueue"]
            if queue is None:
                return ()
            page = queue["entries"]
            found += [readings.queue_entry(node) for node in page["nodes"] if node["pullRequest"] is not None]
            if not page["pageInfo"]["hasNextPage"]:
                return tuple(found)
            after = page["pageInfo"]["endCursor"]
