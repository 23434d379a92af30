"""How much of its rate of acknowledgement the web side keeps while the worker of the same process takes in what was stored."""

import tempfile
from pathlib import Path

from bench import databases
from bench.ground import ground, program
from bench.paired import load, take_turns
from bench.payload import BYTES, comment
from bench.result import Result

CONNECTIONS = 64
SLICES = 9
SECONDS = 0.5
LONGEST = 100.0  # ms until 99 of 100 answers; GitHub gives up after 10 s


async def run() -> Result:
    """Measure `web` and `serve` in turn, each on a SQLite of its own; what is sent wakes no turn."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        async with ground(Path(folder)) as play:
            sent = await comment(play, play.info["webhook_secret"])
            async with (
                databases.sqlite() as idle_url,
                databases.sqlite() as busy_url,
                program(play, idle_url, ["web"]) as (idle, _),
                program(play, busy_url, ["serve"]) as (busy, _),
                load() as by,
            ):
                pair = await take_turns(by, idle, busy, sent, connections=CONNECTIONS, slices=SLICES, seconds=SECONDS)
                missing = pair.variant.acknowledged - await databases.stored(busy_url)
    assert not missing, "what was acknowledged is not stored"
    longest = pair.variant.percentile(0.99)
    return Result(
        title="Acknowledging while the worker drains: requests a second on SQLite, where both take turns. Stated: p99 below "
        f"{LONGEST:.0f} ms.",
        columns=("", "web alone/s", "with its worker/s", "ratio", "alone p99 ms", "with it p99 ms"),
        rows=[
            [
                f"{CONNECTIONS} connections",
                f"{pair.reference.rate:.0f}",
                f"{pair.variant.rate:.0f}",
                f"{pair.ratio:.2f}",
                f"{pair.reference.percentile(0.99):.0f}",
                f"{longest:.0f}",
            ]
        ],
        method=f"Comments of {BYTES} bytes on an issue that is no plan; {SLICES} pairs of slices of {SECONDS} s. The worker has "
        "more to take in than it can throughout.",
        exceeded=f"p99 {longest:.0f} ms, not {LONGEST:.0f}" if longest > LONGEST else "",
    )
