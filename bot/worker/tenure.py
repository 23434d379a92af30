"""Keeps a lane for as long as its turn takes: a turn may read for minutes, and a lease lasts one.

Around a turn in loop.py and around a rebuild in by_hand.py. Must not end a turn: one whose lane was taken all the same
learns it from `lanes.renew`, which it asks before it writes anywhere.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import structlog

from bot.errors import LeaseLost
from bot.store import lanes
from bot.store.db import Database, is_away
from bot.store.lanes import Lease
from bot.store.next_lane import LEASE

EVERY = LEASE / 3  # seconds; so a lease outlives two renewals that fail

log = structlog.get_logger()


@asynccontextmanager
async def kept(database: Database, lease: Lease) -> AsyncIterator[None]:
    """Renew the lease every 20 s while the block runs, until it was given back or somebody else has the lane."""
    over = asyncio.Event()
    keeper = asyncio.create_task(_keep(database, lease, over))
    try:
        yield
    finally:
        over.set()  # not cancelled: a renewal in progress takes milliseconds, and leaves its connection in order
        await keeper


async def _keep(database: Database, lease: Lease, over: asyncio.Event) -> None:
    while not over.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(over.wait(), EVERY)
            return
        try:
            async with database.session() as session:
                await lanes.renew(session, lease)
        except LeaseLost:
            return
        except Exception as error:
            if not is_away(error):
                raise
            log.warning("lease.not_renewed", error=str(error))
