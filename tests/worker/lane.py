"""One lane of a temporary database, to be turned by hand."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Row, select, update

from bot.core.decide import Decision
from bot.core.memory import Memory
from bot.core.model import Login, NodeId, PullNumber
from bot.core.seal import Seal
from bot.store import commands, lanes, plans
from bot.store.commands import NewCommand, StoredCommand
from bot.store.db import Database, database_now
from bot.store.installed import Repository
from bot.store.lanes import Lease
from bot.store.plans import StoredPlan
from bot.store.tables import lanes as table
from bot.worker.outside import Outside
from bot.worker.reconcile import turn
from tests.build import APP
from tests.worker.fake import Fake

DEMO = Repository(id=77, installation_id=5, full_name="octo/demo")
SEAL = Seal.of(b"a secret of the tests")
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Lane:
    """The lane of an issue, or with None of the repository."""

    database: Database
    github: Fake
    issue: int | None = 5

    async def wake(self) -> int:
        """Make it if there is none, and have it due."""
        async with self.database.session() as session:
            lane_id = await DEMO.lane(session, self.issue)
            await lanes.wake(session, lane_id, LONG_AGO)
        return lane_id

    async def claim(self) -> Lease:
        """Take it; nothing else is due."""
        await self.wake()
        async with self.database.session() as session:
            lease = await lanes.claim(session)
        assert lease is not None
        return lease

    async def turn(self) -> Decision | None:
        """One turn over the plan, now."""
        return await turn(self.github, self.database, APP, await self.claim(), datetime.now(UTC), seal=SEAL)

    async def turn_outside(self) -> None:
        """One turn over the repository, now."""
        await Outside(github=self.github, database=self.database).turn(await self.claim(), datetime.now(UTC))

    async def settle(self, most: int = 12) -> None:
        """Turn until a turn asks for nothing."""
        for _ in range(most):
            before = len(self.github.done)
            await self.turn()
            if len(self.github.done) == before:
                return
        raise AssertionError(f"it does not settle: {self.github.done[-5:]}")

    async def say(self, line: str, number: int = 1, author: str = "mia", pull: int | None = None) -> None:
        """Store a command, as intake does."""
        await self._store(line, f"comment:{number}:1", author, pull, NodeId(f"IC_{number}"))

    async def press(self, line: str, source: str, pull: int) -> None:
        """Store a pressed button, as intake does."""
        await self._store(line, source, "mia", pull, None)

    async def _store(self, line: str, source: str, author: str, pull: int | None, comment: NodeId | None) -> None:
        verb, *words = line.split()
        command = NewCommand(
            source=source, verb=verb, words=tuple(words), text=f"/sb {line}", author=Login(author),
            author_is_bot=False, pull=None if pull is None else PullNumber(pull),
            subject=NodeId("" if comment is None else "I_5"), comment=comment, comment_url="https://x.example",
            at=datetime.now(UTC),
        )  # fmt: skip
        async with self.database.session() as session:
            await commands.add(session, await DEMO.lane(session, self.issue), command)

    async def waiting(self) -> list[StoredCommand]:
        """The commands that are not closed."""
        async with self.database.session() as session:
            return await commands.pending(session, await DEMO.lane(session, self.issue))

    async def stored(self) -> StoredPlan:
        async with self.database.session() as session:
            return await plans.load(session, await DEMO.lane(session, self.issue))

    async def memory(self) -> Memory:
        return (await self.stored()).memory

    async def row(self) -> Row[tuple[object, ...]]:
        """The lane's row: due_at, lease_token, failures, error."""
        async with self.database.session() as session:
            lane_id = await DEMO.lane(session, self.issue)
            return (await session.execute(select(table).where(table.c.id == lane_id))).one()

    async def rests(self) -> timedelta:
        """How long from now until it is due again."""
        due: datetime = (await self.row()).due_at
        return due - datetime.now(UTC)

    async def lose(self) -> None:
        """Let another worker take the lane over."""
        async with self.database.session() as session:
            lane_id = await DEMO.lane(session, self.issue)
            await session.execute(update(table).where(table.c.id == lane_id).values(lease_token="another"))

    async def run_out(self) -> None:
        """Let the time of its lease pass."""
        async with self.database.session() as session:
            lane_id = await DEMO.lane(session, self.issue)
            await session.execute(update(table).where(table.c.id == lane_id).values(lease_until=LONG_AGO))

    async def is_held(self) -> bool:
        """Whether somebody has it, and has time left."""
        async with self.database.session() as session:
            held = select(table.c.id).where(table.c.lease_until > database_now())
            return (await session.execute(held)).first() is not None
