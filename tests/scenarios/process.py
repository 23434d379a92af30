"""Signalbox as a process of its own, to be killed and started again."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from bot.app import Running
from bot.store.db import Database
from sandbox.server import start as start_sandbox
from tests.ports import free_port
from tests.scenarios.base_ci import base_ci_of
from tests.scenarios.play import Play, connect

START_SECONDS = 30.0


@dataclass(slots=True)
class BotProcess:
    """`python -m bot serve` on a fixed port, with settings from the environment only."""

    info: Mapping[str, Any]
    folder: Path
    port: int
    process: asyncio.subprocess.Process | None = None

    @property
    def webhook_url(self) -> str:
        """Where the sandbox sends its webhooks."""
        return f"http://127.0.0.1:{self.port}/webhook"

    @property
    def database_url(self) -> str:
        """The database that it uses."""
        return f"sqlite+aiosqlite:///{self.folder / 'signalbox.sqlite3'}"

    async def start(self) -> None:
        """Start it and wait until it is ready."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("GITHUB_")} | {
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
        with (self.folder / "bot.log").open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "bot", "serve", env=environment, stdout=asyncio.subprocess.DEVNULL, stderr=log
            )
        async with asyncio.timeout(START_SECONDS), aiohttp.ClientSession() as session:
            while True:
                if self.process.returncode is not None:
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
        if self.process is not None and self.process.returncode is None:
            self.process.send_signal(number)
            await self.process.wait()
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
