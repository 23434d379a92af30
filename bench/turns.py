"""The pure part of a turn, from facts to actions and texts, by the size of the plan: on the toy world of the tests."""

import time

from bench.result import Result
from bot.core.decide import decide
from tests.build import a_command
from tests.core.toy import Toy

SIZES = (5, 50, 100)  # workstreams; a plan has a hundred at most
RUNS = 3  # the best of them counts
STEEP = 2.0  # how much more a workstream may cost in a larger plan


def run() -> Result:
    """Decide about plans that are laid and at rest."""
    times = [_decided(size) for size in SIZES]
    each = [seconds / size for seconds, size in zip(times, SIZES, strict=True)]
    rows = [
        [str(size), f"{seconds * 1000:.1f}", f"{one * 1000:.2f}", "" if before is None else f"{one / before:.2f}"]
        for size, seconds, one, before in zip(SIZES, times, each, [None, *each], strict=False)
    ]
    steep = [
        f"{size} workstreams"
        for size, one, before in zip(SIZES[1:], each[1:], each, strict=False)
        if one > STEEP * before
    ]
    return Result(
        title="Deciding a turn in which nothing changed, every text rendered: CPU milliseconds, for the turn and for each\n"
        f"workstream; a plan has 100 of them at most. Stated: one costs at most {STEEP:.0f} times as much in a larger plan.",
        columns=("workstreams", "turn ms", "each ms", "growth"),
        rows=rows,
        exceeded="; ".join(steep),
    )


def _decided(size: int) -> float:
    """Return the CPU seconds of one decision."""
    toy = Toy(_plan(size))
    toy.commands = [a_command("start")]
    toy.settle()
    facts, times = toy.facts(), []
    for _ in range(RUNS):
        began = time.process_time()
        decision = decide(facts, toy.memory)
        times.append(time.process_time() - began)
        assert not decision.actions, "the plan is not at rest"
        assert len(decision.view.streams) == size
    return min(times)


def _plan(size: int) -> str:
    """Write a plan in which every third workstream needs the one before it."""
    sections = [
        f"### W{n}: Part {n}\n- Branch: `part/{n}`\n- Files: `{n}.py`\n"
        f"- Depends on: {f'W{n - 1}' if n % 3 == 0 else 'none'}\n- Acceptance:\n  - [ ] works\n"
        for n in range(1, size + 1)
    ]
    return "# Plan\n\nBase: `main`\n\n## Workstreams\n\n" + "\n".join(sections)
