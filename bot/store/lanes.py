"""The queue: columns on the row of what is to be looked at, so that wakes merge by themselves and none is lost.

What an event, a command or a person woke is urgent until a turn has dealt with it, and is claimed before what is due only
because it was not looked at for a while. next_lane.py says which lane that is.

A lease gives a lane to one worker at a time, by the database's clock. It fences the database, not GitHub: writes there
are safe to repeat, guarded, or journalled.

Row locks come in one order for everybody, so that nobody waits in a circle: the deliveries taken, the rows of `trains`,
`in_order`, lanes, all else. Who renews a lease in a transaction locks no other lane after it. Must not know what a turn does.
"""

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    bindparam,
    case,
    false,
    func,
    literal,
    null,
    or_,
    select,
    true,
    union,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession

from bot.core.batches import batched
from bot.errors import LeaseLost
from bot.store.db import database_now, insert_into, is_postgresql
from bot.store.news import Channel, announce
from bot.store.next_lane import LEASE, LEASED, Round, claiming
from bot.store.rounds import Open
from bot.store.tables import lanes, plan_branches, plans

PORTION = 100  # repositories or lanes of one transaction, so that it holds up nobody, and of one statement
SOON = 1800  # seconds; what is due again within that is due for a reason, and not only by the slow clock
MAX_ERROR = 2000  # characters of an error that are kept
IN_ORDER = 7_436_300  # any number: the key of the lock that `in_order` takes on PostgreSQL


class LaneKind(Enum):
    """What a lane stands for."""

    PLAN = "plan"
    REPOSITORY = "repository"  # its check on pulls outside any plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The right to work on a lane. Whoever writes for it shows this."""

    lane_id: int
    token: str
    wake_seq: int  # as it was when claimed; a later wake is not covered by this turn
    kind: LaneKind
    installation_id: int
    repository_id: int
    full_name: str  # "owner/name"
    number: int  # of the plan's issue; 0 for a repository
    failures: int  # turns before this one, in a row, that left something open


async def in_order(session: AsyncSession) -> None:
    """Wait until no other transaction is in the middle of changing several lanes, and keep others waiting until this one ends.

    Everything here that may lock more than one lane calls it; which lanes those are is known only one after the other.
    Such transactions take milliseconds and wait for nothing else. SQLite has one writer at a time anyway.
    """
    if session.info.get("renewed"):
        raise RuntimeError("this transaction holds a lane already: wake others before it, or in one of its own")
    if is_postgresql(session) and not session.info.get("in_order"):
        await session.execute(select(func.pg_advisory_xact_lock(IN_ORDER)))
    session.info["in_order"] = True


async def ensure_lane(
    session: AsyncSession, kind: LaneKind, *, installation_id: int, repository_id: int, full_name: str, number: int = 0
) -> int:
    """Return the lane's id; make it if there is none, else note the newer name and installation (T2). Wakes nobody."""
    await in_order(session)
    about = {"installation_id": installation_id, "full_name": full_name}
    insert = insert_into(session, lanes).values(kind=kind.value, repository_id=repository_id, number=number, **about)
    upsert = insert.on_conflict_do_update(index_elements=["kind", "repository_id", "number"], set_=about)
    lane_id: int = (await session.execute(upsert.returning(lanes.c.id))).scalar_one()
    return lane_id


async def wake(session: AsyncSession, lane_id: int, when: datetime | None = None) -> None:
    """Have the lane looked at by `when` at the latest, None = now (T2). A turn that runs meanwhile is not enough."""
    await _wake(session, [lane_id], when)


async def find_plans(
    session: AsyncSession,
    repository_id: int,
    *,
    issue: int | None = None,
    branch: str | None = None,
    pull: int | None = None,
    base: str | None = None,
    closed: bool = False,
) -> list[int]:
    """Return the lanes of the plans that any of these belongs to, oldest first; with none of these, of all plans.

    Only open plans and those not read yet; a plan asked for by its `issue` is always found, and with `closed` also one that
    is over and has the branch or the pull.
    """
    parts = [
        select(plan_branches.c.lane_id)
        .outerjoin(plans, plans.c.lane_id == plan_branches.c.lane_id)
        .where(plan_branches.c.repository_id == repository_id, column == value, *([] if closed else [_unfinished()]))
        for column, value in ((plan_branches.c.branch, branch), (plan_branches.c.pull_number, pull))
        if value is not None
    ]
    of_repository = (lanes.c.kind == LaneKind.PLAN.value, lanes.c.repository_id == repository_id)
    if issue is not None:
        parts.append(select(lanes.c.id).where(*of_repository, lanes.c.number == issue))
    if base is not None or not parts:
        on_base = [or_(plans.c.base == base, plans.c.base.is_(None))] if base is not None else []
        parts.append(
            select(lanes.c.id)
            .outerjoin(plans, plans.c.lane_id == lanes.c.id)
            .where(*of_repository, lanes.c.finished.is_(False), _unfinished(), *on_base)
        )
    # each by an index of its own: there may be any number of lanes in a repository, and each event asks this
    return sorted((await session.execute(union(*parts))).scalars())


