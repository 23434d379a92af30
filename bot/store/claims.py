"""Which pulls of a repository belong to plans, for the turn that looks after those that belong to none.

Must not know what a pull looks like: branch names and numbers, as the plans' last turns wrote them down.
"""

from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.core.model import Branch, PullNumber
from bot.store.lanes import find_plans
from bot.store.tables import commands, lanes, plan_branches, plans


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What plans have claimed in one repository."""

    branches: frozenset[Branch]  # of open plans: whatever is opened on them is theirs
    pulls: frozenset[PullNumber]  # of all plans, finished ones too


async def claims(session: AsyncSession, repository_id: int) -> Claims:
    """Return what the plans of a repository have claimed."""
    rows = await session.execute(
        select(plan_branches.c.branch, plan_branches.c.pull_number, plans.c.open)
        .join(plans, plans.c.lane_id == plan_branches.c.lane_id)
        .where(plan_branches.c.repository_id == repository_id)
    )
    found = list(rows)
    return Claims(
        branches=frozenset(row.branch for row in found if row.open),
        pulls=frozenset(row.pull_number for row in found if row.pull_number is not None),
    )


async def open_plans(session: AsyncSession, repository_id: int) -> frozenset[int]:
    """Return the issues of the plans that were started and are not finished."""
    rows = await session.execute(
        select(lanes.c.number)
        .join(plans, plans.c.lane_id == lanes.c.id)
        .where(lanes.c.repository_id == repository_id, plans.c.started.is_(True), plans.c.open.is_(True))
    )
    return frozenset(rows.scalars())


async def owner_of(
    session: AsyncSession, repository_id: int, pull: PullNumber, branch: Branch | None = None
) -> int | None:
    """Return the lane of the plan that a pull belongs to, finished or not; None if it belongs to none.

    With the pull's `branch`, also that of the open plan that has it: a pull's number is known only after a turn.
    """
    found = await find_plans(session, repository_id, pull=pull, closed=True)
    if not found and branch is not None:
        found = await find_plans(session, repository_id, branch=branch)
    return found[-1] if found else None


async def pull_of_branch(session: AsyncSession, repository_id: int, branch: Branch) -> PullNumber | None:
    """Return the pull of a plan's branch, None if no plan has the branch or its pull is not known yet."""
    found = await session.execute(
        select(plan_branches.c.pull_number)
        .where(plan_branches.c.repository_id == repository_id, plan_branches.c.branch == branch)
        .order_by(plan_branches.c.lane_id.desc())
        .limit(1)
    )
    number: int | None = found.scalar_one_or_none()
    return None if number is None else PullNumber(number)


async def hand_over(session: AsyncSession, command_id: int, lane_id: int) -> None:
    """Give a command that was stored for the repository to the plan whose pull it was written on (T3)."""
    await session.execute(update(commands).where(commands.c.id == command_id).values(lane_id=lane_id))
