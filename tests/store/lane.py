"""One step of a lane each, in a transaction of its own: made, woken, claimed, released, and a plan in it."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select, update

from bot.store import lanes, plans
from bot.store.db import Database
from bot.store.lanes import LaneKind, Lease
from bot.store.plans import StoredPlan
from bot.store.tables import lanes as table

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
REPOSITORY = 700
MINUTE = timedelta(minutes=1)


async def a_lane(
    database: Database,
    number: int = 7,
    kind: LaneKind = LaneKind.PLAN,
    repository: int = REPOSITORY,
    installation: int = 5,
) -> int:
    async with database.session() as session:
        return await lanes.ensure_lane(
            session, kind, installation_id=installation, repository_id=repository, full_name="octo/demo", number=number
        )


async def wake(database: Database, lane_id: int, when: datetime | None = None) -> None:
    async with database.session() as session:
        await lanes.wake(session, lane_id, when)


async def claim(database: Database, kind: LaneKind | None = None) -> Lease | None:
    async with database.session() as session:
        return await lanes.claim(session, kind)


async def claimed(database: Database) -> Lease:
    lease = await claim(database)
    assert lease is not None
    return lease


async def release(database: Database, lease: Lease, wait: timedelta | None = None, failures: int = 0) -> None:
    async with database.session() as session:
        await lanes.release(session, lease, wait, failures, "why" if failures else None)


async def run_out(database: Database, lease: Lease) -> None:
    """Let the lease's time pass, as for a worker that was frozen."""
    async with database.session() as session:
        await session.execute(update(table).where(table.c.id == lease.lane_id).values(lease_until=LONG_AGO))


async def due(database: Database) -> datetime | None:
    async with database.session() as session:
        found: datetime | None = (
            await session.execute(select(func.min(table.c.due_at, type_=table.c.due_at.type)))
        ).scalar_one()
        return found


async def commit(database: Database, lease: Lease, **about: object) -> None:
    async with database.session() as session:
        await plans.commit_decision(session, lease, StoredPlan(**about), answers={})  # type: ignore[arg-type]


async def a_plan(database: Database, number: int, **about: object) -> int:
    lane_id = await a_lane(database, number)
    await wake(database, lane_id, LONG_AGO)
    lease = await claimed(database)
    assert lease.lane_id == lane_id
    await commit(database, lease, **about)
    await release(database, lease)
    return lane_id


async def looked_at_without_news(database: Database, *lane_ids: int) -> None:
    """Have them due for a look without news, as all of them were long ago."""
    async with database.session() as session:
        await lanes.wake_at(session, {lane_id: LONG_AGO + number * MINUTE for number, lane_id in enumerate(lane_ids)})
