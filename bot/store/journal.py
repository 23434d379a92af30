"""What must not be done twice: written down before it is tried, ticked off with its result.

An entry that is found "intended" at the start of a turn may or may not have happened; the worker looks for its trace
before it tries again. Must not know what the keys mean.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam, delete, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.store.db import insert_into
from bot.store.tables import journal, plans


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntry:
    """One thing to be done once."""

    key: str  # "status", "reply:<comment id>:<line>", "check:<head>"
    done: bool
    intended_at: datetime  # UTC, by GitHub's clock, of the last intention: nothing older is its trace
    result: str | None  # node id of what was made


async def intend(session: AsyncSession, lane_id: int, keys: Collection[str], now: datetime) -> dict[str, JournalEntry]:
    """Write down what will be tried (T4); return the entry of each key, which may have been there already."""
    if not keys:
        return {}
    statement = insert_into(session, journal).on_conflict_do_nothing()
    rows = [{"lane_id": lane_id, "key": key, "state": "intended", "intended_at": now} for key in keys]
    await (await session.connection()).execute(statement, rows)
    found = await session.execute(_of(lane_id).where(journal.c.key.in_(keys)))
    return {
        row.key: JournalEntry(key=row.key, done=row.state == "done", intended_at=row.intended_at, result=row.result)
        for row in found
    }


async def intend_again(session: AsyncSession, lane_id: int, keys: Collection[str], now: datetime) -> None:
    """Write down what will be tried once more: what was intended before surely did not happen, or is gone (T4)."""
    entries = (journal.c.lane_id == lane_id, journal.c.key.in_(keys))
    await session.execute(update(journal).where(*entries).values(state="intended", intended_at=now, result=None))


async def complete(session: AsyncSession, lane_id: int, results: Mapping[str, str | None]) -> None:
    """Note what happened, and what came of it, by key (T5). Repeating it is safe."""
    if not results:
        return
    entry = (journal.c.lane_id == lane_id, journal.c.key == bindparam("of"))
    statement = update(journal).where(*entry).values(state="done", result=bindparam("came"))
    rows = [{"of": key, "came": result} for key, result in results.items()]
    await (await session.connection()).execute(statement, rows)


async def withdraw(session: AsyncSession, lane_id: int, keys: Collection[str]) -> None:
    """Strike out what surely did not happen, because GitHub refused it (T5)."""
    entries = (journal.c.lane_id == lane_id, journal.c.key.in_(keys))
    await session.execute(delete(journal).where(*entries, journal.c.state == "intended"))


async def open_entries(session: AsyncSession, lane_id: int) -> list[JournalEntry]:
    """Return what was intended and is not known to have happened, oldest first."""
    rows = await session.execute(
        _of(lane_id).where(journal.c.state == "intended").order_by(journal.c.intended_at, journal.c.key)
    )
    return [JournalEntry(key=row.key, done=False, intended_at=row.intended_at, result=row.result) for row in rows]


async def prune(session: AsyncSession, before: datetime, limit: int) -> int:
    """Delete so many of the entries that were begun before and are done, but none of a plan that still runs; return how many.

    By then the memory knows what was made, and the commands that were replied to are closed.
    """
    runs = select(plans.c.lane_id).where(plans.c.lane_id == journal.c.lane_id, plans.c.open.is_(True)).exists()
    old = (
        select(journal.c.lane_id, journal.c.key)
        .where(journal.c.state == "done", journal.c.intended_at < before, ~runs)
        .limit(limit)
        .with_for_update(skip_locked=True, of=journal)
    )
    entry = tuple_(journal.c.lane_id, journal.c.key)
    gone = await session.execute(delete(journal).where(entry.in_(old)).returning(journal.c.key))
    return len(gone.all())


def _of(lane_id: int) -> Select[Any]:
    return select(journal).where(journal.c.lane_id == lane_id)
