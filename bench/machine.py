"""What the figures were measured on, without saying where that is."""

import os
import platform
import sqlite3
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from sqlalchemy import text

from bench.databases import Server
from bot.store.db import Database

PACKAGES = ("aiohttp", "sqlalchemy", "aiosqlite", "asyncpg")


async def describe(server: Server | None) -> list[str]:
    """Return lines: day, processor, systems and versions, and how busy the machine was with other things."""
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    postgresql = await _postgresql(server) if server else "not measured"
    load = os.getloadavg()[0]
    return [
        f"{datetime.now(UTC):%d %B %Y}, {os.cpu_count()} cores of {_processor()}, {platform.system()} {platform.release()}",
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, PostgreSQL {postgresql}, {packages}",
        f"load average at the beginning {load:.1f}" + (" (the machine had other work)" if load > 1 else ""),
    ]


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


async def _postgresql(server: Server) -> str:
    async with server.database() as url:
        database = Database(url)
        async with database.session() as session:
            found = str((await session.execute(text("SHOW server_version"))).scalar_one())
        await database.close()
    return found.split(" ", maxsplit=1)[0]
