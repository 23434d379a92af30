"""Many plans at once, three workers, one fault in twenty, a worker killed every few seconds: every plan ends well.

`make test` plays a few plans, `make soak-plans PLANS=1000` as many as one likes; both say what they saw.
"""

import asyncio
import itertools
import json
import os
import random
import time
from collections import Counter
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.store.tables import deliveries
from bot.worker import resync
from tests.databases import ONLY_POSTGRESQL
from tests.scenarios.many import FAULTY_API, FAULTY_WEBHOOKS, LIMITS, Crowd, Plan, green_ci, hasten
from tests.scenarios.points import Points
from tests.scenarios.process import BotProcess
from tests.scenarios.undying import LONG, Undying, undying

PLANS = int(os.environ.get("SIGNALBOX_PLANS", "3"))
SEED = int(os.environ.get("SIGNALBOX_SEED", "2026"))
A_REPOSITORY = 2 if PLANS < 10 else 5  # plans
MANY = 50  # plans from which on the memory of a process says something
KILLED_LESS_FROM = 100  # plans: each start takes about a second of CPU, and a larger crowd takes longer
LARGER = 1.15  # a process that grows by less in the second half is flat: the tables in memory have their sizes

Sizes = dict[str, list[int]]  # of each process that is never killed: its memory in KiB, again and again


def resident(process: BotProcess) -> int:
    """Return how much memory a process has, in KiB."""
    assert process.process is not None
    status = Path(f"/proc/{process.process.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])


async def measure(play: Undying, sizes: Sizes) -> None:
    """Look at the processes that are never killed, twice a second."""
    while True:
        for each in play.processes[:2]:
            sizes.setdefault(each.name, []).append(resident(each))
        await asyncio.sleep(0.5)


async def kill_workers(play: Undying, dice: random.Random) -> None:
    """Kill one of the workers but the first, every few seconds. When is what is drawn; no condition is waited for."""
    while True:
        await asyncio.sleep(dice.uniform(0.5, 3.5) * max(1.0, PLANS / KILLED_LESS_FROM))
        victim = dice.choice(play.processes[2:]).process
        if victim is not None and victim.exitcode is None:
            victim.kill()


async def tell(play: Undying, crowd: Crowd) -> None:
    """Say every minute how far it is."""
    for minute in itertools.count():
        pulls = play.world.state.pulls.values()
        memory = ", ".join(f"{each.name} {resident(each)} KiB" for each in play.processes[:2])
        print(
            f"\nminute {minute}: {sum(plan.issue > 0 for plan in crowd.plans)} plans written, {len(pulls)} pulls,"
            f" {sum(pull.merged for pull in pulls)} merged, {sum(plan.complete for plan in crowd.plans)} plans complete,"
            f" {len(crowd.sent)} webhooks, {play.deaths} workers killed, {memory}",
            end="",
            flush=True,
        )
        await asyncio.sleep(60)


async def stored(play: Undying) -> dict[str, str]:
    """Return the state of each webhook in the store, by GUID."""
    assert play.bot is not None
    async with play.bot.database.session() as session:
        rows = await session.execute(select(deliveries.c.guid, deliveries.c.state))
        return {row.guid: row.state for row in rows}


def errors(play: Undying) -> list[str]:
    """Return what the processes logged as errors."""
    lines = [line for each in play.processes for line in each.log.read_text().splitlines()]
    return [line for line in lines if '"level": "error"' in line]


@ONLY_POSTGRESQL
@pytest.mark.timeout(max(300, 60 * PLANS))
async def test_every_plan_ends_whatever_fails_on_the_way(tmp_path: Path, url: str) -> None:
    points = Points(tmp_path)
    plans = [Plan(f"shop-{number // A_REPOSITORY}", number) for number in range(PLANS)]
    sizes: Sizes = {}
    began = time.monotonic()
    patience = max(2, min(6 * PLANS // 10, 300))  # seconds; all are looked at anew no more often than in production
    stage = undying(
        tmp_path, points, database_url=url, workers=3, turns=2, resync_seconds=patience,
        prepare=partial(hasten, points, max(resync.MOST_AT_ONCE, PLANS)),
    )  # fmt: skip
    async with stage as play, green_ci(play):
        crowd = Crowd(play, plans)
        await crowd.found()
        await play.settled()
        await play.faults({"api": FAULTY_API, "webhooks": {**FAULTY_WEBHOOKS, "seed": SEED}, "rate_limit": LIMITS})
        tasks = crowd.watch(), measure(play, sizes), kill_workers(play, random.Random(SEED)), tell(play, crowd)
        around = [asyncio.create_task(each) for each in tasks]
        try:
            async with asyncio.timeout(max(150, 40 * PLANS)):
                await asyncio.gather(*(crowd.begin(plan) for plan in plans))
                await asyncio.gather(*(crowd.carry_out(plan) for plan in plans))
        finally:
            for each in around:
                each.cancel()
            await asyncio.gather(*around, return_exceptions=True)
            report(play, crowd, sizes, time.monotonic() - began)
        await play.faults({"rate_limit": LIMITS})
        await play.settled(max(LONG, 5 * patience))
        crowd.look()
        assert all(plan.complete for plan in plans)
        assert crowd.wrong() == []
        found = await stored(play)
        assert [guid for guid in crowd.sent if found.get(guid) not in {"done", "ignored"}] == []
        assert errors(play) == []
        assert play.deaths > 0
    if PLANS >= MANY:
        assert {name: grown for name, each in sizes.items() if (grown := growth(each)) > LARGER} == {}


def growth(sizes: list[int]) -> float:
    """Return how much larger a process was in the last quarter than in the second."""
    quarter = len(sizes) // 4
    return max(sizes[-quarter:]) / max(sizes[quarter : 2 * quarter])


def report(play: Undying, crowd: Crowd, sizes: Sizes, seconds: float) -> None:
    """Say what was seen."""
    done = sum(plan.complete for plan in crowd.plans)
    print(
        f"\nseed {SEED}: {done} of {len(crowd.plans)} plans complete after {seconds:.0f} s, {play.deaths} workers killed"
    )
    print(f"{len(crowd.sent)} webhooks; {len(crowd.play.world.state.runs)} check runs")
    turns = Counter(
        json.loads(line)["event"] for each in play.processes for line in each.log.read_text().splitlines() if line
    )
    print(dict(turns.most_common(12)))
    for name, each in sizes.items():
        if len(each) >= 4:
            quarter = len(each) // 4
            print(
                f"{name}: {max(each[quarter : 2 * quarter])} KiB in the second quarter, {max(each[-quarter:])} in the last"
            )
