"""The train: of all plans that merge into one base one has the turn at a time, from a merge until the base is verified.

The turn is the plan's, not the process's: a crash gives it to nobody else. Everybody locks the rows of `trains` by base,
and before any lane (lanes.py). Must not know why a plan wants to merge (core/train_wish.py).
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

from sqlalchemy import and_, case, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.core.facts import Freeze, TrainFacts, Waiting
from bot.core.model import Branch, IssueNumber, Key
from bot.core.train_wish import Wish, WishKind
from bot.store.db import database_now, insert_into, now
from bot.store.lanes import LaneKind, Lease, renew, wake
from bot.store.tables import lanes, train_plans, trains

OFFER = timedelta(seconds=10)  # how long the train is kept for each plan that waited longer, by the database's clock

NOTHING = Wish(kind=WishKind.NONE)

_Place = tuple[int, Branch]  # repository and base


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What became of a wish."""

    holds: bool  # the plan has the turn: only then may it merge
    look_in: timedelta | None = None  # when to ask again at the latest, for nobody will wake it; None = no need to


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """What one plan has written down about one base."""

    lane_id: int
    since: datetime | None = None  # None = it does not wait
    key: Key | None = None
    frozen: str | None = None  # None = it does not freeze the base
    outside: bool = False

    @property
    def freeze(self) -> tuple[str, bool] | None:
        """Why it freezes the base, and whether for pulls outside plans too."""
        return None if self.frozen is None else (self.frozen, self.outside)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Train:
    """One base as it stands, seen by one plan while it is locked."""

    repository_id: int
    base: Branch
    lane_id: int  # the plan that looks
    holder: int | None  # lane
    doing: str  # what the holder has said it does
    offered_at: datetime | None
    now: datetime  # by the database's clock
    mine: _Row | None  # None = it has written nothing down
    others: tuple[_Row, ...]

    @property
    def held(self) -> bool:
        """Whether the plan has the turn."""
        return self.holder == self.lane_id

    def comes(self, wish: Wish, since: datetime) -> datetime | None:
        """Return when the plan may have the turn. None = not before the others have woken it."""
        if not (self.held or self.holder is None) or any(other.frozen is not None for other in self.others):
            return None
        if wish.frozen is not None:
            return self.now  # nobody else could take it
        mine = (since, self.lane_id)
        ahead = sum(other.since is not None and (other.since, other.lane_id) < mine for other in self.others)
        offered_now = self.held or (self.mine is not None and self.mine.frozen is not None)
        offered_at = self.now if offered_now else self.offered_at
        return self.now if not ahead or offered_at is None else offered_at + ahead * OFFER


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    """What one plan's wish changes about one base."""

    train: _Train
    holds: bool
    doing: str
    row: _Row  # as it is to be
    look_in: timedelta | None

    @property
    def released(self) -> bool:
        return self.train.held and not self.holds

    @property
    def lifted(self) -> bool:
        return self._freeze_before is not None and self.row.freeze is None

    @property
    def woken(self) -> set[int]:
        """The lanes of the plans that this lets go on, or that have to say anew what they wait for."""
        holder = self.train.holder
        others = holder is not None and holder != self.train.lane_id
        shown = {holder} if holder is not None and others and self._queue_changed else set()  # it says who waits
        retold = self.holds and self.train.held and self.doing != self.train.doing
        if not self.released and not retold and self._freeze_before == self.row.freeze:
            return shown
        return shown | {other.lane_id for other in self.train.others if other.since is not None}

    @property
    def _queue_changed(self) -> bool:
        """Whether the plan begins to wait, stops waiting, or waits with another workstream."""
        mine = self.train.mine
        before = (mine.since is not None, mine.key) if mine is not None else (False, None)
        return before != (self.row.since is not None, self.row.key)

    @property
    def concerns_outside(self) -> bool:
        """Whether pulls outside plans are stopped, let go, or told another reason."""
        both = (self._freeze_before, self.row.freeze)
        return both[0] != both[1] and any(freeze is not None and freeze[1] for freeze in both)

    @property
    def _freeze_before(self) -> tuple[str, bool] | None:
        return None if self.train.mine is None else self.train.mine.freeze


