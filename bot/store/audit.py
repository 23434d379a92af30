"""The audit trail: written by whoever holds the lane, in the transactions that a turn has anyway; read by people.

Only ever added to. What an action came to is filled in once, so that one whose process was killed stays in the trail,
with an unknown end. Must not choose what belongs in it: core/audit.py does.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, Select, bindparam, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.core.actions import Outcome
from bot.core.facts import AuditEntry, AuditKind, Verdict
from bot.core.model import Login
from bot.store.commands import StoredCommand
from bot.store.db import delete_some
from bot.store.lanes import LaneKind, Lease
from bot.store.tables import audit, lanes, plans

UNTRIED = "untried"  # outcome of an action that the turn left to the next one
MAX_TEXT = 2000  # characters of each text that are kept
MAX_NAME = 100  # characters of a login that are kept
TURN = 8  # characters of a lease's token that name a turn, here as in the log


async def write(session: AsyncSession, lease: Lease, entries: Sequence[AuditEntry]) -> list[int]:
    """Add entries in one statement and return their ids, in their order (T4)."""
    if not entries:
        return []
    rows = [
        {
            "lane_id": lease.lane_id,
            "turn": lease.token[:TURN],
            "at": each.at,
            "kind": each.kind.value,
            "actor": each.actor[:MAX_NAME],
            "what": each.what[:MAX_TEXT],
            "why": each.why[:MAX_TEXT],
            "sha": each.sha,
            "outcome": each.outcome,
            "detail": each.detail[:MAX_TEXT],
            "result": each.result[:MAX_TEXT],
            "source": each.source,
            "delivery": each.delivery,
        }
        for each in entries
    ]
    added = await session.execute(insert(audit).returning(audit.c.id, sort_by_parameter_order=True), rows)
    return list(added.scalars())


async def settle(session: AsyncSession, outcomes: Mapping[int, Outcome | None]) -> None:
    """Fill in what became of actions, by the ids of their entries; None = not tried (T5). Repeating it changes nothing."""
    if not outcomes:
        return
    ends = [
        {
            "entry": entry,
            "outcome": UNTRIED if outcome is None else outcome.kind.value,
            "detail": "" if outcome is None else outcome.detail[:MAX_TEXT],
            "result": "" if outcome is None else (outcome.result or "")[:MAX_TEXT],
        }
        for entry, outcome in outcomes.items()
    ]
    connection = await session.connection()  # the ORM's session knows no UPDATE with many sets of values
    await connection.execute(update(audit).where(audit.c.id == bindparam("entry"), audit.c.outcome.is_(None)), ends)


async def newest(session: AsyncSession, lane_id: int, most: int) -> tuple[AuditEntry, ...]:
    """Return the newest entries of a plan, newest first."""
    rows = await session.execute(_of(lane_id).order_by(audit.c.id.desc()).limit(most))
    return tuple(_entry(row) for row in rows)


async def answered(
    session: AsyncSession, repository_id: int, calls: Iterable[StoredCommand], window: timedelta
) -> dict[Login, int]:
    """Return how many commands the authors of new ones had answered in a repository, in the `window` before the newest.

    All of these times are GitHub's, so that it does not matter what our clock says. No query where nothing is new.
    """
    new = [each for each in calls if each.answer is None]
    if not new:
        return {}
    rows = await session.execute(
        select(audit.c.actor, func.count())
        .join(lanes, lanes.c.id == audit.c.lane_id)
        .where(
            lanes.c.repository_id == repository_id,
            audit.c.kind == AuditKind.COMMAND.value,
            audit.c.outcome.in_([each.value for each in Verdict]),
            audit.c.actor.in_(sorted({each.author[:MAX_NAME] for each in new})),
            audit.c.at > max(each.at for each in new) - window,
        )
        .group_by(audit.c.actor)
    )
    return {Login(actor): count for actor, count in rows}


async def export(session: AsyncSession, full_name: str, number: int) -> list[AuditEntry]:
    """Return all entries of a plan, or with number 0 those about a repository's other pulls, oldest first.

    `full_name` is the newest name of the repository, in upper or lower case.
    """
    lane = select(lanes.c.id).where(func.lower(lanes.c.full_name) == full_name.lower(), lanes.c.number == number)
    rows = await session.execute(select(audit).where(audit.c.lane_id.in_(lane)).order_by(audit.c.id))
    return [_entry(row) for row in rows]


async def prune(session: AsyncSession, before: datetime, limit: int) -> int:
    """Delete so many of the entries of plans that ended before then, and of those about no plan; return how many.

    A plan that goes on keeps all of its trail, however old.
    """
    young = select(audit.c.id).where(audit.c.lane_id == plans.c.lane_id, audit.c.at >= before).exists()
    ended = select(plans.c.lane_id).where(plans.c.open.is_(False), ~young)
    outside = select(lanes.c.id).where(lanes.c.kind == LaneKind.REPOSITORY.value)
    of_none = audit.c.lane_id.in_(outside) & (audit.c.at < before)
    old = select(audit.c.id).where(or_(audit.c.lane_id.in_(ended), of_none)).order_by(audit.c.id).limit(limit)
    return await delete_some(session, audit, old)


def _of(lane_id: int) -> Select[Any]:
    return select(audit).where(audit.c.lane_id == lane_id)


def _entry(row: Row[Any]) -> AuditEntry:
    return AuditEntry(
        at=row.at,
        turn=row.turn,
        kind=AuditKind(row.kind),
        actor=row.actor,
        what=row.what,
        why=row.why,
        sha=row.sha,
        outcome=row.outcome,
        detail=row.detail,
        result=row.result,
        source=row.source,
        delivery=row.delivery,
    )
