"""The stand-in with people and CI in this process, Signalbox in processes of its own."""

import os
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import aiohttp

from bench.paired import python
from bench.startup import ready
from bot.app import Running
from bot.store.db import Database
from sandbox.server import start as start_sandbox
from tests.ports import free_port
from tests.scenarios.base_ci import base_ci_of
from tests.scenarios.play import Play, connect

#: One installation may ask for 5,000 points an hour of GitHub, which a thousand plans need sooner.
EVER = 10**9
LIMITS = {resource: {"limit": EVER, "remaining": EVER} for resource in ("core", "graphql")}


@asynccontextmanager
async def ground(folder: Path) -> AsyncIterator[Play]:
    """Set up a GitHub that nobody listens to yet."""
    async with start_sandbox(port=0, data=folder / "github") as sandbox, aiohttp.ClientSession() as session:
        play = Play(info=sandbox.info, world=sandbox.world, bot=None, session=session, folder=folder)
        await play.faults({"rate_limit": LIMITS})
        async with base_ci_of(play):
            yield play


@asynccontextmanager
async def program(play: Play, url: str, commands: Sequence[str] = ("serve",)) -> AsyncIterator[tuple[int, list[int]]]:
    """Run Signalbox on a database, one process for each command; gives the web side's port and the processes' ids."""
    port, database = free_port(), Database(url)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(database.close)
        environment = _environment(play, url, port)
        processes = [
            await stack.enter_async_context(python("-m", "bot", command, environment=environment))
            for command in commands
        ]
        await ready(play.session, port)
        connect(play.world, f"http://127.0.0.1:{port}/webhook")
        play.bot = Running(database=database, port=port)
        yield port, [each.pid for each in processes]
        play.bot = None


def _environment(play: Play, url: str, port: int) -> dict[str, str]:
    """Settings as an operator leaves them, but for where everything is."""
    return {
        "PATH": os.environ["PATH"],
        "GITHUB_APP_ID": str(play.info["app_id"]),
        "GITHUB_PRIVATE_KEY_FILE": str(play.info["private_key_file"]),
        "GITHUB_WEBHOOK_SECRET": play.info["webhook_secret"],
        "GITHUB_API_URL": play.info["api_url"],
        "GITHUB_GRAPHQL_URL": play.info["graphql_url"],
        "DATABASE_URL": url,
        "HOST": "127.0.0.1",
        "PORT": str(port),
    }
