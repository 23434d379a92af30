"""Start-up: each command until it ends, or until its first `/readyz`, beside importing the libraries alone."""

import asyncio
import os
import statistics
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path

import aiohttp

from bench import databases
from bench.paired import SECRET, python
from bench.result import Result
from bot.store.db import Database
from bot.store.migrate import upgrade
from sandbox.genesis import key_pair
from tests.ports import free_port

RUNS = 7  # the median counts; the commands take turns
LIBRARIES = (
    "import aiohttp.web, aiosqlite, cryptography.hazmat.primitives.asymmetric.rsa, gidgethub.aiohttp, pydantic_settings, "
    "sqlalchemy.ext.asyncio, structlog"
)
PLAN = str(Path(__file__).resolve().parent.parent / "examples" / "plan.md")
MOST = {"serve until ready": 2.0, "--help": 0.5, "lint": 0.8}  # times the libraries' own import


async def run() -> Result:
    """Time them all in turn."""
    async with databases.sqlite() as url:
        database = Database(url)
        await upgrade(database.engine)
        await database.close()
        commands: Mapping[str, Callable[[], Awaitable[None]]] = {
            "the libraries": partial(_finish, "-c", LIBRARIES),
            "--help": partial(_finish, "-m", "bot", "--help"),
            "lint": partial(_finish, "-m", "bot", "lint", PLAN),
            "serve until ready": partial(_serve, url),
        }
        times: dict[str, list[float]] = {name: [] for name in commands}
        for number in range(RUNS + 1):
            for name, start in commands.items():
                began = time.perf_counter()
                await start()
                if number:  # the first fills the caches
                    times[name].append(time.perf_counter() - began)
    medians = {name: statistics.median(each) for name, each in times.items()}
    ratios = {
        name: statistics.median(one / other for one, other in zip(each, times["the libraries"], strict=True))
        for name, each in times.items()
    }
    return Result(
        title="Start-up: milliseconds, and times the import of the libraries alone. Stated: "
        + ", ".join(f"`{name}` at most {most}" for name, most in MOST.items())
        + ".",
        columns=("", "ms", "ratio"),
        rows=[[name, f"{medians[name] * 1000:.0f}", f"{ratios[name]:.2f}"] for name in commands],
        method=f"Median of {RUNS} runs, the commands in turn, files cached. `serve` finds a database of the newest form; `lint` "
        "reads the example plan.",
        exceeded="; ".join(
            f"{name}: {ratios[name]:.2f}, not {most}" for name, most in MOST.items() if ratios[name] > most
        ),
    )


async def _finish(*arguments: str) -> None:
    async with python(*arguments) as process:
        assert process.stdout is not None
        await process.stdout.read()
        assert await process.wait() == 0, arguments


async def _serve(url: str) -> None:
    port = free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "GITHUB_APP_ID": "1",
        "GITHUB_PRIVATE_KEY": key_pair("signalbox")[0],
        "GITHUB_WEBHOOK_SECRET": SECRET,
        "GITHUB_API_URL": "http://127.0.0.1:9",  # nobody is there: being ready does not wait for GitHub
        "DATABASE_URL": url,
        "HOST": "127.0.0.1",
        "PORT": str(port),
    }
    async with python("-m", "bot", "serve", environment=environment), aiohttp.ClientSession() as session:
        await ready(session, port)


async def ready(session: aiohttp.ClientSession, port: int, seconds: float = 60.0) -> None:
    """Wait until a server says that it is ready."""
    async with asyncio.timeout(seconds):
        while True:
            try:
                async with session.get(f"http://127.0.0.1:{port}/readyz") as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.005)
