"""One look at the database for all who ask at the same time: whoever reloads a page must not hold up who stores webhooks.

Used by what is shown to anybody, health.py and pages.py. Must not know what is looked at.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")

REST = 10.0  # times as long as it took: so all looks of a kind take a tenth of the time at most
LONGEST_REST = 5.0  # seconds, also after a look that hung: what is back is to be seen


class Glance(Generic[T]):
    """What a look found, or how it failed, until it may be repeated."""

    def __init__(self, look: Callable[[], Awaitable[T]], rest: float = REST) -> None:
        self._look = look
        self._rest = rest
        self._looking = asyncio.Lock()
        self._found: Callable[[], T] | None = None
        self._until = 0.0  # by the loop's clock

    async def get(self) -> T:
        """Return what the last look found if it still counts, else look. Raises what the look raised."""
        async with self._looking:
            clock = asyncio.get_running_loop().time
            began = clock()
            if self._found is None or began >= self._until:
                self._found = await self._taken()
                self._until = clock() + min((clock() - began) * self._rest, LONGEST_REST)
            found = self._found
        return found()

    async def _taken(self) -> Callable[[], T]:
        try:
            seen = await self._look()
        except Exception as error:  # everybody who waits is to get it
            failed = error

            def fail() -> T:
                raise failed.with_traceback(None)  # else it would keep the frames of all who ever asked

            return fail
        return lambda: seen
