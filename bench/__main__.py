"""Runs every benchmark and prints its table; exits with 1 if one exceeds what the documents state.

Each module named in BENCHMARKS has `run() -> Result`.
"""

import platform
import sys
from collections.abc import Callable

from bench import reader
from bench.result import Result

BENCHMARKS: tuple[Callable[[], Result], ...] = (reader.run,)


def main() -> int:
    print(f"Python {platform.python_version()}, {platform.machine()}, one process, CPU time, best of several runs")
    results = [each() for each in BENCHMARKS]
    for result in results:
        print(f"\n{result.as_text()}")
    return 1 if any(each.exceeded for each in results) else 0


if __name__ == "__main__":
    sys.exit(main())
