"""A stage on which whatever dies of Signalbox is started again at once, and on which no webhook may stay lost."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from sqlalchemy import select, update

from bot.app import Running
from bot.store import inbox
from bot.store.db import Database, database_now
from bot.store.tables import deliveries, lanes
from sandbox.server import start as start_sandbox
from tests.ports import free_port
from tests.rest import at_rest
from tests.scenarios.base_ci import base_ci_of
from tests.scenarios.play import Play, connect
from tests.scenarios.points import Points
from tests.scenarios.process import BotProcess
from tests.scenarios.program import Prepare

NOTICED = 0.03  # seconds until a death is noticed
LONG = 120.0  # seconds that a step may take with all the deaths in it


@dataclass(slots=True, kw_only=True)
class Undying(Play):
    """A play whose processes are started again when they die."""

    points: Points
    processes: Sequence[BotProcess]
    deaths: int = 0
    over: asyncio.Event = field(default_factory=asyncio.Event)

    async def keep_alive(self) -> None:
        """Start again whatever dies, until it is over."""
        while not self.over.is_set():
            for each in self.processes:
                if each.process is not None and each.process.exitcode is not None:
                    await self._revive(each)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.over.wait(), NOTICED)

    async def _revive(self, dead: BotProcess) -> None:
        assert dead.process is not None
        assert dead.process.exitcode == -signal.SIGKILL, dead.log.read_text()[-3000:]
        assert dead.process.pid is not None
        self.deaths += 1
        await self._let_land()
        await self._end_leases(self.points.claimed_by(dead.process.pid))
        await dead.spawn()

    async def _let_land(self) -> None:
        """Wait until what the dead had asked of GitHub has come about: a lease lasts longer than GitHub takes for a request."""
        for _ in range(5):  # rounds of a busy loop, until all that it had sent is read and begun
            await asyncio.sleep(NOTICED / 5)
        if under_way := {*self.world.running, *self.world.late}:
            await asyncio.wait(under_way)

    async def _end_leases(self, tokens: Sequence[str]) -> None:
        """Let the minute pass for which the dead have their lanes still; for nobody else does any time pass.

        One lane after the other: who locks several at once may wait in a circle with those who work.
        """
        assert self.bot is not None
        async with self.bot.database.session() as session:
            held = (await session.execute(select(lanes.c.lease_token).where(lanes.c.lease_token.in_(tokens)))).scalars()
        for token in held:
            async with self.bot.database.session() as session:
                await session.execute(
                    update(lanes).where(lanes.c.lease_token == token).values(lease_until=database_now())
                )
        async with self.bot.database.session() as session:  # what they were reading
            await session.execute(update(deliveries).where(deliveries.c.attempts == 0).values(due_at=None))

    async def undelivered(self) -> set[str]:
        """Return the GUIDs of the webhooks that are not stored: neither acknowledged at any attempt, nor known all the same.

        Who dies between the commit and the answer has the webhook, though GitHub shows it as failed.
        """
        assert self.bot is not None
        ours = self.world.app("signalbox").id
        sent = [each for each in self.world.state.deliveries.values() if each.app_id == ours]
        taken = {each.guid for each in sent if each.status_code is not None and each.status_code < 300}
        missing = {each.guid for each in sent} - taken
        if not missing:
            return set()
        async with self.bot.database.session() as session:
            return missing - await inbox.known(session, missing)

    async def until(self, condition: Callable[[], Awaitable[Any]], seconds: float = LONG, pause: float = 0.06) -> Any:
        """Wait until a condition holds, for as long as all the deaths on the way may take."""
        return await Play.until(self, condition, max(seconds, LONG), pause)

    async def settled(self, seconds: float = LONG) -> None:
        """Wait until every webhook was taken, everybody is alive, and nothing is left to do."""

        async def quiet() -> bool:
            dead = [each.name for each in self.processes if each.process is None or each.process.exitcode is not None]
            unfinished: Any = self.world.hooks.pending, dead, self.bot is None or not await at_rest(self.bot.database)
            if not any(unfinished):
                unfinished = [await self.undelivered()]  # the costliest question is asked last
            quiet.__name__ = f"the end of {unfinished}"
            return not any(unfinished)

        await self.until(quiet, seconds, pause=0.1)


@contextlib.asynccontextmanager
async def undying(
    folder: Path,
    points: Points,
    *,
    database_url: str = "",
    workers: int = 0,
    turns: int = 1,
    resync_seconds: float = 3.0,
    prepare: Prepare | None = None,
) -> AsyncIterator[Undying]:
    """Set the stage: one process, or with `workers` one for the web side and so many that work, of `turns` at once each.

    `prepare` is what each process does before it is Signalbox, if not to watch its points.
    """
    folder.mkdir(exist_ok=True)
    async with contextlib.AsyncExitStack() as stack:
        sandbox = await stack.enter_async_context(start_sandbox(port=0, data=folder / "github"))
        port = free_port()
        names = ["web", *(f"worker-{number}" for number in range(workers))] if workers else ["bot"]
        processes = [
            BotProcess(
                sandbox.info, folder, port, command=name.partition("-")[0] if workers else "serve", name=name,
                database_url=database_url, prepare=prepare or points.install,
                settings={"RESYNC_SECONDS": str(resync_seconds), "WORKERS": str(turns)},
            )
            for name in names
        ]  # fmt: skip
        connect(sandbox.world, processes[0].webhook_url)
        database = Database(processes[0].database_url)
        stack.push_async_callback(database.close)
        session = await stack.enter_async_context(aiohttp.ClientSession())
        play = Undying(
            info=sandbox.info, world=sandbox.world, bot=Running(database=database, port=port), session=session,
            folder=folder, points=points, processes=processes,
        )  # fmt: skip
        async with _alive(play), base_ci_of(play):
            yield play


@contextlib.asynccontextmanager
async def _alive(play: Undying) -> AsyncIterator[None]:
    try:
        async with asyncio.TaskGroup() as group:
            try:
                for each in play.processes:
                    await each.spawn()
                group.create_task(play.keep_alive())
                await play.until(lambda: _answers(play), LONG)
                yield
            finally:
                play.over.set()
    finally:
        await asyncio.gather(*(each.stop() for each in play.processes))


async def _answers(play: Undying) -> bool:
    url = f"http://127.0.0.1:{play.processes[0].port}/readyz"
    try:
        async with play.session.get(url) as response:
            return response.status == 200
    except aiohttp.ClientError:
        return False
