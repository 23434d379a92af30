"""The open plans of a repository as they stand in the queue, for `signalbox doctor`.

Must not change anything.
"""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.store.tables import lanes, plans


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPlan:
    """A plan that was started and is not finished."""

    lane_id: int
    installation_id: int
    full_name: str  # of its repository, as the last delivery called it
    number: int  # of its issue
    failures: int  # turns in a row that left something open
    error: str | None  # why the last turn could not go on; None = it could


async def open_plans_of(session: AsyncSession, full_name: str) -> list[OpenPlan]:
    """Return the open plans of a repository, oldest first. GitHub compares names without regard to case."""
    rows = await session.execute(
        select(lanes.c.id, lanes.c.installation_id, lanes.c.full_name, lanes.c.number, lanes.c.failures, lanes.c.error)
        .join(plans, plans.c.lane_id == lanes.c.id)
        .where(func.lower(lanes.c.full_name) == full_name.lower(), plans.c.started.is_(True), plans.c.open.is_(True))
        .order_by(lanes.c.number)
    )
    return [
        OpenPlan(
            lane_id=row.id, installation_id=row.installation_id, full_name=row.full_name, number=row.number,
            failures=row.failures, error=row.error,
        )
        for row in rows
    ]  # fmt: skip