async def look(session: AsyncSession, lease: Lease, base: Branch) -> TrainFacts:
    """Return who has the turn on the plan's base, who waits, and what other plans freeze it. Locks nothing."""
    holder = (
        await session.execute(
            select(lanes.c.number, trains.c.doing, trains.c.since)
            .join(lanes, lanes.c.id == trains.c.lane_id)
            .where(trains.c.repository_id == lease.repository_id, trains.c.base == base)
        )
    ).one_or_none()
    rows = await session.execute(
        select(train_plans, lanes.c.number)
        .join(lanes, lanes.c.id == train_plans.c.lane_id)
        .where(train_plans.c.repository_id == lease.repository_id, train_plans.c.base == base)
        .order_by(train_plans.c.waiting_since, train_plans.c.lane_id)
    )
    found = list(rows)
    return TrainFacts(
        holder=None if holder is None else IssueNumber(holder.number),
        doing="" if holder is None else holder.doing,
        since=None if holder is None else holder.since,
        waiting=tuple(
            Waiting(issue=IssueNumber(row.number), key=Key(row.waiting_key or ""), since=row.waiting_since)
            for row in found
            if row.waiting_since is not None
        ),
        frozen=tuple(
            Freeze(issue=IssueNumber(row.number), words=row.frozen, outside=row.outside)
            for row in sorted(found, key=lambda each: int(each.lane_id))
            if row.frozen is not None and row.lane_id != lease.lane_id
        ),
    )


async def settle(session: AsyncSession, lease: Lease, base: Branch, wish: Wish) -> Settled:
    """Grant a plan's wish or have it wait, and wake whoever that lets go on (T4). Repeating it is safe.

    To be called before anything else of the transaction locks a lane. What the plan had on another base is dropped.
    Renews the lease; raises LeaseLost if another has the lane, and then nothing of the transaction may be kept.
    """
    known = await _bases_of(session, lease.lane_id)
    if wish.kind is WishKind.NONE and wish.frozen is None and not known:
        return Settled(holds=False)  # as most turns end
    here = (lease.repository_id, base)
    locked = await _lock(session, lease.lane_id, {*known, here})
    changes = {place: _change(train, wish if place == here else NOTHING) for place, train in locked.items()}
    await _wake(session, lease.lane_id, changes.values())
    await renew(session, lease)
    holds = {place: await _write(session, change) for place, change in changes.items()}
    return Settled(holds=holds[here], look_in=changes[here].look_in)


async def leave(session: AsyncSession, lane_id: int) -> None:
    """Drop all that a plan has of any train, since it will not come back by itself. Repeating it is safe.

    To be called before anything else of the transaction locks a lane.
    """
    locked = await _lock(session, lane_id, await _bases_of(session, lane_id))
    changes = [_change(train, NOTHING) for train in locked.values()]
    await _wake(session, lane_id, changes)
    for change in changes:
        await _write(session, change)


async def freezes(session: AsyncSession, repository_id: int) -> Mapping[Branch, Freeze]:
    """Return the bases of a repository that are frozen for pulls outside plans too; of several freezes the oldest plan's."""
    rows = await session.execute(
        select(train_plans.c.base, train_plans.c.frozen, lanes.c.number)
        .join(lanes, lanes.c.id == train_plans.c.lane_id)
        .where(
            train_plans.c.repository_id == repository_id,
            train_plans.c.frozen.is_not(None),
            train_plans.c.outside.is_(True),
        )
        .order_by(train_plans.c.lane_id.desc())
    )
    return {row.base: Freeze(issue=IssueNumber(row.number), words=row.frozen, outside=True) for row in rows}


