"""Runs the benchmarks, prints their tables and writes docs/benchmarks.md; exits with 1 if one exceeds what is stated.

`python -m bench` runs all, `python -m bench a,c` only those, and writes nothing. Must not measure anything itself.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from bench import ack, drain, latency, memory, reader, requests, startup, turns
from bench.databases import Server, postgresql
from bench.machine import describe
from bench.result import Result
from bot import log

PAGE = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"

HEAD = """# Benchmarks

`make bench` measures and writes this page; it takes ten minutes and more. `make bench ONLY=a,c` measures some of it.
It exits with 1 where a stated limit is exceeded, and then says so below the table.

What takes longer is apart: `make soak-plans PLANS=1000` plays a thousand plans at once to their ends, with faults and
kills, and says how long that took and how much memory; [architecture.md](architecture.md#why-a-repeat-does-no-harm) has
the last result.

Compare the ratios. The figures beside them depend on the machine and on what else it does; both sides of a ratio are
measured in turn in the same run, and a ratio is the median over the turns.
"""


async def _now(run: Callable[[], Result]) -> Result:
    return await asyncio.to_thread(run)


#: Letter -> what it measures, given a PostgreSQL if there is one.
BENCHMARKS: Mapping[str, Callable[[Server | None], Awaitable[Result]]] = {
    "a": ack.run,
    "b": latency.run,
    "c": lambda _: requests.run(),
    "d": lambda _: _now(turns.run),
    "e": lambda _: memory.run(),
    "f": lambda _: startup.run(),
    "g": lambda _: _now(reader.run),
    "h": lambda _: drain.run(),
}


async def main(only: list[str]) -> int:
    """Run those of the benchmarks, all if none is named."""
    log.configure("error")
    results = []
    with postgresql() as server:
        machine = await describe(server)
        print("\n".join(machine))
        for letter in only or BENCHMARKS:
            began = time.monotonic()
            result = await BENCHMARKS[letter](server)
            print(f"\n{letter}. {result.as_text()}\n({time.monotonic() - began:.0f} s)", flush=True)
            results.append(result)
    if not only:
        about = "\n".join(f"- {line}" for line in machine)
        PAGE.write_text(
            "\n".join([HEAD, f"{about}\n", *(result.as_markdown() for result in results)]), encoding="utf-8"
        )
    return 1 if any(result.exceeded for result in results) else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="bench", description="What things cost.")
    parser.add_argument(
        "only", nargs="?", default="", help=f"letters with commas between them, of {', '.join(BENCHMARKS)}"
    )
    letters = [letter for letter in parser.parse_args().only.split(",") if letter]
    if not set(letters) <= set(BENCHMARKS):
        parser.error(f"choose from {', '.join(BENCHMARKS)}")
    sys.exit(asyncio.run(main(letters)))