async def wake_plans_of(
    session: AsyncSession,
    repository_id: int,
    *,
    issue: int | None = None,
    branch: str | None = None,
    pull: int | None = None,
    base: str | None = None,
) -> list[int]:
    """Wake what `find_plans` finds; return the lanes (T2)."""
    found = await find_plans(session, repository_id, issue=issue, branch=branch, pull=pull, base=base)
    await _wake(session, found, None)
    return found


async def wake_all(session: AsyncSession, repositories: Collection[int] | None = None) -> int:
    """Wake every repository and every open plan, of these repositories only if they are given; return how many (T2)."""
    found = await open_lanes(session, repositories)
    await _wake(session, [each.lane_id for each in found], None)
    return len(found)


async def open_lanes(session: AsyncSession, repositories: Collection[int] | None = None) -> list[Open]:
    """Return the lanes of every repository and every open plan, of these repositories only if they are given, oldest first."""
    branches = select(func.count()).where(plan_branches.c.lane_id == lanes.c.id).scalar_subquery()
    statement = (
        select(lanes, branches.label("workstreams"))
        .outerjoin(plans, plans.c.lane_id == lanes.c.id)
        .where(or_(lanes.c.kind != LaneKind.PLAN.value, _unfinished()))
    )
    rows: list[Row[Any]] = []
    if repositories is None:
        rows += await session.execute(statement)
    for some in batched(repositories or (), PORTION):
        rows += await session.execute(statement.where(lanes.c.repository_id.in_(some)))
    return [
        Open(
            lane_id=row.id,
            installation_id=row.installation_id,
            look_at=row.look_at,
            workstreams=row.workstreams if row.kind == LaneKind.PLAN.value else None,
            resting=row.due_at is None,
        )
        for row in sorted(rows, key=lambda row: row.id)
    ]


async def claim(
    session: AsyncSession, kind: LaneKind | None = None, *, urgent_first: bool = True, turns: Round | None = None
) -> Lease | None:
    """Take a lane that is due and nobody's, for 60 s; None if there is none (T3).

    What is urgent comes first. Of what is, and of what is not, the installations have their turns one after the other, in
    the rounds of the process, which `turns` keeps; of each installation the lane that is due longest. So before an
    installation has its turn, each other one has one at most; and a lane has it after those of its own that are due longer.

    Whoever claims again and again lets the others come first now and then, so that they are looked at too, however much
    happens.
    """
    turns = turns if turns is not None else Round()
    statement = claiming(None if kind is None else kind.value, urgent_first)
    token = str(uuid.uuid4())
    row = (await session.execute(statement, {"token": token, **turns.parameters})).one_or_none()
    if row is not None:
        turns.served[row.urgent] = row.installation_id
    return _lease(row)


def _lease(row: Row[Any] | None) -> Lease | None:
    if row is None:
        return None
    return Lease(
        lane_id=row.id,
        token=row.lease_token,
        wake_seq=row.wake_seq,
        kind=LaneKind(row.kind),
        installation_id=row.installation_id,
        repository_id=row.repository_id,
        full_name=row.full_name,
        number=row.number,
        failures=row.failures,
    )


async def hold(session: AsyncSession, lane_id: int) -> Lease | None:
    """Take a certain lane for 60 s, due or not; None while somebody else has it (T3)."""
    at = database_now()
    free = or_(lanes.c.lease_until.is_(None), lanes.c.lease_until <= at)
    return _lease(
        (
            await session.execute(
                update(lanes)
                .where(lanes.c.id == lane_id, free)
                .values(lease_token=str(uuid.uuid4()), lease_until=database_now(LEASE))
                .returning(*LEASED)
            )
        ).one_or_none()
    )


async def _write_ours(session: AsyncSession, lease: Lease, **values: Any) -> None:
    """Write to a lane that is ours; raises LeaseLost if it is another's by now."""
    ours = await session.execute(
        update(lanes)
        .where(lanes.c.id == lease.lane_id, lanes.c.lease_token == lease.token)
        .values(values)
        .returning(lanes.c.id)
    )
    if ours.first() is None:
        raise LeaseLost(f"lane {lease.lane_id} ({lease.full_name}#{lease.number}) is no longer ours")


async def renew(session: AsyncSession, lease: Lease, *, finished: bool | None = None) -> None:
    """Hold the lane for another 60 s, and lock its row until the transaction ends (T4, T5).

    `finished` notes that its plan is over or that it is not: the latter too where nothing is known of it.
    Also one whose lease ran out, if nobody took it since: whoever takes a lane gives it a token of its own. Else raises
    LeaseLost.
    """
    noted = {} if finished is None else {"finished": finished}
    await _write_ours(session, lease, lease_until=database_now(LEASE), **noted)
    session.info["renewed"] = True


