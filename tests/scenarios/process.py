"""Signalbox as a process of its own, to be killed and started again."""

import asyncio
import contextlib
import multiprocessing
import os
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import aiohttp

from bot.app import Running
from bot.store.db import Database
from sandbox.server import start as start_sandbox
from tests.ports import free_port
from tests.scenarios.base_ci import base_ci_of
from tests.scenarios.play import Play, connect
from tests.scenarios.program import Prepare, serve, unprepared

START_SECONDS = 30.0

#: A bare process that has loaded the program once, and from which each Signalbox is forked: loading takes longer than most
#: stories. What runs is `python -m bot serve` all the same, in a process, a memory and a log of its own.
LOADED = multiprocessing.get_context("forkserver")
LOADED.set_forkserver_preload(["tests.scenarios.program"])


@dataclass(slots=True)
class BotProcess:
    """`python -m bot` with one of its commands, on a fixed port, with settings from the environment only."""

    info: Mapping[str, Any]
    folder: Path
    port: int
    command: str = "serve"  # or "web" or "worker"
    name: str = "bot"  # of its log
    database_url: str = ""  # its own file if none is given
    prepare: Prepare = unprepared
    settings: Mapping[str, str] = field(default_factory=dict)  # beside those that it needs
    process: ForkServerProcess | None = None

    def __post_init__(self) -> None:
        self.database_url = self.database_url or f"sqlite+aiosqlite:///{self.folder / 'signalbox.sqlite3'}"

    @property
    def log(self) -> Path:
        """Where its log lines are."""
        return self.folder / f"{self.name}.log"

    @property
    def webhook_url(self) -> str:
        """Where the sandbox sends its webhooks."""
        return f"http://127.0.0.1:{self.port}/webhook"

    @property
    def environment(self) -> dict[str, str]:
        """Its settings, and what else its environment holds."""
        return {name: value for name, value in os.environ.items() if not name.startswith("GITHUB_")} | {
            "GITHUB_APP_ID": str(self.info["app_id"]),
            "GITHUB_PRIVATE_KEY_FILE": str(self.info["private_key_file"]),
            "GITHUB_WEBHOOK_SECRET": self.info["webhook_secret"],
            "GITHUB_API_URL": self.info["api_url"],
            "GITHUB_GRAPHQL_URL": self.info["graphql_url"],
            "DATABASE_URL": self.database_url,
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
            "RESYNC_SECONDS": "3",
            **self.settings,
        }

    async def start(self) -> None:
        """Start it and wait until it is ready; a worker is not asked."""
        await self.spawn()
        if self.command != "worker":
            await self.ready()

    async def spawn(self) -> None:
        """Start it, whatever becomes of it."""
        self.process = LOADED.Process(target=serve, args=(self.command, self.environment, self.log, self.prepare))
        await asyncio.to_thread(self.process.start)

    async def ready(self) -> None:
        """Wait until it answers."""
        async with asyncio.timeout(START_SECONDS), aiohttp.ClientSession() as session:
            while True:
                if self.process is not None and self.process.exitcode is not None:
                    raise RuntimeError(self.log.read_text()[-3000:])
                try:
                    async with session.get(f"http://127.0.0.1:{self.port}/readyz") as response:
                        if response.status == 200:
                            return
                except aiohttp.ClientError:
                    pass
                await asyncio.sleep(0.05)

    async def kill(self) -> None:
        """Kill it where it stands."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> None:
        """Ask it to stop and wait until it has."""
        await self._end(signal.SIGTERM)

    async def _end(self, number: signal.Signals) -> None:
        if self.process is not None and self.process.exitcode is None and self.process.pid is not None:
            os.kill(self.process.pid, number)
            await asyncio.to_thread(self.process.join)
        self.process = None


@contextlib.asynccontextmanager
async def stage_apart(folder: Path, prepare: Prepare = unprepared) -> AsyncIterator[tuple[Play, BotProcess]]:
    """Set a stage on which Signalbox can be killed: the sandbox and CI in this process, Signalbox in another."""
    async with start_sandbox(port=0, data=folder / "github") as sandbox:
        bot = BotProcess(info=sandbox.info, folder=folder, port=free_port(), prepare=prepare)
        async with _played(sandbox, [bot]) as play:
            yield play, bot


@contextlib.asynccontextmanager
async def stage_of_replicas(
    folder: Path, database_url: str, workers: int
) -> AsyncIterator[tuple[Play, BotProcess, list[BotProcess]]]:
    """Set a stage with one process for the web side and several that work, all started at once on one database.

    A worker's port is the one on which it shows its numbers.
    """
    async with start_sandbox(port=0, data=folder / "github") as sandbox:
        port, url = free_port(), database_url
        web = BotProcess(sandbox.info, folder, port, command="web", name="web", database_url=url)
        replicas = [
            BotProcess(
                sandbox.info, folder, shown, command="worker", name=f"worker-{number}", database_url=url,
                settings={"METRICS_PORT": str(shown)},
            )
            for number, shown in enumerate(free_port() for _ in range(workers))
        ]  # fmt: skip
        async with _played(sandbox, [web, *replicas]) as play:
            yield play, web, replicas


@contextlib.asynccontextmanager
async def _played(sandbox: Any, processes: Sequence[BotProcess]) -> AsyncIterator[Play]:
    """Connect processes to a sandbox, the first of which takes its webhooks, and start them."""
    web = processes[0]
    connect(sandbox.world, web.webhook_url)
    database = Database(web.database_url)
    async with aiohttp.ClientSession() as session:
        running = Running(database=database, port=web.port)
        play = Play(info=sandbox.info, world=sandbox.world, bot=running, session=session, folder=web.folder)
        try:
            await asyncio.gather(*(each.start() for each in processes))
            async with base_ci_of(play):
                yield play
        finally:
            await asyncio.gather(*(each.stop() for each in processes))
            await database.close()
