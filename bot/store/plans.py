"""What a plan remembers from turn to turn, written only by who holds its lane.

Must not know what the memory means: it is one document here.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from pydantic import TypeAdapter
from sqlalchemy import and_, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.core.facts import Answer
from bot.core.memory import Memory
from bot.core.model import Branch, Key, NodeId, PullNumber
from bot.store import commands, lanes
from bot.store.db import insert_into
from bot.store.lanes import Lease
from bot.store.tables import commands as command_table
from bot.store.tables import journal, plan_branches, plans
from bot.store.tables import lanes as lane_table

# Turns in a row over a plan not read yet until it counts as one that cannot be read: about 20 minutes, or 15 for each that
# GitHub refuses; the pulls have their checks after 45.
MOST_TRIES = 16

_MEMORY = TypeAdapter(Memory)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPlan:
    """A plan as the last turn left it; all defaults = nobody has looked at it yet."""

    memory: Memory = field(default_factory=Memory)
    issue_node_id: NodeId | None = None
    repository_node_id: NodeId | None = None
    base: Branch | None = None
    branches: Mapping[Branch, tuple[Key, PullNumber | None]] = field(default_factory=dict)  # what belongs to it
    started: bool = False
    open: bool = True  # False = nothing will change any more by itself
    known: bool = field(default=False, compare=False)  # False = the store has nothing of it: it is new, or was lost


async def load(session: AsyncSession, lane_id: int) -> StoredPlan:
    """Return what is known about a plan."""
    row = (await session.execute(select(plans).where(plans.c.lane_id == lane_id))).one_or_none()
    if row is None:
        return StoredPlan()
    return StoredPlan(
        memory=_MEMORY.validate_json(row.memory),
        issue_node_id=row.issue_node_id,
        repository_node_id=row.repository_node_id,
        base=row.base,
        branches=await _branches(session, lane_id),
        started=row.started,
        open=row.open,
        known=True,
    )


async def known_issues(session: AsyncSession, repository_id: int) -> frozenset[int]:
    """Return the issues of a repository of which the store has what a turn left."""
    rows = await session.execute(
        select(lane_table.c.number)
        .join(plans, plans.c.lane_id == lane_table.c.id)
        .where(lane_table.c.repository_id == repository_id)
    )
    return frozenset(rows.scalars())


async def unread(session: AsyncSession, repository_id: int) -> dict[int, bool]:
    """Return the issues of a repository that have a lane and nothing else, and whether a turn may yet read them.

    None is due where the issue is gone; one that failed MOST_TRIES times in a row may fail for ever.
    """
    rows = await session.execute(
        select(lane_table.c.number, lane_table.c.due_at, lane_table.c.failures)
        .outerjoin(plans, plans.c.lane_id == lane_table.c.id)
        .where(
            lane_table.c.repository_id == repository_id,
            lane_table.c.kind == lanes.LaneKind.PLAN.value,
            plans.c.lane_id.is_(None),
        )
    )
    return {row.number: row.due_at is not None and row.failures < MOST_TRIES for row in rows}


async def forget(session: AsyncSession, lease: Lease) -> None:
    """Forget a plan's memory, journal and commands, so that it is as if they had been lost. Raises LeaseLost."""
    await lanes.renew(session, lease, finished=False)
    for table in (plans, plan_branches, journal, command_table):
        await session.execute(delete(table).where(table.c.lane_id == lease.lane_id))


async def commit_decision(
    session: AsyncSession,
    lease: Lease,
    plan: StoredPlan,
    *,
    answers: Mapping[int, Answer],
    ignored: Collection[int] = (),
) -> None:
    """Write down what a turn concluded, before any of it is done (T4). The caller journals in the same transaction.

    `answers` are by command id, `ignored` are commands that get none. Renews the lease; raises LeaseLost if another
    has the lane, and then nothing of the transaction may be kept.
    """
    await lanes.renew(session, lease, finished=not plan.open)
    row = {
        "memory": _MEMORY.dump_json(plan.memory).decode(),
        "issue_node_id": plan.issue_node_id,
        "repository_node_id": plan.repository_node_id,
        "base": plan.base,
        "started": plan.started,
        "open": plan.open,
    }
    upsert = insert_into(session, plans).values(lane_id=lease.lane_id, **row)
    await session.execute(upsert.on_conflict_do_update(index_elements=["lane_id"], set_=row))
    await _write_branches(session, lease, plan.branches)
    for command_id, answer in answers.items():
        await commands.answer(session, lease, command_id, answer)
    await commands.close(session, *ignored)


async def remember(session: AsyncSession, lease: Lease, memory: Memory) -> None:
    """Replace the memory of a plan that was committed before, nothing else (T5). Raises LeaseLost."""
    await lanes.renew(session, lease)
    await session.execute(
        update(plans).where(plans.c.lane_id == lease.lane_id).values(memory=_MEMORY.dump_json(memory).decode())
    )


async def _branches(session: AsyncSession, lane_id: int) -> dict[Branch, tuple[Key, PullNumber | None]]:
    rows = await session.execute(
        select(plan_branches.c.branch, plan_branches.c.key, plan_branches.c.pull_number)
        .where(plan_branches.c.lane_id == lane_id)
        .order_by(plan_branches.c.branch)
    )
    return {row.branch: (row.key, row.pull_number) for row in rows}


async def _write_branches(
    session: AsyncSession, lease: Lease, wanted: Mapping[Branch, tuple[Key, PullNumber | None]]
) -> None:
    """Write only what differs: in most turns nothing does."""
    there = await _branches(session, lease.lane_id)
    stale = [branch for branch, what in there.items() if wanted.get(branch) != what]
    if stale:
        mine = and_(plan_branches.c.lane_id == lease.lane_id, plan_branches.c.branch.in_(stale))
        await session.execute(delete(plan_branches).where(mine))
    rows = [
        {
            "lane_id": lease.lane_id,
            "repository_id": lease.repository_id,
            "branch": branch,
            "key": key,
            "pull_number": pull,
        }
        for branch, (key, pull) in wanted.items()
        if there.get(branch) != (key, pull)
    ]
    if rows:
        await session.execute(insert(plan_branches), rows)