async def held(session: AsyncSession, repository_id: int) -> Mapping[Branch, str]:
    """Return what the plans do that have the turn on bases of a repository, as `settle` was told."""
    rows = await session.execute(
        select(trains.c.base, trains.c.doing).where(
            trains.c.repository_id == repository_id, trains.c.lane_id.is_not(None)
        )
    )
    return {row.base: row.doing for row in rows}


async def unshown(session: AsyncSession, repository_id: int, frozen: Mapping[Branch, Freeze]) -> bool:
    """Say whether there may be pulls outside plans whose check does not show these freezes yet."""
    return bool(await _unshown(session, repository_id, frozen))


async def note_shown(session: AsyncSession, repository_id: int, frozen: Mapping[Branch, Freeze]) -> None:
    """Note that all open pulls outside plans show these freezes, in a transaction of its own. Repeating it is safe."""
    for base, words in (await _unshown(session, repository_id, frozen)).items():
        here = (trains.c.repository_id == repository_id, trains.c.base == base)
        await session.execute(update(trains).where(*here).values(shown=words))


async def _unshown(
    session: AsyncSession, repository_id: int, frozen: Mapping[Branch, Freeze]
) -> dict[Branch, str | None]:
    """Return what is to be shown where it is not, in the order in which rows are locked."""
    rows = await session.execute(
        select(trains.c.base, trains.c.shown).where(trains.c.repository_id == repository_id).order_by(trains.c.base)
    )
    wanted = {base: f"#{freeze.issue}: {freeze.words}" for base, freeze in frozen.items()}
    return {row.base: wanted.get(row.base) for row in rows if wanted.get(row.base) != row.shown}


def _change(train: _Train, wish: Wish) -> _Change:
    """Decide what a wish comes to: the rules of the train."""
    mine = train.mine or _Row(lane_id=train.lane_id)
    # While it waits it keeps its place, whichever workstream it waits with and since when that may merge.
    since = min((each for each in (wish.since, mine.since) if each is not None), default=train.now)
    comes = train.comes(wish, since)
    match wish.kind:
        case WishKind.KEEP:
            holds = train.held or train.holder is None
        case WishKind.TAKE:
            holds = comes is not None and comes <= train.now
        case WishKind.WAIT | WishKind.NONE:
            holds = False
        case _:
            assert_never(wish.kind)
    waits = not holds and wish.kind is not WishKind.NONE
    # Whoever begins to wait may do so because of what has changed since it looked; then nobody will wake it.
    is_new = mine.since is None
    return _Change(
        train=train,
        holds=holds,
        doing=wish.doing,
        row=_Row(
            lane_id=train.lane_id,
            since=since if waits else None,
            key=(wish.key or mine.key) if waits else None,
            frozen=wish.frozen,
            outside=wish.frozen is not None and wish.outside,
        ),
        look_in=_until(comes, train.now) if waits and comes is not None and (is_new or comes > train.now) else None,
    )


def _until(comes: datetime, now: datetime) -> timedelta:
    """How long it takes until then, both by the database's clock."""
    return max(comes - now, timedelta(0))


async def _bases_of(session: AsyncSession, lane_id: int) -> set[_Place]:
    """Return the bases of which a plan has the turn or has written something down."""
    held = select(trains.c.repository_id, trains.c.base).where(trains.c.lane_id == lane_id)
    wanted = select(train_plans.c.repository_id, train_plans.c.base).where(train_plans.c.lane_id == lane_id)
    return {(row.repository_id, row.base) for row in await session.execute(held.union(wanted))}


