"""Some plans of one repository that want the train, each to be turned by hand."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy import select, update

from bot.core.facts import Freeze, TrainFacts
from bot.core.model import Branch, Key
from bot.core.train_wish import Wish, WishKind
from bot.store import lanes, trains
from bot.store.db import Database
from bot.store.lanes import LaneKind, Lease
from bot.store.tables import lanes as lane_table
from bot.store.tables import trains as train_table
from bot.store.trains import Settled

REPOSITORY = 700
MAIN = Branch("main")
DEV = Branch("dev")
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@dataclass
class Station:
    """Plans #1, #2, ... of one repository, each with its lane leased, and the repository's own lane."""

    database: Database
    leases: dict[int, Lease] = field(default_factory=dict)

    async def plan(self, number: int, kind: LaneKind = LaneKind.PLAN) -> Lease:
        if number not in self.leases:
            async with self.database.session() as session:
                about = {"installation_id": 5, "repository_id": REPOSITORY, "full_name": "octo/demo"}
                lane = await lanes.ensure_lane(session, kind, number=number, **about)  # type: ignore[arg-type]
                await lanes.wake(session, lane, LONG_AGO)
                lease = await lanes.claim(session)
            assert lease is not None
            assert lease.lane_id == lane
            self.leases[number] = lease
        return self.leases[number]

    async def settle(
        self,
        number: int,
        kind: WishKind,
        minutes: int | None = 0,
        base: Branch = MAIN,
        *,
        doing: str = "",
        key: str | None = "W1",
        frozen: str | None = None,
        outside: bool = False,
    ) -> Settled:
        """A turn of a plan whose first workstream may merge since so many minutes after LONG_AGO."""
        lease = await self.plan(number)
        wish = Wish(
            kind=kind,
            doing=doing,
            key=None if key is None else Key(key),
            since=None if minutes is None else LONG_AGO + minutes * MINUTE,
            frozen=frozen,
            outside=outside,
        )
        async with self.database.session() as session:
            return await trains.settle(session, lease, base, wish)

    async def look(self, number: int, base: Branch = MAIN) -> TrainFacts:
        lease = await self.plan(number)
        async with self.database.session() as session:
            return await trains.look(session, lease, base)

    async def holder(self, base: Branch = MAIN) -> int | None:
        return (await self.look(1, base)).holder

    async def waiting(self, base: Branch = MAIN) -> list[int]:
        return [each.issue for each in (await self.look(1, base)).waiting]

    async def leave(self, number: int) -> None:
        lease = await self.plan(number)
        async with self.database.session() as session:
            await trains.leave(session, lease.lane_id)

    async def freezes(self) -> dict[Branch, Freeze]:
        async with self.database.session() as session:
            return dict(await trains.freezes(session, REPOSITORY))

    async def pass_by(self, time: timedelta) -> None:
        """Let time pass since those who wait were told that the train is free."""
        async with self.database.session() as session:
            for row in (await session.execute(select(train_table))).all():
                if row.offered_at is not None:
                    here = train_table.c.base == row.base
                    await session.execute(update(train_table).where(here).values(offered_at=row.offered_at - time))

    async def woken(self) -> set[int]:
        """The plans (0: the repository) that were woken since the last time this was asked."""
        async with self.database.session() as session:
            rows = (await session.execute(select(lane_table))).all()
            await session.execute(update(lane_table).values(wake_seq=0))
        return {row.number for row in rows if row.wake_seq}
