"""Signalbox as a process of its own, to be killed and started again."""

import asyncio
import contextlib
import multiprocessing
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import aiohttp

from bot.__main__ import main
from bot.app import Running
from bot.store.db import Database
from sandbox.server import start as start_sandbox
from tests.ports import free_port
from tests.scenarios.base_ci import base_ci_of
from tests.scenarios.play import Play, connect

START_SECONDS = 30.0

#: A bare process that has loaded the program once, and from which each Signalbox is forked: loading takes longer than most
#: stories. What runs is `python -m bot serve` all the same, in a process, a memory and a log of its own.
LOADED = multiprocessing.get_context("forkserver")
LOADED.set_forkserver_preload(["bot.app", "bot.settings", "bot.log"])


def serve(environment: Mapping[str, str], log: Path) -> None:
    """Be `python -m bot serve` from here on."""
    os.environ.clear()
    os.environ.update(environment)
    with log.open("ab") as output:
        os.dup2(output.fileno(), sys.stderr.fileno())
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    os.chdir(log.parent)  # no `.env` of a checkout
    sys.exit(main(["serve"]))


@dataclass(slots=True)
class BotProcess:
    """`python -m bot serve` on a fixed port, with settings from the environment only."""

    info: Mapping[str, Any]
    folder: Path
    port: int
    process: ForkServerProcess | None = None

    @property
    def webhook_url(self) -> str:
        """Where the sandbox sends its webhooks."""
        return f"http://127.0.0.1:{self.port}/webhook"

    @property
    def database_url(self) -> str:
        """The database that it uses."""
        return f"sqlite+aiosqlite:///{self.folder / 'signalbox.sqlite3'}"

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
        }

    async def start(self) -> None:
        """Start it and wait until it is ready."""
        self.process = LOADED.Process(target=serve, args=(self.environment, self.folder / "bot.log"))
        await asyncio.to_thread(self.process.start)
        await self.ready()

    async def ready(self) -> None:
        """Wait until it answers."""
        async with asyncio.timeout(START_SECONDS), aiohttp.ClientSession() as session:
            while True:
                if self.process is not None and self.process.exitcode is not None:
                    raise RuntimeError((self.folder / "bot.log").read_text()[-3000:])
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
async def stage_apart(folder: Path) -> AsyncIterator[tuple[Play, BotProcess]]:
    """Set a stage on which Signalbox can be killed: the sandbox and CI in this process, Signalbox in another."""
    async with start_sandbox(port=0, data=folder / "github") as sandbox, aiohttp.ClientSession() as session:
        bot = BotProcess(info=sandbox.info, folder=folder, port=free_port())
        connect(sandbox.world, bot.webhook_url)
        database = Database(bot.database_url)
        running = Running(database=database, port=bot.port)
        play = Play(info=sandbox.info, world=sandbox.world, bot=running, session=session, folder=folder)
        try:
            await bot.start()
            async with base_ci_of(play):
                yield play, bot
        finally:
            await bot.stop()
            await database.close()
