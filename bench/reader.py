"""The plan reader beside the markdown parser that it stands on, on the same text, in one run."""

import gc
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from markdown_it import MarkdownIt

from bench.result import Result
from bench.texts import NASTY, SPARSE
from bot.core.plan import inline, reader
from bot.core.plan.markdown import MAX_NESTING

KIB = 1024
SIZES = (4 * KIB, 16 * KIB, 64 * KIB)  # characters
RUNS = 4  # the best of them counts
MULTIPLE = 8.0  # the reader takes at most that many times the parser's time for a plan; see docs/plan-format.md
STEEP = 8.0  # growth from 16 to 64 KiB; 4 is linear, 16 would be quadratic
NOISE = 0.05  # seconds; growth below it is not judged
LONGEST = 1.0  # seconds of CPU for the largest body of any content
EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "plan.md"


def run() -> Result:
    """Read a plain plan and every nasty text at three sizes."""
    gc.freeze()  # as the program does once it has started
    texts = {"a plan": _repeated(EXAMPLE.read_text(encoding="utf-8")), **NASTY, **SPARSE}
    rows = []
    exceeded = []
    for name, text in texts.items():
        cuts = [text[:size] for size in SIZES]
        ours = [_best(partial(_read, each)) for each in cuts]
        parser = [_best(partial(_parse, each)) for each in cuts] if name not in SPARSE else [float("nan")] * len(cuts)
        ratios = [one / other for one, other in zip(ours, parser, strict=True)]
        rows.append(
            [
                name,
                *(f"{each * 1000:.1f}" for each in ours),
                *(f"{each:.1f}" if name not in SPARSE else "" for each in ratios),
                f"{ours[2] / ours[1]:.1f}",
            ]
        )
        steep = ours[2] > NOISE and ours[2] / ours[1] > STEEP
        if steep or ours[2] > LONGEST or (name == "a plan" and ratios[2] > MULTIPLE):
            exceeded.append(f"{name}: {ours[2]:.2f} s, {ratios[2]:.1f} times the parser")
    return Result(
        title=f"Reading a body of 4, 16 and 64 KiB: milliseconds, times the markdown parser alone, growth from 16 to 64 KiB\n"
        f"(linear = 4). Stated: at most {LONGEST:.0f} s for any body, at most {MULTIPLE:.0f} times the parser for a plan.\n"
        "Of sparse tables the parser alone makes gigabytes; they are read by themselves.",
        columns=("text", "4K ms", "16K ms", "64K ms", "4K x", "16K x", "64K x", "growth"),
        rows=rows,
        exceeded="; ".join(exceeded),
    )


def _repeated(plan: str) -> str:
    """Return plans one after the other, up to the largest size, every key once."""
    copies = (plan.replace("W", f"W{n}0") for n in range(1, 100))
    return "\n".join(copies)[: SIZES[-1]]


def _parse(text: str) -> None:
    MarkdownIt("commonmark", {"maxNesting": MAX_NESTING}).enable(["table", "strikethrough"]).parse(text)


def _read(text: str) -> None:
    inline.plain.cache_clear()
    inline.codes.cache_clear()
    reader.read_plan(text)


def _best(work: Callable[[], None]) -> float:
    """Return the shortest CPU time in seconds of several runs."""
    times = []
    for _ in range(RUNS):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return max(min(times), 1e-6)
