"""Counts for the status page and the metrics: how much there is, never what it is.

Must not return a name, a number of an issue or a text.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.store.db import database_now, now
from bot.store.inbox import STATES
from bot.store.lanes import LaneKind
from bot.store.tables import UtcDateTime, deliveries, lanes, plans


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """How much there is."""

    repositories: int
    open_plans: int  # started and not yet completed or cancelled
    lanes_due: int  # that could be claimed now
    lanes_leased: int
    lanes_failing: int  # whose last turn left something open: an error, or what another turn has to follow
    deliveries: Mapping[str, int]  # by state, all of them
    oldest_due: float  # seconds since when the lane that is due longest could have been claimed; 0 = none is due
    oldest_delivery: float  # seconds since the oldest delivery arrived that is not taken in yet; 0 = none waits


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
                func.min(case((and_(lanes.c.due_at <= at, free), lanes.c.due_at)), type_=UtcDateTime).label("oldest"),
                select(func.min(deliveries.c.received_at, type_=UtcDateTime))
                .where(deliveries.c.state == "new")
                .scalar_subquery()
                .label("oldest_delivery"),
            )
        )
    ).one()
    clock = await now(session)
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
        deliveries={state: found.get(state, 0) for state in STATES},
        oldest_due=_age(counts.oldest, clock),
        oldest_delivery=_age(counts.oldest_delivery, clock),
    )


def _age(since: datetime | None, clock: datetime) -> float:
    return max((clock - since).total_seconds(), 0.0) if since is not None else 0.0
