"""Memory of the one process that is web and worker, after 10,000 and after 100,000 deliveries by HTTP, all taken in.

The deliveries are what the stand-in sent while a plan of five was laid: echoes of Signalbox's own writes and news that wake the
plan's turn, each again and again under new GUIDs.
"""

import json
import tempfile
from pathlib import Path

from sqlalchemy import func, select

from bench import databases
from bench.ground import ground, program
from bench.paired import Measured, Webhook, load
from bench.requests import NEEDS
from bench.result import Result
from bot.store.tables import deliveries
from tests.scenarios.play import Play, plan_of

COUNTS = (10_000, 100_000)  # deliveries in all at each look
MOST = 1.25  # times the memory after the first look
CONNECTIONS = 16
WAVE = 1000  # deliveries before the worker is waited for, as GitHub sends no faster than they are taken in for long


async def run() -> Result:
    """Send them and look at the process each time nothing is left to do."""
    async with databases.sqlite() as url:
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            async with ground(Path(folder)) as play, program(play, url) as (port, [process]):
                await play.start(plan_of(NEEDS), protect=False)
                webhooks = _sent(play)
                sizes = [_megabytes(process)]
                sent = Measured()
                for count in COUNTS:
                    await _send(play, port, webhooks, count - len(sent.acknowledged), sent)
                    sizes.append(_megabytes(process))
                stored = await databases.stored(url)
        assert sent.acknowledged <= stored, "a delivery was acknowledged and is not there"
    growth = sizes[2] / sizes[1]
    return Result(
        title=f"Memory: resident megabytes of the process. Stated: at most {MOST} times as much\n"
        f"after {COUNTS[1]:,} deliveries as after {COUNTS[0]:,}.",
        columns=("deliveries", "MB", "growth"),
        rows=[
            ["a plan laid", f"{sizes[0]:.0f}", ""],
            [f"{COUNTS[0]:,}", f"{sizes[1]:.0f}", f"{sizes[1] / sizes[0]:.2f}"],
            [f"{COUNTS[1]:,}", f"{sizes[2]:.0f}", f"{growth:.2f}"],
        ],
        method=f"`signalbox serve` on SQLite; {len(webhooks)} different payloads that the stand-in sent while a plan of "
        f"five was laid ({', '.join(sorted({each.event for each in webhooks}))}), echoes and wakes as they came, "
        f"in waves of {WAVE:,} over "
        f"{CONNECTIONS} connections; each look after everything was taken in.",
        exceeded="" if growth <= MOST else f"{growth:.2f} times, not {MOST}",
    )


def _sent(play: Play) -> list[Webhook]:
    """Return what the stand-in has sent to Signalbox, commands left out: each would be one more command under its new GUID."""
    mine = play.world.app("signalbox")
    return [
        Webhook(
            event=each.event,
            body=json.dumps(each.payload, separators=(",", ":"), ensure_ascii=True).encode(),
            secret=play.info["webhook_secret"],
        )
        for each in play.world.state.deliveries.values()
        if each.app_id == mine.id and each.event != "issue_comment"
    ]


async def _send(play: Play, port: int, webhooks: list[Webhook], count: int, sent: Measured) -> None:
    assert play.bot is not None
    async with load() as by:
        for number in range(count // WAVE):
            webhook = webhooks[number % len(webhooks)]
            await by.run(port, webhook, connections=CONNECTIONS, seconds=600, limit=WAVE, into=sent)
            await _drained(play, WAVE)
    await _drained(play, 0)
    await play.settled()


async def _drained(play: Play, most: int) -> None:
    """Wait until no more deliveries than that wait."""

    async def few() -> bool:
        return await _waiting(play) <= most

    await play.until(few, seconds=600)


async def _waiting(play: Play) -> int:
    assert play.bot is not None
    async with play.bot.database.session() as session:
        waiting = select(func.count()).where(deliveries.c.state == "new")
        return int((await session.execute(waiting)).scalar_one())


def _megabytes(process: int) -> float:
    """Return a process's resident memory. Linux only."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024
