"""`python -m fuzz TARGET --seconds N`: searches for inputs that raise or take long, led by what they cover.

Only file that knows the fuzzer. What it learns stays in `.fuzz/TARGET`; an input that broke something is in `.fuzz/`.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["bot.core", "bot.web", "bot.worker.intake", "markdown_it", "yaml", "fuzz"]):
    from fuzz.payloads import EVENTS
    from fuzz.targets import TARGETS, Target

FOLDER = Path(".fuzz")
LONGEST = 64 * 1024  # bytes of an input: GitHub's longest comment
HANGS_AFTER = 120  # seconds by the wall clock; what takes too long and comes to an end says so before
FIRST_SECONDS = 0.5  # of computing for any input
#: More for each KiB is a finding. The program itself takes about a second for 64 KiB at the most: instrumented it takes
#: five times as long, and the target "plan" reads each text three times. The slowest that are known take half of this.
SECONDS_PER_KIB = {"plan": 0.4}
OTHER_SECONDS_PER_KIB = 0.1
MEGABYTES = 2048
SEED_BYTES = 800  # of each text to begin with: short ones are tried more often
SEEDS = {"plan": "examples/plan.md", "config": "docs/signalbox.yml", "markers": "examples/plan.md"}


def main() -> None:
    """Fuzz one target until its time is over; exit code 0 = nothing was found."""
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--seconds", type=int, default=60)
    given = parser.parse_args()
    corpus = FOLDER / given.target
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(_seeds(given.target)):
        (corpus / f"seed-{number}").write_bytes(seed)
    options = [
        f"-max_total_time={given.seconds}", f"-max_len={LONGEST}", f"-timeout={HANGS_AFTER}", f"-rss_limit_mb={MEGABYTES}",
        f"-artifact_prefix={FOLDER}/{given.target}-", "-print_final_stats=1", f"-dict={Path(__file__).with_name('words.dict')}",
    ]  # fmt: skip
    per_kib = SECONDS_PER_KIB.get(given.target, OTHER_SECONDS_PER_KIB)
    atheris.Setup([sys.argv[0], *options, str(corpus)], in_time(TARGETS[given.target], per_kib))
    atheris.Fuzz()


def in_time(target: Target, per_kib: float) -> Target:
    """Return the target as one that raises TooSlow for an input that takes out of proportion to its length.

    By the computing of its own thread, so that a busy machine is no finding.
    """

    def timed(data: bytes) -> None:
        begun = time.thread_time()
        target(data)
        took = time.thread_time() - begun
        most = FIRST_SECONDS + per_kib * len(data) / 1024
        if took > most:
            raise TooSlow(f"{len(data)} bytes took {took:.1f} s instead of {most:.1f}")

    return timed


class TooSlow(Exception):
    """An input took a reader too long."""


def _seeds(target: str) -> Iterator[bytes]:
    """Yield what to begin with: a piece of a real text, or a good payload of each event."""
    if target in SEEDS:
        yield Path(SEEDS[target]).read_bytes()[:SEED_BYTES]
    if target == "webhook":
        yield from (bytes([number, 1]) for number in range(len(EVENTS)))


if __name__ == "__main__":
    main()
