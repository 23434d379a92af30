"""Durable acknowledgement: signature, commit, 202, beside a bare handler that checks the same signature and keeps nothing.

Every answer must be a 202, and every acknowledged GUID must be in the database afterwards.
"""

import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import databases
from bench.databases import Server
from bench.ground import ground
from bench.paired import SECRET, Load, Measured, Pair, Webhook, load, server, take_turns
from bench.payload import BYTES, comment, prose
from bench.result import Result

CONNECTIONS = (16, 64)
SLICES = 15
SECONDS = 0.3  # of a slice
LEAST = {"SQLite": 0.60, "PostgreSQL": 0.42}  # of the bare handler's throughput at 64 connections
DRIVER = "the driver of SQLite alone"
PROSE = "SQLite, nearly all prose"
LONGEST = 100.0  # ms, the 99th percentile on SQLite at 64 connections, on an idle machine


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One database at one number of connections."""

    database: str
    connections: int
    pair: Pair

    def cells(self) -> list[str]:
        """Return the row of the table."""
        bare, ours = self.pair.reference, self.pair.variant
        shares = (0.5, 0.99)
        return [
            f"{self.database}, {self.connections} connections",
            f"{bare.rate:.0f}",
            f"{ours.rate:.0f}",
            f"{self.pair.ratio:.2f}",
            *(f"{bare.percentile(share):.1f}" for share in shares),
            *(f"{ours.percentile(share):.1f}" for share in shares),
            f"{max(bare.load_cpu, ours.load_cpu):.2f}",
        ]

    def problems(self) -> list[str]:
        """Return which stated limits are exceeded."""
        found = []
        least = LEAST.get(self.database, 0.0)
        if self.connections == 64 and self.pair.ratio < least:
            found.append(f"{self.database}: {self.pair.ratio:.2f} of the bare handler, not {least:.2f}")
        slowest = self.pair.variant.percentile(0.99)
        if self.database == "SQLite" and self.connections == 64 and slowest > LONGEST:
            found.append(f"{self.database}: p99 {slowest:.0f} ms, not {LONGEST:.0f}")
        return found


async def run(postgresql: Server | None) -> Result:
    """Measure both databases, each from empty."""
    rows: list[Row] = []
    async with load() as by, server("bare", SECRET) as bare:
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            async with ground(Path(folder)) as play:
                usual = await comment(play)
        for name in (DRIVER, *LEAST, PROSE):
            if name == "PostgreSQL" and postgresql is None:
                continue
            what = prose() if name == PROSE else usual
            async with _ours(name, postgresql) as (port, url):
                mine = [
                    Row(database=name, connections=count, pair=await _pair(by, bare, port, what, count))
                    for count in CONNECTIONS
                ]
                acknowledged = set[str]().union(*(each.pair.variant.acknowledged for each in mine))
                assert await databases.stored(url) == acknowledged, "not what was acknowledged is stored"
                rows += mine
    return Result(
        title="Durable acknowledgement: requests a second, and milliseconds until the answer. Stated: at 64\n"
        f"connections at least {LEAST['SQLite']} of the bare handler on SQLite and {LEAST['PostgreSQL']} on PostgreSQL;\n"
        f"p99 below {LONGEST:.0f} ms on SQLite on an idle machine.",
        columns=("", "bare/s", "ours/s", "ratio", "bare p50", "bare p99", "ours p50", "ours p99", "load"),
        rows=[row.cells() for row in rows],
        method="Bare = aiohttp, the same check of the same signature, nothing kept. Ours = the web side as it runs, its log on, "
        "SQLite with `synchronous=FULL`, PostgreSQL with `fsync` on. The driver alone = the bare handler and the least that "
        "stores at all, for comparison: SQLite's driver in a thread, all that came meanwhile in one statement. "
        f"{BYTES} bytes a webhook, as many as GitHub's example, all GUIDs different, {SLICES} pairs of slices of {SECONDS} s: a "
        "comment of the stand-in's, which lz4 compresses to 0.27 (GitHub's example to 0.22), and, for comparison, one that is "
        "nearly all somebody's text (to 0.56). "
        "load = the largest share of a core that the load generator took: below 1 it was not what limits.",
        exceeded="; ".join(problem for row in rows for problem in row.problems()),
    )


async def _pair(by: Load, bare: int, ours: int, what: Webhook, connections: int) -> Pair:
    return await take_turns(by, bare, ours, what, connections=connections, slices=SLICES, seconds=SECONDS)


@asynccontextmanager
async def _ours(name: str, postgresql: Server | None) -> AsyncIterator[tuple[int, str]]:
    """Start what stores on an empty database; gives its port and the database's address."""
    async with AsyncExitStack() as stack:
        if name == "PostgreSQL":
            assert postgresql is not None
            url = await stack.enter_async_context(postgresql.database())
        else:
            url = await stack.enter_async_context(databases.sqlite())
        yield await stack.enter_async_context(server("driver" if name == DRIVER else "signalbox", SECRET, url)), url


__all__ = ["Measured", "Row", "run"]
