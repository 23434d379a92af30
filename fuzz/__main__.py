"""`python -m fuzz TARGET --seconds N`: searches for inputs that raise or take long, led by what they cover.

Only file that knows the fuzzer. What it learns stays in `.fuzz/TARGET`; an input that broke something is in `.fuzz/`.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["bot.core", "bot.web", "bot.worker.intake", "markdown_it", "yaml", "fuzz"]):
    from fuzz.payloads import EVENTS
    from fuzz.targets import TARGETS

FOLDER = Path(".fuzz")
LONGEST = 64 * 1024  # bytes of an input: GitHub's longest comment
SECONDS_EACH = 10  # more for one input is a finding; by the wall clock, so that a busy machine is none
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
        f"-max_total_time={given.seconds}", f"-max_len={LONGEST}", f"-timeout={SECONDS_EACH}", f"-rss_limit_mb={MEGABYTES}",
        f"-artifact_prefix={FOLDER}/{given.target}-", "-print_final_stats=1", f"-dict={Path(__file__).with_name('words.dict')}",
    ]  # fmt: skip
    atheris.Setup([sys.argv[0], *options, str(corpus)], TARGETS[given.target])
    atheris.Fuzz()


def _seeds(target: str) -> Iterator[bytes]:
    """Yield what to begin with: a piece of a real text, or a good payload of each event."""
    if target in SEEDS:
        yield Path(SEEDS[target]).read_bytes()[:SEED_BYTES]
    if target == "webhook":
        yield from (bytes([number, 1]) for number in range(len(EVENTS)))


if __name__ == "__main__":
    main()