async def release(
    session: AsyncSession, lease: Lease, wait: timedelta | None, failures: int = 0, error: str | None = None
) -> None:
    """Give the lane back, due again after `wait` (None = when woken), or at once if it was woken meanwhile (T6).

    A wait and no time, for only the database's clock says what is due, and the caller's may be another.
    At once is behind what is due already: else a lane that is woken in each of its turns would leave no room for others.
    It is urgent if it is due SOON; it stays as urgent as it is if it was woken meanwhile, came to nothing (`error`) or has
    to be followed by another turn (`failures`).

    Raises LeaseLost if somebody else has the lane; the new owner's turn is then the one that counts.
    """
    due = database_now(_seconds(wait)) if wait is not None else null()
    covered = lanes.c.wake_seq == lease.wake_seq
    await _write_ours(
        session,
        lease,
        due_at=case((covered, due), (lanes.c.due_at < database_now(), database_now()), else_=lanes.c.due_at),
        urgent=case((covered, _still_urgent(wait, failures, error)), else_=lanes.c.urgent),
        look_at=database_now(),
        lease_token=None,
        lease_until=None,
        failures=failures,
        error=error[:MAX_ERROR] if error is not None else None,
    )


async def put_back(session: AsyncSession, lease: Lease) -> None:
    """Give back a lane that was held beside the workers, due now: no wake is lost, and the last turn's end stays (T6).

    Raises LeaseLost if somebody else has the lane.
    """
    await _write_ours(session, lease, due_at=database_now(), urgent=True, lease_token=None, lease_until=None)


def _seconds(wait: timedelta) -> float:
    """The seconds of a wait as SQLite reads them, never below zero."""
    return max(round(wait.total_seconds(), 3), 0.0)


def _still_urgent(wait: timedelta | None, failures: int, error: str | None) -> ColumnElement[bool]:
    if wait is None:
        return false()
    if error is not None:  # what was not urgent before does not become so by failing
        return lanes.c.urgent
    if wait <= timedelta(seconds=SOON):
        return true()
    return lanes.c.urgent if failures else false()


async def until_due(session: AsyncSession) -> timedelta | None:
    """Return how long it takes until the next lane can be claimed, None if none ever is without a wake. Below 0 = now."""
    row = (await session.execute(select(_EARLIEST.label("earliest"), database_now().label("now")))).one()
    return None if row.earliest is None else row.earliest - row.now


async def take_back(session: AsyncSession) -> None:
    """Free every lane, for the start of the only worker on a database: whoever held one is dead.

    Should another worker live all the same, its turn ends with LeaseLost and nothing is done twice.
    """
    await session.execute(
        update(lanes).where(lanes.c.lease_token.is_not(None)).values(lease_token=None, lease_until=None)
    )


#: When the next lane can be claimed: it is due, and whoever has it let it go or is dead.
_EARLIEST = (
    select(
        func.min(
            case((lanes.c.lease_until > lanes.c.due_at, lanes.c.lease_until), else_=lanes.c.due_at),
            type_=lanes.c.due_at.type,
        )
    )
    .where(lanes.c.due_at.is_not(None))
    .scalar_subquery()
)


def _unfinished() -> ColumnElement[bool]:
    return or_(plans.c.lane_id.is_(None), plans.c.open.is_(True))


def woken(session: AsyncSession) -> bool:
    """Say whether anything was woken in this session, so that a worker has a reason to look."""
    return bool(woken_lanes(session))


def woken_lanes(session: AsyncSession) -> list[int]:
    """Return the lanes that were woken in this session so far, in that order, each as often as it was."""
    return list(session.info.get("woken", ()))


async def wake_at(session: AsyncSession, times: Mapping[int, datetime]) -> None:
    """Have lanes looked at without news, each by its time at the latest (T2)."""
    if not times:
        return
    await _tell_of(session, list(times))
    at = bindparam("at", type_=lanes.c.due_at.type)
    statement = update(lanes).where(lanes.c.id == bindparam("lane")).values(**_woken_at(at), look_at=at)
    rows = [{"lane": lane_id, "at": time} for lane_id, time in sorted(times.items())]
    await (await session.connection()).execute(statement, rows)


async def _wake(session: AsyncSession, lane_ids: Sequence[int], when: datetime | None) -> None:
    if not lane_ids:
        return
    await _tell_of(session, lane_ids)
    at = database_now() if when is None else literal(when, lanes.c.due_at.type)
    for some in batched(lane_ids, PORTION):
        await session.execute(update(lanes).where(lanes.c.id.in_(some)).values(**_woken_at(at), urgent=True))


async def _tell_of(session: AsyncSession, lane_ids: Sequence[int]) -> None:
    """Note what is being woken, take the lock that it needs, and have everybody hear of it."""
    session.info.setdefault("woken", []).extend(lane_ids)
    await in_order(session)
    await announce(session, Channel.LANES)


def _woken_at(at: ColumnElement[datetime]) -> dict[str, ColumnElement[Any]]:
    """The columns of a lane that is due at that time at the latest, and whose turn that runs is not enough."""
    sooner = or_(lanes.c.due_at.is_(None), lanes.c.due_at > at)
    return {"due_at": case((sooner, at), else_=lanes.c.due_at), "wake_seq": lanes.c.wake_seq + 1}