async def _lock(session: AsyncSession, lane_id: int, places: Collection[_Place]) -> dict[_Place, _Train]:
    """Lock these bases until the transaction ends, and return how each stands for the plan."""
    if not places:
        return {}
    rows = [{"repository_id": repository_id, "base": base} for repository_id, base in sorted(places)]
    await session.execute(insert_into(session, trains).values(rows).on_conflict_do_nothing())
    locked = await session.execute(
        select(trains)
        .where(or_(*(and_(trains.c.repository_id == where, trains.c.base == base) for where, base in places)))
        .order_by(trains.c.repository_id, trains.c.base)
        .with_for_update()
    )
    at = await now(session)  # asked only now, for the lock may have taken a while
    found: dict[_Place, _Train] = {}
    for row in locked.all():
        plans = await _plans(session, row.repository_id, row.base)
        found[row.repository_id, row.base] = _Train(
            repository_id=row.repository_id,
            base=row.base,
            lane_id=lane_id,
            holder=row.lane_id,
            doing=row.doing or "",
            offered_at=row.offered_at,
            now=at,
            mine=plans.pop(lane_id, None),
            others=tuple(plans.values()),
        )
    return found


async def _plans(session: AsyncSession, repository_id: int, base: Branch) -> dict[int, _Row]:
    rows = await session.execute(
        select(train_plans).where(train_plans.c.repository_id == repository_id, train_plans.c.base == base)
    )
    return {
        row.lane_id: _Row(
            lane_id=row.lane_id,
            since=row.waiting_since,
            key=row.waiting_key,
            frozen=row.frozen,
            outside=row.outside,
        )
        for row in rows
    }


async def _wake(session: AsyncSession, lane_id: int, changes: Iterable[_Change]) -> None:
    """Wake whom the changes concern."""
    changes = list(changes)
    plans = {each for change in changes for each in change.woken}
    repositories = {change.train.repository_id for change in changes if change.concerns_outside}
    if not plans and not repositories:
        return
    of_repository = and_(lanes.c.kind == LaneKind.REPOSITORY.value, lanes.c.repository_id.in_(repositories))
    found = await session.execute(
        select(lanes.c.id).where(or_(lanes.c.id.in_(plans), of_repository), lanes.c.id != lane_id).order_by(lanes.c.id)
    )
    for each in found.scalars().all():
        await wake(session, each)


async def _write(session: AsyncSession, change: _Change) -> bool:
    """Write down what changes about a locked base; return whether the plan has the turn."""
    train = change.train
    here = (trains.c.repository_id == train.repository_id, trains.c.base == train.base)
    mine = trains.c.lane_id == train.lane_id
    await _write_row(session, change)
    if change.holds:
        # The predicate repeats what was decided under the lock, so that it is right even where that should fail.
        taken = await session.execute(
            update(trains)
            .where(*here, or_(trains.c.lane_id.is_(None), mine))
            .values(lane_id=train.lane_id, since=case((mine, trains.c.since), else_=database_now()), doing=change.doing)
            .returning(trains.c.lane_id)
        )
        return taken.first() is not None
    if change.released:
        free = {"lane_id": None, "since": None, "doing": "", "offered_at": database_now()}
        await session.execute(update(trains).where(*here, mine).values(**free))
    elif change.lifted:
        await session.execute(update(trains).where(*here).values(offered_at=database_now()))
    return False


async def _write_row(session: AsyncSession, change: _Change) -> None:
    """Write the plan's own row where it differs; without a wait and a freeze there is none."""
    train, row = change.train, change.row
    place = {"repository_id": train.repository_id, "base": train.base, "lane_id": row.lane_id}
    if row.since is None and row.frozen is None:
        if train.mine is not None:
            await session.execute(
                delete(train_plans).where(*(train_plans.c[name] == value for name, value in place.items()))
            )
    elif row != train.mine:
        values = {
            "waiting_since": row.since,
            "waiting_key": row.key,
            "frozen": row.frozen,
            "outside": row.outside,
        }
        upsert = insert_into(session, train_plans).values(**place, **values)
        await session.execute(upsert.on_conflict_do_update(index_elements=list(place), set_=values))
