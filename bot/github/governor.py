"""What one installation may ask of GitHub, and when: remembers every limit that GitHub has announced and paces writes.

Used by transport.py before and after each request. Must not send, retry or decide what happens to a refused call.
https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#handle-rate-limit-errors-appropriately
"""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Literal, get_args

from bot.github.answers import names_a_limit
from bot.github.clock import Clocks

Resource = Literal["core", "graphql"]  # GitHub counts REST and GraphQL apart
RESOURCES: tuple[Resource, ...] = get_args(Resource)

SECONDARY_WAIT = timedelta(seconds=60)  # GitHub asks for at least a minute where it names no time
LONGEST_WAIT = timedelta(hours=1)
LONGEST_QUEUE = 15.0  # seconds; whoever would wait longer for its write is sent away, and comes again later


class Governor:
    """The limits of one installation (or of the App itself). All times are ours (UTC)."""

    def __init__(self, *, clocks: Clocks, write_gap: float) -> None:
        self._clocks = clocks
        self._clock = clocks.now
        self._write_gap = write_gap  # seconds between the starts of two writes
        self._next_write = 0.0  # on the event loop's clock
        self._closed_until: dict[Resource, datetime] = {}
        self._left: dict[Resource, tuple[int, datetime]] = {}  # and when the quota is full again
        self._unexplained = 0  # limits in a row that named no time

    def retry_at(self, resource: Resource) -> datetime | None:
        """Return until when nothing may be asked (UTC), None if asking is allowed."""
        until = self._closed_until.get(resource)
        return until if until is not None and until > self._clock() else None

    def left(self, resource: Resource) -> int | None:
        """Return what the last answer said is left of the quota; None if none said so, or it is full again since."""
        left, until = self._left.get(resource, (0, self._clock()))
        return left if until > self._clock() else None

    def note(self, resource: Resource, status: int, headers: Mapping[str, str], message: str) -> datetime | None:
        """Learn from an answer. Returns when to try again (UTC) if it was refused for a limit, else None."""
        exhausted = headers.get("x-ratelimit-remaining") == "0"
        self._count(resource, headers)
        words = names_a_limit(message)
        if status == 429 or (status == 403 and (exhausted or words or "retry-after" in headers)):
            return self.close(resource, headers)
        if 200 <= status < 300:
            if resource == "core":  # GraphQL says 200 whatever it says
                self.granted()
            reset = self._reset(headers)
            if exhausted and reset is not None:
                self._closed_until[resource] = max(reset, self._closed_until.get(resource, reset))
        return None

    def granted(self) -> None:
        """Learn that an answer met no limit: the next one that names no time is waited for as briefly as the first."""
        self._unexplained = 0

    def close(self, resource: Resource, headers: Mapping[str, str], *, quota: bool = False) -> datetime:
        """Remember a limit that an answer announced, and return when it ends: by `retry-after`, else the reset.

        `quota`: it said that it is the quota, whatever its headers say is left. An exhausted quota closes its own
        resource; anything else is a secondary limit, which REST and GraphQL share.
        """
        now = self._clock()
        retry_after = headers.get("retry-after", "")
        reset = self._reset(headers) if quota or headers.get("x-ratelimit-remaining") == "0" else None
        if retry_after.isdecimal():
            until = now + timedelta(seconds=int(retry_after))
        elif reset is not None:
            until = max(reset, now + timedelta(seconds=1))
        else:
            until = now + min(SECONDARY_WAIT * 2**self._unexplained, LONGEST_WAIT)
            self._unexplained = min(self._unexplained + 1, 6)
        for each in (resource,) if reset is not None else RESOURCES:
            self._closed_until[each] = max(until, self._closed_until.get(each, until))
        return until

    def _count(self, resource: Resource, headers: Mapping[str, str]) -> None:
        left, reset = headers.get("x-ratelimit-remaining", ""), self._reset(headers)
        # GitHub counts some endpoints apart, and says so; those are not what this is about.
        if left.isdecimal() and reset is not None and headers.get("x-ratelimit-resource", resource) == resource:
            self._left[resource] = int(left), reset

    async def pace(self, resource: Resource, weight: int) -> datetime | None:
        """Wait until the next write may start, at most LONGEST_QUEUE, and reserve the time that `weight` writes take.

        Returns None if it may start now, else when to come again (UTC): at once if the wait would be longer, and then
        nothing is reserved, or after the wait if another write has met a limit meanwhile.
        """
        if self._write_gap <= 0:
            return None
        now = asyncio.get_running_loop().time()
        start = max(now, self._next_write)
        if start - now > LONGEST_QUEUE:
            return self._clock() + timedelta(seconds=start - now)
        self._next_write = start + self._write_gap * max(weight, 1)
        await asyncio.sleep(start - now)
        return self.retry_at(resource)

    def _reset(self, headers: Mapping[str, str]) -> datetime | None:
        """Return when the quota is full again; GitHub names it by its own clock."""
        reset = headers.get("x-ratelimit-reset", "")
        return self._clocks.ours(datetime.fromtimestamp(int(reset), UTC)) if reset.isdecimal() else None
