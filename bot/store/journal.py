"""What must not be done twice: written down before it is tried, ticked off with its result.

An entry that is found "intended" at the start of a turn may or may not have happened; the worker looks for its trace
before it tries again. All times are the database's. Must not know what the keys mean.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Insert, bindparam, delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.store.db import database_now, delete_some, insert_into
from bot.store.tables import journal, plans


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntry:
    """One thing to be done once."""

    key: str  # "status", "reply:<comment id>:<line>", "check:<head>"
    done: bool
    age: timedelta  # since it was intended last: nothing older is its trace
    result: str | None  # node id of what was made


async def entries(session: AsyncSession, lane_id: int, keys: Collection[str]) -> dict[str, JournalEntry]:
    """Return what is written down of these, by key."""
    if not keys:
        return {}
    found = await session.execute(
        select(journal, database_now().label("now")).where(journal.c.lane_id == lane_id, journal.c.key.in_(keys))
    )
    return {
        row.key: JournalEntry(key=row.key, done=row.state == "done", age=row.now - row.intended_at, result=row.result)
        for row in found
    }


async def intend(session: AsyncSession, lane_id: int, keys: Iterable[str]) -> None:
    """Write down what is about to be tried, for the first time or once more (T4)."""
    statement = insert_into(session, journal).values(
        lane_id=lane_id, key=bindparam("of"), state="intended", intended_at=database_now(), result=None
    )
    anew = {name: statement.excluded[name] for name in ("state", "intended_at", "result")}
    await _write(
        session, statement.on_conflict_do_update(index_elements=_ENTRY, set_=anew), [{"of": key} for key in keys]
    )


async def complete(session: AsyncSession, lane_id: int, results: Mapping[str, str | None]) -> None:
    """Note what happened, and what came of it, by key (T5). Repeating it is safe."""
    statement = insert_into(session, journal).values(
        lane_id=lane_id, key=bindparam("of"), state="done", intended_at=database_now(), result=bindparam("came")
    )
    known = {name: statement.excluded[name] for name in ("state", "result")}
    rows = [{"of": key, "came": result} for key, result in results.items()]
    await _write(session, statement.on_conflict_do_update(index_elements=_ENTRY, set_=known), rows)


async def withdraw(session: AsyncSession, lane_id: int, keys: Collection[str]) -> None:
    """Strike out what surely did not happen, because GitHub refused it (T5)."""
    of_these = (journal.c.lane_id == lane_id, journal.c.key.in_(keys))
    await session.execute(delete(journal).where(*of_these, journal.c.state == "intended"))


async def prune(session: AsyncSession, before: datetime, limit: int) -> int:
    """Delete so many of the entries that were begun before, but none of a plan that still runs; return how many.

    By then the memory knows what was made, the commands that were replied to are closed, and nothing can appear any more.
    """
    runs = select(plans.c.lane_id).where(plans.c.lane_id == journal.c.lane_id, plans.c.open.is_(True)).exists()
    old = (
        select(journal.c.lane_id, journal.c.key)
        .where(journal.c.intended_at < before, ~runs)
        .limit(limit)
        .with_for_update(skip_locked=True, of=journal)
    )
    return await delete_some(session, journal, old)


_ENTRY = ("lane_id", "key")


async def _write(session: AsyncSession, statement: Insert, rows: Sequence[Mapping[str, str | None]]) -> None:
    if rows:
        await (await session.connection()).execute(statement, rows)
