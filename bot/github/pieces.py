"""Many things asked about in batches, each batch halved where GitHub finds it too much.

GitHub ends a query that runs longer than 10 seconds, and counts it all the same: asked again as it is, it would fail again.
https://docs.github.com/en/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api#timeouts
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from bot.github.answers import ResourceLimits

Thing = TypeVar("Thing")
Answer = TypeVar("Answer")


async def in_pieces(
    things: Sequence[Thing], size: int, ask: Callable[[Sequence[Thing], bool], Awaitable[Answer]]
) -> list[tuple[Sequence[Thing], Answer]]:
    """Return the answers about `size` things at a time, about half as many from where one is too heavy, down to one.

    `ask` is told whether what it asks about can be split. Raises as `ask` does.
    """
    answers: list[tuple[Sequence[Thing], Answer]] = []
    start = 0
    while start < len(things):
        piece = things[start : start + size]
        try:
            answers.append((piece, await ask(piece, len(piece) > 1)))
        except ResourceLimits:
            if len(piece) == 1:
                raise
            size = len(piece) // 2
        else:
            start += len(piece)
    return answers
