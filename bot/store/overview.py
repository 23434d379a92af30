"""Counts for the status page and the metrics: how much there is, never what it is.

Must not return a name, a number of an issue or a text.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.store.db import database_now
from bot.store.lanes import LaneKind
from bot.store.tables import deliveries, lanes, plans

DELIVERY_STATES = ("new", "done", "ignored", "failed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """How much there is."""

    repositories: int
    open_plans: int  # started and not yet completed or cancelled
    lanes_due: int  # that could be claimed now
    lanes_leased: int
    lanes_failing: int  # whose last turn ended in an error
    deliveries: Mapping[str, int]  # by state, all four


async def overview(session: AsyncSession) -> Overview:
    """Count everything that the operator looks at."""
    at = database_now()
    leased = and_(lanes.c.lease_until.is_not(None), lanes.c.lease_until > at)
    free = or_(lanes.c.lease_until.is_(None), lanes.c.lease_until <= at)
    counts = (
        await session.execute(
            select(
                func.count(case((and_(lanes.c.due_at <= at, free), 1))).label("due"),
                func.count(case((lanes.c.kind == LaneKind.REPOSITORY.value, 1))).label("repositories"),
                func.count(case((leased, 1))).label("leased"),
                func.count(case((lanes.c.failures > 0, 1))).label("failing"),
            )
        )
    ).one()
    started = select(func.count()).select_from(plans).where(plans.c.open.is_(True), plans.c.started.is_(True))
    by_state = await session.execute(
        select(deliveries.c.state, func.count().label("number")).group_by(deliveries.c.state)
    )
    found: dict[str, int] = {row.state: row.number for row in by_state}
    return Overview(
        repositories=counts.repositories,
        open_plans=(await session.execute(started)).scalar_one(),
        lanes_due=counts.due,
        lanes_leased=counts.leased,
        lanes_failing=counts.failing,
        deliveries={state: found.get(state, 0) for state in DELIVERY_STATES},
    )
