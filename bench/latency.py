"""From webhook to changed check: CI reports on a pull of one plan, while many others are active."""

import asyncio
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import databases
from bench.crowd import Rows, copied, fill, rows_for, rows_of
from bench.databases import Server
from bench.ground import ground, program
from bench.requests import NEEDS
from bench.result import Result
from bot.store.db import Database
from bot.store.migrate import upgrade
from tests.scenarios.play import Play, plan_of

REAL = 10  # plans that are started; the others are copies of them, ten in a repository
COUNTS = (1, 100, 1000)  # active plans
PROBES = 20
PAUSE = 0.25  # seconds between an answer and the next report
WARM = 3.0  # seconds that each set-up runs before it is measured
LONGEST = 5.0  # seconds, the 99th percentile
BUDGET = 30.0  # seconds for the reports of one set-up, or it ends with fewer
PATIENCE = 10.0  # seconds after which a report that does not show is given up, and counts as that


@dataclass(frozen=True, slots=True)
class SetUp:
    """Which processes run on which database."""

    name: str
    commands: Sequence[str]


SET_UPS = (
    SetUp("SQLite, one process", ["serve"]),
    SetUp("PostgreSQL, web and one worker", ["web", "worker"]),
    SetUp("PostgreSQL, web and two workers", ["web", "worker", "worker"]),
)


async def run(postgresql: Server | None) -> Result:
    """Measure each set-up at each number of plans, on one GitHub that grows."""
    rows: list[list[str]] = []
    slow: list[str] = []
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        async with ground(Path(folder)) as play:
            async for count, stored in _crowds(play):
                for set_up in SET_UPS:
                    if postgresql is None and set_up.name.startswith("PostgreSQL"):
                        continue
                    async with _database(set_up, postgresql, stored) as url, program(play, url, set_up.commands):
                        times = await _measured(play)
                    p50, p99 = statistics.median(times), max(times)
                    rows.append([f"{set_up.name}, {count:,}", f"{p50 * 1000:.0f}", f"{p99 * 1000:.0f}"])
                    if p99 > LONGEST:
                        slow.append(f"{set_up.name}, {count:,} plans: {p99:.1f} s")
    return Result(
        title=f"From webhook to changed check: milliseconds, by the number of active plans.\n"
        f"Stated: the slowest within {LONGEST:.0f} s.",
        columns=("active plans", "p50 ms", "slowest ms"),
        rows=rows,
        method=f"{PROBES} reports of CI (fewer if they take more than {BUDGET:.0f} s) by turns red and green on a pull of a "
        f"plan of five, {PAUSE} s apart, from the report "
        "until the stand-in shows another check on its head; the slowest stands for p99. The stand-in, which looks everything "
        f"up one by one, runs on the same cores and is part of the time. {REAL} plans are started for real, the others are "
        "copies of their repository with everything in it, at rest. They have turns on a slow clock of ten minutes and by the "
        "rounds without news, as fast as GitHub's limits allow, with which each process begins.",
        exceeded="; ".join(slow),
    )


async def _crowds(play: Play) -> AsyncIterator[tuple[int, list[Rows]]]:
    """Grow the crowd; gives each number of active plans with what the store has of them."""
    async with databases.sqlite() as url:
        async with program(play, url):
            await play.start(plan_of(NEEDS), protect=False)
        yield 1, [await rows_of(url)]
        async with program(play, url):
            issue, pulls = play.issue, play.pulls
            for number in range(1, REAL):
                branches = plan_of(NEEDS).replace("`part/", f"`part-{number}/").replace(".txt`", f"-{number}.txt`")
                await play.start(branches, protect=False)
            play.issue, play.pulls = issue, pulls
        rows = await rows_of(url)
    original = play.world.repository("octo", "demo")
    many = [rows]
    for count in COUNTS[1:]:
        more = range(len(many), count // REAL)
        many += [rows_for(rows, copied(play.world, original, f"copy-{number}"), number) for number in more]
        yield count, many


@asynccontextmanager
async def _database(set_up: SetUp, postgresql: Server | None, stored: list[Rows]) -> AsyncIterator[str]:
    """Make a database that knows the plans; gives its address."""
    sqlite = set_up.name.startswith("SQLite")
    assert sqlite or postgresql is not None
    async with databases.sqlite() if sqlite or postgresql is None else postgresql.database() as url:
        database = Database(url)
        await upgrade(database.engine)
        await database.close()
        await fill(url, stored)
        yield url


async def _measured(play: Play) -> list[float]:
    """Return the seconds that each report took to show."""
    sha = await play.push("part/w1", "w1.txt", f"{play.serial()}\n")  # GitHub is read to a hundred checks on one head
    await asyncio.sleep(WARM)
    await _settled(play, sha)
    times: list[float] = []
    end = time.perf_counter() + BUDGET
    while len(times) < PROBES and time.perf_counter() < end:
        changed = _change(play, sha)
        began = time.perf_counter()
        await play.report(sha, "success" if len(times) % 2 else "failure")
        with suppress(TimeoutError):
            await play.until(changed, seconds=PATIENCE, pause=0.002)
        times.append(time.perf_counter() - began)
        await asyncio.sleep(PAUSE)
        await _settled(play, sha)
    await play.report(sha, "success")
    await _settled(play, sha)
    return times


async def _settled(play: Play, sha: str) -> None:
    """Wait until the check has stayed the same for a while."""
    seen, since = _check(play, sha), time.perf_counter()
    while time.perf_counter() - since < PAUSE:
        await asyncio.sleep(0.02)
        if _check(play, sha) != seen:
            seen, since = _check(play, sha), time.perf_counter()


def _change(play: Play, sha: str) -> Callable[[], Awaitable[bool]]:
    """Return what says whether the check has changed since now."""
    before = _check(play, sha)

    async def changed() -> bool:
        return _check(play, sha) != before

    return changed


def _check(play: Play, sha: str) -> tuple[Any, ...]:
    """Return what Signalbox's check on a commit says."""
    app = play.world.app("signalbox")
    runs = [each for each in play.world.state.runs.values() if each.head_sha == sha and each.app_id == app.id]
    repository = play.world.repository("octo", "demo").id
    return tuple(
        (each.status, each.conclusion, each.title, each.summary) for each in runs if each.repository_id == repository
    )
