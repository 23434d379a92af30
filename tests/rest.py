"""Whether Signalbox has nothing left to do, by its database: what stories wait for."""

from datetime import timedelta

from sqlalchemy import or_, select

from bot.store.db import Database, now
from bot.store.tables import deliveries, lanes

SOON = timedelta(seconds=2)  # a lane due later than that is at rest


async def at_rest(database: Database) -> bool:
    """Say whether no delivery waits, and no lane is due now or soon or being worked on."""
    async with database.session() as session:
        if database.is_shared:  # all statements are to see one moment, whatever other processes do meanwhile
            await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        clock = await now(session)
        soon = clock + SOON
        waits = select(lanes.c.id).where(or_(lanes.c.due_at <= soon, lanes.c.lease_until > clock))
        waiting = select(deliveries.c.guid).where(
            deliveries.c.state == "new", or_(deliveries.c.due_at.is_(None), deliveries.c.due_at <= soon)
        )
        return not [row for each in (waits, waiting) for row in await session.execute(each.limit(1))]
